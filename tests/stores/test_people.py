"""People as administrators list, search and reset them, on both databases."""

from __future__ import annotations

import asyncio

import pytest

from gateway.core.lockout import LockoutLimits, LockState
from gateway.stores.base_people import (
    FactorNotice,
    FactorState,
    PeopleQuery,
    PersonRow,
    RegistrationCode,
    Target,
)
from gateway.stores.base_tenants import Stamp
from gateway.stores.registry import SqlRegistry
from gateway.stores.resets import password_attempts
from gateway.stores.tables import ended_sessions
from tests.stores.roster import NOW, enrol, put_establishments, put_people

LIMITS = LockoutLimits(tries=5, lock_seconds=1800, stop_after=20)
STAMP = Stamp("A00000001", NOW, "192.0.2.7", "ref-1")
OFFICE = PeopleQuery("0001")
ROSTER = [
    ("A00000001", "0001", "", "佐藤 一郎"),
    ("B00000102", "0001", "000101", "高橋 カブシキ"),
    ("B00000101", "0001", "000101", "鈴木 花子"),
    ("B00000201", "0001", "000102", "田中 100%"),
    ("A00000002", "0002", "", "伊藤 次郎"),
    ("B00000301", "0002", "000101", "鈴木 花子"),
]


@pytest.fixture
async def registry(registry: SqlRegistry) -> SqlRegistry:
    """Two offices; the second has an establishment with the code of one of the first's."""
    await put_people(registry, ROSTER)
    await put_establishments(registry, [("0001", "000101", "株式会社山田"), ("0002", "000101", "別の会社")])
    return registry


async def found(registry: SqlRegistry, query: PeopleQuery = OFFICE, now: float = NOW) -> list[str]:
    page = await registry.find_people(query, now, 0, 100)
    assert page.total == len(page.rows)
    return [row.login_id for row in page.rows]


async def fail(registry: SqlRegistry, name: str, times: int, limits: LockoutLimits = LIMITS) -> None:
    for _ in range(times):
        await registry.reserve_attempt(name, NOW, limits)


async def test_everybody_of_an_office_stands_by_establishment_and_login_id(registry: SqlRegistry) -> None:
    assert await found(registry) == ["A00000001", "B00000101", "B00000102", "B00000201"]
    assert await found(registry, PeopleQuery("0002")) == ["A00000002", "B00000301"]
    assert await found(registry, PeopleQuery("0003")) == []


async def test_pages_go_on_and_tell_how_many_there_are(registry: SqlRegistry) -> None:
    page = await registry.find_people(OFFICE, NOW, 1, 2)
    assert ([row.login_id for row in page.rows], page.total) == (["B00000101", "B00000102"], 4)
    assert (await registry.find_people(OFFICE, NOW, 4, 2)).rows == ()


async def test_one_establishment_or_the_offices_own_staff(registry: SqlRegistry) -> None:
    await put_people(registry, [("B00000401", "0001", "", "所属 不明")])
    assert await found(registry, PeopleQuery("0001", "000101")) == ["B00000101", "B00000102"]
    assert await found(registry, PeopleQuery("0001", "")) == ["A00000001"]
    assert await found(registry, PeopleQuery("0002", "000102")) == []
    assert "B00000401" in await found(registry), "nobody is left out of the whole"


async def test_a_part_of_name_or_id_finds_in_every_spelling(registry: SqlRegistry) -> None:
    for text in ("ｶﾌﾞｼｷ", "かぶしき", "髙橋", "ｂ０００００１０２", "102", "高橋カブシキ"):
        assert await found(registry, PeopleQuery("0001", text=text)) == ["B00000102"], text


async def test_what_means_something_to_sql_is_text(registry: SqlRegistry) -> None:
    assert await found(registry, PeopleQuery("0001", text="100%")) == ["B00000201"]
    for text in ("0%1", "_", "'x", "\\", "/%"):
        assert await found(registry, PeopleQuery("0001", text=text)) == []
    assert len(await found(registry, PeopleQuery("0001", text=" ・"))) == 4, "nothing is asked"


async def test_a_row_tells_how_somebody_stands(registry: SqlRegistry) -> None:
    await enrol(registry, "B00000101", NOW - 50, "192.0.2.1")
    await registry.issue_codes([RegistrationCode("B00000102", b"code", NOW, NOW + 60)], STAMP)
    rows = (await registry.find_people(PeopleQuery("0001", "000101"), NOW, 0, 10)).rows
    common = ("establishment", "0001", "000101", "株式会社山田")
    assert rows == (
        PersonRow(
            "B00000101", *common, "0101", "", "鈴木 花子", FactorState.ENROLLED, NOW - 50, "192.0.2.1", None, None
        ),
        PersonRow(
            "B00000102", *common, "0102", "", "高橋 カブシキ", FactorState.NOT_ENROLLED, None, "", None, NOW + 60
        ),
    )
    assert await registry.person_row("B00000101", NOW) == rows[0]
    assert await registry.person_row("B00000999", NOW) is None
    ended = await registry.person_row("B00000102", NOW + 60)
    assert ended is not None
    assert ended.code_until is None


