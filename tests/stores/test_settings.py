"""Settings of offices and establishments: what holds, searching, changing many at once, conflicts, undo."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from gateway.core.policy import TenantSettings
from gateway.core.subject import Feature
from gateway.stores.base import AuditEvent, PendingEnrolment
from gateway.stores.base_tenants import (
    Changed,
    Conflict,
    Establishment,
    EstablishmentQuery,
    EstablishmentRow,
    Impact,
    OfficeRow,
    PastChange,
    PersonLine,
    Selection,
    Stamp,
    Undone,
)
from gateway.stores.registry import SqlRegistry
from gateway.stores.revision_reader import RevisionReader
from tests.stores.conftest import RING

OFFICE, OTHER, NOW = "0001", "0002", 1_800_000_000.0
OFF, ON = TenantSettings(), TenantSettings(True)
PUNCH = TenantSettings(True, frozenset({Feature.ATTENDANCE_PUNCH}))
PAYSLIP = TenantSettings(True, frozenset({Feature.PAYSLIP_OWN}))
BOTH = TenantSettings(True, frozenset({Feature.PAYSLIP_OWN, Feature.ATTENDANCE_PUNCH}))
WHO = Stamp("A00000001", NOW, "192.0.2.1", "ref-1")
LATER = Stamp("A00000002", NOW + 60, "192.0.2.2", "ref-2")
ALL = EstablishmentQuery(OFFICE)
EVERYTHING = Selection(OFFICE, everything=ALL)
ROSTER = [
    Establishment("000101", "㈱山田商店", "カブシキガイシャヤマダショウテン"),
    Establishment("000102", "佐藤100%堂", "ｻﾄｳﾄﾞｳ"),
    Establishment("000103", "有限会社 髙橋_工業", "タカハシコウギョウ"),
    Establishment("000104", "高橋ヴァイオリン教室", "タカハシバイオリンキョウシツ"),
    Establishment("B-1", "山田医院", ""),
]
CODES = [one.code for one in ROSTER]


@pytest.fixture
async def office(registry: SqlRegistry) -> SqlRegistry:
    """A registry in which two offices have the same establishments."""
    lines = [(office, one) for office in (OFFICE, OTHER) for one in ROSTER]
    await registry.replace_configured("1", lines, [], [])
    return registry


async def pinned(registry: SqlRegistry, *entries: tuple[str, TenantSettings, bool]) -> None:
    """The configuration has these entries of the office's establishments, pinned or not."""
    lines = [(office, one) for office in (OFFICE, OTHER) for one in ROSTER]
    await registry.replace_configured("2", lines, [(OFFICE, *entry) for entry in entries], [])


async def found(registry: SqlRegistry, query: EstablishmentQuery, default: TenantSettings = OFF) -> list[str]:
    page = await registry.find_establishments(query, default, 0, 100)
    assert page.total == len(page.rows)
    return [row.code for row in page.rows]


async def row(
    registry: SqlRegistry, code: str, default: TenantSettings = OFF, office: str = OFFICE
) -> EstablishmentRow:
    shown = await registry.establishment_row(office, code, default)
    assert shown is not None
    return shown


async def set_rows(registry: SqlRegistry, *rows: tuple[str, TenantSettings], stamp: Stamp = WHO) -> Changed:
    """Change rows as somebody who has just looked."""
    revision = (await registry.find_establishments(ALL, OFF, 0, 1)).revision
    changed = await registry.change_rows(OFFICE, rows, OFF, revision, stamp)
    assert isinstance(changed, Changed)
    return changed


async def set_all(registry: SqlRegistry, settings: TenantSettings, stamp: Stamp = WHO) -> Changed:
    impact = await registry.impact(EVERYTHING, OFF)
    changed = await registry.change_selected(EVERYTHING, settings, OFF, impact.digest, stamp)
    assert isinstance(changed, Changed)
    return changed


def told(event: AuditEvent) -> tuple[str, str, str, str]:
    detail = dict(event.detail)
    return event.name, event.establishment, detail["before"], detail["after"]


# Offices


