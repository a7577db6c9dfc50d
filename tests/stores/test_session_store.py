"""The contract of a SessionStore, held to by every implementation."""

from __future__ import annotations

import asyncio

from gateway.stores.base import MOST_OF_ONE_OWNER, SessionStore, Stored
from tests.stores.clock import Clock

KEY, OTHER = b"\x00\xff:key", b"other"


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
    await session_store.mark(b"mark", clock() + 60)
    clock.forward(59.9)
    assert await session_store.get(KEY) is not None
    assert await session_store.marked(b"mark")
    clock.forward(0.1)
    assert session_store.peek(KEY) is None
    assert await session_store.get(KEY) is None
    assert await session_store.take_held(KEY) is None
    assert not await session_store.marked(b"mark")
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
    keys = [b"new %d" % n for n in range(50)]
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


async def test_what_is_held_is_taken_once(session_store: SessionStore, clock: Clock) -> None:
    await session_store.hold(KEY, b"first", clock() + 60)
    await session_store.hold(KEY, b"second", clock() + 60)
    taken = await asyncio.gather(*(session_store.take_held(KEY) for _ in range(50)))
    assert sorted(taken, key=lambda data: data is None) == [b"second"] + [None] * 49


async def test_of_50_marks_one_is_set_and_after_its_end_again(session_store: SessionStore, clock: Clock) -> None:
    assert not await session_store.marked(b"jar")
    assert sum(await asyncio.gather(*(session_store.mark(b"jar", clock() + 60) for _ in range(50)))) == 1
    assert await session_store.marked(b"jar")
    clock.forward(60)
    assert await session_store.mark(b"jar", clock() + 60)
    assert not await session_store.mark(b"jar", clock() + 60)


async def test_ping_answers(session_store: SessionStore) -> None:
    await session_store.ping()
