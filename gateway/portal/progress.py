"""How far an office is (F3): sums of today, and charts drawn from the audit record.

registry ─ counts per day, changes of settings ─► core.progress ─ figures ─► core.charts ─ geometry ─► SVG
                                                                   └──────► the same figures as a table
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web

from gateway.core.charts import Chart, bar_chart, step_chart
from gateway.core.events import Event
from gateway.core.progress import Bucket, Period, buckets, levels, summed
from gateway.portal.guards import for_staff
from gateway.portal.office_nav import office_nav
from gateway.portal.views import Message
from gateway.portal.views_records import ChartView, FigureRow, ProgressView, Share
from gateway.portal.visits import PEOPLE, PORTAL, PROGRESS, VISIT, Portal, page
from gateway.stores.base_people import FactorState
from gateway.stores.base_tenants import EstablishmentQuery
from gateway.stores.readiness_rules import rules_at

PERIODS: Final = {"30": Period.MONTH, "90": Period.QUARTER, "365": Period.YEAR}
_DAY_SECONDS = 86_400
_COUNTED: Final = {
    "enrolled": (Event.ENROLMENT_CONFIRMED,),
    "locks": (Event.FACTOR_LOCKED, Event.FACTOR_STOPPED, Event.PASSWORD_LOCKED),
    "resets": (Event.FACTOR_RESET, Event.FACTOR_RESET_BY_OPERATOR),
}
_NAMES: Final = tuple(event.value for events in _COUNTED.values() for event in events)


@dataclass(frozen=True, slots=True)
class _Span:
    """A period in the operator's days: a day begins `offset` seconds before midnight UTC."""

    period: Period
    spans: tuple[Bucket, ...]
    offset: int

    @property
    def since(self) -> float:
        """When the first day begins."""
        return float(self.spans[0].first * _DAY_SECONDS - self.offset)

    def day(self, at: float) -> int:
        """The day of a moment."""
        return int((at + self.offset) // _DAY_SECONDS)

    def noon(self, day: int) -> float:
        """A moment of this day that is on the same date whatever the clocks did since."""
        return float(day * _DAY_SECONDS - self.offset + _DAY_SECONDS // 2)


@for_staff
async def show(request: web.Request) -> web.Response:
    """GET: the office's progress; `?days=` 30, 90 or 365."""
    portal, visit = request.app[PORTAL], request[VISIT]
    days = request.query.get("days", "30")
    days = days if days in PERIODS else "30"
    now = portal.clock()
    office = visit.live.record.session.subject.office
    span = _span(portal, PERIODS[days], now)
    shares = await _shares(portal, office, now)
    using = next(share.part for share in shares if share.key == "establishments")
    figures = await _figures(portal, office, span, using)
    view = ProgressView(
        nav=office_nav(request),
        period=days,
        periods=tuple((name, PROGRESS if name == "30" else f"{PROGRESS}?days={name}") for name in PERIODS),
        shares=shares,
        charts=tuple(_chart(key, values, span) for key, values in figures.items()),
        rows=_rows(tuple(figures.values()), span),
        at=now,
        unused=not visit.policy.required,
        missing=f"{PEOPLE}?state={FactorState.NOT_ENROLLED.value}",
    )
    return page(request, view)


def _span(portal: Portal, period: Period, now: float) -> _Span:
    shift = datetime.fromtimestamp(now, portal.renderer.service.time_zone).utcoffset()
    offset = int(shift.total_seconds()) if shift is not None else 0
    return _Span(period, buckets(int((now + offset) // _DAY_SECONDS), period), offset)


async def _shares(portal: Portal, office: str, now: float) -> tuple[Share, ...]:
    """How many of how many, as it stands."""
    registry, tenants = portal.offices.registry, portal.offices.tenants
    default = tenants.establishment_default
    whole = await registry.find_establishments(EstablishmentQuery(office), default, 0, 1)
    using = await registry.find_establishments(EstablishmentQuery(office, uses=True), default, 0, 1)
    rules = rules_at(now, portal.offices.rules.rollout, tenants.office_default, default)
    people = await registry.readiness(rules, office)
    return (
        Share("establishments", using.total, whole.total),
        Share("people", sum(row.enrolled for row in people), sum(row.people for row in people)),
    )


async def _figures(portal: Portal, office: str, span: _Span, using: int) -> dict[str, tuple[int, ...]]:
    """What each chart shows, in the order of the page."""
    registry = portal.offices.registry
    history = await registry.setting_history(office, span.since)
    counts = await registry.daily_counts(office, _NAMES, span.since, span.offset)
    found = {"using": levels(span.spans, using, [(span.day(at), difference) for at, difference in history])}
    for key, events in _COUNTED.items():
        found[key] = summed(span.spans, [(count.day, count.count) for count in counts if count.name in events])
    return found


def _chart(key: str, values: Sequence[int], span: _Span) -> ChartView:
    weekly = span.period.step > 1
    if key == "using":
        about = Message("progress.about.level", (("first", values[0]), ("last", values[-1])))
        return _drawn(key, step_chart(values), about, span)
    about = Message("progress.about.none")
    if any(values):
        about = Message("progress.about.sum", (("total", sum(values)), ("most", max(values))))
    return _drawn(f"{key}.weekly" if weekly else key, bar_chart(values), about, span)


def _drawn(key: str, chart: Chart, about: Message, span: _Span) -> ChartView:
    dates = tuple(span.noon(span.spans[label.value].last) for label in chart.labels)
    return ChartView(key, chart, dates, about)


def _rows(columns: Sequence[Sequence[int]], span: _Span) -> tuple[FigureRow, ...]:
    """One row a bucket, the newest first: that is what somebody reads."""
    return tuple(
        FigureRow(
            span.noon(bucket.first),
            span.noon(bucket.last) if bucket.last > bucket.first else None,
            tuple(column[index] for column in columns),
        )
        for index, bucket in reversed(tuple(enumerate(span.spans)))
    )