async def test_an_office_that_never_set_anything_has_no_row(registry: SqlRegistry) -> None:
    assert await registry.office_row(OFFICE) is None
    assert await registry.office_settings(OFFICE) is None


async def test_an_offices_settings_are_stored_with_who_and_when(registry: SqlRegistry) -> None:
    codes = TenantSettings(True, registration_codes=True)
    stored = await registry.change_office(OFFICE, codes, OFF, 0, WHO)
    assert stored == OfficeRow(codes, 1, NOW, "A00000001")
    assert await registry.office_row(OFFICE) == stored
    assert await registry.office_settings(OFFICE) == codes
    assert await registry.office_row(OTHER) is None
    detail = (("before", "use=0"), ("after", "use=1 codes=1"))
    assert await registry.audit_events("ref-1") == [
        AuditEvent(NOW, "settings.office.changed", "ref-1", "A00000001", "", OFFICE, "", "192.0.2.1", detail)
    ]


async def test_the_second_who_changes_an_office_is_told(registry: SqlRegistry) -> None:
    first = await registry.change_office(OFFICE, ON, OFF, 0, WHO)
    assert first is not None
    assert await registry.change_office(OFFICE, OFF, OFF, 0, LATER) is None
    assert await registry.office_settings(OFFICE) == ON
    assert await registry.audit_events("ref-2") == []
    assert await registry.change_office(OFFICE, OFF, ON, first.revision, LATER) == OfficeRow(
        OFF, 2, NOW + 60, "A00000002"
    )


async def test_of_ten_who_change_an_office_at_once_one_does(registry_url: str) -> None:
    workers = [SqlRegistry(registry_url, RING) for _ in range(2)]
    done = await asyncio.gather(*(workers[n % 2].change_office(OFFICE, ON, OFF, 0, WHO) for n in range(10)))
    assert sum(one is not None for one in done) == 1
    assert len(await workers[0].audit_events("ref-1")) == 1
    for worker in workers:
        await worker.close()


async def test_what_an_office_has_set_already_is_no_change(registry: SqlRegistry) -> None:
    first = await registry.change_office(OFFICE, ON, OFF, 0, WHO)
    assert await registry.change_office(OFFICE, ON, ON, 1, LATER) == first
    assert await registry.audit_events("ref-2") == []


async def test_an_office_that_the_configuration_pins_is_not_changed(registry: SqlRegistry) -> None:
    await registry.replace_configured("1", [], [(OFFICE, "", ON, True), (OTHER, "", ON, False)], [])
    with pytest.raises(ValueError):
        await registry.change_office(OFFICE, OFF, ON, 0, WHO)
    assert await registry.office_row(OFFICE) is None
    assert await registry.change_office(OTHER, OFF, ON, 0, WHO) is not None


# Searching