async def test_each_person_is_in_one_state(registry: SqlRegistry) -> None:
    await enrol(registry, "B00000101")
    await enrol(registry, "B00000102")
    await fail(registry, "B00000102", 5)
    await fail(registry, "B00000201", 1, LockoutLimits(tries=5, stop_after=1))
    await fail(registry, "A00000001", 4)
    states = {state: await found(registry, PeopleQuery("0001", state=state)) for state in FactorState}
    assert states == {
        FactorState.NOT_ENROLLED: ["A00000001"],
        FactorState.ENROLLED: ["B00000101"],
        FactorState.LOCKED: ["B00000102"],
        FactorState.STOPPED: ["B00000201"],
    }
    for row in (await registry.find_people(OFFICE, NOW, 0, 10)).rows:
        assert row.login_id in states[row.state]
        assert row.locked_until == (NOW + 1800 if row.state is FactorState.LOCKED else None)


async def test_a_lock_that_ended_is_none(registry: SqlRegistry) -> None:
    await enrol(registry, "B00000102")
    await fail(registry, "B00000102", 5)
    assert await found(registry, PeopleQuery("0001", state=FactorState.LOCKED), NOW + 1800) == []
    row = await registry.person_row("B00000102", NOW + 1800)
    assert row is not None
    assert (row.state, row.locked_until) == (FactorState.ENROLLED, None)
    assert await found(registry, PeopleQuery("0001", state=FactorState.ENROLLED), NOW + 1800) == ["B00000102"]


async def test_wrong_passwords_do_not_look_like_a_locked_second_factor(registry: SqlRegistry) -> None:
    await fail(registry, password_attempts("B00000101"), 5)
    row = await registry.person_row("B00000101", NOW)
    assert row is not None
    assert row.state is FactorState.NOT_ENROLLED


async def test_who_enrolled_since_a_moment(registry: SqlRegistry) -> None:
    for number, login_id in enumerate(("B00000101", "B00000102", "B00000301")):
        await enrol(registry, login_id, NOW + number)
    assert await found(registry, PeopleQuery("0001", enrolled_since=NOW)) == ["B00000101", "B00000102"]
    assert await found(registry, PeopleQuery("0001", enrolled_since=NOW + 1)) == ["B00000102"]
    assert await found(registry, PeopleQuery("0001", "000102", enrolled_since=NOW)) == []


async def test_login_ids_are_those_of_the_offices_own_establishments(registry: SqlRegistry) -> None:
    assert await registry.login_ids("0001", ["000102", "000101"]) == ("B00000101", "B00000102", "B00000201")
    assert await registry.login_ids("0002", ["000102", "000101"]) == ("B00000301",)
    assert await registry.login_ids("0001", []) == ()
    many = [f"{n:06}" for n in range(40_000)]
    assert len(await registry.login_ids("0001", many)) == 3


async def test_an_enrolment_is_shown_once_in_each_kind_of_session(registry: SqlRegistry) -> None:
    assert await registry.enrolment_notice("B00000101", "full") is None
    await enrol(registry, "B00000101", NOW, "192.0.2.1")
    notice = FactorNotice(NOW, "192.0.2.1")
    assert await registry.enrolment_notice("B00000101", "restricted") == notice
    await registry.notice_seen("B00000101", "full", NOW, NOW + 5)
    assert await registry.enrolment_notice("B00000101", "full") is None
    assert await registry.enrolment_notice("B00000101", "restricted") == notice
    await registry.notice_seen("B00000101", "restricted", NOW, NOW + 6)
    assert await registry.enrolment_notice("B00000101", "restricted") is None
    with pytest.raises(KeyError):
        await registry.enrolment_notice("B00000101", "other")


async def test_an_enrolment_after_the_one_that_was_seen_is_shown(registry: SqlRegistry) -> None:
    await enrol(registry, "B00000101", NOW)
    await registry.reset("B00000101")
    await enrol(registry, "B00000101", NOW + 100)
    await registry.notice_seen("B00000101", "full", NOW, NOW + 101)
    assert await registry.enrolment_notice("B00000101", "full") == FactorNotice(NOW + 100, "")


