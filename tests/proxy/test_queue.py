"""An app that hangs: what waits for it has an end, and everybody else's requests keep flowing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Self

from gateway.config.settings import Limits, ListenAddress
from gateway.core.messages import RequestHead
from gateway.proxy.actions import Forward, Peer
from gateway.proxy.server import Lane
from tests.proxy.lane_kit import OK, Browser, RawApp, Reader, ScriptedGate, Writer, app, forward, get, until


def hanging() -> RawApp:
    """Takes requests and never answers."""

    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        await reader.read()

    made = RawApp(script)
    return made


def by_path(head: RequestHead, peer: Peer, has_body: bool) -> Forward:
    action = forward(head, peer, has_body)
    if head.target.startswith(b"/pages"):
        action.upstream = "pages"
    return action


class Two:
    """A lane in front of an app that hangs and of pages that do not."""

    def __init__(self, limits: Limits) -> None:
        self.app, self.pages = hanging(), app(OK)
        self.gate = ScriptedGate(by_path)
        self._limits = limits
        self.browsers: list[Browser] = []

    async def __aenter__(self) -> Self:
        where = {"app": ("127.0.0.1", await self.app.start()), "pages": ("127.0.0.1", await self.pages.start())}
        self.lane = Lane(self.gate, where, self._limits)
        (self.port,) = await self.lane.start((ListenAddress("127.0.0.1", 0),))
        return self

    async def __aexit__(self, *_: object) -> None:
        for browser in self.browsers:
            browser.writer.transport.abort()
        await self.lane.close()
        await self.app.stop()
        await self.pages.stop()

    async def browser(self) -> Browser:
        self.browsers.append(Browser(*await asyncio.open_connection("127.0.0.1", self.port)))
        return self.browsers[-1]


LIMITS = Limits(pool_size=4, queue=6)


async def waiting(lane: Two, requests: int) -> None:
    for _ in range(requests):
        (await lane.browser()).writer.write(get())
    await until(lambda: len(lane.gate.asked) == requests)


async def test_one_request_too_many_is_turned_away_at_once() -> None:
    async with Two(LIMITS) as lane:
        await waiting(lane, 10)
        await until(lambda: lane.app.connections == 4)
        assert lane.gate.crowds == 0
        late = await lane.browser()
        head, body = await late.ask(get())
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 5\r\n" in head
        assert body == b"crowded"
        assert (await late.ask(get("/pages")))[1] == b"ok"
        assert lane.app.connections == 4


async def test_browsers_that_have_gone_take_nobodys_place() -> None:
    async with Two(LIMITS) as lane:
        await waiting(lane, 10)
        await until(lambda: len(lane.app.heads) == 4)
        for browser in lane.browsers:
            browser.writer.transport.abort()
        await until(lambda: not lane.lane.connections)
        await until(lambda: lane.app.ended >= 4)
        lane.lane._sweep.now += 1
        asked = len(lane.gate.asked)
        for _ in range(10):
            (await lane.browser()).writer.write(get())
        await until(lambda: len(lane.gate.asked) == asked + 10)
        assert lane.gate.crowds == 0


async def test_a_thousand_requests_for_an_app_that_hangs_cost_the_pages_nothing() -> None:
    async with Two(replace(LIMITS, pool_size=64, queue=2000)) as lane:
        await waiting(lane, 1000)
        browser = await lane.browser()
        for _ in range(20):
            assert (await browser.ask(get("/pages")))[1] == b"ok"
        assert lane.gate.crowds == 0
        assert lane.app.connections <= 64


async def test_forms_that_must_have_a_fresh_connection_count_like_the_others() -> None:
    async with Two(LIMITS) as lane:
        fetches = [
            asyncio.create_task(lane.lane.fetcher.fetch("app", b"POST", b"/", ((b"Host", b"a"),), b"x", 100))
            for _ in range(12)
        ]
        await until(lambda: sum(task.done() for task in fetches) == 2)
        assert lane.app.connections <= 4
        for task in fetches:
            task.cancel()
        done = await asyncio.gather(*fetches, return_exceptions=True)
        assert sum("too many requests" in str(fault) for fault in done) == 2