SEARCHES: list[tuple[EstablishmentQuery, list[str]]] = [
    (ALL, CODES),
    (EstablishmentQuery("0003"), []),
    (EstablishmentQuery(OFFICE, code_from="000102", code_to="000103"), ["000102", "000103"]),
    (EstablishmentQuery(OFFICE, code_from="000104"), ["000104", "B-1"]),
    (EstablishmentQuery(OFFICE, code_to="000101"), ["000101"]),
    (EstablishmentQuery(OFFICE, code_from="000101\0", code_to="000101\0"), ["000101"]),
    (EstablishmentQuery(OFFICE, name="山田"), ["000101", "B-1"]),
    (EstablishmentQuery(OFFICE, name="山田㈱"), ["000101", "B-1"]),
    (EstablishmentQuery(OFFICE, name="株式会社"), ["000101"]),
    (EstablishmentQuery(OFFICE, name="有限会社"), ["000103"]),
    (EstablishmentQuery(OFFICE, name="高橋"), ["000103", "000104"]),
    (EstablishmentQuery(OFFICE, name="ﾊﾞｲｵﾘﾝ"), ["000104"]),
    (EstablishmentQuery(OFFICE, name="0%"), ["000102"]),
    (EstablishmentQuery(OFFICE, name="%"), ["000102"]),
    (EstablishmentQuery(OFFICE, name="_"), ["000103"]),
    (EstablishmentQuery(OFFICE, name="橋_工"), ["000103"]),
    (EstablishmentQuery(OFFICE, name="\\"), []),
    (EstablishmentQuery(OFFICE, name="/"), []),
    (EstablishmentQuery(OFFICE, name="' OR 1=1 --"), []),
    (EstablishmentQuery(OFFICE, name="山田\0"), ["000101", "B-1"]),
    (EstablishmentQuery(OFFICE, name="山" * 100_000), []),
    (EstablishmentQuery(OFFICE, name=" ・"), CODES),
    (EstablishmentQuery(OFFICE, kana="さとう"), ["000102"]),
    (EstablishmentQuery(OFFICE, kana="サトウ"), ["000102"]),
    (EstablishmentQuery(OFFICE, kana="ｶﾌﾞｼｷ"), ["000101"]),
    (EstablishmentQuery(OFFICE, kana="カブシキ"), ["000101"]),
    (EstablishmentQuery(OFFICE, kana="かぶしき"), ["000101"]),
    (EstablishmentQuery(OFFICE, name="高橋", kana="ばいおりん", code_from="000104"), ["000104"]),
    (EstablishmentQuery(OFFICE, name="高橋", uses=True), []),
    (EstablishmentQuery(OFFICE, name="高橋", uses=False), ["000103", "000104"]),
]


async def test_establishments_are_found_by_what_is_typed(office: SqlRegistry) -> None:
    wrong = [(query, codes) for query, expected in SEARCHES if (codes := await found(office, query)) != expected]
    assert wrong == []


async def test_pages_follow_each_other_with_the_count(office: SqlRegistry) -> None:
    pages = [await office.find_establishments(ALL, OFF, offset, 2) for offset in (0, 2, 4, 6)]
    assert [[row.code for row in page.rows] for page in pages] == [CODES[:2], CODES[2:4], CODES[4:], []]
    assert {page.total for page in pages} == {5}
    assert pages[0].rows[0] == EstablishmentRow(
        "000101",
        "㈱山田商店",
        "カブシキガイシャヤマダショウテン",
        OFF,
        pinned=False,
        revision=0,
        changed_at=None,
        changed_by="",
    )


async def test_codes_sort_by_code_point_on_every_database(registry: SqlRegistry) -> None:
    codes = ["-1", "10", "9", "A", "B", "a", "é", "あ", "ア"]
    await registry.replace_establishments(OFFICE, [Establishment(code) for code in reversed(codes)], NOW)
    assert await found(registry, ALL) == codes
    assert await found(registry, EstablishmentQuery(OFFICE, code_from="B", code_to="a")) == ["B", "a"]


async def test_a_pin_holds_before_what_is_stored_before_the_files_entry_before_the_default(office: SqlRegistry) -> None:
    await set_rows(office, ("000101", PUNCH), ("000102", PUNCH), ("000103", PUNCH))
    await set_rows(office, ("000103", OFF))
    await pinned(
        office, ("000101", OFF, True), ("000102", OFF, False), ("000103", ON, False), ("000104", PAYSLIP, False)
    )
    held = {"000101": OFF, "000102": PUNCH, "000103": OFF, "000104": PAYSLIP, "B-1": BOTH}
    page = await office.find_establishments(ALL, BOTH, 0, 10)
    assert {row.code: row.settings for row in page.rows} == held
    assert [row.code for row in page.rows if row.pinned] == ["000101"]
    assert {code: (await row(office, code, BOTH)).settings for code in held} == held
    assert await found(office, replace(ALL, uses=True), BOTH) == ["000102", "000104", "B-1"]
    assert await found(office, replace(ALL, uses=False), BOTH) == ["000101", "000103"]
    assert await found(office, replace(ALL, uses=True), OFF) == ["000102", "000104"]


async def test_no_establishment_of_another_office_is_shown(office: SqlRegistry) -> None:
    await office.replace_establishments(OTHER, [Establishment("X")], NOW)
    assert await office.establishment_row(OFFICE, "X", OFF) is None
    assert await office.establishment_row(OFFICE, "", OFF) is None
    assert await office.establishment_row("", "X", OFF) is None
    assert await office.selected_codes(Selection(OFFICE, frozenset({"X", "000101"})), OFF) == ("000101",)


