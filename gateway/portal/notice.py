"""The notice of an enrolment: whoever signs in next is told that a second factor was registered, when and from where.

Somebody with a stolen password may have registered their own (R-024, R-025): the owner must hear of it. It stands
between the choice or the code and what waits, once per kind of session; without the registry nobody is held up by it.
"""

from __future__ import annotations

import logging
import math

from aiohttp import web

from gateway.core.errors import StoreUnavailable
from gateway.portal.events import Event
from gateway.portal.views_registration import NoticeView
from gateway.portal.visits import PORTAL, VISIT, Portal, Visit, kind_of, landing, noted, onward, page, see_other
from gateway.stores.base_people import FactorNotice

_log = logging.getLogger(__name__)


async def show(request: web.Request) -> web.Response:
    """GET: the notice, if there is one that this kind of session has not seen."""
    portal, visit = request.app[PORTAL], request[VISIT]
    kind = kind_of(visit.level)
    notice = await _notice(portal, visit, kind) if kind else None
    if notice is None:
        return see_other(await onward(portal, visit))
    view = NoticeView(
        csrf=visit.live.record.csrf,
        account=visit.login_id,
        enrolled_at=notice.enrolled_at,
        enrolled_from=notice.enrolled_from,
        seen=repr(notice.enrolled_at),
        onward=landing(portal, visit.live.record),
    )
    return page(request, view)


async def confirm(request: web.Request) -> web.Response:
    """POST: it was the person themselves; on to what waits. Only the enrolment that was shown counts as seen."""
    portal, visit = request.app[PORTAL], request[VISIT]
    kind, shown = kind_of(visit.level), _moment((await request.post()).get("seen"))
    if kind and shown is not None:
        try:
            await portal.offices.registry.notice_seen(visit.login_id, kind, shown, portal.clock())
        except StoreUnavailable as fault:
            _log.warning("a notice stays unseen: %s, reference %s", fault, visit.asker.reference)
        else:
            await noted(portal, visit, Event.NOTICE_SEEN, (("kind", kind),))
    return see_other(await onward(portal, visit))


async def _notice(portal: Portal, visit: Visit, kind: str) -> FactorNotice | None:
    try:
        return await portal.offices.registry.enrolment_notice(visit.login_id, kind)
    except StoreUnavailable as fault:
        _log.warning("a notice could not be read: %s, reference %s", fault, visit.asker.reference)
        return None


def _moment(sent: object) -> float | None:
    """The moment of the enrolment that the form names."""
    try:
        moment = float(sent) if isinstance(sent, str) and len(sent) < 32 else math.nan
    except ValueError:
        return None
    return moment if math.isfinite(moment) else None
