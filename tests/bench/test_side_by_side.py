"""The benchmark itself, small: real programs, a real sign-in, and a proxy that lies."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from bench import accounts
from bench.app import LARGE, App, page
from bench.browser import Browser
from bench.gateway import ROUTES, Gateway, write_configuration
from bench.journeys import Traveller, walk, world
from bench.load import SMALL_PAGE, written
from bench.pace import paced
from bench.processes import Spoiled
from bench.processes import free_port as a_port
from gateway.config.loading import load


def test_the_file_has_thirty_routes_and_is_taken(tmp_path: Path) -> None:
    configuration = load(write_configuration(tmp_path, a_port(), a_port()))
    assert len(configuration.routes) == len(ROUTES) == 30
    assert configuration.warnings == load(tmp_path / "routes.yaml").warnings


def test_accounts_are_of_the_whole_family() -> None:
    before = accounts.cpu_seconds(os.getpid())
    until = time.process_time() + 0.2
    while time.process_time() < until:
        sum(range(1000))
    assert accounts.cpu_seconds(os.getpid()) - before >= 0.15
    assert accounts.resident_bytes(os.getpid()) > 10 << 20
    assert accounts.cpu_seconds(2**22 + 1) == 0.0, "a process that is not there has spent nothing"


def test_a_page_has_the_size_that_it_says() -> None:
    assert [len(page(size)) for size in (1024, 32768)] == [1024, 32768]


def test_people_sign_in_with_a_code_and_their_requests_reach_the_app(tmp_path: Path) -> None:
    with App(None) as app, Gateway(app.port, None, limits="limits: {overload: null}") as gateway:
        cookies = gateway.full_cookies(2)
        assert len({cookie.split(";")[0] for cookie in cookies}) == 2
        before = app.answered()
        file = written("test", gateway.port, SMALL_PAGE, cookies)
        found = paced(file, gateway.port, rate=400.0, seconds=0.5, warm=0.25)
        assert 0 < found.ok.p50 <= found.ok.p99 <= found.ok.worst
        assert 0 <= found.late < found.ok.worst + 1
        assert (found.ok.count, app.answered() - before) == (200, 300)
        strangers = tmp_path / "strangers.requests"
        strangers.write_bytes(file.read_bytes().replace(b"sekisho=", b"other="))
        with pytest.raises(Spoiled, match="not what was asked for"):
            paced(strangers, gateway.port, rate=100.0, seconds=0.1)
        assert set(paced(strangers, gateway.port, 100.0, 0.1, others=frozenset({303})).answers) == {303}

        async def look() -> None:
            browser = Browser(gateway.port)
            await browser.restricted("B00000101")
            assert (await browser.get("/dakoku/1/view")).status == 200
            assert (await browser.get(f"{LARGE}/1/view")).status == 303
            await browser.close()

        asyncio.run(look())
        assert accounts.pages_of_its_own(gateway.process.pid) > 1 << 20


def test_a_morning_is_ten_requests_that_end_as_they_should() -> None:
    steps: list[str] = []
    with world(4, servers=False) as made:
        people = [Traveller(f"B000500{number:02}", Browser(made.port)) for number in (1, 2)]
        asyncio.run(walk(people, steps.append, 0.0))
        assert len(steps) == 10
        assert people[0].page.location == "/login"
        with pytest.raises(Spoiled, match="B99999999"):
            asyncio.run(walk([Traveller("B99999999", Browser(made.port))], steps.append, 0.0))