# Selections


SELECTIONS: list[tuple[Selection, list[str]]] = [
    (Selection(OFFICE), []),
    (Selection(OFFICE, frozenset({"B-1", "000101", "none", "\0"})), ["000101", "B-1"]),
    (EVERYTHING, CODES),
    (Selection(OFFICE, frozenset({"000101", "none"}), ALL), CODES[1:]),
    (Selection(OFFICE, frozenset({"000103"}), EstablishmentQuery(OFFICE, name="高橋")), ["000104"]),
]


async def test_a_selection_is_picked_codes_or_what_is_found_but_some(office: SqlRegistry) -> None:
    for selection, codes in SELECTIONS:
        assert await office.selected_codes(selection, OFF) == tuple(codes)
        rows = [row async for some in office.every_establishment(selection, OFF) for row in some]
        assert rows == [await row(office, code) for code in codes]
        assert (await office.impact(selection, OFF)).establishments == len(codes)


async def test_a_selection_is_of_one_office(office: SqlRegistry) -> None:
    mixed = Selection(OFFICE, everything=EstablishmentQuery(OTHER))
    with pytest.raises(ValueError):
        await office.selected_codes(mixed, OFF)
    with pytest.raises(ValueError):
        await office.impact(mixed, OFF)
    with pytest.raises(ValueError):
        await office.change_selected(mixed, ON, OFF, "", WHO)


async def test_an_impact_counts_what_a_change_would_touch(office: SqlRegistry) -> None:
    people = [
        PersonLine(f"B{number}", "establishment", OFFICE, code)
        for number, code in enumerate(["000101", "000101", "000102", "000103"])
    ]
    strangers = [PersonLine("B9", "establishment", OTHER, "000101"), PersonLine("A1", "office", OFFICE)]
    for person in [*people, *strangers]:
        await office.note_people([(person, NOW)])
        pending = await office.begin_enrolment(person.login_id, b"sealed", "session", NOW, NOW + 600)
        assert isinstance(pending, PendingEnrolment)
        if person.login_id not in {"B1", "B2"}:
            assert await office.confirm_enrolment(person.login_id, pending.nonce, 1, NOW)
    await pinned(office, ("000103", ON, True))
    await set_rows(office, ("000102", ON))
    impact = await office.impact(Selection(OFFICE, frozenset({"000101", "000102", "000103"})), OFF)
    assert impact == Impact(establishments=3, people=3, enrolled=1, using=1, pinned=1, digest=impact.digest, revision=1)
    await office.note_people([(replace(people[0], login_id="B8"), NOW)])
    assert (await office.impact(EVERYTHING, OFF)).people == 4


# Changing


async def test_a_change_gives_every_selected_establishment_but_the_pinned_these_settings(office: SqlRegistry) -> None:
    await pinned(office, ("000101", OFF, True), ("000102", PAYSLIP, False))
    selection = Selection(OFFICE, frozenset({"000104"}), ALL)
    impact = await office.impact(selection, OFF)
    changed = await office.change_selected(selection, PAYSLIP, OFF, impact.digest, WHO)
    assert isinstance(changed, Changed)
    assert (changed.count, changed.revision) == (2, 1), "000102 is so already"
    held = {code: (await row(office, code)).settings for code in CODES}
    assert held == {"000101": OFF, "000102": PAYSLIP, "000103": PAYSLIP, "000104": OFF, "B-1": PAYSLIP}
    shown = await row(office, "000103")
    assert (shown.revision, shown.changed_at, shown.changed_by) == (1, NOW, "A00000001")
    assert await office.establishment_settings(OFFICE, "000103") == PAYSLIP
    assert await office.establishment_settings(OTHER, "000103") is None
    events = await office.audit_events("ref-1")
    assert [told(event) for event in events] == [
        ("settings.establishment.changed", "000103", "use=0", "use=1 exempt=payslip.own"),
        ("settings.establishment.changed", "B-1", "use=0", "use=1 exempt=payslip.own"),
    ]
    assert {dict(event.detail)["change"] for event in events} == {changed.change}
    assert {(one.actor, one.office, one.address, one.at) for one in events} == {(WHO.actor, OFFICE, WHO.address, NOW)}


