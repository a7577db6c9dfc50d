"""What holds for one person now: settings, pins, phases of the rollout."""

from __future__ import annotations

from types import ModuleType

import pytest

from gateway.core import policy as policy_module
from gateway.core.policy import Policy, PolicyRules, SessionLimits, TenantFacts, TenantSettings, effective_policy
from gateway.core.rollout import Phase, Rollout
from gateway.core.subject import Feature, Kind, Subject

PUNCH, NOTIFY, PAYSLIP = Feature.ATTENDANCE_PUNCH, Feature.ATTENDANCE_NOTIFICATIONS, Feature.PAYSLIP_OWN
OPTIONAL, ANNOUNCED, MANDATORY = 100.0, 200.0, 300.0
RULES = PolicyRules(Rollout(OPTIONAL, ANNOUNCED, MANDATORY), SessionLimits(10, 20), SessionLimits(30, 40))
OFF, ON = TenantSettings(False), TenantSettings(True)
STAFF = Subject("A1", Kind.OFFICE, "1")
WORKER = Subject("B1", Kind.ESTABLISHMENT, "1", "2")
STRANGER = Subject("X", Kind.UNKNOWN)


def settings(uses: bool, *exempt: Feature) -> TenantSettings:
    return TenantSettings(uses, frozenset(exempt))


CASES: list[tuple[str, Subject, TenantSettings, TenantSettings, float, bool, frozenset[Feature], str]] = [
    ("staff of an office that uses it", STAFF, ON, OFF, 150, True, frozenset(), "tenant uses 2FA"),
    ("staff of one that does not", STAFF, OFF, ON, 150, False, frozenset(), "office does not use 2FA"),
    ("staff are exempt from nothing", STAFF, ON, settings(True, PUNCH), 150, True, frozenset(), "tenant uses 2FA"),
    ("an establishment needs its office", WORKER, OFF, ON, 150, False, frozenset(), "office does not use 2FA"),
    (
        "an office does not bind its establishments",
        WORKER,
        ON,
        OFF,
        150,
        False,
        frozenset(),
        "establishment does not use 2FA",
    ),
    ("both", WORKER, ON, settings(True, PAYSLIP), 150, True, frozenset({PAYSLIP}), "tenant uses 2FA"),
    (
        "who may file notifications may punch",
        WORKER,
        ON,
        settings(True, NOTIFY),
        150,
        True,
        frozenset({NOTIFY, PUNCH}),
        "tenant uses 2FA",
    ),
    ("who may punch may not file", WORKER, ON, settings(True, PUNCH), 150, True, frozenset({PUNCH}), "tenant uses 2FA"),
    ("before the rollout nobody is asked", WORKER, ON, ON, 99, False, frozenset(), "before the rollout"),
    (
        "while it is announced tenants decide",
        WORKER,
        ON,
        OFF,
        200,
        False,
        frozenset(),
        "establishment does not use 2FA",
    ),
    ("from the date everybody", WORKER, OFF, OFF, 300, True, frozenset(), "mandatory date"),
    (
        "an exemption outlives the date",
        WORKER,
        OFF,
        settings(False, PUNCH),
        300,
        True,
        frozenset({PUNCH}),
        "mandatory date",
    ),
    ("staff as well", STAFF, OFF, OFF, 300, True, frozenset(), "mandatory date"),
    (
        "whom the directory does not know",
        STRANGER,
        OFF,
        OFF,
        150,
        True,
        frozenset(),
        "login ID unknown to the directory",
    ),
    ("even before the rollout", STRANGER, OFF, OFF, 99, True, frozenset(), "login ID unknown to the directory"),
    ("the date speaks first", STRANGER, OFF, OFF, 300, True, frozenset(), "mandatory date"),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_the_policy_of_a_person(
    case: tuple[str, Subject, TenantSettings, TenantSettings, float, bool, frozenset[Feature], str],
) -> None:
    _, subject, office, establishment, now, required, exempt, because = case
    limits = (30.0, 40.0) if subject.kind is Kind.ESTABLISHMENT else (10.0, 20.0)
    found = effective_policy(subject, TenantFacts(office, establishment), RULES, now)
    assert found == Policy(required, exempt, *limits, because)


def outcomes(module: ModuleType) -> list[tuple[bool, frozenset[Feature], float, str]]:
    """What a (mutated) policy module makes of the cases."""
    rows = []
    for _, subject, office, establishment, now, *_ in CASES:
        found = module.effective_policy(subject, TenantFacts(office, establishment), RULES, now)
        rows.append((found.required, found.exempt, found.idle_seconds, found.because))
    return rows


def test_the_cases_are_what_they_are_compared_with() -> None:
    assert [row[0] for row in outcomes(policy_module)] == [case[5] for case in CASES]


@pytest.mark.parametrize(
    ("now", "phase"),
    [(99, Phase.BEFORE), (100, Phase.OPTIONAL), (199, Phase.OPTIONAL), (200, Phase.ANNOUNCED), (300, Phase.MANDATORY)],
)
def test_a_phase_begins_on_its_date(now: float, phase: Phase) -> None:
    assert Rollout(OPTIONAL, ANNOUNCED, MANDATORY).phase(now) is phase


def test_without_dates_tenants_decide() -> None:
    assert Rollout().phase(0) is Phase.OPTIONAL
