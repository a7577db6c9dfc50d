"""The contract of a SessionStore, held to by every implementation."""

from __future__ import annotations

import asyncio

import pytest

from gateway.stores import redis_cluster, redis_node
from gateway.stores.base import MOST_OF_ONE_OWNER, SessionStore, Stored
from gateway.stores.redis import RedisSessions
from gateway.stores.redis_scripts import row_name
from tests.stores.clock import Clock

KEY, OTHER = b"\x00\xff:key", b"\x00\xff:other"  # keys that begin alike: one may take the other's place


async def test_what_was_created_is_got_at_version_1(session_store: SessionStore, clock: Clock) -> None:
    data = bytes(range(256)) * 100
    await session_store.create(KEY, data, "B00000101", clock() + 60)
    assert await session_store.get(KEY) == Stored(1, data)
    assert await session_store.get(OTHER) is None


async def test_what_is_peeked_is_what_was_written(session_store: SessionStore, clock: Clock) -> None:
    assert session_store.peek(KEY) is None
    await session_store.create(KEY, b"a", "B", clock() + 60)
    await session_store.get(KEY)
    assert session_store.peek(KEY) in (None, Stored(1, b"a"))
    await session_store.replace(KEY, 1, b"b", clock() + 60)
    assert session_store.peek(KEY) in (None, Stored(2, b"b"))
    await session_store.remove(KEY)
    assert session_store.peek(KEY) is None


async def test_nothing_lives_beyond_its_end(session_store: SessionStore, clock: Clock) -> None:
    await session_store.create(KEY, b"a", "B", clock() + 60)
    await session_store.hold(KEY, b"held", clock() + 60)
    clock.forward(59.9)
    assert await session_store.get(KEY) is not None
    clock.forward(0.1)
    assert session_store.peek(KEY) is None
    assert await session_store.get(KEY) is None
    assert await session_store.take_held(KEY) is None
    assert not await session_store.replace(KEY, 1, b"b", clock() + 60)
    assert not await session_store.rotate(KEY, OTHER, 1, b"b", "B", clock() + 60)
    assert not await session_store.remove(KEY)
    assert await session_store.remove_owner("B") == 0


async def test_a_replacement_names_the_version_it_saw(session_store: SessionStore, clock: Clock) -> None:
    await session_store.create(KEY, b"a", "B", clock() + 60)
    assert await session_store.replace(KEY, 1, b"b", clock() + 120)
    assert not await session_store.replace(KEY, 1, b"c", clock() + 120)
    assert not await session_store.replace(OTHER, 1, b"c", clock() + 120)
    assert await session_store.get(KEY) == Stored(2, b"b")
    clock.forward(61)
    assert await session_store.get(KEY) == Stored(2, b"b"), "the replacement's end counts"


async def test_of_50_replacements_of_one_version_one_is_written(session_store: SessionStore, clock: Clock) -> None:
    await session_store.create(KEY, b"a", "B", clock() + 60)
    done = await asyncio.gather(*(session_store.replace(KEY, 1, b"%d" % n, clock() + 60) for n in range(50)))
    assert sum(done) == 1
    assert await session_store.get(KEY) == Stored(2, b"%d" % done.index(True))


async def test_rotation_moves_the_session_and_what_is_held(session_store: SessionStore, clock: Clock) -> None:
    await session_store.create(KEY, b"a", "B", clock() + 60)
    await session_store.hold(KEY, b"held", clock() + 60)
    assert not await session_store.rotate(KEY, OTHER, 2, b"b", "B", clock() + 60), "another version"
    assert await session_store.get(KEY) == Stored(1, b"a")
    assert await session_store.rotate(KEY, OTHER, 1, b"b", "B", clock() + 60)
    assert session_store.peek(KEY) is None
    assert await session_store.get(KEY) is None
    assert await session_store.get(OTHER) == Stored(1, b"b")
    assert await session_store.take_held(KEY) is None
    assert await session_store.take_held(OTHER) == b"held"
    assert await session_store.remove_owner("B") == 1


