"""The audit chain: what somebody who can write to the database changes is told, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa

from gateway.core.errors import SealBroken, StoreUnavailable
from gateway.stores.audit_chain import ChainKey
from gateway.stores.base_audit import AuditEvent, ChainReport
from gateway.stores.registry import SqlRegistry
from gateway.stores.sealing import KeyRing
from gateway.stores.tables import audit_chain, audit_events, installation
from tests.stores.conftest import RING

NOW = 1_800_000_000.0
EVENT = AuditEvent(NOW, "portal.code.accepted", "ref", "B1", "B1", "0001", "000101", "192.0.2.1", (("名", "山田"),))
events = audit_events.c


async def put(registry: SqlRegistry, count: int) -> None:
    """Record `count` events, a second apart."""
    async with registry._database.writing() as connection:
        await registry._append(connection, [replace(EVENT, at=NOW + n, reference=f"ref-{n}") for n in range(count)])


async def tamper(registry: SqlRegistry, *statements: sa.Executable) -> None:
    """As somebody would who can write to the database and has no key."""
    async with registry._database.writing() as connection:
        for statement in statements:
            await connection.execute(statement)


def change(number: int, **values: object) -> sa.Update:
    return sa.update(audit_events).where(events.id == number).values(**values)


def set_end(name: str, **values: object) -> sa.Update:
    return sa.update(audit_chain).where(audit_chain.c.name == name).values(**values)


async def faults(registry: SqlRegistry, expected_head: str = "") -> list[tuple[int, str]]:
    return [(fault.number, fault.what) for fault in (await registry.verify_chain(expected_head)).faults]


async def mac_of(registry: SqlRegistry, number: int) -> str:
    async with registry._database.reading() as connection:
        mac: str = (await connection.execute(sa.select(events.mac).where(events.id == number))).scalar_one()
    return mac


@pytest.fixture
async def chain(registry: SqlRegistry) -> SqlRegistry:
    """Ten records."""
    await put(registry, 10)
    return registry


async def test_a_chain_that_nobody_touched_is_whole(registry: SqlRegistry) -> None:
    assert await registry.verify_chain() == ChainReport(1, 0, 0, 0, "", ())
    await put(registry, 2345)
    report = await registry.verify_chain()
    assert report == ChainReport(1, 2345, 2345, 0, f"2345:{await mac_of(registry, 2345)}", ())


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", NOW + 4.000001),
        ("name", "portal.code.refused"),
        ("reference", "ref-x"),
        ("actor", "B2"),
        ("subject", "B2"),
        ("office", "0002"),
        ("establishment", ""),
        ("address", "192.0.2.2"),
        ("detail", '[["名","田中"]]'),
        ("mac", "0" * 64),
        ("mac", ""),
    ],
)
async def test_a_changed_record_is_named(chain: SqlRegistry, column: str, value: object) -> None:
    await tamper(chain, change(5, **{column: value}))
    found = await faults(chain)
    # With its mac the next one's ground is gone too.
    assert found == ([(5, "changed"), (6, "changed")] if column == "mac" else [(5, "changed")])


async def test_text_moved_from_one_column_to_its_neighbour_is_a_change(chain: SqlRegistry) -> None:
    await tamper(chain, change(5, actor="B1B", subject="1"))
    assert await faults(chain) == [(5, "changed")]


async def test_records_in_another_order_are_told(chain: SqlRegistry) -> None:
    await tamper(chain, change(4, id=1000), change(5, id=4), change(1000, id=5))
    assert [number for number, what in await faults(chain) if what == "changed"] == [4, 5, 6]


async def test_a_gap_is_told_where_it_begins(chain: SqlRegistry) -> None:
    await tamper(chain, sa.delete(audit_events).where(events.id.in_([4, 5])))
    assert await faults(chain) == [(4, "missing")]


async def test_a_beginning_that_was_cut_off_is_told(chain: SqlRegistry) -> None:
    await tamper(chain, sa.delete(audit_events).where(events.id <= 3))
    assert await faults(chain) == [(1, "missing")]


async def test_a_base_set_forward_is_told(chain: SqlRegistry) -> None:
    gone = await mac_of(chain, 3)
    await tamper(chain, sa.delete(audit_events).where(events.id <= 3), set_end("base", number=3, mac=gone))
    assert await faults(chain) == [(3, "base")]
    await tamper(chain, set_end("base", number=5, mac=await mac_of(chain, 5)))
    assert await faults(chain) == [(4, "base"), (5, "base")], "records that were in the chain stand before its base"


async def test_an_end_that_was_cut_off_is_told(chain: SqlRegistry) -> None:
    await tamper(chain, sa.delete(audit_events).where(events.id > 8))
    assert await faults(chain) == [(9, "missing")]


async def test_a_forged_head_is_told(chain: SqlRegistry) -> None:
    await tamper(
        chain,
        sa.delete(audit_events).where(events.id > 8),
        set_end("head", number=8, mac=await mac_of(chain, 8)),
    )
    assert await faults(chain) == [(8, "head")]


async def test_a_forged_head_is_told_for_ever_though_records_go_on(chain: SqlRegistry) -> None:
    """The next record must not heal what was cut off."""
    await tamper(
        chain,
        sa.delete(audit_events).where(events.id > 8),
        set_end("head", number=8, mac=await mac_of(chain, 8)),
    )
    await chain.record(EVENT)
    await chain.record(EVENT)
    assert await faults(chain) == [(9, "changed")]


@pytest.mark.parametrize("number", [3, 20])
async def test_a_head_that_points_elsewhere_stops_nobody(chain: SqlRegistry, number: int) -> None:
    await tamper(chain, set_end("head", number=number))
    await chain.record(EVENT)
    assert await faults(chain) == [(11, "changed")]


async def test_ends_that_were_removed_are_told(chain: SqlRegistry) -> None:
    await tamper(chain, sa.delete(audit_chain).where(audit_chain.c.name == "head"))
    assert await faults(chain) == [(1, "head")]
    await chain.record(EVENT)
    assert await faults(chain) == [(11, "changed")]
    await tamper(chain, sa.delete(audit_chain))
    assert await faults(chain) == [(1, "head")]
    await chain.record(EVENT)
    assert (1, "base") in await faults(chain)


async def test_a_record_put_behind_the_head_is_told(chain: SqlRegistry) -> None:
    row = {column.name: "" for column in audit_events.columns} | {"id": 11, "at": NOW, "detail": "[]"}
    await tamper(chain, sa.insert(audit_events).values(row))
    assert await faults(chain) == [(11, "head")]
    with pytest.raises(StoreUnavailable):
        await chain.record(EVENT)


async def test_a_noted_head_tells_of_an_end_that_was_set_back_as_a_whole(chain: SqlRegistry) -> None:
    async with chain._database.reading() as connection:
        head = (await connection.execute(sa.select(audit_chain).filter_by(name="head"))).one()
    earlier = (await chain.verify_chain()).head
    await put(chain, 5)
    noted = (await chain.verify_chain()).head
    assert await faults(chain, noted) == []
    assert await faults(chain, earlier) == [], "a head of before is part of the chain"
    await tamper(
        chain,
        sa.delete(audit_events).where(events.id > 10),
        set_end("head", number=head.number, mac=head.mac, seal=head.seal),
    )
    assert await faults(chain) == [], "nothing here can tell"
    assert await faults(chain, noted) == [(15, "missing")]
    for _ in range(5):
        await chain.record(EVENT)
    assert await faults(chain, noted) == [(15, "head")], "another record has that number now"


@pytest.mark.parametrize("head", ["7", ":", "x:00", "-1:00", "７:00"])
async def test_what_is_no_head_is_refused(registry: SqlRegistry, head: str) -> None:
    with pytest.raises(ValueError):
        await registry.verify_chain(head)


async def test_a_noted_head_of_an_empty_record_is_missed(registry: SqlRegistry) -> None:
    assert await faults(registry, "3:00") == [(3, "missing")]


async def test_of_many_faults_the_first_are_told(registry: SqlRegistry) -> None:
    await put(registry, 300)
    await tamper(registry, sa.update(audit_events).values(actor="nobody"))
    assert await faults(registry) == [(number, "changed") for number in range(1, 101)]


async def test_records_of_before_the_chain_are_counted_and_stay(registry: SqlRegistry) -> None:
    old = {column.name: "" for column in audit_events.columns} | {"at": NOW - 9, "detail": "[]"}
    await tamper(registry, sa.insert(audit_events).values([old | {"id": number} for number in (1, 2, 5)]))
    assert await registry.verify_chain() == ChainReport(1, 0, 0, 3, "", ())
    await put(registry, 4)
    report = await registry.verify_chain()
    assert (report.first, report.last, report.count, report.unchained, report.faults) == (6, 9, 4, 3, ())
    assert await registry.prune_events(NOW, 100) == 3
    report = await registry.verify_chain()
    assert (report.first, report.unchained, report.faults) == (6, 0, ())


async def test_retention_takes_the_oldest_and_the_chain_stays_verifiable(registry: SqlRegistry) -> None:
    await put(registry, 2500)
    head = (await registry.verify_chain()).head
    third = f"3:{await mac_of(registry, 3)}"
    assert await registry.prune_events(NOW + 2200, 10) == 10
    assert await registry.prune_events(NOW + 2200, 10**6) == 2190
    assert await registry.prune_events(NOW + 2200, 10**6) == 0
    report = await registry.verify_chain(head)
    assert (report.first, report.last, report.count, report.faults) == (2201, 2500, 300, ())
    assert await faults(registry, third) == [], "a head whose record is gone by right"
    await registry.record(EVENT)
    assert await faults(registry) == []
    await tamper(registry, sa.delete(audit_events).where(events.id == 2201))
    assert await faults(registry) == [(2201, "missing")]


async def test_retention_may_take_everything(chain: SqlRegistry) -> None:
    assert await chain.prune_events(NOW + 100, 100) == 10
    report = await chain.verify_chain()
    assert (report.first, report.last, report.count, report.faults) == (11, 10, 0, ())
    await chain.record(EVENT)
    assert (await chain.verify_chain()).last == 11


async def test_a_record_dated_later_keeps_those_behind_it(registry: SqlRegistry) -> None:
    await put(registry, 3)
    await registry.record(replace(EVENT, at=NOW + 10**6))
    await put(registry, 3)
    assert await registry.prune_events(NOW + 100, 100) == 3
    assert await faults(registry) == []


async def test_a_forged_base_is_not_healed_by_retention(chain: SqlRegistry) -> None:
    await tamper(chain, sa.delete(audit_events).where(events.id <= 3), set_end("base", number=3))
    assert await chain.prune_events(NOW + 5, 100) == 0
    assert (3, "base") in await faults(chain)


async def test_verifying_while_others_append_and_prune_finds_no_fault(registry: SqlRegistry) -> None:
    await put(registry, 3000)

    async def go_on() -> None:
        for number in range(20):
            await registry.record(EVENT)
            await registry.prune_events(NOW + 100 * number, 100)

    reports, _ = await asyncio.gather(asyncio.gather(*(registry.verify_chain() for _ in range(3))), go_on())
    assert [report.faults for report in reports] == [()] * 3


async def test_the_key_is_made_once_and_stays_through_rotations_of_the_ring(registry_url: str) -> None:
    new = KeyRing([b"n" * 32])
    both = KeyRing([b"n" * 32, b"k" * 32])
    for ring in (RING, both, new):
        registry = SqlRegistry(registry_url, ring)
        await registry.prepare_chain()
        await registry.record(EVENT)
        assert await faults(registry) == []
        await registry.close()


async def test_another_ring_neither_verifies_nor_appends(chain: SqlRegistry, registry_url: str) -> None:
    stranger = SqlRegistry(registry_url, KeyRing([b"x" * 32]))
    with pytest.raises(SealBroken):
        await stranger.prepare_chain()
    with pytest.raises(SealBroken):
        await stranger.verify_chain()
    with pytest.raises(StoreUnavailable):
        await stranger.record(EVENT)
    await stranger.close()


async def test_a_key_that_was_removed_gives_a_fault_in_every_record(chain: SqlRegistry, registry_url: str) -> None:
    await tamper(chain, sa.delete(installation).where(installation.c.name == "audit chain key"))
    after = SqlRegistry(registry_url, RING)
    assert await faults(after) == [(1, "base")]
    await after.record(EVENT)
    assert [number for number, what in await faults(after) if what == "changed"] == list(range(1, 12))
    await after.close()


def test_a_time_is_what_its_double_is() -> None:
    """Whatever a database makes of a number on its way, only the same eight bytes verify."""
    key = ChainKey(b"k" * 32)
    row = dict.fromkeys(("name", "reference", "actor", "subject", "office", "establishment", "address", "detail"), "")
    macs = {key.mac("", 1, {**row, "at": at}) for at in (0.1 + 0.2, 0.3, 1e-300, NOW, NOW + 2**-20)}
    assert len(macs) == 5
    assert key.mac("", 1, {**row, "at": 3}) == key.mac("", 1, {**row, "at": 3.0})
