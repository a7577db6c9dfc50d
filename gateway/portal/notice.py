"""The notice of an enrolment: whoever signs in next is told that a second factor was registered, when and from where.

    choice or code page: one sentence ─► the session tells of it ─► this page: what to do, and "it was me"

Somebody with a stolen password may have registered their own (R-024, R-025): the owner must hear of it, also when they
have no code to get any further with. Nobody is held up by it.
"""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from gateway.portal.events import Event
from gateway.portal.office_nav import HOME
from gateway.portal.views_registration import NoticeView
from gateway.portal.visits import PORTAL, VISIT, Portal, Visit, kind_of, landing, noted, onward, page, see_other


async def show(request: web.Request) -> web.Response:
    """GET: what this session tells of, if anything."""
    portal, visit = request.app[PORTAL], request[VISIT]
    news = visit.live.record.news
    if news is None or not kind_of(visit.level):
        return see_other(await onward(portal, visit))
    enrolled_at, enrolled_from = news
    view = NoticeView(
        csrf=visit.live.record.csrf,
        account=visit.login_id,
        enrolled_at=enrolled_at,
        enrolled_from=enrolled_from,
        onward=_onward(portal, visit),
    )
    return page(request, view)


async def confirm(request: web.Request) -> web.Response:
    """POST: it was the person themselves; the session tells of it no more."""
    portal, visit = request.app[PORTAL], request[VISIT]
    kind = kind_of(visit.level)
    if kind and visit.live.record.news is not None:
        await portal.sessions.update(visit.live, lambda record: replace(record, news=None))
        await noted(portal, visit, Event.NOTICE_SEEN, (("kind", kind),))
    return see_other(_onward(portal, visit) if kind else await onward(portal, visit))


def _onward(portal: Portal, visit: Visit) -> str:
    """What still waits, else the app's first page: its sign-in page would look as if the session were over."""
    record = visit.live.record
    return HOME if record.continuation is None else landing(portal, record)
