"""Keeping the roster: what is taken over when, by whom, and that nobody ever waits for it in vain."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from gateway import roster
from gateway.config.loading import load
from gateway.config.settings import Configuration, EstablishmentEntry, SqlDirectory
from gateway.core.errors import StoreUnavailable
from gateway.core.policy import TenantSettings
from gateway.core.subject import Feature, Kind, Subject
from gateway.demo.people_file import write_people
from gateway.directory import build
from gateway.portal.refreshing import Freshness
from gateway.roster import RosterKeeper
from gateway.roster_lists import configured_lists
from gateway.stores.base_people import PeopleQuery
from gateway.stores.base_tenants import Establishment, EstablishmentQuery, PersonLine, Roster
from gateway.stores.registry import SqlRegistry
from gateway.stores.sealing import KeyRing
from tests.config.sample import GOOD

HANAKO = Subject("B00000101", Kind.ESTABLISHMENT, "0001", "000001", "01", "", "花子")
LINE = PersonLine("B00000101", "establishment", "0001", "000001", "01", "", "花子")


@dataclass
class FakeDirectory:
    """Lists that a test sets; `asked` counts; it answers when `gate` is open, or fails."""

    establishments_now: tuple[EstablishmentEntry, ...] | None = ()
    people_now: tuple[Subject, ...] | None = ()
    file: tuple[Subject, ...] = ()
    asked: list[tuple[str, ...]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    down: bool = False
    most_at_once: int = 0
    _now: int = 0

    async def subject(self, login_id: str) -> Subject | None:
        return None

    async def establishments(self, office: str) -> tuple[EstablishmentEntry, ...] | None:
        await self._answer(office)
        return self.establishments_now

    async def people(self, office: str, establishment: str) -> tuple[Subject, ...] | None:
        await self._answer(office, establishment)
        return self.people_now

    def everybody(self) -> Iterable[Subject]:
        return self.file

    async def close(self) -> None:
        """Nothing is open."""

    async def _answer(self, *asked: str) -> None:
        self.asked.append(asked)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        await self.gate.wait()
        self._now -= 1
        if self.down:
            raise StoreUnavailable("directory", "made to fail")


@dataclass
class FakeRoster(Roster):
    """What was taken over, in order."""

    taken: list[tuple[Any, ...]] = field(default_factory=list)
    times: dict[tuple[str, str | None], float] = field(default_factory=dict)
    down: bool = False

    async def replace_configured(self, digest: str, establishments: Any, entries: Any, people: Any) -> bool:
        self._answer("configured", digest, tuple(establishments), tuple(entries), tuple(people))
        return True

    async def replace_establishments(self, office: str, rows: Iterable[Establishment], at: float) -> None:
        self._answer("establishments", office, tuple(rows), at)
        self.times[office, None] = at

    async def replace_people(self, office: str, establishment: str, people: Iterable[PersonLine], at: float) -> None:
        self._answer("people", office, establishment, tuple(people), at)
        self.times[office, establishment] = at

    async def read_at(self, office: str, establishment: str | None = None) -> float | None:
        return self.times.get((office, establishment))

    async def note_people(self, noted: Sequence[tuple[PersonLine, float]]) -> None:
        self._answer("noted", *noted)

    def _answer(self, *what: Any) -> None:
        if self.down:
            raise StoreUnavailable("registry", "made to fail")
        self.taken.append(what)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Kept:
    """A keeper over fakes, with a minute's cache."""

    keeper: RosterKeeper
    directory: FakeDirectory
    registry: FakeRoster
    clock: Clock
    monotonic: Clock


def configuration(folder: Path, sql: SqlDirectory | None = None, text: str = GOOD) -> Configuration:
    (folder / "f.yaml").write_text(text, "utf-8")
    loaded = load(folder / "f.yaml")
    return replace(loaded, directory=replace(loaded.directory, sql=sql)) if sql is not None else loaded


SQL = SqlDirectory("sqlite:///x", "SELECT", 1.0, 60.0, "SELECT", "SELECT")


