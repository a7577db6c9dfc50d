"""The lock page (B4, B5): until when, whom to ask, what works meanwhile."""

from __future__ import annotations

import math

from aiohttp import web

from gateway.portal.views import LockedView
from gateway.portal.visits import LOCKED, PORTAL, VISIT, back_link, onward, page, see_other


async def show(request: web.Request) -> web.Response:
    """GET: the lock as it stands; when it is over, the way on."""
    portal, visit = request.app[PORTAL], request[VISIT]
    due = await onward(portal, visit, wants_full=True)
    if due != LOCKED:
        return see_other(due)
    standing = await portal.factors.standing(visit.login_id)
    until = None if standing.stopped or standing.locked_until is None else full_minute(standing.locked_until)
    return page(request, LockedView(visit.live.record.csrf, until, back_link(request, portal, visit)))


def full_minute(until: float) -> float:
    """The first full minute in which the lock is over: whoever comes at the time that the page names must get in."""
    return math.ceil(until / 60.0) * 60.0
