"""Who may reset whom, and see whom: the whole matrix, and what holds for all of it."""

from __future__ import annotations

import itertools

import pytest

from gateway.core.rights import ADMINISTRATOR, Right, Scope, administered, may_issue_code, may_set, right_to_reset
from gateway.core.subject import Kind, Subject

EVERYBODY = {
    "staff": Subject("A00010001", Kind.OFFICE, "0001"),
    "staff-too": Subject("A00010002", Kind.OFFICE, "0001"),
    "office-admin": Subject("A00010009", Kind.OFFICE, "0001", role=ADMINISTRATOR),
    "other-staff": Subject("A00020001", Kind.OFFICE, "0002"),
    "other-office-admin": Subject("A00020009", Kind.OFFICE, "0002", role=ADMINISTRATOR),
    "employee": Subject("B00000101", Kind.ESTABLISHMENT, "0001", "000001"),
    "colleague": Subject("B00000102", Kind.ESTABLISHMENT, "0001", "000001"),
    "chief": Subject("B00000199", Kind.ESTABLISHMENT, "0001", "000001", role=ADMINISTRATOR),
    "neighbour": Subject("B00000601", Kind.ESTABLISHMENT, "0001", "000006"),
    "neighbours-chief": Subject("B00000699", Kind.ESTABLISHMENT, "0001", "000006", role=ADMINISTRATOR),
    "stranger": Subject("B00000301", Kind.ESTABLISHMENT, "0002", "000003"),
    # Another office may use the same establishment code.
    "namesake": Subject("B00000401", Kind.ESTABLISHMENT, "0002", "000001"),
    "namesakes-chief": Subject("B00000499", Kind.ESTABLISHMENT, "0002", "000001", role=ADMINISTRATOR),
    "unknown": Subject("C1", Kind.UNKNOWN),
    "unknown-admin": Subject("C2", Kind.UNKNOWN, "0001", "000001", role=ADMINISTRATOR),
    "homeless-staff": Subject("A1", Kind.OFFICE, ""),
    "homeless-admin": Subject("A2", Kind.OFFICE, "", role=ADMINISTRATOR),
    "homeless-employee": Subject("B1", Kind.ESTABLISHMENT, "", ""),
    "homeless-chief": Subject("B2", Kind.ESTABLISHMENT, "", "", role=ADMINISTRATOR),
    "unplaced-employee": Subject("B3", Kind.ESTABLISHMENT, "0001", ""),
    "unplaced-chief": Subject("B4", Kind.ESTABLISHMENT, "0001", "", role=ADMINISTRATOR),
}
_OF_0001 = {
    "employee", "colleague", "chief", "neighbour", "neighbours-chief", "unplaced-employee", "unplaced-chief",
}  # fmt: skip
_OF_0002 = {"stranger", "namesake", "namesakes-chief"}
MAY: dict[tuple[str, str], Right] = {
    **{(one, one): Right.OWN for one in EVERYBODY},
    **{(one, other): Right.OFFICE_STAFF for one in ("staff", "staff-too", "office-admin") for other in _OF_0001},
    **{(one, other): Right.OFFICE_STAFF for one in ("other-staff", "other-office-admin") for other in _OF_0002},
    ("office-admin", "staff"): Right.OFFICE_ADMINISTRATOR,
    ("office-admin", "staff-too"): Right.OFFICE_ADMINISTRATOR,
    ("other-office-admin", "other-staff"): Right.OFFICE_ADMINISTRATOR,
    ("chief", "employee"): Right.ESTABLISHMENT_ADMINISTRATOR,
    ("chief", "colleague"): Right.ESTABLISHMENT_ADMINISTRATOR,
    ("neighbours-chief", "neighbour"): Right.ESTABLISHMENT_ADMINISTRATOR,
    ("namesakes-chief", "namesake"): Right.ESTABLISHMENT_ADMINISTRATOR,
}


@pytest.mark.parametrize(("actor", "target"), list(itertools.product(EVERYBODY, EVERYBODY)))
def test_who_may_reset_whom(actor: str, target: str) -> None:
    assert right_to_reset(EVERYBODY[actor], EVERYBODY[target]) is MAY.get((actor, target))


@pytest.mark.parametrize("right", list(Right))
def test_every_right_is_somebodys(right: Right) -> None:
    assert right in MAY.values()


@pytest.mark.parametrize(
    ("who", "scope"),
    [
        ("staff", Scope("0001", None)),
        ("office-admin", Scope("0001", None)),
        ("other-staff", Scope("0002", None)),
        ("chief", Scope("0001", "000001")),
        ("namesakes-chief", Scope("0002", "000001")),
        ("employee", None),
        ("unknown", None),
        ("unknown-admin", None),
        ("homeless-staff", None),
        ("homeless-admin", None),
        ("homeless-chief", None),
        ("unplaced-chief", None),
    ],
)
def test_whose_people_somebody_sees(who: str, scope: Scope | None) -> None:
    assert administered(EVERYBODY[who]) == scope


@pytest.mark.parametrize(("actor", "target"), list(itertools.permutations(EVERYBODY, 2)))
def test_whoever_may_be_reset_is_in_sight(actor: str, target: str) -> None:
    """No right to somebody else reaches further than the list that the person sees."""
    if right_to_reset(EVERYBODY[actor], EVERYBODY[target]) is None:
        return
    scope, whom = administered(EVERYBODY[actor]), EVERYBODY[target]
    assert scope is not None
    assert scope.office == whom.office
    assert scope.establishment in (None, whom.establishment)


@pytest.mark.parametrize("who", list(EVERYBODY))
def test_settings_are_the_office_staffs(who: str) -> None:
    assert may_set(EVERYBODY[who]) == (
        who in {"staff", "staff-too", "office-admin", "other-staff", "other-office-admin"}
    )


@pytest.mark.parametrize("actor", EVERYBODY)
@pytest.mark.parametrize("target", EVERYBODY)
def test_codes_are_issued_for_whom_one_may_reset_and_for_colleagues_in_an_office(actor: str, target: str) -> None:
    allowed = may_issue_code(EVERYBODY[actor], EVERYBODY[target])
    may = right_to_reset(EVERYBODY[actor], EVERYBODY[target]) is not None
    staff = {"0001": {"staff", "staff-too", "office-admin"}, "0002": {"other-staff", "other-office-admin"}}
    colleagues = any({actor, target} <= office for office in staff.values())
    assert allowed is ((may or colleagues) and actor != target)