@pytest.fixture
async def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Kept]]:
    made: list[Kept] = []
    monkeypatch.setattr(roster, "GATHER_SECONDS", 0.0)

    def build(sql: SqlDirectory | None = SQL) -> Kept:
        directory, registry, clock, monotonic = FakeDirectory(), FakeRoster(), Clock(), Clock()
        keeper = RosterKeeper(registry, directory, configuration(tmp_path, sql), clock, monotonic)
        made.append(Kept(keeper, directory, registry, clock, monotonic))
        return made[-1]

    yield build
    for kept in made:
        await kept.keeper.close()


@pytest.fixture
def kept(make: Callable[..., Kept]) -> Kept:
    return make()


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_the_configuration_lists_is_taken_over_at_the_start(kept: Kept) -> None:
    kept.directory.file = (HANAKO, Subject("Z1", Kind.UNKNOWN))
    await kept.keeper.begin()
    ((what, digest, establishments, entries, people),) = kept.registry.taken
    assert (what, len(digest)) == ("configured", 64)
    assert establishments == (("0001", Establishment("000001")),)
    settings = TenantSettings(True, frozenset({Feature.PAYSLIP_OWN}))
    assert entries == (("0001", "", TenantSettings(True), False), ("0001", "000001", settings, False))
    assert people == (LINE,)


async def test_a_registry_that_does_not_answer_gets_the_lists_later(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(roster, "START_SECONDS", 0.5)
    kept.registry.down = True
    beginning = asyncio.create_task(kept.keeper.begin())
    await asyncio.sleep(0.2)
    assert kept.registry.taken == []
    kept.registry.down = False
    await beginning
    assert [taken[0] for taken in kept.registry.taken] == ["configured"]


async def test_a_start_does_not_wait_for_ever(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "START_SECONDS", 0.05)
    kept.registry.down = True
    async with asyncio.timeout(3):
        await kept.keeper.begin()


def test_the_digest_is_the_same_in_every_process_and_another_for_other_lists(tmp_path: Path) -> None:
    both = GOOD.replace("exempt: [payslip.own]", "exempt: [payslip.own, attendance.punch, attendance.notifications]")
    code = (
        "import sys; from pathlib import Path; from gateway.config.loading import load;"
        "from gateway.directory import build; from gateway.roster_lists import configured_lists;"
        "c = load(Path(sys.argv[1])); print(configured_lists(c, build(c.directory)).digest)"
    )
    configuration(tmp_path, text=both)
    digests = {
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "f.yaml")],
            capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1],
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(digests) == 1
    empty = FakeDirectory()
    found = [
        configured_lists(configuration(tmp_path, text=text), directory).digest
        for text, directory in (
            (GOOD, empty),
            (both, empty),
            (GOOD.replace('office: "0001"}', 'office: "0001", kana: カナ}'), empty),
            (GOOD.replace("exempt: [payslip.own]}", "exempt: [payslip.own], pinned: true}"), empty),
            (GOOD, FakeDirectory(file=(HANAKO,))),
        )
    ]
    assert len(set(found)) == 5


async def test_a_list_is_read_when_it_is_older_than_the_cache_and_not_before(kept: Kept) -> None:
    kept.directory.gate.set()
    kept.directory.establishments_now = (EstablishmentEntry("000001", "0001", "MKS", "エムケーエス"),)
    assert await kept.keeper.establishments("0001") == Freshness(True, 1000.0)
    assert kept.registry.taken == [
        ("establishments", "0001", (Establishment("000001", "MKS", "エムケーエス"),), 1000.0)
    ]
    kept.clock.now = 1059.0
    assert await kept.keeper.establishments("0001") == Freshness(True, 1000.0)
    kept.clock.now = 1060.0
    assert await kept.keeper.establishments("0001") == Freshness(True, 1060.0)
    kept.clock.now = 500.0  # a clock that was set back: what was read then is not from the future
    assert await kept.keeper.establishments("0001") == Freshness(True, 500.0)
    assert kept.directory.asked == [("0001",)] * 3