async def test_of_50_rotations_one_wins(session_store: SessionStore, clock: Clock) -> None:
    await session_store.create(KEY, b"a", "B", clock() + 60)
    keys = [KEY[:2] + b"new %d" % n for n in range(50)]
    done = await asyncio.gather(*(session_store.rotate(KEY, new, 1, new, "B", clock() + 60) for new in keys))
    assert sum(done) == 1
    living = [key for key in keys if await session_store.get(key) is not None]
    assert living == [keys[done.index(True)]]


async def test_removal_forgets_what_is_held_too(session_store: SessionStore, clock: Clock) -> None:
    await session_store.create(KEY, b"a", "B", clock() + 60)
    await session_store.hold(KEY, b"held", clock() + 60)
    assert await session_store.remove(KEY)
    assert not await session_store.remove(KEY)
    assert await session_store.get(KEY) is None
    assert await session_store.take_held(KEY) is None
    assert not await session_store.replace(KEY, 1, b"b", clock() + 60), "a removed session does not come back"


async def test_an_owners_sessions_end_together_and_nobody_elses(session_store: SessionStore, clock: Clock) -> None:
    for number in range(3):
        await session_store.create(b"%d" % number, b"a", "山田 太郎", clock() + 60)
        await session_store.hold(b"%d" % number, b"held", clock() + 60)
    await session_store.replace(b"1", 1, b"b", clock() + 60)
    await session_store.create(OTHER, b"a", "B00000102", clock() + 60)
    assert await session_store.remove_owner("山田 太郎") == 3
    assert await session_store.remove_owner("山田 太郎") == 0
    assert [await session_store.get(b"%d" % number) for number in range(3)] == [None] * 3
    assert [session_store.peek(b"%d" % number) for number in range(3)] == [None] * 3
    assert await session_store.take_held(b"0") is None
    assert await session_store.get(OTHER) is not None


async def test_an_owner_has_no_more_sessions_than_the_bound_and_the_oldest_ends(
    session_store: SessionStore, clock: Clock
) -> None:
    await session_store.create(OTHER, b"a", "B00000102", clock() + 59)
    for number in range(MOST_OF_ONE_OWNER + 2):
        await session_store.create(b"%d" % number, b"a", "A00010001", clock() + 60 + number)
    living = [number for number in range(MOST_OF_ONE_OWNER + 2) if await session_store.get(b"%d" % number) is not None]
    assert living == list(range(2, MOST_OF_ONE_OWNER + 2))
    await session_store.create(b"short", b"a", "A00010001", clock() + 59)
    assert await session_store.get(b"short") is not None, "whoever signs in last is in"
    assert await session_store.get(b"2") is None
    assert await session_store.get(OTHER) is not None
    assert await session_store.remove_owner("A00010001") == MOST_OF_ONE_OWNER


async def test_owners_are_present_while_a_session_of_theirs_lives(session_store: SessionStore, clock: Clock) -> None:
    assert await session_store.present([]) == 0
    await session_store.create(b"1", b"a", "山田 太郎", clock() + 60)
    await session_store.create(b"2", b"a", "山田 太郎", clock() + 120)
    await session_store.create(b"3", b"a", "B00000102", clock() + 60)
    await session_store.create(b"4", b"a", "B00000103", clock() + 600)
    both = ["山田 太郎", "B00000102", "nobody"]
    assert await session_store.present(both) == 2, "each counts once, and others do not"
    assert await session_store.present(["nobody", ""]) == 0
    clock.forward(60)
    assert await session_store.present(both) == 1, "an ended session is none"
    assert await session_store.remove(b"2")
    assert await session_store.present(both) == 0