async def test_where_nothing_differs_nothing_is_changed(office: SqlRegistry) -> None:
    assert await set_rows(office, ("000101", OFF)) == Changed("", 0, 0)
    assert await office.last_change(OFFICE) is None
    assert await office.audit_events("ref-1") == []
    assert (await row(office, "000101")).revision == 0


async def test_a_change_of_rows_gives_each_its_own(office: SqlRegistry) -> None:
    changed = await set_rows(office, ("B-1", BOTH), ("000101", PUNCH), ("000102", OFF))
    assert changed.count == 2
    assert [(await row(office, code)).settings for code in CODES] == [PUNCH, OFF, OFF, OFF, BOTH]
    assert (await row(office, "000101", office=OTHER)).settings == OFF


async def test_rows_that_cannot_be_changed_stop_all_of_them(office: SqlRegistry) -> None:
    await pinned(office, ("000104", OFF, True))
    for code in ("none", "000104", "000101", "000101\0"):  # unknown, pinned, twice, twice in disguise
        with pytest.raises(ValueError):
            await office.change_rows(OFFICE, [("000101", ON), (code, OFF)], OFF, 0, WHO)
    assert (await row(office, "000101")).settings == OFF
    assert await office.audit_events("ref-1") == []
    assert (await office.find_establishments(ALL, OFF, 0, 1)).revision == 0


async def test_the_second_who_changes_an_establishment_is_told_and_overwrites_nothing(office: SqlRegistry) -> None:
    await set_rows(office, ("000101", PUNCH))
    conflict = await office.change_rows(OFFICE, [("000101", OFF), ("000102", ON)], OFF, 0, LATER)
    assert conflict == Conflict((await row(office, "000101"),), 1)
    assert (await row(office, "000102")).settings == OFF
    assert await office.audit_events("ref-2") == []
    assert isinstance(await office.change_rows(OFFICE, [("000102", ON)], OFF, 0, LATER), Changed), "another row"
    assert isinstance(await office.change_rows(OFFICE, [("000101", OFF)], OFF, 1, LATER), Changed), "seen by now"


async def test_who_saw_a_change_that_was_undone_since_is_told(office: SqlRegistry) -> None:
    changed = await set_rows(office, ("000101", PUNCH))
    assert await office.undo_change(OFFICE, changed.change, WHO) == Undone(1, 0, 2)
    conflict = await office.change_rows(OFFICE, [("000101", BOTH)], OFF, 1, LATER)
    assert conflict == Conflict((await row(office, "000101"),), 2)
    assert isinstance(await office.change_rows(OFFICE, [("000101", BOTH)], OFF, 0, LATER), Changed), "as it was seen"


async def test_of_two_offices_neither_stands_in_the_others_way(office: SqlRegistry) -> None:
    await set_rows(office, ("000101", PUNCH))
    assert isinstance(await office.change_rows(OTHER, [("000101", ON)], OFF, 0, LATER), Changed)
    assert (await row(office, "000101")).settings == PUNCH


async def test_of_ten_changes_at_once_from_one_view_one_is_made(registry_url: str) -> None:
    workers = [SqlRegistry(registry_url, RING) for _ in range(2)]
    await workers[0].replace_establishments(OFFICE, ROSTER, NOW)
    digest = (await workers[0].impact(EVERYTHING, OFF)).digest
    rows = [(code, PUNCH) for code in CODES]
    done = await asyncio.gather(
        *(workers[n % 2].change_rows(OFFICE, rows, OFF, 0, WHO) for n in range(5)),
        *(workers[n % 2].change_selected(EVERYTHING, PAYSLIP, OFF, digest, WHO) for n in range(5)),
    )
    assert sum(isinstance(one, Changed) for one in done) == 1
    assert len(await workers[0].audit_events("ref-1")) == len(CODES)
    for worker in workers:
        await worker.close()


