"""The audit record: many at once, nothing lost, nothing twice; searching, streaming and counting, on both databases."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.core.errors import StoreUnavailable
from gateway.core.policy import TenantSettings
from gateway.core.setting_words import as_words
from gateway.stores.audit_writer import AuditWriter
from gateway.stores.base_audit import AuditEvent, AuditQuery, DayCount, NumberedEvent
from gateway.stores.registry import SqlRegistry
from tests.stores.conftest import RING

NOW = 1_800_000_000.0
EVENT = AuditEvent(NOW, "portal.code.accepted", "ref", "B1", "B1", "0001", "000101", "192.0.2.1", (("rule", "pc"),))
ALL = AuditQuery(None)


async def put(registry: SqlRegistry, events: Sequence[AuditEvent]) -> None:
    async with registry._database.writing() as connection:
        await registry._append(connection, events)


async def everything(registry: SqlRegistry, query: AuditQuery = ALL) -> list[NumberedEvent]:
    return [event async for piece in registry.every_event(query) for event in piece]


async def numbers(registry: SqlRegistry, query: AuditQuery, before: int | None = None) -> list[int]:
    """What a search finds, and the export of the same query."""
    page = await registry.find_events(query, before, 100)
    assert not page.older
    found = [event.number for event in page.events]
    if before is None:
        assert [event.number for event in await everything(registry, query)] == found[::-1]
    return found


async def test_hundreds_at_once_are_each_kept_once(registry: SqlRegistry) -> None:
    await asyncio.gather(*(registry.record(replace(EVENT, reference=f"ref-{n}")) for n in range(700)))
    kept = await everything(registry)
    assert [event.number for event in kept] == list(range(1, 701))
    assert Counter(event.event.reference for event in kept) == Counter(f"ref-{n}" for n in range(700))
    assert (await registry.verify_chain()).faults == ()


async def test_two_processes_write_one_record(registry_url: str) -> None:
    workers = [SqlRegistry(registry_url, RING) for _ in range(2)]
    for burst in range(5):
        await asyncio.gather(*(workers[n % 2].record(replace(EVENT, reference=f"ref-{burst}-{n}")) for n in range(40)))
    report = await workers[0].verify_chain()
    assert (report.count, report.faults) == (200, ())
    for worker in workers:
        await worker.close()


async def test_an_event_is_there_when_its_caller_goes_on(registry: SqlRegistry) -> None:
    async def record(number: int) -> None:
        await registry.record(replace(EVENT, reference=f"ref-{number}"))
        assert len(await registry.audit_events(f"ref-{number}")) == 1

    await asyncio.gather(*(record(number) for number in range(30)))


async def test_who_stops_waiting_harms_nobody(registry: SqlRegistry) -> None:
    tasks = [asyncio.create_task(registry.record(replace(EVENT, reference=f"ref-{n}"))) for n in range(100)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in done[1::2]] == [type(None)] * 50
    kept = Counter(event.event.reference for event in await everything(registry))
    assert all(kept[f"ref-{n}"] == 1 for n in range(1, 100, 2))
    assert max(kept.values()) == 1
    await registry.record(EVENT)


async def test_closing_writes_what_waits_and_takes_no_more(registry_url: str) -> None:
    registry = SqlRegistry(registry_url, RING)
    tasks = [asyncio.create_task(registry.record(EVENT)) for _ in range(600)]
    await asyncio.sleep(0)
    await registry.close()
    assert all(task.done() for task in tasks)
    await asyncio.gather(*tasks)
    with pytest.raises(StoreUnavailable):
        await registry.record(EVENT)
    after = SqlRegistry(registry_url, RING)
    assert len(await everything(after)) == 600
    await after.close()


class Breaking(SqlRegistry):
    """A registry that loses its database in the middle of every second transaction that appends."""

    turn = 0

    async def _append(self, connection: AsyncConnection, events: Sequence[AuditEvent]) -> None:
        self.turn += 1
        await super()._append(connection, events)
        if self.turn % 2:
            raise sa.exc.InvalidRequestError


async def test_what_could_not_be_kept_is_told_to_exactly_those_who_waited(registry_url: str) -> None:
    registry = Breaking(registry_url, RING)

    async def record(number: int) -> bool:
        await asyncio.sleep(number % 7 / 1000)
        try:
            await registry.record(replace(EVENT, reference=f"ref-{number}"))
        except StoreUnavailable:
            return False
        return True

    told: dict[str, bool] = {}
    for number in range(0, 400, 100):
        done = await asyncio.gather(*(record(number + n) for n in range(100)))
        told |= {f"ref-{number + n}": kept for n, kept in enumerate(done)}
        await asyncio.sleep(0.01)
    await registry.close()
    after = SqlRegistry(registry_url, RING)
    kept = Counter(event.event.reference for event in await everything(after))
    assert kept == Counter(reference for reference, was_kept in told.items() if was_kept)
    assert set(told.values()) == {True, False}
    assert (await after.verify_chain()).faults == ()
    await after.close()


async def test_a_transaction_that_is_undone_leaves_no_trace_in_the_chain(registry: SqlRegistry) -> None:
    """The first one makes the chain's key: what is undone must not be remembered."""
    with pytest.raises(ZeroDivisionError):
        await append_and_fail(registry)
    await registry.record(EVENT)
    report = await registry.verify_chain()
    assert (report.count, report.faults) == (1, ())


