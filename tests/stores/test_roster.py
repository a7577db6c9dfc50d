"""Who exists: lists of several sources, each taking away only its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa

from gateway.core.policy import TenantSettings
from gateway.core.subject import Feature
from gateway.stores.base_tenants import Establishment, EstablishmentQuery, PersonLine
from gateway.stores.registry import SqlRegistry
from gateway.stores.tables import people
from tests.stores.conftest import RING

OFFICE, OTHER, NOW = "0001", "0002", 1_800_000_000.0
OFF, ON = TenantSettings(), TenantSettings(True, frozenset({Feature.PAYSLIP_OWN}))
YAMADA, SATO = Establishment("000101", "㈱山田", "ヤマダ"), Establishment("000102", "佐藤商店", "サトウショウテン")
TARO = PersonLine("B1", "establishment", OFFICE, "000101", "1", "", "山田 太郎")
HANAKO = PersonLine("B2", "establishment", OFFICE, "000102", "2", "administrator", "佐藤 花子")


async def configured(
    registry: SqlRegistry,
    digest: str,
    *,
    establishments: Iterable[Establishment] = (),
    entries: Iterable[tuple[str, str, TenantSettings, bool]] = (),
    people: Iterable[PersonLine] = (),
) -> bool:
    return await registry.replace_configured(digest, [(OFFICE, one) for one in establishments], entries, people)


async def names(registry: SqlRegistry, office: str = OFFICE) -> dict[str, str]:
    page = await registry.find_establishments(EstablishmentQuery(office), OFF, 0, 100)
    return {row.code: row.name for row in page.rows}


async def persons(registry: SqlRegistry) -> dict[str, PersonLine]:
    columns = [people.c[name] for name in PersonLine.__slots__]
    async with registry._database.reading() as connection:
        found = await connection.execute(sa.select(*columns).order_by(people.c.login_id))
        return {row.login_id: PersonLine(*row) for row in found}


async def seen(registry: SqlRegistry, login_id: str) -> float | None:
    query = sa.select(people.c.seen_at).filter_by(login_id=login_id)
    async with registry._database.reading() as connection:
        found: float | None = (await connection.execute(query)).scalar_one()
        return found


async def test_what_the_configuration_lists_takes_the_place_of_what_it_listed(registry: SqlRegistry) -> None:
    assert await configured(registry, "1", establishments=[YAMADA, SATO], people=[TARO, HANAKO])
    assert await names(registry) == {"000101": "㈱山田", "000102": "佐藤商店"}
    assert await persons(registry) == {"B1": TARO, "B2": HANAKO}
    moved = replace(HANAKO, establishment="000103", role="")
    assert await configured(registry, "2", establishments=[replace(SATO, name="佐藤 新")], people=[moved])
    assert await names(registry) == {"000102": "佐藤 新", "000103": ""}, "whose people are listed exists"
    assert await persons(registry) == {"B2": moved}


async def test_the_same_digest_is_taken_over_once(registry: SqlRegistry) -> None:
    assert await configured(registry, "1", establishments=[YAMADA])
    assert not await configured(registry, "1", establishments=[SATO])
    assert await names(registry) == {"000101": "㈱山田"}
    assert await configured(registry, "2", establishments=[SATO])
    assert await configured(registry, "1", establishments=[YAMADA]), "only the last one is noted"


async def test_several_processes_take_one_configuration_over_once(registry_url: str) -> None:
    workers = [SqlRegistry(registry_url, RING) for _ in range(3)]
    done = await asyncio.gather(*(configured(one, "1", establishments=[YAMADA, SATO]) for one in workers))
    assert sorted(done) == [False, False, True]
    for worker in workers:
        await worker.close()


async def test_a_list_that_breaks_off_changes_nothing(registry: SqlRegistry) -> None:
    await configured(registry, "1", establishments=[YAMADA], people=[TARO])

    def broken() -> Iterable[PersonLine]:
        yield HANAKO
        raise ValueError("line 2")

    with pytest.raises(ValueError, match="line 2"):
        await configured(registry, "2", establishments=[SATO], people=broken())
    assert await names(registry) == {"000101": "㈱山田"}
    assert await persons(registry) == {"B1": TARO}
    assert await configured(registry, "2", establishments=[SATO])


async def test_entries_of_the_file_are_known_with_their_pins(registry: SqlRegistry) -> None:
    entries = [(OFFICE, "", ON, True), (OFFICE, "000101", ON, True), (OFFICE, "000102", ON, False)]
    await configured(registry, "1", establishments=[YAMADA], entries=entries)
    assert await names(registry) == {"000101": "㈱山田", "000102": ""}, "what has an entry exists"
    pinned = await registry.establishment_row(OFFICE, "000101", OFF)
    written = await registry.establishment_row(OFFICE, "000102", OFF)
    assert pinned is not None
    assert written is not None
    assert (pinned.settings, pinned.pinned) == (ON, True)
    assert (written.settings, written.pinned) == (ON, False)
    await configured(registry, "2", establishments=[YAMADA])
    row = await registry.establishment_row(OFFICE, "000101", OFF)
    assert row is not None
    assert (row.settings, row.pinned) == (OFF, False)


async def test_each_source_takes_away_only_its_own(registry: SqlRegistry) -> None:
    await configured(registry, "1", establishments=[YAMADA], people=[TARO])
    await registry.replace_establishments(OFFICE, [SATO], NOW)
    await registry.replace_people(OFFICE, "000102", [HANAKO], NOW)
    await registry.note_people([(PersonLine("B3", "establishment", OFFICE, "000103"), NOW)])
    assert set(await names(registry)) == {"000101", "000102", "000103"}
    await configured(registry, "2")
    assert set(await names(registry)) == {"000102", "000103"}
    assert set(await persons(registry)) == {"B2", "B3"}
    await registry.replace_establishments(OFFICE, [], NOW)
    await registry.replace_people(OFFICE, "000102", [], NOW)
    assert set(await names(registry)) == {"000103"}
    assert set(await persons(registry)) == {"B3"}


async def test_who_knows_more_takes_over_and_not_the_other_way_round(registry: SqlRegistry) -> None:
    await registry.note_people([(TARO, NOW)])
    await configured(registry, "1", establishments=[YAMADA], people=[TARO])
    assert (await names(registry))["000101"] == "㈱山田"
    await registry.replace_establishments(OFFICE, [replace(YAMADA, name="山田（新）")], NOW)
    await registry.replace_people(OFFICE, "000101", [replace(TARO, name="山田 新")], NOW)
    await configured(registry, "2", establishments=[YAMADA], people=[TARO])
    assert (await names(registry))["000101"] == "山田（新）"
    assert (await persons(registry))["B1"].name == "山田 新"
    await registry.replace_people(OFFICE, "000101", [], NOW)
    assert await persons(registry) == {}


async def test_lists_of_one_tenant_leave_every_other_alone(registry: SqlRegistry) -> None:
    await registry.replace_establishments(OFFICE, [YAMADA, SATO], NOW)
    await registry.replace_establishments(OTHER, [YAMADA], NOW)
    staff = PersonLine("A1", "office", OFFICE)
    stranger = replace(TARO, login_id="B9", office=OTHER)
    await registry.replace_people(OFFICE, "", [staff], NOW)
    await registry.replace_people(OFFICE, "000101", [TARO], NOW)
    await registry.replace_people(OTHER, "000101", [stranger], NOW)
    await registry.replace_establishments(OTHER, [SATO], NOW)
    await registry.replace_people(OFFICE, "000101", [], NOW)
    assert set(await names(registry)) == {"000101", "000102"}
    assert set(await names(registry, OTHER)) == {"000102"}
    assert set(await persons(registry)) == {"A1", "B9"}


async def test_a_person_of_another_tenant_is_not_listed(registry: SqlRegistry) -> None:
    for stranger in (replace(TARO, office=OTHER), HANAKO):
        with pytest.raises(ValueError):
            await registry.replace_people(OFFICE, "000101", [TARO, stranger], NOW)
    assert await persons(registry) == {}


async def test_it_is_known_when_a_list_was_read(registry: SqlRegistry) -> None:
    kinds: Sequence[str | None] = (None, "", "000101")
    assert [await registry.read_at(OFFICE, kind) for kind in kinds] == [None, None, None]
    await registry.replace_establishments(OFFICE, [YAMADA], NOW)
    assert [await registry.read_at(OFFICE, kind) for kind in kinds] == [NOW, None, None]
    await registry.replace_people(OFFICE, "", [], NOW + 1)
    await registry.replace_people(OFFICE, "000101", [], NOW + 2)
    assert [await registry.read_at(OFFICE, kind) for kind in kinds] == [NOW, NOW + 1, NOW + 2]
    await registry.replace_establishments(OFFICE, [YAMADA], NOW + 3)
    assert [await registry.read_at(OFFICE, kind) for kind in kinds] == [NOW + 3, NOW + 1, NOW + 2]
    assert await registry.read_at(OTHER) is None


async def test_whoever_signs_in_joins_the_roster_with_their_establishment(registry: SqlRegistry) -> None:
    await registry.note_people([(TARO, NOW)])
    assert await persons(registry) == {"B1": TARO}
    assert await names(registry) == {"000101": ""}
    moved = replace(TARO, establishment="000102", name="")
    await registry.note_people([(moved, NOW + 1)])
    assert await persons(registry) == {"B1": replace(moved, name=TARO.name)}, "a name is not lost"
    assert set(await names(registry)) == {"000101", "000102"}


async def test_who_signed_in_together_is_noted_together_and_each_as_alone(registry: SqlRegistry) -> None:
    await configured(registry, "1", establishments=[YAMADA], people=[TARO])
    await registry.note_people([(HANAKO, NOW - 60)])
    staff = PersonLine("A1", "office", OFFICE, name="所員")
    moved = replace(TARO, establishment="000103", name="")
    await registry.note_people([(staff, NOW), (TARO, NOW), (HANAKO, NOW), (moved, NOW + 1), (staff, NOW + 2)])
    assert await persons(registry) == {"A1": staff, "B1": replace(moved, name=TARO.name), HANAKO.login_id: HANAKO}
    assert set(await names(registry)) == {"000101", HANAKO.establishment, "000103"}
    assert [await seen(registry, one) for one in ("A1", "B1", HANAKO.login_id)] == [NOW + 2, NOW + 1, NOW - 60]
    await registry.note_people([])


async def test_workers_that_note_the_same_people_do_not_wait_in_a_circle(registry: SqlRegistry) -> None:
    many = [PersonLine(f"B{number}", "establishment", OFFICE, f"{number % 7:06}") for number in range(200)]
    batches = [[(person, NOW + number) for person in many[:: 1 if number % 2 else -1]] for number in range(6)]
    await asyncio.gather(*(registry.note_people(batch) for batch in batches))
    assert len(await persons(registry)) == 200


async def test_a_sign_in_takes_no_name_from_a_list(registry: SqlRegistry) -> None:
    await configured(registry, "1", establishments=[YAMADA], people=[TARO])
    await registry.note_people([(replace(TARO, name=""), NOW)])
    assert await persons(registry) == {"B1": TARO}
    assert await names(registry) == {"000101": "㈱山田"}
    await configured(registry, "2", establishments=[YAMADA], people=[])
    assert await persons(registry) == {}, "the list's row stayed the list's"


async def test_not_every_sign_in_is_written(registry: SqlRegistry) -> None:
    await registry.note_people([(TARO, NOW)])
    await registry.note_people([(TARO, NOW + 3600)])
    assert await seen(registry, "B1") == NOW
    await registry.note_people([(TARO, NOW + 86400)])
    assert await seen(registry, "B1") == NOW + 86400
    await registry.note_people([(TARO, NOW)])
    assert await seen(registry, "B1") == NOW, "a clock that was set back is believed"


async def test_a_list_of_thousands_is_taken_over_in_pieces(registry: SqlRegistry) -> None:
    many = [Establishment(f"{number:06}", f"事業所{number}") for number in range(2101)]
    crowd = [PersonLine(f"B{number}", "establishment", OFFICE, f"{number:06}") for number in range(2101)]
    await configured(registry, "1", establishments=many, people=crowd)
    await configured(registry, "2", establishments=many[::2], people=crowd[::2])
    page = await registry.find_establishments(EstablishmentQuery(OFFICE), OFF, 0, 1)
    assert page.total == len(await persons(registry)) == 1051
    assert await configured(registry, "3")
    assert not await persons(registry)
    assert not await names(registry)


async def test_text_that_no_database_takes_is_taken_without_it(registry: SqlRegistry) -> None:
    await configured(
        registry, "1", establishments=[Establishment("00\x00101", "山\0田")], people=[replace(TARO, name="太\0郎")]
    )
    assert await names(registry) == {"00101": "山田", "000101": ""}
    assert (await persons(registry))["B1"].name == "太郎"
