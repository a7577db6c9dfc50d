"""Whoever was reset is signed out in every process, once."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway import ended_sessions
from gateway.core.cookies import Jar
from gateway.core.errors import StoreUnavailable
from gateway.core.session import Session
from gateway.core.subject import Kind, Subject
from gateway.ended_sessions import PRUNE_SECONDS, SessionEnder
from gateway.stores.base_people import Target
from gateway.stores.base_tenants import Stamp
from gateway.stores.memory import MemorySessions
from gateway.stores.records import SessionRecord
from gateway.stores.redis import RedisSessions
from gateway.stores.registry import SqlRegistry
from gateway.stores.sealing import KeyRing
from gateway.stores.sessions import Sessions
from tests.stores.clock import Clock

NOON = 1_795_230_000.0
ONE, OTHER = "B00000101", "B00000102"
DAY = 86400.0


class Flaky:
    """A registry that can be made silent."""

    def __init__(self, registry: SqlRegistry) -> None:
        self.registry = registry
        self.silent = False
        self.fault: Exception = StoreUnavailable("registry", "test")

    def __getattr__(self, name: str) -> Any:
        if self.silent:
            raise self.fault
        return getattr(self.registry, name)


class Process:
    """A gateway's part in it: sessions of its own over a registry that several share."""

    def __init__(
        self, registry: SqlRegistry, clock: Clock, store: MemorySessions | RedisSessions | None = None
    ) -> None:
        self.registry = Flaky(registry)
        keys = KeyRing([secrets.token_bytes(32)])
        self.sessions = Sessions(store or MemorySessions(clock), keys, clock, lambda _: DAY)
        shared = store is not None
        flaky: Any = self.registry
        self.ender = SessionEnder(flaky, self.sessions, clock, shared=shared, keep_seconds=DAY)

    async def sign_in(self, login_id: str) -> bytes:
        session = Session(Subject(login_id, Kind.ESTABLISHMENT, "0001", "000001"), "portal", NOON, NOON)
        return await self.sessions.open(SessionRecord(session, Jar(), "csrf", None, typed=login_id))

    async def alive(self, token: bytes) -> bool:
        return await self.sessions.load(token) is not None


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[SqlRegistry]:
    opened = SqlRegistry(f"sqlite:///{tmp_path}/registry.db", KeyRing([secrets.token_bytes(32)]))
    await opened.start()
    yield opened
    await opened.close()


async def reset(registry: SqlRegistry, login_id: str, at: float = NOON) -> None:
    """What any process does to reset somebody."""
    await registry.reset_all([Target(login_id, "0001", "000001")], Stamp("op", at, "", "R"), "operator.factor.reset")


async def test_a_reset_by_another_process_ends_the_sessions_of_that_person_alone(
    registry: SqlRegistry, clock: Clock
) -> None:
    here = Process(registry, clock)
    await here.ender.begin()
    mine, too, others = await here.sign_in(ONE), await here.sign_in(ONE), await here.sign_in(OTHER)
    await here.ender.turn()
    assert await here.alive(mine)
    await reset(registry, ONE)
    await here.ender.turn()
    assert [await here.alive(token) for token in (mine, too, others)] == [False, False, True]


async def test_a_session_opened_after_the_reset_stays(registry: SqlRegistry, clock: Clock) -> None:
    """The page that resets has ended the sessions; the watch must not do it again when the person is back."""
    here = Process(registry, clock)
    await here.ender.begin()
    before = await here.sign_in(ONE)
    await reset(registry, ONE)
    await here.ender.end([ONE])
    assert not await here.alive(before)
    after = await here.sign_in(ONE)
    await here.ender.turn()
    assert await here.alive(after)


async def test_notices_from_before_the_start_are_nobodys(registry: SqlRegistry, clock: Clock) -> None:
    await reset(registry, ONE)
    here = Process(registry, clock)
    await here.ender.begin()
    mine = await here.sign_in(ONE)
    await here.ender.turn()
    assert await here.alive(mine)


