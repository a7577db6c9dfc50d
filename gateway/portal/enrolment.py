"""The enrolment page (B1): QR code, key and the first code."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from aiohttp import web

from gateway.portal.code import settled, typed_code
from gateway.portal.faults import fault_of, needs_clock_advice
from gateway.portal.qr import key_groups, otpauth_uri
from gateway.portal.registration import ENDED, again, lacking
from gateway.portal.second_factor import Ended, Enrolment
from gateway.portal.views import EnrolmentView
from gateway.portal.visits import (
    CODE,
    ENROL,
    LOCKED,
    PORTAL,
    VISIT,
    Visit,
    back_link,
    came_from,
    onward,
    page,
    see_other,
    with_back,
)


async def show(request: web.Request) -> web.Response:
    """GET: the same secret again while it is pending for this session, else a new one."""
    portal, visit = request.app[PORTAL], request[VISIT]
    due = await onward(portal, visit, wants_full=True)
    if due != ENROL:
        return see_other(with_back(due, came_from(request)) if due in (CODE, LOCKED) else due)
    if await lacking(portal, visit):
        entered = visit.live.record.registration is not None
        return see_other(again(request, ENDED if entered else ""))
    begun = await portal.factors.begin(visit.asker, _owner(visit))
    if not isinstance(begun, Enrolment):
        return see_other(with_back(CODE, came_from(request)))
    nonce = begun.nonce
    kept = await portal.sessions.update(visit.live, lambda record: replace(record, enrolment=nonce))
    if kept is None:
        return see_other(portal.sign_in_page(visit.live.record.session.app))
    return await _page(request, begun)


async def confirm(request: web.Request) -> web.Response:
    """POST: the first code. Which secret it is for stands in the session alone (R-021)."""
    portal, visit = request.app[PORTAL], request[VISIT]
    if await onward(portal, visit, wants_full=True) not in (ENROL, LOCKED):
        return see_other(await onward(portal, visit))
    nonce = visit.live.record.enrolment
    if nonce is None:
        return await settled(request, Ended(), ENROL)
    code = visit.live.record.registration if visit.policy.registration_code else None
    if visit.policy.registration_code and code is None:
        return see_other(again(request))
    outcome = await portal.factors.confirm(visit.asker, nonce, await typed_code(request), code)
    return await settled(request, outcome, ENROL)


async def _page(request: web.Request, begun: Enrolment) -> web.Response:
    portal, visit = request.app[PORTAL], request[VISIT]
    factors = portal.factors
    standing = await factors.standing(visit.login_id)
    fault = fault_of(request, standing, factors.limits)
    view = EnrolmentView(
        csrf=visit.live.record.csrf,
        uri=otpauth_uri(begun.secret, visit.login_id, factors.issuer),
        groups=key_groups(begun.secret),
        issuer=factors.issuer,
        account=visit.login_id,
        ends_at=begun.ends_at,
        tries=factors.limits.tries,
        lock_seconds=factors.limits.lock_seconds,
        fault=fault,
        clock_advice=needs_clock_advice(standing, fault),
        back=back_link(request, portal, visit),
    )
    return page(request, view)


def _owner(visit: Visit) -> str:
    """Names this session in the registry without being of any use as a key to it."""
    return hashlib.sha256(b"enrolment" + visit.live.key).hexdigest()[:32]
