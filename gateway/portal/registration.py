"""The page that asks for a registration code before an enrolment, where an office demands one (R-024).

    typed ──► normalise ──► reserve an attempt ──► compare ──► kept in the session, spent with the enrolment itself
              not counted    locked: stop here      wrong

Counted before it is compared, like a code of a second factor: whoever has the password has these tries and no more.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlencode

from aiohttp import web

from gateway.core.lockout import Locked, LockoutLimits, Reserved, Stopped
from gateway.portal import registration_codes as codes
from gateway.portal.events import Event
from gateway.portal.people_search import drop, keep, load
from gateway.portal.second_factor import LockedOut, Standing, Unreadable, Wrong
from gateway.portal.views import Message
from gateway.portal.views_office import FieldFault
from gateway.portal.views_registration import RegistrationView
from gateway.portal.visits import (
    ENROL,
    LOCKED,
    PORTAL,
    REGISTRATION,
    VISIT,
    Portal,
    Visit,
    back_link,
    came_from,
    onward,
    page,
    see_other,
    with_back,
)

ENDED = "ended"  # the word for a code that ended, or was replaced, between this page and the enrolment
_FIELD = "registration"
_TYPED = "registration-typed"
_LENGTH = re.compile(r"length-([0-9]{1,3})", re.ASCII)


async def lacking(portal: Portal, visit: Visit) -> bool:
    """Whether this person may not enrol yet: their office demands a code, and none that is good now was entered."""
    if not visit.policy.registration_code:
        return False
    entered = visit.live.record.registration
    if entered is None:
        return True
    good = await portal.offices.registry.registration_code(visit.login_id, portal.clock())
    return good is None or good.code != entered


async def show(request: web.Request) -> web.Response:
    """GET: one field, for whoever is about to enrol."""
    portal, visit = request.app[PORTAL], request[VISIT]
    due = await onward(portal, visit, wants_full=True)
    if due != ENROL:
        return see_other(with_back(due, came_from(request)) if due == LOCKED else due)
    if not await lacking(portal, visit):
        return see_other(with_back(ENROL, came_from(request)))
    standing = await portal.factors.standing(visit.login_id)
    fault = _fault_of(request.query.get("fault", ""), standing, portal.factors.limits)
    view = RegistrationView(
        csrf=visit.live.record.csrf,
        account=visit.login_id,
        typed=await _kept(portal, visit) if fault is not None else "",
        tries=portal.factors.limits.tries,
        lock_seconds=portal.factors.limits.lock_seconds,
        faults=() if fault is None else (FieldFault(_FIELD, fault),),
        back=back_link(request, portal, visit),
    )
    return page(request, view)


async def check(request: web.Request) -> web.Response:
    """POST: one code. What was typed comes back with what was wrong about it."""
    portal, visit = request.app[PORTAL], request[VISIT]
    if await onward(portal, visit, wants_full=True) not in (ENROL, LOCKED):
        return see_other(await onward(portal, visit))
    if not await lacking(portal, visit):
        return see_other(with_back(ENROL, came_from(request)))
    typed = (await request.post()).get(_FIELD, "")
    typed = typed if isinstance(typed, str) else ""
    found = await _judged(portal, visit, codes.normalised(typed))
    if isinstance(found, LockedOut):
        return see_other(with_back(LOCKED, came_from(request)))
    if isinstance(found, Unreadable | Wrong):
        await keep(portal, visit, _TYPED, _hidden(portal, visit, typed[:100]))
        return see_other(again(request, found.fault if isinstance(found, Unreadable) else "wrong"))
    await drop(portal, visit, _TYPED)
    kept = await portal.sessions.update(visit.live, lambda record: replace(record, registration=found))
    if kept is None:
        return see_other(portal.sign_in_page(visit.live.record.session.app))
    return see_other(with_back(ENROL, came_from(request)))


def again(request: web.Request, word: str = "") -> str:
    """The address of the page that says what was wrong."""
    query = urlencode({name: text for name, text in (("fault", word), ("back", came_from(request))) if text})
    return f"{REGISTRATION}?{query}" if query else REGISTRATION


async def _judged(portal: Portal, visit: Visit, code: str) -> bytes | Unreadable | Wrong | LockedOut:
    """The code as the registry has it, sealed, if that is what was typed."""
    fault = codes.what_is_wrong(code)
    if fault:
        return Unreadable(fault)
    registry, login_id = portal.offices.registry, visit.login_id
    now = portal.clock()
    attempt = await registry.reserve_attempt(login_id, now, portal.factors.limits)
    if isinstance(attempt, Locked | Stopped):
        return LockedOut()
    good = await registry.registration_code(login_id, now)
    if good is not None and codes.same(code, codes.opened(portal.offices.keys, good.code, login_id)):
        await registry.clear_attempts(login_id)
        await portal.record(visit.asker.event(Event.REGISTRATION_ACCEPTED, now))
        return good.code
    return await _refused(portal, visit, attempt, now)


async def _refused(portal: Portal, visit: Visit, attempt: Reserved, now: float) -> Wrong | LockedOut:
    await portal.record(visit.asker.event(Event.REGISTRATION_REFUSED, now, (("left", str(attempt.left)),)))
    if attempt.stopped:
        await portal.record(visit.asker.event(Event.FACTOR_STOPPED, now))
    elif attempt.locked_until is not None:
        await portal.record(visit.asker.event(Event.FACTOR_LOCKED, now))
    else:
        return Wrong()
    return LockedOut()


def _fault_of(word: str, standing: Standing, limits: LockoutLimits) -> Message | None:
    """The sentence for the word in the query. Counts come from the registry: nobody can put them into an address."""
    length = _LENGTH.fullmatch(word)
    if length is not None:
        return Message("registration.fault.length", (("count", length[1]), ("right", codes.LENGTH)))
    if word in ("empty", "letters", ENDED):
        return Message(f"registration.fault.{word}")
    if word != "wrong" or standing.failures == 0:
        return None
    if standing.left <= 1:
        return Message("registration.fault.wrong.last", (("length", limits.lock_seconds),))
    return Message("registration.fault.wrong", (("left", str(standing.left)), ("length", limits.lock_seconds)))


def _hidden(portal: Portal, visit: Visit, typed: str) -> str:
    """A slip of one letter leaves nearly the whole code: not to be read in the registry."""
    return portal.offices.keys.seal(typed.encode(), _seal_name(visit)).hex()


async def _kept(portal: Portal, visit: Visit) -> str:
    kept = await load(portal, visit, _TYPED)
    if not isinstance(kept, str):
        return ""
    return portal.offices.keys.open(bytes.fromhex(kept), _seal_name(visit)).decode()


def _seal_name(visit: Visit) -> bytes:
    return b"registration-typed:" + visit.login_id.encode()
