"""What sessions in memory leave behind when they are over."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Awaitable, Callable

import pytest

from gateway.stores.memory import MemorySessions
from tests.stores.clock import Clock

MANY = 5000
Work = Callable[[MemorySessions, Clock, bytes], Awaitable[object]]


async def sign_in_and_out(store: MemorySessions, clock: Clock, key: bytes) -> None:
    moved = key[:2] + key[::-1]
    await store.create(key, b"first", key.decode(), clock() + 40_000)
    await store.hold(key, b"held", clock() + 600)
    await store.rotate(key, moved, 1, b"second", key.decode(), clock() + 30_000)
    await store.replace(moved, 1, b"third", clock() + 50_000)
    await store.remove(moved)


async def hold_and_take(store: MemorySessions, clock: Clock, key: bytes) -> None:
    await store.hold(key, b"held", clock() + 600)
    await store.hold(key, b"held again", clock() + 1200)
    await store.take_held(key)


async def prolong_one(store: MemorySessions, clock: Clock, key: bytes) -> None:
    clock.forward(1)
    stored = await store.get(b"one")
    if stored is None:
        await store.create(b"one", b"data", "owner", clock() + 3600)
    else:
        await store.replace(b"one", stored.version, b"data", clock() + 3600)


async def let_end(store: MemorySessions, clock: Clock, key: bytes) -> None:
    await store.create(key, b"data", key.decode(), clock() + 50)
    await store.hold(key, b"held", clock() + 50)
    await store.mark(key, clock() + 50)
    clock.forward(10)


async def mark(store: MemorySessions, clock: Clock, key: bytes) -> None:
    clock.forward(0.01)
    await store.mark(key, clock() + 43_200)


async def left_by(work: Work, store: MemorySessions, clock: Clock) -> float:
    """Bytes for each time that this is done, some thousand times after as many that fill what is there from then on."""
    for number in range(MANY):
        await work(store, clock, b"%08d" % number)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(MANY, 2 * MANY):
            await work(store, clock, b"%08d" % number)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / MANY
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("work", [sign_in_and_out, hold_and_take, prolong_one, let_end])
async def test_what_is_over_leaves_nothing(work: Work, clock: Clock) -> None:
    assert await left_by(work, MemorySessions(clock), clock) < 8


async def test_a_mark_costs_its_name_and_a_place(clock: Clock) -> None:
    assert await left_by(mark, MemorySessions(clock), clock) < 200


async def test_what_ends_while_nothing_is_written_is_swept_by_the_next_write(clock: Clock) -> None:
    store = MemorySessions(clock)
    for number in range(100):
        await store.create(b"%d" % number, b"data", f"owner {number}", clock() + number)
    clock.forward(7 * 86400)
    await store.create(b"new", b"data", "new", clock() + 60)
    assert len(store._sessions) == 1
    assert list(store._owners) == ["new"]


async def test_a_clock_that_is_set_back_loses_nothing(clock: Clock) -> None:
    store = MemorySessions(clock)
    await store.create(b"key", b"data", "owner", clock() + 3600)
    await store.mark(b"mark", clock() + 3600)
    clock.forward(-7200)
    await store.create(b"other", b"data", "owner", clock() + 60)
    clock.forward(7200)
    assert await store.get(b"key") is not None
    assert await store.marked(b"mark")
    assert await store.get(b"other") is None
