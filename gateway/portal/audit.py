"""The audit record: an office searches its own, the operator every office's, and both take it away as a file.

    typed ─ audit_query ─► AuditQuery ─ registry ─► events ─ audit_lines ─► page | CSV

The office is the session's; no address and no form can name another. Pages go on by the number of the last event
shown, so that events which arrive meanwhile move nothing.
"""

from __future__ import annotations

from aiohttp import web

from gateway.core.events import EventGroup
from gateway.portal.audit_lines import line_of
from gateway.portal.audit_query import Asked, asked
from gateway.portal.guards import for_operators, for_staff
from gateway.portal.office_nav import office_nav
from gateway.portal.views_records import AuditView
from gateway.portal.visits import AUDIT, OPERATOR_AUDIT, PORTAL, VISIT, page

EXPORT = f"{AUDIT}/file"
OPERATOR_EXPORT = f"{OPERATOR_AUDIT}/file"
PAGE_SIZE = 50


@for_staff
async def show(request: web.Request) -> web.Response:
    """GET: the office's own events."""
    return await _show(request, own_search(request), AUDIT, EXPORT)


@for_operators
async def show_all(request: web.Request) -> web.Response:
    """GET: events of every office."""
    return await _show(request, whole_search(request), OPERATOR_AUDIT, OPERATOR_EXPORT)


def own_search(request: web.Request) -> Asked:
    """What was asked for, among the events of the visitor's own office."""
    office = request[VISIT].live.record.session.subject.office
    return asked(request.query, request.app[PORTAL].renderer.service.time_zone, office)


def whole_search(request: web.Request) -> Asked:
    """What was asked for, among the events of every office."""
    return asked(request.query, request.app[PORTAL].renderer.service.time_zone, None)


async def _show(request: web.Request, search: Asked, address: str, export: str) -> web.Response:
    view = AuditView(
        office_nav(request),
        address,
        search.form,
        tuple(group.value for group in EventGroup),
        (),
        faults=search.faults,
    )
    if search.faults:
        return page(request, view)
    before = _before(request)
    found = await request.app[PORTAL].offices.registry.find_events(search.query, before, PAGE_SIZE)
    lines = tuple(line_of(numbered) for numbered in found.events)
    older = search.address(address, before=str(lines[-1].number)) if lines and found.older else ""
    newest = search.address(address) if before is not None else ""
    view = AuditView(
        view.nav, address, search.form, view.kinds, lines, newest, older, search.address(export) if lines else ""
    )
    return page(request, view)


def _before(request: web.Request) -> int | None:
    """The number that the page goes on below; None, the newest page, for whatever is no number."""
    given = request.query.get("before", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) <= 18 else None
