"""The audit record as a CSV file: everything that a search finds, streamed, oldest first. Taking it away is recorded.

Names of events and settings stand in words and as they are written, so that the file serves people and programs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.core.events import Event
from gateway.portal.audit import own_search, whole_search
from gateway.portal.audit_lines import line_of
from gateway.portal.audit_query import Asked
from gateway.portal.csv_files import Lines, send_csv
from gateway.portal.guards import for_operators, for_staff
from gateway.portal.pages import translate
from gateway.portal.views import Message
from gateway.portal.visits import AUDIT, OPERATOR_AUDIT, PORTAL, VISIT, see_other
from gateway.stores.base_audit import NumberedEvent

_HEADINGS = (
    "audit.csv.number", "audit.at", "audit.what", "audit.csv.event", "audit.who", "audit.whom", "audit.of.office",
    "audit.of.establishment", "audit.address", "audit.reference", "audit.before", "audit.after", "audit.csv.notes",
)  # fmt: skip


@for_staff
async def own(request: web.Request) -> web.StreamResponse:
    """GET: what the search finds among the office's own events."""
    return await _send(request, own_search(request), AUDIT)


@for_operators
async def whole(request: web.Request) -> web.StreamResponse:
    """GET: what the search finds among the events of every office."""
    return await _send(request, whole_search(request), OPERATOR_AUDIT)


async def _send(request: web.Request, search: Asked, address: str) -> web.StreamResponse:
    if search.faults:
        return see_other(search.address(address))
    portal, visit = request.app[PORTAL], request[VISIT]
    now, zone = portal.clock(), portal.renderer.service.time_zone
    events = portal.offices.registry.every_event(search.query)
    which = (("search", search.address("")),) if not search.form.empty else ()
    await portal.record(visit.asker.event(Event.AUDIT_EXPORTED, now, which))
    scribe = Scribe(visit.language, zone)
    stem = f"{translate(visit.language, 'audit.csv.name')}-{datetime.fromtimestamp(now, zone):%Y%m%d}"
    return await send_csv(request, stem, scribe.headings(), scribe.pieces(events))


@dataclass(frozen=True, slots=True)
class Scribe:
    """Writes events as lines in one language, with times of one zone."""

    language: str
    zone: ZoneInfo

    def headings(self) -> tuple[str, ...]:
        """The first line."""
        return tuple(translate(self.language, key) for key in _HEADINGS)

    async def pieces(self, events: AsyncIterator[tuple[NumberedEvent, ...]]) -> AsyncIterator[Lines]:
        """The other lines, as the registry gives them."""
        async for some in events:
            yield [self.cells(numbered) for numbered in some]

    def cells(self, numbered: NumberedEvent) -> tuple[str, ...]:
        """One line."""
        line, event = line_of(numbered), numbered.event
        return (
            str(numbered.number),
            f"{datetime.fromtimestamp(event.at, self.zone):%Y/%m/%d %H:%M:%S}",
            translate(self.language, line.what),
            event.name,
            event.actor,
            event.subject,
            event.office,
            event.establishment,
            event.address,
            event.reference,
            self._joined(line.before),
            self._joined(line.after),
            self._joined(line.notes),
        )

    def _joined(self, parts: Sequence[Message]) -> str:
        return translate(self.language, "audit.and").join(translate(self.language, part) for part in parts)
