"""A thousand codes at once for one login ID: five are evaluated, whichever sessions they come from."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from itertools import cycle

import pytest
from aiohttp import ClientSession, TCPConnector

from gateway.core.totp import matching_step
from tests.harness.person import Person, csrf_of, key_of
from tests.journeys.world import World

MANY, FEWER = 1000, 400  # twice as many as are under way at once
CONNECTIONS = 200
LOGIN_ID = "B00000101"
LOCKED = "/.sekisho/locked"


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every code that is compared with the secret, in order."""
    seen: list[str] = []

    def counting(secret: str, code: str, now: float, window: object) -> int | None:
        seen.append(code)
        return matching_step(secret, code, now, window)  # type: ignore[arg-type]

    monkeypatch.setattr("gateway.portal.second_factor.matching_step", counting)
    return seen


def audit(world: World, login_id: str) -> Counter[str]:
    """How often each audit event of this person was written."""
    with sqlite3.connect(world.folder / "var" / "registry.db") as database:
        rows = database.execute("SELECT name, count(*) FROM audit_events WHERE subject = ? GROUP BY name", (login_id,))
        return Counter(dict(rows.fetchall()))


async def send_all(world: World, page: str, sessions: list[tuple[str, str]], codes: list[str]) -> Counter[str]:
    """Send every code, spread over the sessions (cookie, CSRF token); where each answer leads, without its query."""
    address = f"http://127.0.0.1:{world.gateway.port}{page}"
    common = {"Host": f"127.0.0.1:{world.public_port}", "Origin": world.url, "Sec-Fetch-Site": "same-origin"}
    gate = asyncio.Event()

    async def one(client: ClientSession, session: tuple[str, str], code: str) -> str:
        await gate.wait()
        headers = {**common, "Cookie": f"sekisho={session[0]}"}
        form = {"csrf": session[1], "totp": code}
        async with client.post(address, data=form, headers=headers, allow_redirects=False) as answer:
            assert answer.status == 303, await answer.text()
            return answer.headers["Location"].partition("?")[0]

    async with ClientSession(connector=TCPConnector(limit=CONNECTIONS)) as client:
        tasks = [
            asyncio.create_task(one(client, session, code))
            for session, code in zip(cycle(sessions), codes, strict=False)
        ]
        gate.set()
        return Counter(await asyncio.gather(*tasks))


def signed_in(world: World, page: str) -> tuple[Person, tuple[str, str], str]:
    """Somebody at the page that asks for a code: the person, cookie and CSRF token, and the page."""
    person = world.person()
    person.sign_in(LOGIN_ID)
    text = person.page(page)
    return person, (person.cookies["sekisho"], csrf_of(text)), text


async def test_of_hundreds_of_first_codes_five_are_evaluated(world: World, evaluated: list[str]) -> None:
    """At enrolment; then the right code is refused without a look at it."""
    person, session, text = signed_in(world, "/.sekisho/enrol")
    world.phone[LOGIN_ID] = key_of(text)
    found = await send_all(world, "/.sekisho/enrol", [session], world.wrong_codes(LOGIN_ID, FEWER))
    assert len(evaluated) == 5
    assert found == {"/.sekisho/enrol": 4, LOCKED: FEWER - 4}
    found = await send_all(world, "/.sekisho/enrol", [session], [world.shown_code(LOGIN_ID)])
    assert found == {LOCKED: 1}
    assert len(evaluated) == 5
    assert audit(world, LOGIN_ID)["portal.code.refused"] == 5
    assert audit(world, LOGIN_ID)["portal.enrolment.confirmed"] == 0
    assert person.get("/top").header("location") == "/.sekisho/choice"


async def test_of_a_thousand_wrong_codes_from_many_sessions_five_are_evaluated(
    world: World, evaluated: list[str]
) -> None:
    """The count is the login ID's; then the right code, as number six, is refused without a look at it."""
    world.clock.forward(31 * 60)
    owner = world.person()
    owner.full(LOGIN_ID)
    world.phone[LOGIN_ID] = owner.secret
    before, evaluated[:] = audit(world, LOGIN_ID), []
    sessions = [signed_in(world, "/.sekisho/code")[1] for _ in range(10)]
    world.clock.forward(30)
    found = await send_all(world, "/.sekisho/code", sessions, world.wrong_codes(LOGIN_ID, MANY))
    assert len(evaluated) == 5
    assert found == {"/.sekisho/code": 4, LOCKED: MANY - 4}
    found = await send_all(world, "/.sekisho/code", sessions, [world.shown_code(LOGIN_ID)] * len(sessions))
    assert found == {LOCKED: len(sessions)}
    assert len(evaluated) == 5
    written = audit(world, LOGIN_ID) - before
    assert written["portal.code.refused"] == 5
    assert written["portal.factor.locked"] == 1
    assert written["portal.code.accepted"] == 0


async def test_a_right_code_sent_a_hundred_times_at_once_counts_once(world: World, evaluated: list[str]) -> None:
    """One session is raised; all others are told that the code is used, or find the ID locked by their own haste."""
    world.clock.forward(31 * 60)
    sessions = [signed_in(world, "/.sekisho/code")[1] for _ in range(10)]
    found = await send_all(world, "/.sekisho/code", sessions, [world.shown_code(LOGIN_ID)] * 100)
    assert found["/login"] == 1
    assert audit(world, LOGIN_ID)["portal.code.accepted"] == 1
    assert 1 <= len(evaluated) <= 100