async def append_and_fail(registry: SqlRegistry) -> None:
    async with registry._database.writing() as connection:
        await registry._append(connection, [EVENT])
        await registry._append(connection, [EVENT])
        raise ZeroDivisionError


async def test_a_writer_that_is_cancelled_leaves_nobody_waiting() -> None:
    async def never(_: Sequence[AuditEvent]) -> None:
        await asyncio.Event().wait()

    writer = AuditWriter(never)
    tasks = [asyncio.create_task(writer.record(EVENT)) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert writer._task is not None
    writer._task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3
    await writer.close()


async def test_characters_that_no_database_takes_hold_up_nobody(registry: SqlRegistry) -> None:
    odd = replace(EVENT, actor="a\0b\ud800", detail=(("\0", "\udfff"),))
    await asyncio.gather(registry.record(odd), registry.record(EVENT))
    kept = [event.event for event in await everything(registry)]
    assert kept == [replace(EVENT, actor="a\ufffdb?", detail=(("\0", "?"),)), EVENT]
    assert (await registry.verify_chain()).faults == ()


@pytest.fixture
async def searched(registry: SqlRegistry) -> SqlRegistry:
    """Nine events of two offices."""
    await put(
        registry,
        [
            replace(EVENT, at=NOW + n, name=name, actor=actor, subject=subject, office=office, reference=f"ref-{n}")
            for n, (name, actor, subject, office) in enumerate(
                [
                    ("portal.code.accepted", "B1", "B1", "0001"),
                    ("portal.code.refused", "B1", "B1", "0001"),
                    ("portal.factor.reset", "A1", "B1", "0001"),
                    ("portal.code.accepted", "B2", "B2", "0001"),
                    ("portal.code.accepted", "B3", "B3", "0002"),
                    ("portal.factor.reset", "A3", "B3", "0002"),
                    ("sign_in.password.accepted", "A1", "A1", "0001"),
                    ("portal.code.refused", "A1", "A1", "0001"),
                    ("sign_in.subject.unknown", "X", "X", ""),
                ],
                1,
            )
        ],
    )
    return registry


async def test_an_office_finds_its_own_alone(searched: SqlRegistry) -> None:
    assert await numbers(searched, AuditQuery("0001")) == [8, 7, 4, 3, 2, 1]
    assert await numbers(searched, AuditQuery("0002")) == [6, 5]
    assert await numbers(searched, AuditQuery("")) == [9]
    assert await numbers(searched, AuditQuery("0003")) == []
    assert await numbers(searched, ALL) == [9, 8, 7, 6, 5, 4, 3, 2, 1]


async def test_an_office_reaches_nothing_of_another_by_what_it_searches_for(searched: SqlRegistry) -> None:
    for text in ("B3", "A3", "ref-5", "000101"):
        assert not set(await numbers(searched, AuditQuery("0001", text=text))) & {5, 6, 9}
    assert await numbers(searched, AuditQuery("0002", names=("portal.code.refused",))) == []


async def test_names_text_and_times_must_all_hold(searched: SqlRegistry) -> None:
    codes = ("portal.code.accepted", "portal.code.refused")
    assert await numbers(searched, AuditQuery("0001", names=codes)) == [8, 4, 2, 1]
    assert await numbers(searched, AuditQuery(None, names=codes)) == [8, 5, 4, 2, 1]
    assert await numbers(searched, AuditQuery("0001", text="A1")) == [8, 7, 3], "as actor and as subject"
    assert await numbers(searched, AuditQuery("0001", text="A1", names=codes)) == [8]
    assert await numbers(searched, AuditQuery(None, text="B3")) == [6, 5]
    assert await numbers(searched, AuditQuery("0001", text="ref-2")) == [2]
    assert await numbers(searched, AuditQuery("0002", text="000101")) == [6, 5]
    assert await numbers(searched, AuditQuery("0001", since=NOW + 3, until=NOW + 8)) == [7, 4, 3]
    assert await numbers(searched, AuditQuery("0001", NOW + 3, NOW + 8, codes, "B2")) == [4]
    assert await numbers(searched, AuditQuery("0001", text="B%")) == []


async def test_pages_go_on_by_number_while_events_are_added(searched: SqlRegistry) -> None:
    for query in (AuditQuery("0001"), AuditQuery("0001", text="000101"), AuditQuery("0001", names=(EVENT.name, "x"))):
        whole = await numbers(searched, query)
        before, found = None, []
        while True:
            page = await searched.find_events(query, before, 1)
            found += [event.number for event in page.events]
            await searched.record(EVENT)
            if not page.older:
                break
            before = found[-1]
        assert found == whole


async def test_an_export_streams_in_pieces_and_ends(registry: SqlRegistry) -> None:
    await put(registry, [replace(EVENT, reference=f"ref-{n}", office=f"{n % 2}") for n in range(1300)])
    sizes, seen = [], []
    async for piece in registry.every_event(ALL):
        sizes.append(len(piece))
        seen += [event.number for event in piece]
        await registry.record(EVENT)
    assert sizes == [500, 500, 300]
    assert seen == list(range(1, 1301)), "what is added meanwhile is not part of it"
    assert len(await everything(registry, AuditQuery("1"))) == 650
    assert len(await everything(registry, AuditQuery("none"))) == 0


async def test_an_empty_record_is_searched_and_exported(registry: SqlRegistry) -> None:
    assert await numbers(registry, ALL) == []


async def test_days_are_counted_in_the_operators_zone(registry: SqlRegistry) -> None:
    midnight = 20_000 * 86_400 - 32_400  # the beginning of a day nine hours east of Greenwich
    moments = (-1, -0.25, 0, 0.25, 3600, 86_399.75, 86_400)
    await put(registry, [replace(EVENT, at=midnight + moment) for moment in moments])
    await put(registry, [replace(EVENT, at=midnight, name="portal.factor.locked"), replace(EVENT, office="0002")])
    found = await registry.daily_counts("0001", (EVENT.name, "portal.factor.locked"), 0.0, 32_400)
    assert found == (
        DayCount(19_999, EVENT.name, 2),
        DayCount(20_000, EVENT.name, 4),
        DayCount(20_000, "portal.factor.locked", 1),
        DayCount(20_001, EVENT.name, 1),
    )
    assert await registry.daily_counts("0001", (EVENT.name,), midnight + 86_400, 32_400) == found[-1:]
    assert await registry.daily_counts("0001", (), 0.0, 32_400) == ()


async def test_the_history_of_settings_adds_up_what_changed(registry: SqlRegistry) -> None:
    on, off = as_words(TenantSettings(True)), as_words(TenantSettings(False))

    def change(at: float, before: str, after: str, name: str = "settings.establishment.changed") -> AuditEvent:
        return replace(EVENT, at=NOW + at, name=name, detail=(("before", before), ("after", after), ("change", "c")))

    await put(registry, [change(0, off, on)])
    await put(registry, [change(10, off, on)] * 5100 + [change(10, on, on)] * 3)
    await put(registry, [change(20, on, off, "settings.establishment.undone")] * 100)
    await put(registry, [change(30, on, off), change(30, off, on)])
    await put(registry, [change(40, off, on, "settings.office.changed"), replace(change(40, off, on), office="0002")])
    await put(registry, [replace(change(50, off, on), detail=(("before", "?"),))])
    assert await registry.setting_history("0001", NOW + 1) == ((NOW + 10, 5100), (NOW + 20, -100))
    assert (await registry.setting_history("0001", 0.0))[0] == (NOW, 1)
    assert await registry.setting_history("0003", 0.0) == ()


async def test_a_process_without_a_database_refuses_every_event_at_once(tmp_path: Path) -> None:
    registry = SqlRegistry(f"sqlite:///{tmp_path}/missing/registry.db", RING)
    outcomes = await asyncio.gather(*(registry.record(EVENT) for _ in range(50)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 50
    await registry.close()
