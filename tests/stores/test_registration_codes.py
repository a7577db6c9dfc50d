"""Registration codes: issued, listed, and spent with the one enrolment that they allow."""

from __future__ import annotations

import asyncio

import pytest

from gateway.stores.base import PendingEnrolment
from gateway.stores.base_people import PeopleQuery, RegistrationCode, Target
from gateway.stores.base_tenants import Stamp
from gateway.stores.registry import SqlRegistry
from tests.stores.roster import NOW, enrol, put_people

WHO, OTHER = "B00000101", "B00000102"
STAMP = Stamp("A00000001", NOW, "192.0.2.7", "ref-1")


def code_of(login_id: str = WHO, code: bytes = b"right", until: float = NOW + 60) -> RegistrationCode:
    return RegistrationCode(login_id, code, NOW, until)


async def begin(registry: SqlRegistry, login_id: str = WHO) -> str:
    pending = await registry.begin_enrolment(login_id, b"sealed", "session", NOW, NOW + 600)
    assert isinstance(pending, PendingEnrolment)
    return pending.nonce


async def test_an_issued_code_is_good_until_its_end(registry: SqlRegistry) -> None:
    assert await registry.registration_code(WHO, NOW) is None
    await registry.issue_codes([code_of()], STAMP)
    assert await registry.registration_code(WHO, NOW + 59.9) == code_of()
    assert await registry.registration_code(WHO, NOW + 60) is None
    assert await registry.registration_code(OTHER, NOW) is None


async def test_a_new_code_takes_the_place_of_the_earlier_one(registry: SqlRegistry) -> None:
    await registry.issue_codes([code_of()], STAMP)
    newer = code_of(code=b"newer", until=NOW + 600)
    await registry.issue_codes([newer], STAMP)
    assert await registry.registration_code(WHO, NOW) == newer
    assert not await enrol(registry, WHO, code=b"right")


async def test_each_issue_is_recorded_with_the_persons_tenants(registry: SqlRegistry) -> None:
    await put_people(registry, [(WHO, "0001", "000101", "鈴木")])
    await registry.issue_codes([code_of(), code_of(OTHER)], STAMP)
    events = await registry.audit_events("ref-1")
    assert [(event.subject, event.office, event.establishment) for event in events] == [
        (WHO, "0001", "000101"),
        (OTHER, "", ""),
    ]
    assert {(event.name, event.actor, event.address) for event in events} == {
        ("portal.registration.issued", "A00000001", "192.0.2.7")
    }
    assert "right" not in str(events)


async def test_the_right_code_allows_one_enrolment_and_is_spent(registry: SqlRegistry) -> None:
    await registry.issue_codes([code_of(), code_of(OTHER)], STAMP)
    assert await enrol(registry, WHO, address="192.0.2.1", code=b"right")
    assert await registry.registration_code(WHO, NOW) is None
    assert await registry.registration_code(OTHER, NOW) is not None
    await registry.reset(WHO)
    assert not await enrol(registry, WHO, code=b"right")


@pytest.mark.parametrize("code", [b"wrong", b""])
async def test_a_wrong_code_leaves_the_pending_secret_and_the_code(registry: SqlRegistry, code: bytes) -> None:
    await registry.issue_codes([code_of()], STAMP)
    nonce = await begin(registry)
    assert not await registry.confirm_enrolment(WHO, nonce, 100, NOW, code=code)
    assert await registry.second_factor(WHO) is None
    assert await registry.registration_code(WHO, NOW) is not None
    assert await registry.confirm_enrolment(WHO, nonce, 100, NOW, code=b"right")


async def test_somebody_elses_code_and_an_ended_one_allow_nothing(registry: SqlRegistry) -> None:
    await registry.issue_codes([code_of(OTHER), code_of(WHO, b"ended", NOW)], STAMP)
    nonce = await begin(registry)
    for code in (b"right", b"ended"):
        assert not await registry.confirm_enrolment(WHO, nonce, 100, NOW, code=code)
    assert await registry.second_factor(WHO) is None


async def test_of_20_uses_of_a_code_at_once_one_counts(registry: SqlRegistry) -> None:
    await registry.issue_codes([code_of()], STAMP)
    nonce = await begin(registry)
    done = await asyncio.gather(
        *(registry.confirm_enrolment(WHO, nonce, step, NOW, code=b"right") for step in range(20))
    )
    assert sum(done) == 1


async def test_an_enrolment_without_being_asked_leaves_no_code_behind(registry: SqlRegistry) -> None:
    await registry.issue_codes([code_of()], STAMP)
    assert await enrol(registry, WHO)
    assert await registry.registration_code(WHO, NOW) is None


async def test_a_reset_takes_the_code_back(registry: SqlRegistry) -> None:
    await registry.issue_codes([code_of()], STAMP)
    assert await registry.reset_all([Target(WHO, "0001", "000101")], STAMP, "portal.factor.reset") == 1
    assert await registry.registration_code(WHO, NOW) is None


async def test_good_codes_of_a_query_are_listed_for_printing(registry: SqlRegistry) -> None:
    await put_people(
        registry,
        [(WHO, "0001", "000101", "鈴木"), (OTHER, "0001", "000102", "高橋"), ("B00000301", "0002", "000101", "鈴木")],
    )
    ended = code_of("B00000103", until=NOW)
    await registry.issue_codes([code_of(OTHER), code_of(WHO), code_of("B00000301"), ended], STAMP)
    found = await registry.registration_codes(PeopleQuery("0001"), NOW)
    assert [(row.login_id, row.code_until, code) for row, code in found] == [
        (WHO, NOW + 60, code_of()),
        (OTHER, NOW + 60, code_of(OTHER)),
    ]
    assert len(await registry.registration_codes(PeopleQuery("0001", "000102"), NOW)) == 1
    assert len(await registry.registration_codes(PeopleQuery("0002"), NOW)) == 1
    assert await registry.registration_codes(PeopleQuery("0001"), NOW + 60) == ()
    await registry.issue_codes([], STAMP)