async def test_a_bulk_change_is_told_of_what_changed_since_its_preview(office: SqlRegistry) -> None:
    impact = await office.impact(EVERYTHING, OFF)
    await set_rows(office, ("000101", PUNCH), ("B-1", PUNCH))
    conflict = await office.change_selected(EVERYTHING, OFF, OFF, impact.digest, LATER)
    assert conflict == Conflict((await row(office, "000101"), await row(office, "B-1")), 1)
    assert (await row(office, "000101")).settings == PUNCH


async def test_a_bulk_change_is_told_of_up_to_twenty(registry: SqlRegistry) -> None:
    await registry.replace_establishments(OFFICE, [Establishment(f"{number:03}") for number in range(30)], NOW)
    impact = await registry.impact(EVERYTHING, OFF)
    await set_all(registry, ON)
    conflict = await registry.change_selected(EVERYTHING, OFF, OFF, impact.digest, LATER)
    assert isinstance(conflict, Conflict)
    assert [row.code for row in conflict.rows] == [f"{number:03}" for number in range(20)]


async def test_a_bulk_change_of_another_set_than_was_shown_is_not_made(office: SqlRegistry) -> None:
    impact = await office.impact(EVERYTHING, OFF)
    await office.note_people([(PersonLine("B1", "establishment", OFFICE, "000999"), NOW)])
    assert await office.change_selected(EVERYTHING, ON, OFF, impact.digest, WHO) == Conflict((), 0)
    fewer = Selection(OFFICE, frozenset({"000101"}), ALL)
    assert await office.change_selected(fewer, ON, OFF, impact.digest, WHO) == Conflict((), 0)
    await pinned(office, ("000101", OFF, True))
    known = await office.impact(Selection(OFFICE, frozenset(CODES)), OFF)
    assert known.digest != impact.digest


async def test_a_digest_that_was_never_given_out_changes_nothing(office: SqlRegistry) -> None:
    for digest in ("", "0", ".", "x.y", "-1.", "٣.", "9" * 5000 + ".0", "0.\0"):
        assert await office.change_selected(EVERYTHING, ON, OFF, digest, WHO) == Conflict((), 0)


async def test_another_establishments_change_is_no_conflict(office: SqlRegistry) -> None:
    selection = Selection(OFFICE, frozenset({"000102"}))
    impact = await office.impact(selection, OFF)
    await set_rows(office, ("000101", PUNCH))
    assert isinstance(await office.change_selected(selection, ON, OFF, impact.digest, LATER), Changed)


async def test_thousands_are_changed_and_put_back_in_one_step_each(registry: SqlRegistry) -> None:
    await registry.replace_establishments(OFFICE, [Establishment(f"{number:05}") for number in range(1201)], NOW)
    changed = await set_all(registry, PUNCH)
    assert changed.count == 1201
    assert (await registry.find_establishments(replace(ALL, uses=True), OFF, 0, 1)).total == 1201
    assert len(await registry.audit_events("ref-1")) == 1201
    undone = await registry.undo_change(OFFICE, changed.change, LATER)
    assert undone == Undone(1201, 0, 2)
    assert (await registry.find_establishments(replace(ALL, uses=True), OFF, 0, 1)).total == 0


# Undo


async def test_the_last_change_is_offered_with_what_it_did(office: SqlRegistry) -> None:
    assert await office.last_change(OFFICE) is None
    first = await set_rows(office, ("000101", BOTH), ("000102", BOTH))
    assert await office.last_change(OFFICE) == PastChange(first.change, WHO.actor, NOW, 2, BOTH, None)
    second = await set_rows(office, ("000101", ON), ("000102", OFF), stamp=LATER)
    assert await office.last_change(OFFICE) == PastChange(second.change, LATER.actor, NOW + 60, 2, None, None)
    assert await office.last_change(OTHER) is None
    await office.undo_change(OFFICE, second.change, replace(LATER, at=NOW + 90))
    last = await office.last_change(OFFICE)
    assert last is not None
    assert (last.change, last.undone_at) == (second.change, NOW + 90)