async def test_people_are_read_for_one_establishment_or_the_offices_own_staff(kept: Kept) -> None:
    kept.directory.gate.set()
    kept.directory.people_now = (HANAKO,)
    assert (await kept.keeper.people("0001", "000001")).current
    assert (await kept.keeper.people("0001", "")).current
    assert kept.directory.asked == [("0001", "000001"), ("0001", "")]
    assert kept.registry.taken[0] == ("people", "0001", "000001", (LINE,), 1000.0)


async def test_everybody_who_waits_for_one_list_shares_one_read(kept: Kept) -> None:
    waiting = [asyncio.create_task(kept.keeper.establishments("0001")) for _ in range(20)]
    await settled()
    waiting[0].cancel()
    kept.directory.gate.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert found[1:] == [Freshness(True, 1000.0)] * 19
    assert kept.directory.asked == [("0001",)]


async def test_few_lists_are_read_at_once(kept: Kept) -> None:
    waiting = [asyncio.create_task(kept.keeper.people("0001", f"{n:06}")) for n in range(30)]
    await settled()
    assert kept.directory.most_at_once == 4
    kept.directory.gate.set()
    assert {one.current for one in await asyncio.gather(*waiting)} == {True}
    assert kept.directory.most_at_once == 4


async def test_a_database_that_does_not_answer_leaves_what_was_read_before(kept: Kept) -> None:
    kept.directory.gate.set()
    await kept.keeper.establishments("0001")
    kept.directory.down = True
    kept.clock.now = 2000.0
    assert await kept.keeper.establishments("0001") == Freshness(False, 1000.0)
    assert await kept.keeper.people("0001", "000001") == Freshness(False, None)
    assert len(kept.registry.taken) == 1


async def test_a_database_that_failed_is_left_alone_for_a_moment(kept: Kept) -> None:
    kept.directory.gate.set()
    kept.directory.down = True
    for _ in range(5):
        assert await kept.keeper.establishments("0001") == Freshness(False, None)
    assert len(kept.directory.asked) == 1
    kept.directory.down = False
    kept.monotonic.now += roster.PAUSE_SECONDS
    assert await kept.keeper.establishments("0001") == Freshness(True, 1000.0)


async def test_a_page_waits_for_a_while_and_the_read_goes_on(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "WAIT_SECONDS", 0.05)
    assert await kept.keeper.establishments("0001") == Freshness(False, None)
    kept.directory.gate.set()
    await settled()
    assert await kept.keeper.establishments("0001") == Freshness(True, 1000.0)
    assert len(kept.directory.asked) == 1


async def test_a_registry_that_cannot_take_a_list_makes_it_old_not_wrong(kept: Kept) -> None:
    kept.directory.gate.set()
    kept.registry.down = True
    assert await kept.keeper.establishments("0001") == Freshness(False, None)


@pytest.mark.parametrize("sql", [None, SqlDirectory("sqlite:///x", "SELECT", 1.0, 60.0)])
async def test_without_its_queries_nothing_is_asked_and_all_is_current(
    make: Callable[..., Kept], sql: SqlDirectory | None
) -> None:
    kept = make(sql)
    assert await kept.keeper.establishments("0001") == Freshness(True, None)
    assert await kept.keeper.people("0001", "000001") == Freshness(True, None)
    assert kept.directory.asked == []


async def test_nobody_is_asked_about_a_tenant_without_a_code(kept: Kept) -> None:
    assert (await kept.keeper.establishments("")).current
    assert (await kept.keeper.people("", "000001")).current
    assert kept.directory.asked == []


async def test_who_signs_in_is_noted_once_a_day(kept: Kept) -> None:
    for at in (1000.0, 1001.0, 1000.0 + 86399, 1000.0 + 86400, 500.0):
        kept.keeper.note(HANAKO, at)
        await settled()
    assert kept.registry.taken == [("noted", (LINE, at)) for at in (1000.0, 87400.0, 500.0)]


