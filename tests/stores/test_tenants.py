"""A person's tenants: which source counts, for how long, and what holds while the registry does not answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.config.settings import TenantEntry
from gateway.core.errors import StoreUnavailable
from gateway.core.policy import TenantFacts, TenantSettings
from gateway.core.subject import Feature, Kind, Subject
from gateway.stores.registry import SqlRegistry
from gateway.stores.revision_reader import RevisionReader
from gateway.stores.revisions import Revisions
from gateway.stores.tenants import TenantMemory, TenantReader
from tests.given import given_establishment, given_office
from tests.stores.clock import Clock
from tests.stores.conftest import RING

WHO = Subject("B00000101", Kind.ESTABLISHMENT, "0001", "000101")
ON, OFF = TenantSettings(True), TenantSettings(False)
PUNCH = TenantSettings(True, frozenset({Feature.ATTENDANCE_PUNCH}))


class Watched(SqlRegistry):
    """A real registry that counts questions and can fall silent."""

    asked = 0
    silent = False
    stampless = False
    stuck: Stuck | None = None
    stamps: Stamps

    async def office_settings(self, office: str) -> TenantSettings | None:
        """As the registry, once it may."""
        self.asked += 1
        await asyncio.sleep(0)
        if self.stuck is not None:
            await self.stuck.wait()
        if self.silent:
            raise StoreUnavailable("registry", "silent")
        return await super().office_settings(office)


class Stamps(RevisionReader):
    """A real reader that falls silent with the registry, or alone."""

    def __init__(self, url: str, watched: Watched) -> None:
        super().__init__(url)
        self.watched = watched
        self.stuck: Stuck | None = None

    async def settings_stamp(self) -> tuple[int, int]:
        """As always, once it may."""
        if self.stuck is not None:
            await self.stuck.wait()
        if self.watched.silent or self.watched.stampless:
            raise StoreUnavailable("registry", "silent")
        return await super().settings_stamp()


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    """An empty registry."""
    url = f"sqlite:///{tmp_path}/registry.db"
    registry = Watched(url, RING)
    registry.stamps = Stamps(url, registry)
    await registry.start()
    yield registry
    await registry.stamps.close()
    await registry.close()


def reader(watched: Watched, clock: Clock, *, office: TenantEntry | None = None) -> TenantReader:
    offices = {} if office is None else {"0001": office}
    pins = {("0001", "000101"): TenantEntry(PUNCH)}
    return TenantReader(watched, offices, pins, OFF, OFF, clock, Revisions(watched.stamps, clock))


async def test_a_pin_counts_before_the_registry(watched: Watched, clock: Clock) -> None:
    await given_office(watched, "0001", OFF)
    facts = await reader(watched, clock, office=TenantEntry(ON, pinned=True)).read(WHO)
    assert facts.office == ON
    assert watched.asked == 0


async def test_the_registry_counts_before_the_files_entry(watched: Watched, clock: Clock) -> None:
    await given_office(watched, "0001", ON)
    await given_establishment(watched, "0001", "000101", OFF)
    assert await reader(watched, clock, office=TenantEntry(OFF)).read(WHO) == TenantFacts(ON, OFF)


async def test_the_files_entry_counts_before_the_default(watched: Watched, clock: Clock) -> None:
    assert await reader(watched, clock, office=TenantEntry(ON)).read(WHO) == TenantFacts(ON, PUNCH)
    stranger = Subject("B2", Kind.ESTABLISHMENT, "0002", "000101")
    assert await reader(watched, clock).read(stranger) == TenantFacts(OFF, OFF)


async def test_a_person_without_tenants_needs_no_question(watched: Watched, clock: Clock) -> None:
    nobody = Subject("X", Kind.UNKNOWN)
    assert reader(watched, clock).peek(nobody) == TenantFacts(OFF, OFF)
    assert watched.asked == 0


async def test_what_was_read_counts_for_a_second(watched: Watched, clock: Clock) -> None:
    tenants = reader(watched, clock)
    assert tenants.peek(WHO) is None
    facts = await tenants.read(WHO)
    await given_office(watched, "0001", ON)
    clock.forward(1.0)
    assert tenants.peek(WHO) == facts
    clock.forward(0.01)
    assert tenants.peek(WHO) is None
    assert (await tenants.read(WHO)).office == ON
    clock.forward(-100)
    assert tenants.peek(WHO) is None, "a clock set back makes nothing fresh for longer"


async def test_a_change_made_here_counts_at_once(watched: Watched, clock: Clock) -> None:
    tenants = reader(watched, clock)
    await tenants.read(WHO)
    await given_office(watched, "0001", ON)
    tenants.forget("0001")
    assert tenants.peek(WHO) is None
    assert (await tenants.read(WHO)).office == ON
    await given_establishment(watched, "0001", "000101", ON)
    tenants.forget("0001", "000101")
    assert (await tenants.read(WHO)).establishment == ON


async def test_a_read_that_began_before_a_change_is_not_remembered(watched: Watched, clock: Clock) -> None:
    tenants = reader(watched, clock)
    under_way = asyncio.create_task(tenants.read(WHO))
    while not watched.asked:  # noqa: ASYNC110 - the question is on its way then
        await asyncio.sleep(0)
    tenants.forget("0001")
    await under_way
    assert tenants.peek(WHO) is None


async def test_a_hundred_requests_at_once_ask_once(watched: Watched, clock: Clock) -> None:
    tenants = reader(watched, clock)
    await asyncio.gather(*(tenants.read(WHO) for _ in range(100)))
    assert watched.asked == 1


async def test_one_who_leaves_does_not_end_the_question_of_the_others(watched: Watched, clock: Clock) -> None:
    tenants = reader(watched, clock)
    leaving, staying = (asyncio.create_task(tenants.read(WHO)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == TenantFacts(OFF, PUNCH)


async def test_while_the_registry_is_silent_the_settings_last_read_hold(watched: Watched, clock: Clock) -> None:
    await given_office(watched, "0001", ON)
    tenants = reader(watched, clock)
    facts = await tenants.read(WHO)
    watched.silent = True
    clock.forward(3600)
    assert await tenants.read(WHO) == facts
    asked = watched.asked
    assert await tenants.read(WHO) == facts
    assert watched.asked == asked, "it is not asked again within the second"
    watched.silent = False
    await given_office(watched, "0001", OFF)
    clock.forward(1.01)
    assert (await tenants.read(WHO)).office == OFF


async def test_settings_never_read_are_not_guessed(watched: Watched, clock: Clock) -> None:
    watched.silent = True
    with pytest.raises(StoreUnavailable):
        await reader(watched, clock).read(WHO)


async def test_settings_changed_here_are_not_answered_from_before_the_change(watched: Watched, clock: Clock) -> None:
    tenants = reader(watched, clock)
    await tenants.read(WHO)
    tenants.forget("0001")
    watched.silent = True
    with pytest.raises(StoreUnavailable):
        await tenants.read(WHO)


async def test_what_is_fresh_is_the_same_object_until_it_is_read_anew(watched: Watched, clock: Clock) -> None:
    tenants = reader(watched, clock)
    await tenants.read(WHO)
    facts = tenants.peek(WHO)
    assert facts is not None
    assert tenants.peek(WHO) is facts
    clock.forward(1.1)
    assert tenants.peek(WHO) is None
    await tenants.read(WHO)
    assert tenants.peek(WHO) == facts


async def test_an_office_that_was_just_changed_is_asked_again_for_each_of_its_establishments(
    watched: Watched, clock: Clock
) -> None:
    tenants = reader(watched, clock)
    await tenants.read(WHO)
    assert tenants.peek(WHO) is not None
    tenants.forget("0001")
    assert tenants.peek(WHO) is None


async def test_facts_are_fresh_for_as_long_as_the_older_half(watched: Watched, clock: Clock) -> None:
    watched.stampless = True
    tenants = reader(watched, clock)
    await tenants.read(WHO)
    clock.forward(0.8)
    await tenants.read(Subject("B00000201", Kind.ESTABLISHMENT, "0001", "000102"))
    tenants.forget("0001", "000101")
    await tenants.read(WHO)  # its establishment is read now, its office was 0.8 s ago
    assert tenants.peek(WHO) is not None
    clock.forward(0.4)
    assert tenants.peek(WHO) is None


async def test_what_nobody_has_changed_is_asked_for_once(watched: Watched, clock: Clock) -> None:
    tenants = reader(watched, clock)
    facts = await tenants.read(WHO)
    for _ in range(10):
        clock.forward(3600)
        assert tenants.peek(WHO) is None
        assert await tenants.read(WHO) == facts
        assert tenants.peek(WHO) is not None
    assert watched.asked == 1


async def test_a_change_made_elsewhere_is_asked_for_and_nothing_else(watched: Watched, clock: Clock) -> None:
    tenants = reader(watched, clock)
    other = Subject("B00000201", Kind.ESTABLISHMENT, "0002", "000201")
    await tenants.read(WHO)
    await tenants.read(other)
    await given_establishment(watched, "0001", "000101", OFF)
    clock.forward(1.01)
    assert await tenants.read(WHO) == TenantFacts(OFF, OFF)
    assert watched.asked == 3, "its office's settings, too"
    assert await tenants.read(other) == TenantFacts(OFF, OFF)
    assert watched.asked == 3


async def test_a_busy_time_finds_everything_fresh(watched: Watched, clock: Clock) -> None:
    tenants = reader(watched, clock)
    await tenants.read(WHO)
    facts = tenants.peek(WHO)
    for _ in range(20):
        clock.forward(0.6)
        assert tenants.peek(WHO) is facts, "old enough to be looked after, and still the same"
        await tenants._revisions.read()
    assert watched.asked == 1


async def test_revisions_that_cannot_be_read_make_nothing_fresh(watched: Watched, clock: Clock) -> None:
    tenants = reader(watched, clock)
    await tenants.read(WHO)
    watched.silent = True
    clock.forward(1.01)
    await tenants._revisions.read()
    assert tenants.peek(WHO) is None


async def test_nobody_with_known_settings_waits_for_a_registry_that_stands_still(
    watched: Watched, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.stores.revisions._PATIENCE_SECONDS", 0.01)
    await given_office(watched, "0001", ON)
    tenants = reader(watched, clock)
    facts = await tenants.read(WHO)
    clock.forward(1.01)
    with stands_still(watched) as stuck:
        async with asyncio.timeout(30):  # nothing ends before the block does
            assert await tenants.read(WHO) == facts
            assert await tenants.read(WHO) == facts
        assert stuck.waiting == 2, "one looks for changes and one asks, whoever else comes"
    await given_office(watched, "0001", OFF)
    clock.forward(1.01)
    assert (await tenants.read(WHO)).office == OFF, "who comes after it answers again gets what holds now"
    assert not tenants._revisions.silent
    await tenants.close()


async def test_settings_that_are_known_to_have_changed_are_waited_for(watched: Watched, clock: Clock) -> None:
    await given_office(watched, "0001", ON)
    tenants = reader(watched, clock)
    await tenants.read(WHO)
    await given_office(watched, "0001", OFF)
    clock.forward(1.01)
    with stands_still(watched, also_revisions=False) as stuck:
        waits = asyncio.create_task(tenants.read(WHO))
        await stuck.begun.wait()
        await asyncio.sleep(0.2)
        assert not waits.done()
    assert (await waits).office == OFF


async def test_a_new_configuration_knows_what_was_stored_and_says_itself_what_holds_elsewhere(
    watched: Watched, clock: Clock
) -> None:
    await given_office(watched, "0001", ON)
    other = Subject("B00000201", Kind.ESTABLISHMENT, "0002", "000201")
    memory, revisions = TenantMemory(), Revisions(watched.stamps, clock)
    before = TenantReader(watched, {}, {}, OFF, OFF, clock, revisions, memory=memory)
    assert (await before.read(WHO)).office == ON
    assert (await before.read(other)).office == OFF
    watched.silent = True
    clock.forward(3600)
    after = TenantReader(watched, {"0001": TenantEntry(OFF)}, {}, PUNCH, PUNCH, clock, revisions, memory=memory)
    assert (await after.read(WHO)).office == ON
    assert (await after.read(other)).office == PUNCH


@dataclass
class Stuck:
    """How many wait for an answer, and until when."""

    answers: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0

    async def wait(self) -> None:
        """Until the block ends."""
        self.waiting += 1
        self.begun.set()
        await self.answers.wait()


@contextlib.contextmanager
def stands_still(watched: Watched, *, also_revisions: bool = True) -> Iterator[Stuck]:
    """Nothing is answered within the block, and nothing refused."""
    watched.stuck = stuck = Stuck()
    watched.stamps.stuck = stuck if also_revisions else None
    try:
        yield stuck
    finally:
        stuck.answers.set()
        watched.stuck = watched.stamps.stuck = None