async def test_a_registry_that_is_silent_for_a_while_loses_no_notice(registry: SqlRegistry, clock: Clock) -> None:
    here = Process(registry, clock)
    await here.ender.begin()
    mine = await here.sign_in(ONE)
    await reset(registry, ONE)
    here.registry.silent = True
    with pytest.raises(StoreUnavailable):
        await here.ender.turn()
    assert await here.alive(mine)
    here.registry.silent = False
    await here.ender.turn()
    assert not await here.alive(mine)


async def test_the_own_reset_ends_sessions_although_the_registry_falls_silent_after_it(
    registry: SqlRegistry, clock: Clock
) -> None:
    here = Process(registry, clock)
    await here.ender.begin()
    mine = await here.sign_in(ONE)
    await reset(registry, ONE)
    here.registry.silent = True
    await here.ender.end([ONE])
    assert not await here.alive(mine)


@pytest.mark.parametrize(
    "fault", [StoreUnavailable("registry", "test"), RuntimeError("test")], ids=["silent", "broken"]
)
async def test_the_watch_outlives_every_fault(
    registry: SqlRegistry,
    clock: Clock,
    fault: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(ended_sessions, "POLL_SECONDS", 0.01)
    caplog.set_level(logging.WARNING)
    here = Process(registry, clock)
    await here.ender.begin()
    mine = await here.sign_in(ONE)
    here.registry.fault, here.registry.silent = fault, True
    watch = asyncio.create_task(here.ender.watch())
    await asyncio.sleep(0.1)
    assert not watch.done()
    await reset(registry, ONE)
    here.registry.silent = False
    for _ in range(1000):
        if not await here.alive(mine):
            break
        await asyncio.sleep(0.01)
    assert not await here.alive(mine)
    watch.cancel()
    await asyncio.wait((watch,))
    if isinstance(fault, StoreUnavailable):
        assert sum("not seen for now" in line.message for line in caplog.records) == 1, "said once, not twice a second"


async def test_old_notices_are_forgotten_and_the_next_one_is_seen(registry: SqlRegistry, clock: Clock) -> None:
    here = Process(registry, clock)
    await here.ender.begin()
    for _ in range(3):
        await reset(registry, OTHER, NOON - 2 * DAY)
    await here.ender.turn()
    assert len((await registry.ended_sessions(0))[1]) == 1
    mine = await here.sign_in(ONE)
    clock.forward(PRUNE_SECONDS)
    await reset(registry, ONE, clock())
    await here.ender.turn()
    assert not await here.alive(mine)


async def test_with_one_store_for_all_the_process_that_resets_ends_and_the_others_do_not_follow(
    registry: SqlRegistry, clock: Clock, empty_redis_url: str
) -> None:
    stores = [RedisSessions(empty_redis_url, clock) for _ in range(2)]
    here, there = (Process(registry, clock, store) for store in stores)
    there.sessions = Sessions(stores[1], here.sessions._keys, clock, lambda _: DAY)
    for one in (here, there):
        await one.ender.begin()
    mine = await there.sign_in(ONE)
    await reset(registry, ONE)
    await here.ender.end([ONE])
    assert not await there.alive(mine)
    after = await there.sign_in(ONE)
    await there.ender.turn()
    await here.ender.turn()
    assert await there.alive(after)
    for store in stores:
        await store.close()


async def test_a_session_store_that_was_silent_is_asked_again(registry: SqlRegistry, clock: Clock) -> None:
    here = Process(registry, clock)
    await here.ender.begin()
    mine = await here.sign_in(ONE)
    await reset(registry, ONE)
    ending, refusing = here.sessions.end_owner, True

    async def end_owner(login_id: str) -> int:
        if refusing:
            raise StoreUnavailable("sessions", "test")
        return await ending(login_id)

    here.sessions.end_owner = end_owner  # type: ignore[method-assign]
    await here.ender.end([ONE])
    assert await here.alive(mine)
    refusing = False
    await here.ender.turn()
    assert not await here.alive(mine)
