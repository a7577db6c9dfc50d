"""How many of many people are signed in: asked in pieces, counted once each."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.cookies import Jar
from gateway.core.session import Session
from gateway.core.subject import Kind, Subject
from gateway.stores.base import SessionStore
from gateway.stores.memory import MemorySessions
from gateway.stores.sealing import KeyRing
from gateway.stores.sessions import SessionRecord, Sessions
from tests.stores.clock import Clock


class Counting(MemorySessions):
    """Notes how many it is asked about at once."""

    asked: tuple[int, ...] = ()

    async def present(self, owners: Sequence[str]) -> int:
        self.asked += (len(owners),)
        return await super().present(owners)


async def signed_in(store: SessionStore, clock: Clock) -> Sessions:
    """Every hundredth of 2,500 people, one of them twice."""
    sessions = Sessions(store, KeyRing([b"k" * 32]), clock, lambda _: 43200.0)
    for number in [*range(0, 2500, 100), 0]:
        subject = Subject(f"B{number:08d}", Kind.ESTABLISHMENT, "0001", "000001")
        await sessions.open(SessionRecord(Session(subject, "portal", clock(), clock()), Jar(), "csrf", None))
    return sessions


async def test_in_pieces_of_a_thousand_and_each_person_once(clock: Clock) -> None:
    store = Counting(clock)
    sessions = await signed_in(store, clock)
    assert await sessions.present(f"B{number:08d}" for number in range(2500)) == 25
    assert store.asked == (1000, 1000, 500)
    assert await sessions.present([]) == 0


async def test_in_every_store(session_store: SessionStore, clock: Clock) -> None:
    sessions = await signed_in(session_store, clock)
    assert await sessions.present(f"B{number:08d}" for number in range(1, 2500)) == 24
