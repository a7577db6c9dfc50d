"""Made-up views of audit record, progress and rollout."""

from __future__ import annotations

from dataclasses import replace

from gateway.core.charts import bar_chart, step_chart
from gateway.core.events import Event, EventGroup
from gateway.portal.audit_lines import line_of
from gateway.portal.views import Message, View
from gateway.portal.views_office import FieldFault, NavTab, OfficeNav
from gateway.portal.views_records import (
    AuditForm,
    AuditView,
    ChartView,
    FigureRow,
    ProgressView,
    RolloutRow,
    RolloutView,
    Share,
)
from gateway.portal.visits import AUDIT, OPERATOR_AUDIT, PEOPLE, PROGRESS, ROLLOUT
from gateway.stores.base_audit import AuditEvent, NumberedEvent

_NOON = 1_795_230_000.0
_NAV = OfficeNav(
    "A00010001",
    "/",
    (
        NavTab("audit", AUDIT),
        NavTab("progress", PROGRESS),
        NavTab("rollout", ROLLOUT),
        NavTab("operator-audit", OPERATOR_AUDIT),
    ),
    "audit",
)
_EVERYBODY = replace(_NAV, here="operator-audit")
_KINDS = tuple(group.value for group in EventGroup)
_DETAILS: dict[Event, tuple[tuple[str, str], ...]] = {
    Event.SIGNED_IN: (("rule", "pc"),),
    Event.CODE_REFUSED: (("left", "3"), ("clock_offset_steps", "4")),
    Event.FACTOR_RESET: (("right", "office-staff"),),
    Event.ESTABLISHMENT_CHANGED: (("before", "use=0"), ("after", "use=1 exempt=attendance.punch,payslip.own")),
    Event.OFFICE_CHANGED: (("before", "use=0"), ("after", "use=1 codes=1")),
}


def _event(name: str, number: int, detail: tuple[tuple[str, str], ...]) -> NumberedEvent:
    whom = "B00000101" if name.startswith(("settings", "portal.factor")) else "A00010001"
    event = AuditEvent(_NOON - number * 60, name, "7KQ2M9XA", "A00010001", whom, "0001", "000001", "192.0.2.7", detail)
    return NumberedEvent(1000 - number, event)


_EVENTS = [_event(event.value, number, _DETAILS.get(event, ())) for number, event in enumerate(Event)]
_EVENTS += [_event("another.version.event", 90, (("what", "x"), ("before", "unreadable")))]
_LINES = tuple(line_of(event) for event in _EVENTS)
_FORM = AuditForm("2026-11-01", "2026-11-21", "setting", "B00000101")
_WRONG = AuditForm("2026-11-31", "2026-11-21", "", "\t", "0001", everybody=True)
_DAY = 86_400.0
_USING = tuple(40 + day * day // 100 for day in range(90))
_ENROLLED = tuple(day * 7 % 23 if day % 7 < 5 else 0 for day in range(90))
_LOCKS = tuple(3 if day % 11 == 4 else 0 for day in range(90))
_CHARTS = {
    "using": (step_chart(_USING), Message("progress.about.level", (("first", 40), ("last", 119)))),
    "enrolled": (bar_chart(_ENROLLED), Message("progress.about.sum", (("total", 716), ("most", 22)))),
    "locks.weekly": (bar_chart(_LOCKS), Message("progress.about.sum", (("total", 24), ("most", 3)))),
    "resets": (bar_chart((0,) * 90), Message("progress.about.none")),
}


def _progress(count: int, *, weekly: bool, unused: bool, whole: int) -> ProgressView:
    charts = tuple(
        ChartView(key, chart, tuple(_NOON - (89 - label.value) * _DAY for label in chart.labels), about)
        for key, (chart, about) in _CHARTS.items()
    )
    rows = tuple(
        FigureRow(
            _NOON - day * _DAY,
            _NOON - (day - 6) * _DAY if weekly else None,
            (_USING[89 - day], _ENROLLED[89 - day], _LOCKS[89 - day], 0),
        )
        for day in range(count)
    )
    shares = (Share("establishments", 119, whole), Share("people", whole, whole))
    periods = (("30", PROGRESS), ("90", f"{PROGRESS}?days=90"), ("365", f"{PROGRESS}?days=365"))
    missing = f"{PEOPLE}?state=not-enrolled"
    return ProgressView(replace(_NAV, here="progress"), "90", periods, shares, charts, rows, _NOON, unused, missing)


_MANDATORY = 1_806_537_600.0
_OFFICES = tuple(
    RolloutRow(f"{number:04}", 340 + number, 200, 140 + number, 12, 128 + number, 0, 2) for number in range(1, 101)
)


def _rollout(rows: tuple[RolloutRow, ...], *, dated: bool, wrong: bool = False) -> RolloutView:
    total = RolloutRow("", *(sum(row.figures[index] for row in rows) for index in range(7)))
    dates = (("optional", _NOON), ("announced", _NOON), ("mandatory", _MANDATORY)) if dated else ()
    faults = (FieldFault("at", Message("rollout.fault.date")),) if wrong else ()
    typed, phase = ("2027-02-30", "optional") if wrong else ("2027-04-01", "mandatory")
    files = (f"{ROLLOUT}/offices", f"{ROLLOUT}/people?at={typed}")
    return RolloutView(
        replace(_NAV, here="rollout"), typed, _MANDATORY, phase, dates, total, rows, 7 if dated else 0, *files, faults
    )


RECORDS: tuple[View, ...] = (
    AuditView(_NAV, AUDIT, _FORM, _KINDS, _LINES, f"{AUDIT}?q=B00000101", f"{AUDIT}?before=900", f"{AUDIT}/file"),
    AuditView(_NAV, AUDIT, AuditForm(), _KINDS, ()),
    AuditView(_NAV, AUDIT, _FORM, _KINDS, ()),
    AuditView(
        _EVERYBODY, OPERATOR_AUDIT, AuditForm(everybody=True), _KINDS, _LINES, "", "", f"{OPERATOR_AUDIT}/file?q=x"
    ),
    AuditView(
        _EVERYBODY,
        OPERATOR_AUDIT,
        _WRONG,
        _KINDS,
        (),
        faults=(
            FieldFault("from", Message("audit.fault.date")),
            FieldFault("to", Message("audit.fault.order")),
            FieldFault("q", Message("audit.fault.text")),
        ),
    ),
    _progress(90, weekly=False, unused=False, whole=1_234),
    _progress(52, weekly=True, unused=True, whole=119),
    _rollout(_OFFICES, dated=True),
    _rollout(_OFFICES[:2], dated=False, wrong=True),
    _rollout((), dated=False),
)