async def test_who_belongs_to_no_tenant_is_not_noted(kept: Kept) -> None:
    kept.keeper.note(Subject("Z1", Kind.UNKNOWN), 1000.0)
    kept.keeper.note(Subject("Z1", Kind.UNKNOWN, "0001"), 1000.0)
    await settled()
    assert kept.registry.taken == []


async def test_who_could_not_be_noted_is_noted_the_next_time(kept: Kept) -> None:
    kept.registry.down = True
    for number in range(5):
        kept.keeper.note(replace(HANAKO, login_id=f"B{number}"), 1000.0)
    await settled()
    kept.registry.down = False
    kept.keeper.note(replace(HANAKO, login_id="B3"), 1001.0)
    await settled()
    assert kept.registry.taken == [("noted", (replace(LINE, login_id="B3"), 1001.0))]


async def test_a_rush_of_people_is_bounded(kept: Kept) -> None:
    for number in range(5000):
        kept.keeper.note(replace(HANAKO, login_id=f"B{number}"), 1000.0)
    await settled()
    together = [len(noted) for _, *noted in kept.registry.taken]
    assert sum(together) == 1000
    assert max(together) == 100
    kept.keeper.note(replace(HANAKO, login_id="B4999"), 1000.0)
    await settled()
    assert [person.login_id for _, *noted in kept.registry.taken[len(together) :] for person, _ in noted] == ["B4999"]


async def test_who_signs_in_within_a_moment_is_written_together(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster, "GATHER_SECONDS", 0.05)
    for number in range(5):
        kept.keeper.note(replace(HANAKO, login_id=f"B{number}"), 1000.0 + number)
        await settled()
    assert kept.registry.taken == []
    await asyncio.sleep(0.1)
    people = [(replace(LINE, login_id=f"B{number}"), 1000.0 + number) for number in range(5)]
    assert kept.registry.taken == [("noted", *people)]


async def test_who_signed_in_right_before_the_end_is_noted(kept: Kept) -> None:
    kept.keeper.note(HANAKO, 1000.0)
    await kept.keeper.close()
    assert kept.registry.taken == [("noted", (LINE, 1000.0))]


async def test_the_demos_database_fills_a_real_registry(tmp_path: Path) -> None:
    """From the shipped file to what a settings page finds."""
    write_people(tmp_path / "var" / "people.db")
    shutil.copy(Path(__file__).parents[1] / "routes.yaml", tmp_path)
    loaded = load(tmp_path / "routes.yaml")
    registry = SqlRegistry(f"sqlite:///{tmp_path}/registry.db", KeyRing([b"k" * 32]))
    await registry.start()
    directory = build(loaded.directory)
    keeper = RosterKeeper(registry, directory, loaded, Clock(), Clock())
    try:
        await keeper.begin()
        assert (await keeper.establishments("0001")).current
        assert (await keeper.people("0001", "000001")).current
        keeper.note(Subject("A00010009", Kind.OFFICE, "0001", "", "0009"), 1000.0)
        await asyncio.sleep(roster.GATHER_SECONDS + 0.3)
        query = EstablishmentQuery("0001", kana="ｺﾓﾝ")
        found = await registry.find_establishments(query, TenantSettings(), 0, 10)
        assert [(row.code, row.name) for row in found.rows] == [("000011", "株式会社顧問")]
        assert found.rows[0].settings.uses_second_factor
        everybody = await registry.find_establishments(EstablishmentQuery("0001"), TenantSettings(), 0, 10)
        assert (everybody.total, len(everybody.rows)) == (14, 10)
        people = await registry.find_people(PeopleQuery("0001", "000001"), 1000.0, 0, 10)
        assert [row.login_id for row in people.rows] == ["B00000101", "B00000102", "B00000103", "B00000199"]
        assert await registry.person_row("A00010009", 1000.0) is not None
    finally:
        await keeper.close()
        await directory.close()
        await registry.close()


async def test_an_end_leaves_nothing_behind(kept: Kept) -> None:
    waiting = asyncio.create_task(kept.keeper.establishments("0001"))
    await settled()
    await kept.keeper.close()
    assert await waiting == Freshness(False, None)
