"""Who may open a page of an office, and the way to the code for those who have yet to enter one.

    right? ──no──► 403, nothing was read          code entered? ──no──► code or enrolment page, and back here

The right is asked first: whoever has none is not even asked for a code. These pages need a code entered in this very
session, also where the tenant does not use the second factor yet (D, R-023).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import wraps

from aiohttp import web

from gateway.core.errors import GatewayError
from gateway.core.rights import administered, may_set
from gateway.portal.visits import CODE, ENROL, LOCKED, PORTAL, REGISTRATION, VISIT, Portal, Visit, onward, see_other
from gateway.stores.records import Continuation

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_May = Callable[[Portal, Visit], bool]


class NotAllowed(GatewayError):
    """This person has no right to this page or to this row."""


def for_staff(handler: Handler) -> Handler:
    """Pages of an office's own staff (A-IDs): settings, progress, audit."""
    return _guarded(handler, lambda _, visit: may_set(visit.live.record.session.subject))


def for_administrators(handler: Handler) -> Handler:
    """Pages of those who administer people: an office's staff, an establishment's administrators."""
    return _guarded(handler, lambda _, visit: administered(visit.live.record.session.subject) is not None)


def for_operators(handler: Handler) -> Handler:
    """Pages of the operator: login IDs that the configuration names."""
    return _guarded(handler, lambda portal, visit: visit.login_id in portal.offices.operators)


def for_enrolled(handler: Handler) -> Handler:
    """Pages about one's own second factor, for whoever entered a code of it in this session."""

    @wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        if request[VISIT].proven:
            return await handler(request)
        return await _to_the_code(request)

    return guarded


def _guarded(handler: Handler, may: _May) -> Handler:
    @wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        visit = request[VISIT]
        if not may(request.app[PORTAL], visit):
            raise NotAllowed
        if visit.proven:
            return await handler(request)
        return await _to_the_code(request)

    return guarded


async def _to_the_code(request: web.Request) -> web.Response:
    """The page that is due, remembering this one. A form is not kept: its page is shown again instead."""
    portal, visit = request.app[PORTAL], request[VISIT]
    due = await onward(portal, visit, wants_full=True)
    if due not in (CODE, ENROL, LOCKED, REGISTRATION):
        raise NotAllowed  # full without a code, and nobody who may enter one: there is no way on
    waiting = visit.live.record.continuation
    if waiting is None or waiting.kind == "visit":
        target = request.raw_path.encode("ascii", "replace") if request.method == "GET" else request.path.encode()
        going = Continuation(target, "visit", request.path)
        await portal.sessions.update(visit.live, lambda record: replace(record, continuation=going))
    return see_other(due)
