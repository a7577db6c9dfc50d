"""Made-up views of people, resets, registration codes and notices."""

from __future__ import annotations

from gateway.portal.samples_registration import REGISTRATION
from gateway.portal.views import Message, View
from gateway.portal.views_office import Banner, BannerKind, FieldFault, NavTab, OfficeNav, Pager
from gateway.portal.views_people import (
    PasswordState,
    PeopleResetView,
    PeopleSearch,
    PeopleView,
    PersonLine,
    ResetDoneView,
    ResetView,
    StateWords,
)

_NOON = 1_795_230_000.0
_CSRF = "sample"
_STATES = ("not-enrolled", "enrolled", "locked", "stopped")
_NAV = OfficeNav(
    "A00010001", "/", (NavTab("settings", "/.sekisho/settings"), NavTab("people", "/.sekisho/people")), "people"
)
_LINES = (
    PersonLine("A00010001", "所長 太郎", "", "", StateWords("enrolled", _NOON), "own"),
    PersonLine("A00010002", "副所長 次郎", "", "", StateWords("not-enrolled"), "none"),
    PersonLine("B00000101", "山田 花子", "000001", "株式会社MKS", StateWords("locked", _NOON + 1800), ticked=True),
    PersonLine("B00000102", "佐藤 一", "000001", "株式会社MKS", StateWords("stopped")),
    PersonLine("B00000103", "", "000001", "株式会社MKS", StateWords("enrolled", _NOON)),
)
_WRONG = FieldFault("password", Message("reset.password.wrong", (("left", 3), ("length", 1800))))
_CSV = (
    (Message("people.csv.utf-8"), "/.sekisho/people/csv?encoding=utf-8"),
    (Message("people.csv.cp932"), "/.sekisho/people/csv?encoding=cp932"),
)


def _list(
    lines: tuple[PersonLine, ...],
    search: PeopleSearch,
    *,
    total: int = 0,
    stale: bool = False,
    read_at: float | None = None,
    faults: tuple[FieldFault, ...] = (),
    banner: Banner | None = None,
    whole_office: bool = True,
) -> PeopleView:
    return PeopleView(
        csrf=_CSRF,
        nav=_NAV,
        here="/.sekisho/people?page=1",
        search=search,
        whole_office=whole_office,
        states=_STATES,
        lines=lines,
        pager=Pager(1, 20, total, "/.sekisho/people"),
        selected=1,
        at_most=100,
        csv=_CSV if total else (),
        stale=stale,
        read_at=read_at,
        partial=read_at is not None and whole_office,
        faults=faults,
        banner=banner,
    )


_DONE = Banner(
    BannerKind.DONE,
    Message("people.done", (("count", 2),)),
    (
        Message("people.done.next"),
        Message("people.done.nothing", (("count", 1), ("names", "佐藤 一（B00000102）"))),
        Message("people.done.refused", (("count", 1),)),
    ),
)
_SINCE = FieldFault("since", Message("people.fault.since"))
_MANY = FieldFault("people", Message("people.fault.many", (("at_most", 100),)))

PEOPLE: tuple[View, ...] = (
    _list(
        _LINES, PeopleSearch("山田", "000001", staff=True, state="locked", since="2026-11-21"), total=1234, banner=_DONE
    ),
    _list(_LINES[2:], PeopleSearch(), total=3, stale=True, read_at=_NOON, faults=(_MANY,), whole_office=False),
    _list(_LINES[:1], PeopleSearch(), total=1, read_at=_NOON),
    _list((), PeopleSearch(), stale=True, banner=Banner(BannerKind.NOTE, Message("people.done.none"))),
    _list((), PeopleSearch("山田"), faults=(FieldFault("people", Message("people.fault.none")),)),
    _list((), PeopleSearch(since="きのう"), faults=(_SINCE,)),
    PeopleResetView(_CSRF, _NAV, "A00010001", "sample", "/.sekisho/people", _LINES, faults=(_WRONG,)),
    PeopleResetView(
        _CSRF,
        _NAV,
        "A00010001",
        "sample",
        "/.sekisho/people",
        (PersonLine("B00000104", "", "000001", "", StateWords("unlisted")),),
        ("B00000301",),
        own=True,
        password=PasswordState(_NOON + 1800),
    ),
    PeopleResetView(_CSRF, _NAV, "A00010001", "sample", "/.sekisho/people", (), ("B00000301", "X")),
    ResetView(_CSRF, "B00000101", "/login"),
    ResetView(_CSRF, "B00000101", "/login", faults=(_WRONG,)),
    ResetView(_CSRF, "B00000101", "/login", PasswordState(_NOON + 1800)),
    ResetView(_CSRF, "B00000101", "/login", PasswordState(stopped=True)),
    ResetDoneView("/login"),
    *REGISTRATION,
)
