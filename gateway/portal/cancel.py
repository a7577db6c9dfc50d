"""「キャンセル」 (A8): the person is signed out of the gateway and of the app."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web

from gateway.portal.events import Event
from gateway.portal.visits import PORTAL, VISIT, Portal, Visit, noted, see_other

SIGN_OUT_SECONDS = 5.0
_log = logging.getLogger(__name__)


async def cancel(request: web.Request) -> web.Response:
    """POST: end both sessions. The gateway's goes first: from then on nothing that the app does matters."""
    portal, visit = request.app[PORTAL], request[VISIT]
    await portal.sessions.end(visit.live)
    await sign_out_of_app(portal, visit)
    await noted(portal, visit, Event.SESSION_CANCELLED)
    signed_in_at = portal.sign_in_page(visit.live.record.session.app)
    return see_other(signed_in_at, portal.own.clear(portal.own.session))


async def sign_out_of_app(portal: Portal, visit: Visit) -> None:
    """Tell the app of this session that it is over; an app that does not listen keeps a session that nobody can use."""
    try:
        await asyncio.wait_for(portal.sign_out_legacy(visit.live), SIGN_OUT_SECONDS)
    except Exception:  # noqa: BLE001 - whatever it was, the vault with the app's session is gone
        _log.exception("the app did not sign out, reference %s", visit.asker.reference)