async def test_an_undo_puts_back_what_was_stored_and_what_was_not(office: SqlRegistry) -> None:
    await pinned(office, ("000104", PUNCH, False))
    await set_rows(office, ("000101", PAYSLIP))
    changed = await set_all(office, ON)
    assert await office.undo_change(OFFICE, changed.change, LATER) == Undone(5, 0, 3)
    assert [(await row(office, code)).settings for code in CODES] == [PAYSLIP, OFF, OFF, PUNCH, OFF]
    put_back, unset = await row(office, "000101"), await row(office, "000102")
    assert (put_back.revision, put_back.changed_at, put_back.changed_by) == (3, NOW + 60, "A00000002")
    assert unset.revision == 0
    assert await office.establishment_settings(OFFICE, "000104") is None, "the file's entry holds again, not a copy"
    events = await office.audit_events("ref-2")
    assert [told(event) for event in events] == [
        ("settings.establishment.undone", "000101", "use=1", "use=1 exempt=payslip.own"),
        ("settings.establishment.undone", "000102", "use=1", "use=0"),
        ("settings.establishment.undone", "000103", "use=1", "use=0"),
        ("settings.establishment.undone", "000104", "use=1", "use=1 exempt=attendance.punch"),
        ("settings.establishment.undone", "B-1", "use=1", "use=0"),
    ]


@pytest.fixture
async def reader(registry_url: str) -> AsyncIterator[RevisionReader]:
    """What those who keep settings in memory look at."""
    opened = RevisionReader(registry_url)
    yield opened
    await opened.close()


async def test_every_change_shows_in_the_stamp_and_in_its_offices_revision(
    office: SqlRegistry, reader: RevisionReader
) -> None:
    """Whoever keeps settings in memory looks at nothing else."""
    stamps, revisions = [await reader.settings_stamp()], [await reader.settings_revisions()]

    async def look() -> None:
        stamps.append(await reader.settings_stamp())
        revisions.append(await reader.settings_revisions())

    await office.change_office(OFFICE, ON, OFF, 0, WHO)
    await look()
    await set_rows(office, ("000101", PAYSLIP))
    await look()
    changed = await set_all(office, ON)
    await look()
    await office.undo_change(OFFICE, changed.change, LATER)
    await look()
    await office.change_office(OTHER, ON, OFF, 0, WHO)
    await look()
    assert len(set(stamps)) == len(stamps)
    assert [known.get(OFFICE, 0) for known in revisions] == [0, 1, 2, 3, 4, 4]
    assert [known.get(OTHER, 0) for known in revisions] == [0, 0, 0, 0, 0, 1]


async def test_an_undo_leaves_what_was_changed_again(office: SqlRegistry) -> None:
    changed = await set_all(office, ON)
    await set_rows(office, ("000102", PUNCH), stamp=LATER)
    assert await office.undo_change(OFFICE, changed.change, LATER) == Undone(4, 1, 3)
    assert [(await row(office, code)).settings for code in CODES] == [OFF, PUNCH, OFF, OFF, OFF]


async def test_a_change_is_undone_once_and_by_its_own_office(office: SqlRegistry) -> None:
    changed = await set_all(office, ON)
    assert await office.undo_change(OTHER, changed.change, LATER) is None
    assert await office.undo_change(OFFICE, "none", LATER) is None
    assert await office.undo_change(OFFICE, "\0", LATER) is None
    assert (await row(office, "000101")).settings == ON
    done = await asyncio.gather(*(office.undo_change(OFFICE, changed.change, LATER) for _ in range(5)))
    assert sorted(done, key=lambda one: one is None) == [Undone(5, 0, 2), None, None, None, None]
    assert len(await office.audit_events("ref-2")) == 5


async def test_changes_of_months_ago_are_forgotten(office: SqlRegistry) -> None:
    old = await set_all(office, ON)
    await set_rows(office, ("000101", PUNCH), stamp=replace(WHO, at=NOW + 91 * 86400))
    assert await office.undo_change(OFFICE, old.change, LATER) is None
    assert (await row(office, "000102")).settings == ON
