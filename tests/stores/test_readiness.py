"""Who will be stopped on a date: the same answer as the policy gives to each person, on both databases."""

from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa

from gateway.core.lockout import LockoutLimits
from gateway.core.policy import (
    PolicyRules,
    SessionLimits,
    TenantFacts,
    TenantSettings,
    effective_policy,
)
from gateway.core.rollout import Rollout
from gateway.core.subject import Feature, Kind, Subject
from gateway.stores import readiness
from gateway.stores.base_audit import OfficeReadiness, ReadinessRules, UnreadyPerson
from gateway.stores.readiness_rules import rules_at
from gateway.stores.registry import SqlRegistry
from gateway.stores.tables import configured_tenants, establishment_settings, office_settings
from tests.stores.roster import NOW, enrol, put_people

OFF, ON = TenantSettings(), TenantSettings(True)
EXEMPTING = TenantSettings(True, frozenset({Feature.PAYSLIP_OWN, Feature.ATTENDANCE_PUNCH}))
LIMITS = SessionLimits(60.0, 60.0)
MANDATORY = ReadinessRules(
    NOW, mandatory=True, nobody=False, office_uses=False, establishment_uses=False, establishment_exempts=False
)

Said = tuple[TenantSettings | None, TenantSettings | None, bool]  # stored, written in the file, pinned
SAID: list[Said] = [
    (None, None, False),
    *((stored, None, False) for stored in (OFF, ON, EXEMPTING)),
    *((None, entry, pinned) for entry in (OFF, ON, EXEMPTING) for pinned in (False, True)),
    *((stored, entry, pinned) for stored in (OFF, EXEMPTING) for entry in (OFF, ON) for pinned in (False, True)),
]


def held(said: Said, default: TenantSettings) -> TenantSettings:
    stored, entry, pinned = said
    if pinned and entry is not None:
        return entry
    return stored or entry or default


def row(said: TenantSettings) -> dict[str, object]:
    return {"uses_second_factor": said.uses_second_factor, "exempt": " ".join(sorted(said.exempt))}


async def put_tenants(registry: SqlRegistry) -> tuple[dict[str, Said], dict[tuple[str, str], Said]]:
    """Offices and establishments with everything that can be said of them; each office has each establishment."""
    offices = {f"{number:04}": said for number, said in enumerate(said for said in SAID if EXEMPTING not in said)}
    establishments = {
        (office, f"{number:06}"): said for office, (number, said) in itertools.product(offices, enumerate(SAID))
    }
    async with registry._database.writing() as connection:
        for office, (stored, entry, pinned) in offices.items():
            key = {"office": office}
            if stored is not None:
                await connection.execute(sa.insert(office_settings).values(**key, **row(stored)))
            if entry is not None:
                written = {**key, "establishment": "", "pinned": pinned, **row(entry)}
                await connection.execute(sa.insert(configured_tenants).values(written))
        stored_rows = [
            {"office": office, "establishment": code, **row(said[0])}
            for (office, code), said in establishments.items()
            if said[0] is not None
        ]
        entries = [
            {"office": office, "establishment": code, "pinned": said[2], **row(said[1])}
            for (office, code), said in establishments.items()
            if said[1] is not None
        ]
        await connection.execute(sa.insert(establishment_settings), stored_rows)
        await connection.execute(sa.insert(configured_tenants), entries)
    return offices, establishments


