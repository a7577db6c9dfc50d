"""Made-up views of registration codes and notices."""

from __future__ import annotations

from gateway.portal.views import BackLink, Message, View
from gateway.portal.views_office import FieldFault, NavTab, OfficeNav, Pager
from gateway.portal.views_registration import CodesView, NoticeView, RegistrationView, Slip, SlipsView

_NOON = 1_795_230_000.0
_CSRF = "sample"
_NAV = OfficeNav("A00010001", "/", (NavTab("people", "/.sekisho/people"),), "people")
_WRONG = FieldFault("registration", Message("registration.fault.wrong", (("left", 3), ("length", 1800))))
_BACK = BackLink("/", Message("back.punch+payslip"))
_CSV = (("/.sekisho/people/codes/csv?encoding=cp932", Message("registration.csv.cp932")),)
_SLIPS = tuple(
    Slip(f"B0000010{number}", "植田 花子" if number else "", "株式会社MKS", "ABCDE-FGH23", _NOON) for number in range(5)
)


def _codes(**more: object) -> CodesView:
    usual: dict[str, object] = {
        "csrf": _CSRF, "nav": _NAV, "demanded": True, "whole_office": True, "ticked": 3, "whom": "ticked",
        "establishment": "", "until": "2026-12-05", "renew": False,
    }  # fmt: skip
    return CodesView(**{**usual, **more})  # type: ignore[arg-type]


def _fault(word: str, field: str, *values: tuple[str, float | str]) -> tuple[FieldFault, ...]:
    return (FieldFault(field, Message(f"registration.fault.{word}", values)),)


REGISTRATION: tuple[View, ...] = (
    RegistrationView(_CSRF, "B00000101", 5, 1800),
    RegistrationView(_CSRF, "B00000101", 5, 1800, "ABCDEFGH2", (_WRONG,), _BACK),
    NoticeView(_CSRF, "B00000101", _NOON, "203.0.113.9", "/login"),
    NoticeView(_CSRF, "B00000101", _NOON, "", "/login"),
    _codes(),
    _codes(whole_office=False, ticked=0, whom="establishment", faults=_fault("none", "whom-ticked")),
    _codes(whom="establishment", establishment="000001", faults=_fault("far", "until", ("days", 90))),
    _codes(demanded=False, settings="/.sekisho/settings"),
    _codes(demanded=False, whole_office=False),
    SlipsView(_CSRF, _NAV, "abc", "https://login.example.jp/login", _SLIPS, Pager(1, 60, 5, "/s?of=abc"), _CSV),
    SlipsView(_CSRF, _NAV, "abc", "https://login.example.jp/login", (), Pager(1, 60, 0, "/s?of=abc"), _CSV, without=3),
)