async def test_a_bulk_reset_forgets_records_and_tells(registry: SqlRegistry) -> None:
    await enrol(registry, "B00000101")
    await fail(registry, "B00000101", 2)
    await registry.begin_enrolment("B00000102", b"sealed", "session", NOW, NOW + 600)
    await fail(registry, password_attempts("B00000201"), 5)
    await registry.issue_codes([RegistrationCode("A00000001", b"code", NOW, NOW + 60)], STAMP)
    await enrol(registry, "B00000301")
    login_ids = ("A00000001", "B00000101", "B00000102", "B00000201", "B00000999")
    targets = [Target(login_id, "0001", "000101") for login_id in login_ids]
    stamp = Stamp("A00000001", NOW + 9, "192.0.2.7", "ref-2")
    assert await registry.reset_all(targets, stamp, "portal.factor.reset", (("right", "office-staff"),)) == 4
    assert await registry.second_factor("B00000101") is None
    assert await registry.second_factor("B00000301") is not None, "nobody else is touched"
    for name in ("B00000101", password_attempts("B00000201")):
        assert await registry.lock_state(name) == LockState()
    assert await registry.registration_code("A00000001", NOW) is None
    events = await registry.audit_events("ref-2")
    assert [event.subject for event in events] == list(login_ids)
    assert {(event.actor, event.name, event.detail) for event in events} == {
        ("A00000001", "portal.factor.reset", (("right", "office-staff"),))
    }
    assert await registry.ended_sessions(0) == (5, login_ids)
    assert await registry.reset_all(targets, stamp, "portal.factor.reset") == 0
    assert await registry.reset_all([], stamp, "portal.factor.reset") == 0


async def test_a_reset_lifts_a_lock_of_wrong_passwords(registry: SqlRegistry) -> None:
    await fail(registry, password_attempts("B00000101"), 5)
    assert await registry.reset("B00000101")
    assert await registry.lock_state(password_attempts("B00000101")) == LockState()


async def test_notices_of_ended_sessions_are_read_once_and_never_missed(registry: SqlRegistry) -> None:
    assert await registry.ended_sessions(0) == (0, ())
    for number in range(3):
        await registry.reset_all([Target(f"B{number}", "", "")], STAMP, "portal.factor.reset")
    newest, who = await registry.ended_sessions(0)
    assert who == ("B0", "B1", "B2")
    assert await registry.ended_sessions(newest) == (newest, ())
    await registry.forget_ended_sessions(NOW + 1)
    assert await registry.ended_sessions(0) == (newest, ("B2",)), "the newest number is not given twice"
    await registry.reset_all([Target("B3", "", "")], STAMP, "portal.factor.reset")
    assert await registry.ended_sessions(newest) == (newest + 1, ("B3",))
    assert await registry.ended_sessions(10**6) == (newest + 1, ()), "an older database was put back"


async def test_notices_become_visible_in_the_order_of_their_numbers(registry: SqlRegistry) -> None:
    """Whoever follows them may pass over none, though many resets are made at once."""
    seen: list[str] = []

    async def follow() -> None:
        number = 0
        while len(seen) < 60:
            number, who = await registry.ended_sessions(number)
            seen.extend(who)
            await asyncio.sleep(0.002)

    def group(number: int) -> list[Target]:
        return [Target(f"B{number}-{n}", "", "") for n in range(3)]

    resets = (registry.reset_all(group(number), STAMP, "portal.factor.reset") for number in range(20))
    await asyncio.wait_for(asyncio.gather(follow(), *resets), 20)
    assert len(set(seen)) == 60


async def test_bulk_resets_of_the_same_people_do_not_stop_each_other(registry: SqlRegistry) -> None:
    people = [f"B{number:08}" for number in range(200)]
    for login_id in people[:40]:
        await enrol(registry, login_id)
    targets = [Target(login_id, "0001", "000101") for login_id in people]
    backwards = list(reversed(targets))
    done = await asyncio.gather(
        *(registry.reset_all(whom, STAMP, "portal.factor.reset") for whom in (targets, backwards) * 4),
        *(enrol(registry, login_id, NOW + 1) for login_id in people[100:140]),
    )
    assert sum(done[:8]) >= 40


async def test_a_bulk_reset_that_fails_changes_nothing(registry: SqlRegistry) -> None:
    await enrol(registry, "B00000101")
    async with registry._database.writing() as connection:
        await connection.exec_driver_sql("DROP TABLE ended_sessions")
    with pytest.raises(Exception, match="registry"):
        await registry.reset_all([Target("B00000101", "0001", "000101")], STAMP, "portal.factor.reset")
    assert await registry.second_factor("B00000101") is not None
    assert await registry.audit_events("ref-1") == []
    async with registry._database.writing() as connection:
        await connection.run_sync(ended_sessions.create)