async def test_owners_stay_present_as_long_as_their_session_goes_on(session_store: SessionStore, clock: Clock) -> None:
    await session_store.create(KEY, b"a", "B00000101", clock() + 60)
    await session_store.replace(KEY, 1, b"b", clock() + 120)
    clock.forward(60)
    assert await session_store.present(["B00000101"]) == 1
    await session_store.rotate(KEY, OTHER, 2, b"c", "B00000101", clock() + 120)
    clock.forward(60)
    assert await session_store.present(["B00000101"]) == 1
    await session_store.remove_owner("B00000101")
    assert await session_store.present(["B00000101"]) == 0


async def test_any_number_of_owners_can_be_asked_for(session_store: SessionStore, clock: Clock) -> None:
    for number in (0, 499, 500, 1200):
        await session_store.create(b"%d" % number, b"a", f"B{number}", clock() + 60)
    assert await session_store.present([f"B{number}" for number in range(1201)]) == 4


async def seen_at(store: SessionStore, key: bytes, at: float) -> Stored | None:
    """The row once the store itself has it used at this time."""
    async with asyncio.timeout(20):
        while True:
            if not isinstance(store, RedisSessions):
                return await store.get(key)
            if not store._uses.latest(row_name(key)):
                store._fresh.forget_all()  # what this process knows of its own uses
                stored = await store.get(key)
                if stored is None or stored.seen_at == at:
                    return stored
            await asyncio.sleep(0.01)


async def test_a_use_moves_forward_and_is_no_new_version(session_store: SessionStore, clock: Clock) -> None:
    await session_store.create(KEY, b"a", "B", clock() + 60)
    await session_store.create(OTHER, b"a", "B", clock() + 60)
    session_store.touch(KEY, clock() + 5)
    assert await seen_at(session_store, KEY, clock() + 5) == Stored(1, b"a", clock() + 5)
    session_store.touch(KEY, clock() + 1)
    session_store.touch(OTHER, clock() + 2)
    assert await seen_at(session_store, OTHER, clock() + 2) is not None, "written with the one before"
    assert await session_store.get(KEY) == Stored(1, b"a", clock() + 5)
    assert await session_store.replace(KEY, 1, b"b", clock() + 60)
    assert await session_store.get(KEY) == Stored(2, b"b", clock() + 5)
    new = KEY[:2] + b"new"
    assert await session_store.rotate(KEY, new, 2, b"c", "B", clock() + 60)
    assert await session_store.get(new) == Stored(1, b"c", clock() + 5)


async def test_many_uses_at_once_are_written(
    session_store: SessionStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_node, "AT_ONCE", 30)
    monkeypatch.setattr(redis_cluster, "AT_ONCE", 30)
    keys = [b"%03d" % number for number in range(0, 1000, 10)]
    await asyncio.gather(*(session_store.create(key, b"a", key.decode(), clock() + 60) for key in keys))
    for key in keys:
        session_store.touch(key, clock() + 5)
    async with asyncio.timeout(20):
        for key in keys[::10]:
            assert await seen_at(session_store, key, clock() + 5) is not None


async def test_a_use_brings_nothing_back(session_store: SessionStore, clock: Clock) -> None:
    await session_store.create(KEY, b"a", "B", clock() + 60)
    await session_store.create(OTHER, b"a", "B", clock() + 60)
    await session_store.remove(KEY)
    session_store.touch(KEY, clock() + 5)
    session_store.touch(OTHER, clock() + 5)
    await seen_at(session_store, OTHER, clock() + 5)
    assert await session_store.get(KEY) is None
    assert await session_store.owned("B") == [OTHER]


async def test_what_was_peeked_is_current_until_something_newer_is_known(
    session_store: SessionStore, clock: Clock
) -> None:
    async def known(key: bytes) -> Stored:
        async with asyncio.timeout(20):
            while True:
                stored = await session_store.get(key)
                if stored is not None and session_store.current(stored):
                    return stored
                await asyncio.sleep(0.05)  # the channel was not there yet

    await session_store.create(KEY, b"a", "B", clock() + 60)
    first = await known(KEY)
    await session_store.replace(KEY, 1, b"b", clock() + 60)
    assert not session_store.current(first)
    second = await known(KEY)
    await session_store.rotate(KEY, OTHER, 2, b"c", "B", clock() + 60)
    assert not session_store.current(second)
    third = await known(OTHER)
    await session_store.remove_owner("B")
    assert not session_store.current(third)