@pytest.mark.parametrize("default", [OFF, EXEMPTING])
async def test_everybody_is_judged_as_the_policy_judges_them(
    registry: SqlRegistry, default: TenantSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_PIECE", 50)
    offices, establishments = await put_tenants(registry)
    people = [
        *(Subject(f"B{office}{code}", Kind.ESTABLISHMENT, office, code) for office, code in establishments),
        *(Subject(f"B{office}", Kind.ESTABLISHMENT, office, "") for office in offices),
        *(Subject(f"A{office}", Kind.OFFICE, office) for office in offices),
        Subject("A", Kind.OFFICE),
        Subject("B", Kind.ESTABLISHMENT),
        Subject("X", Kind.UNKNOWN),
    ]
    for kind in Kind:
        mine = [(one.login_id, one.office, one.establishment, "") for one in people if one.kind is kind]
        await put_people(registry, mine, kind.value)
    nobody: Said = (None, None, False)
    for rollout in (Rollout(), Rollout(optional_from=NOW + 1), Rollout(mandatory_from=NOW)):
        expected = set()
        for one in people:
            facts = TenantFacts(
                held(offices.get(one.office, nobody), default),
                held(establishments.get((one.office, one.establishment), nobody), default),
            )
            policy = effective_policy(one, facts, PolicyRules(rollout, LIMITS, LIMITS), NOW)
            if policy.required:
                expected.add((one.login_id, bool(policy.exempt)))
        rules = rules_at(NOW, rollout, TenantSettings(default.uses_second_factor), default)
        told = [person async for piece in registry.unready_people(rules) for person in piece]
        assert {(person.login_id, person.exempt) for person in told} == expected
        assert len(told) == len(expected)
        assert told == sorted(told, key=lambda person: (person.office, person.establishment, person.login_id))
        counts = await registry.readiness(rules)
        assert sum(office.people for office in counts) == len(people)
        assert sum(office.stopped for office in counts) == sum(not exempt for _, exempt in expected)
        assert sum(office.restricted_only for office in counts) == sum(exempt for _, exempt in expected)
        assert sum(office.unaffected for office in counts) == len(people) - len(expected)


async def test_who_is_enrolled_is_ready_unless_locked_then(registry: SqlRegistry) -> None:
    ids = [f"B0000010{number}" for number in range(1, 6)]
    await put_people(registry, [(login_id, "0001", "000101", "名") for login_id in ids])
    for login_id in ids[:4]:
        await enrol(registry, login_id)
    limits = LockoutLimits(tries=1, lock_seconds=1800, stop_after=None)
    await registry.reserve_attempt(ids[1], NOW, limits)
    await registry.reserve_attempt(ids[2], NOW - 1800, limits)
    await registry.reserve_attempt(ids[3], NOW, LockoutLimits(tries=5, stop_after=1))
    await registry.reserve_attempt(ids[4], NOW, LockoutLimits(tries=5, stop_after=1))
    assert await registry.readiness(MANDATORY) == (
        OfficeReadiness(
            "0001", people=5, enrolled=4, not_enrolled=1, stopped=1, restricted_only=0, barred=2, unaffected=0
        ),
    )
    told = [piece async for piece in registry.unready_people(MANDATORY)]
    assert told == [(UnreadyPerson(ids[4], "0001", "000101", "名", exempt=False),)]


async def test_one_office_is_asked_alone(registry: SqlRegistry) -> None:
    await put_people(registry, [("B1", "0001", "000101", ""), ("B2", "0002", "000101", ""), ("A2", "0002", "", "")])
    assert [office.office for office in await registry.readiness(MANDATORY)] == ["0001", "0002"]
    assert [office.people for office in await registry.readiness(MANDATORY, "0002")] == [2]
    told = [person.login_id async for piece in registry.unready_people(MANDATORY, "0002") for person in piece]
    assert told == ["A2", "B2"]
    assert await registry.readiness(MANDATORY, "0003") == ()


async def test_many_people_come_in_pieces(registry: SqlRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_PIECE", 700)
    await put_people(registry, [(f"B{number:08}", f"{number % 3}", "000101", "") for number in range(2100)])
    pieces = [piece async for piece in registry.unready_people(MANDATORY)]
    assert [len(piece) for piece in pieces] == [500, 500, 500, 500, 100]
    assert len({person.login_id for piece in pieces for person in piece}) == 2100
    assert [(office.office, office.people) for office in await registry.readiness(MANDATORY)] == [
        ("0", 700),
        ("1", 700),
        ("2", 700),
    ]


async def test_an_empty_roster_has_nobody(registry: SqlRegistry) -> None:
    assert await registry.readiness(MANDATORY) == ()
    assert [piece async for piece in registry.unready_people(MANDATORY)] == []
