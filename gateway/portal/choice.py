"""The choice page (A7): everything with a code, or what the establishment exempts without."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from aiohttp import web

from gateway.core.session import Level
from gateway.portal.events import Event
from gateway.portal.views import ChoiceView, Message
from gateway.portal.visits import CHOICE, PORTAL, VISIT, exempt_parts, news_for, noted, onward, page, raised, see_other

_NOTHING = "none"


async def show(request: web.Request) -> web.Response:
    """GET: the two buttons, for whoever has yet to choose."""
    portal, visit = request.app[PORTAL], request[VISIT]
    if visit.level is not Level.CHOICE_DUE:
        return see_other(await onward(portal, visit))
    fault = Message("choice.fault.none") if request.query.get("fault") == _NOTHING else None
    restricted = Message(f"choice.restricted.{exempt_parts(visit.policy)}")
    news = await news_for(portal, visit, Level.RESTRICTED)
    return page(request, ChoiceView(visit.live.record.csrf, restricted, fault, news))


async def choose(request: web.Request) -> web.Response:
    """POST: restricted takes effect at once; full leads to the code and changes nothing yet."""
    portal, visit = request.app[PORTAL], request[VISIT]
    chosen = (await request.post()).get("choice")
    if chosen == "full":
        return see_other(await onward(portal, visit, wants_full=True))
    if visit.level is not Level.CHOICE_DUE:
        return see_other(await onward(portal, visit))
    if chosen != "restricted":
        return see_other(f"{CHOICE}?fault={_NOTHING}")
    now = portal.clock()
    await noted(portal, visit, Event.RESTRICTED_CHOSEN)
    chosen_now = partial(replace, restricted_at=now, seen_at=now)
    return await raised(portal, visit, chosen_now, tells=Level.RESTRICTED)
