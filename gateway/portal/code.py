"""The code page (B2): one code, for whoever has a second factor."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from gateway.core.session import Level
from gateway.portal.faults import again, fault_of, needs_clock_advice
from gateway.portal.second_factor import Accepted, LockedOut, NotEnrolled, Outcome, Unregistered
from gateway.portal.views import CodeView
from gateway.portal.visits import (
    CODE,
    ENROL,
    LOCKED,
    PORTAL,
    REGISTRATION,
    VISIT,
    back_link,
    came_from,
    news_for,
    onward,
    page,
    raised,
    see_other,
    with_back,
)


async def show(request: web.Request) -> web.Response:
    """GET: the field, unless something else is due."""
    portal, visit = request.app[PORTAL], request[VISIT]
    due = await onward(portal, visit, wants_full=True)
    if due != CODE:
        return see_other(with_back(due, came_from(request)) if due in (ENROL, LOCKED) else due)
    standing = await portal.factors.standing(visit.login_id)
    limits = portal.factors.limits
    fault = fault_of(request, standing, limits)
    view = CodeView(
        csrf=visit.live.record.csrf,
        account=visit.login_id,
        tries=limits.tries,
        lock_seconds=limits.lock_seconds,
        fault=fault,
        clock_advice=needs_clock_advice(standing, fault),
        back=back_link(request, portal, visit),
        news=await news_for(portal, visit, Level.FULL),
    )
    return page(request, view)


async def check(request: web.Request) -> web.Response:
    """POST: one code."""
    portal, visit = request.app[PORTAL], request[VISIT]
    if await onward(portal, visit, wants_full=True) not in (CODE, ENROL, LOCKED):
        return see_other(await onward(portal, visit))
    outcome = await portal.factors.verify(visit.asker, await typed_code(request))
    return await settled(request, outcome, CODE)


async def settled(request: web.Request, outcome: Outcome, own_page: str) -> web.Response:
    """Where the outcome of a code leads: on, to the lock page, or back to the page with a sentence."""
    portal, visit = request.app[PORTAL], request[VISIT]
    if isinstance(outcome, Accepted):
        now = portal.clock()
        tells = Level.FULL if own_page == CODE else None  # who has just enrolled knows of it
        return await raised(portal, visit, lambda session: replace(session, totp_at=now, seen_at=now), tells=tells)
    if isinstance(outcome, LockedOut):
        if outcome.imposed:
            await portal.sessions.mark_locked(visit.login_id, portal.clock())
        return see_other(with_back(LOCKED, came_from(request)))
    if isinstance(outcome, Unregistered):
        return see_other(f"{REGISTRATION}?fault=ended")
    if isinstance(outcome, NotEnrolled):
        return see_other(with_back(ENROL, came_from(request)))
    return see_other(again(request, own_page, outcome))


async def typed_code(request: web.Request) -> str:
    """What was typed; a field that is missing or holds a file is empty."""
    typed = (await request.post()).get("totp", "")
    return typed if isinstance(typed, str) else ""
