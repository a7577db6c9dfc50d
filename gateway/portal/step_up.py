"""The step-up page (C6): says that this needs a code before it asks for one."""

from __future__ import annotations

from urllib.parse import unquote

from aiohttp import web

from gateway.core.session import Level
from gateway.portal.views import StepUpView
from gateway.portal.visits import CODE, PORTAL, VISIT, back_link, came_from, onward, page, see_other, with_back


async def show(request: web.Request) -> web.Response:
    """GET: for a restricted session; anybody else goes where they are due."""
    portal, visit = request.app[PORTAL], request[VISIT]
    if visit.level is not Level.RESTRICTED:
        return see_other(await onward(portal, visit))
    record = visit.live.record
    waiting = record.continuation
    kept = waiting is not None and waiting.kind == "form"
    wanted = unquote(waiting.label, errors="replace") if waiting is not None and waiting.kind != "answer" else ""
    onward_page = with_back(CODE, came_from(request))
    return page(request, StepUpView(record.csrf, wanted, kept, onward_page, back_link(request, portal, visit)))