async def test_the_keys_of_an_owner_are_known(session_store: SessionStore, clock: Clock) -> None:
    assert await session_store.owned("山田 太郎") == []
    for number in range(3):
        await session_store.create(b"%d" % number, b"a", "山田 太郎", clock() + 60)
    await session_store.create(OTHER, b"a", "B00000102", clock() + 60)
    await session_store.remove(b"1")
    assert sorted(await session_store.owned("山田 太郎")) == [b"0", b"2"]


async def test_an_end_that_was_moved_is_the_owners_too(session_store: SessionStore, clock: Clock) -> None:
    """Limits that change while a session is open: it must still be found when its owner is reset."""
    await session_store.create(KEY, b"a", "B", clock() + 60)
    await session_store.replace(KEY, 1, b"b", clock() + 6000)
    clock.forward(600)
    await session_store.create(OTHER, b"a", "B", clock() + 60)
    assert await session_store.remove_owner("B") == 2
    assert await session_store.get(KEY) is None


async def test_no_session_of_an_owner_escapes_by_moving_meanwhile(session_store: SessionStore, clock: Clock) -> None:
    """Sessions that change their keys again and again while their owner's are ended: not one is left that goes on."""

    async def move(number: int) -> bytes:
        key = b"%02d" % number
        for step in range(100):
            new = b"%02d %d" % (number, step)
            if not await session_store.rotate(key, new, 1, b"b", "B", clock() + 60):
                break
            key = new
        return key

    for number in range(10):
        await session_store.create(b"%02d" % number, b"a", "B", clock() + 60)
    moving = [asyncio.create_task(move(number)) for number in range(10)]
    await asyncio.sleep(0.01)
    ended = await session_store.remove_owner("B")
    last = await asyncio.gather(*moving)
    assert [await session_store.get(key) for key in last] == [None] * 10
    assert ended == 10
    assert await session_store.owned("B") == []


async def test_what_is_held_is_taken_once(session_store: SessionStore, clock: Clock) -> None:
    await session_store.hold(KEY, b"first", clock() + 60)
    await session_store.hold(KEY, b"second", clock() + 60)
    taken = await asyncio.gather(*(session_store.take_held(KEY) for _ in range(50)))
    assert sorted(taken, key=lambda data: data is None) == [b"second"] + [None] * 49


async def test_of_50_marks_one_is_set_and_after_its_end_again(session_store: SessionStore, clock: Clock) -> None:
    assert not await session_store.marked(b"jar")
    assert sum(await asyncio.gather(*(session_store.mark(b"jar", clock() + 60) for _ in range(50)))) == 1
    clock.forward(59.9)
    assert await session_store.marked(b"jar")
    assert not await session_store.mark(b"jar", clock() + 60)
    clock.forward(600.1)
    assert not await session_store.marked(b"jar")
    assert await session_store.mark(b"jar", clock() + 60)
    assert not await session_store.mark(b"jar", clock() + 60)


async def test_ping_answers(session_store: SessionStore) -> None:
    await session_store.ping()


async def test_what_ended_before_it_was_written_is_never_there(session_store: SessionStore, clock: Clock) -> None:
    await session_store.get(OTHER)
    clock.forward(3600)  # whatever sweeps does it with this write
    await session_store.create(KEY, b"a", "B", clock() - 120)
    await session_store.hold(KEY, b"held", clock() - 120)
    assert await session_store.get(KEY) is None
    assert await session_store.take_held(KEY) is None
    assert await session_store.present(["B"]) == 0
