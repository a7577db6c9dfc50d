"""「2要素認証設定初期化」 of one's own second factor (E1): by a session with a code, and the password once more."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from gateway.core.rights import right_to_reset
from gateway.portal import passwords
from gateway.portal.cancel import sign_out_of_app
from gateway.portal.guards import NotAllowed, for_enrolled
from gateway.portal.locked import full_minute
from gateway.portal.pages import language_of
from gateway.portal.reset_targets import Resettable, carry_out, found_subject
from gateway.portal.second_factor import Standing
from gateway.portal.views_office import FieldFault
from gateway.portal.views_people import PasswordState, ResetDoneView, ResetView
from gateway.portal.visits import PORTAL, RESET, VISIT, Portal, Visit, came_from, page, see_other

RESET_DONE = f"{RESET}/done"
HOME = "/"


@for_enrolled
async def show(request: web.Request) -> web.StreamResponse:
    """GET: what a reset does, and the field for the password."""
    portal, visit = request.app[PORTAL], request[VISIT]
    standing = await passwords.standing(portal, visit)
    view = ResetView(
        visit.live.record.csrf,
        visit.login_id,
        came_from(request) or HOME,
        password_state(standing),
        faults_at(request, portal, standing),
    )
    return page(request, view)


@for_enrolled
async def reset(request: web.Request) -> web.StreamResponse:
    """POST: with the right password the second factor is forgotten and every session of this person is over."""
    portal, visit = request.app[PORTAL], request[VISIT]
    outcome = await passwords.check(portal, visit, await typed_password(request))
    if not isinstance(outcome, passwords.Right):
        word = passwords.word_of(outcome)
        given = {"fault": word, "back": came_from(request)}
        query = urlencode({name: value for name, value in given.items() if value})
        return see_other(f"{RESET}?{query}" if query else RESET)
    await carry_out(portal, visit, [await _oneself(portal, visit)])
    await sign_out_of_app(portal, visit)
    query = urlencode({"app": visit.live.record.session.app})
    return see_other(f"{RESET_DONE}?{query}", portal.own.clear(portal.own.session))


async def done(request: web.Request) -> web.StreamResponse:
    """GET, public: whoever was signed out a moment ago reads it. It says nothing of anybody."""
    portal = request.app[PORTAL]
    view = ResetDoneView(portal.sign_in_page(request.query.get("app", "")))
    html = portal.renderer.page(view, language_of(request.raw_headers))
    return web.Response(text=html, content_type="text/html", charset="utf-8")


async def typed_password(request: web.Request) -> str:
    """What was typed; a field that is missing or holds a file is empty."""
    typed = (await request.post()).get("password", "")
    return typed if isinstance(typed, str) else ""


def password_state(standing: Standing) -> PasswordState:
    """The lock of wrong passwords as a page names it."""
    until = None if standing.locked_until is None else full_minute(standing.locked_until)
    return PasswordState(None if standing.stopped else until, standing.stopped)


def faults_at(request: web.Request, portal: Portal, standing: Standing) -> tuple[FieldFault, ...]:
    """What was wrong with the password typed before this page."""
    if standing.locked:
        return ()
    fault = passwords.fault_of(request.query.get("fault", ""), standing, portal.factors.limits)
    return () if fault is None else (FieldFault("password", fault),)


async def _oneself(portal: Portal, visit: Visit) -> Resettable:
    """The person at the page, as directory or roster know them; the session itself where neither does any more."""
    actor = visit.live.record.session.subject
    found = await found_subject(portal.offices, visit.login_id, portal.clock())
    target, row = found if found is not None else (actor, None)
    right = right_to_reset(actor, target)
    if right is None:
        raise NotAllowed
    return Resettable(target, right, row)
