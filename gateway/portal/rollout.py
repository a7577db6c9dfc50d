"""The operator's question before a date: who will be stopped on it, office by office (F4).

A day means its end: whoever asks about the day on which a date falls wants to see what that date does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.core.rollout import Rollout
from gateway.core.typed_dates import typed_date
from gateway.portal.csv_files import Lines, send_csv
from gateway.portal.guards import for_operators
from gateway.portal.office_nav import office_nav
from gateway.portal.pages import translate
from gateway.portal.views import Message
from gateway.portal.views_office import FieldFault
from gateway.portal.views_records import RolloutRow, RolloutView
from gateway.portal.visits import PORTAL, ROLLOUT, VISIT, Portal, page, see_other
from gateway.stores.base_audit import OfficeReadiness, ReadinessRules, UnreadyPerson
from gateway.stores.readiness_rules import rules_at

OFFICES_FILE = f"{ROLLOUT}/offices"
PEOPLE_FILE = f"{ROLLOUT}/people"
SHOWN: Final = 100
_COLUMNS: Final = (
    "people", "enrolled", "not-enrolled", "stopped", "restricted", "unaffected", "barred",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """The day that was asked for: as typed, as a moment (Unix seconds), and whether it could be read."""

    typed: str
    at: float
    readable: bool

    def address(self, path: str) -> str:
        """The same question at another address."""
        return f"{path}?{urlencode({'at': self.typed})}" if self.typed else path


def asked(typed: str, rollout: Rollout, zone: ZoneInfo, now: float) -> Asked:
    """Read the day; nothing typed means the mandatory date, or now where the configuration has none."""
    typed = typed.strip()[:40]
    at = now if rollout.mandatory_from is None else rollout.mandatory_from
    day = typed_date(typed)
    if typed and (day is None or not 1971 <= day.year <= 9998):
        return Asked(typed, at, readable=False)
    return Asked(typed, at if day is None else end_of(day, zone), readable=True)


def end_of(day: date, zone: ZoneInfo) -> float:
    """The last second of a day, in Unix seconds."""
    return datetime.combine(day + timedelta(days=1), time(), zone).timestamp() - 1


@for_operators
async def show(request: web.Request) -> web.Response:
    """GET: the table; `?at=` a day."""
    portal = request.app[PORTAL]
    question = _asked(request)
    offices = sorted(await portal.offices.registry.readiness(_rules(portal, question)), key=_most_to_do)
    rows = tuple(_row(office) for office in offices)
    rollout = portal.offices.rules.rollout
    dates = (
        ("optional", rollout.optional_from),
        ("announced", rollout.announced_from),
        ("mandatory", rollout.mandatory_from),
    )
    view = RolloutView(
        nav=office_nav(request),
        typed=question.typed,
        at=question.at,
        phase=rollout.phase(question.at).value,
        dates=tuple((name, at) for name, at in dates if at is not None),
        total=_total(rows),
        rows=rows[:SHOWN],
        left_out=max(0, len(rows) - SHOWN),
        offices_csv=question.address(OFFICES_FILE),
        people_csv=question.address(PEOPLE_FILE),
        faults=() if question.readable else (FieldFault("at", Message("rollout.fault.date")),),
    )
    return page(request, view)


@for_operators
async def offices_file(request: web.Request) -> web.StreamResponse:
    """GET: every office, as CSV."""
    portal, language, question = request.app[PORTAL], request[VISIT].language, _asked(request)
    if not question.readable:
        return see_other(question.address(ROLLOUT))
    offices = await portal.offices.registry.readiness(_rules(portal, question))

    async def pieces() -> AsyncIterator[Lines]:
        yield [_cells(_row(office)) for office in offices]

    headings = [translate(language, f"rollout.{column}") for column in ("office", *_COLUMNS)]
    return await send_csv(request, _stem(request, question, "rollout.csv.offices"), headings, pieces())


@for_operators
async def people_file(request: web.Request) -> web.StreamResponse:
    """GET: everybody who is not enrolled and will need a code, as CSV."""
    portal, language, question = request.app[PORTAL], request[VISIT].language, _asked(request)
    if not question.readable:
        return see_other(question.address(ROLLOUT))
    people = portal.offices.registry.unready_people(_rules(portal, question))

    async def pieces() -> AsyncIterator[Lines]:
        async for some in people:
            yield [_person(person, language) for person in some]

    keys = ("rollout.office", "rollout.csv.establishment", "rollout.csv.login_id", "rollout.csv.name",
            "rollout.csv.state")  # fmt: skip
    headings = [translate(language, key) for key in keys]
    return await send_csv(request, _stem(request, question, "rollout.csv.people"), headings, pieces())


def _asked(request: web.Request) -> Asked:
    portal = request.app[PORTAL]
    zone = portal.renderer.service.time_zone
    return asked(request.query.get("at", ""), portal.offices.rules.rollout, zone, portal.clock())


def _rules(portal: Portal, question: Asked) -> ReadinessRules:
    offices = portal.offices
    defaults = offices.tenants
    return rules_at(question.at, offices.rules.rollout, defaults.office_default, defaults.establishment_default)


def _most_to_do(office: OfficeReadiness) -> tuple[int, int, str]:
    return -office.stopped, -office.not_enrolled, office.office


def _row(office: OfficeReadiness) -> RolloutRow:
    return RolloutRow(
        office.office,
        office.people,
        office.enrolled,
        office.not_enrolled,
        office.stopped,
        office.restricted_only,
        office.unaffected,
        office.barred,
    )


def _total(rows: Sequence[RolloutRow]) -> RolloutRow:
    return RolloutRow("", *(sum(row.figures[index] for row in rows) for index in range(len(_COLUMNS))))


def _cells(row: RolloutRow) -> tuple[str, ...]:
    return (row.office, *(str(figure) for figure in row.figures))


def _person(person: UnreadyPerson, language: str) -> tuple[str, ...]:
    state = "rollout.csv.state.restricted" if person.exempt else "rollout.csv.state.stopped"
    return person.office, person.establishment, person.login_id, person.name, translate(language, state)


def _stem(request: web.Request, question: Asked, key: str) -> str:
    portal = request.app[PORTAL]
    day = datetime.fromtimestamp(question.at, portal.renderer.service.time_zone)
    return f"{translate(request[VISIT].language, key)}-{day:%Y%m%d}"
