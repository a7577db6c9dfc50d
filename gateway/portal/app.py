"""The aiohttp application behind the lane: routes, and what holds for every page.

    faults ──► visitor ──► form check ──► handler        headers are set when the answer goes out

It is served on a private UNIX socket; only the lane can reach it, so the client address and the reference that the
lane adds are believed here.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage

from gateway.config.settings import PublicOrigin
from gateway.core.cookies import Duplicate, own_cookie
from gateway.core.errors import GatewayError, StoreUnavailable
from gateway.core.messages import Answer, header_values
from gateway.core.own_cookies import OwnCookies
from gateway.core.problems import Problem
from gateway.core.rights import may_set
from gateway.core.session import Level, assurance_level
from gateway.portal import (
    cancel,
    choice,
    code,
    enrolment,
    locked,
    routes_help,
    routes_people,
    routes_records,
    routes_settings,
    step_up,
)
from gateway.portal import help as guides
from gateway.portal.assets import PREFIX
from gateway.portal.events import Asker
from gateway.portal.guards import NotAllowed
from gateway.portal.pages import Renderer, language_of
from gateway.portal.reset import RESET_DONE
from gateway.portal.second_factor import SecondFactors
from gateway.portal.visits import (
    CANCEL,
    CHOICE,
    CODE,
    ENROL,
    IMPORT,
    INSTALL,
    LOCKED,
    PORTAL,
    STEP_UP,
    VISIT,
    Offices,
    PolicyOf,
    Portal,
    Record,
    SignOutLegacy,
    Visit,
    asked_origin,
    head_of,
    see_other,
)
from gateway.stores.sessions import Sessions

FORM_BYTES: Final = 64 * 1024  # a page of people or establishments with everything checked, and room to spare
LARGE_FORMS: Final = {IMPORT: 16 << 20}  # for those who may open these pages: to read one holds the loop
TOUCH_SECONDS: Final = 30.0
_SIGNED_IN = frozenset({Level.CHOICE_DUE, Level.CODE_DUE, Level.RESTRICTED, Level.FULL})
_HTTP_PROBLEMS = {404: Problem.NOT_FOUND, 405: Problem.METHOD, 413: Problem.TOO_LARGE}
_PUBLIC = (PREFIX, "/.sekisho/help", RESET_DONE)
_ROUTES = (
    web.get(CHOICE, choice.show),
    web.post(CHOICE, choice.choose),
    web.get(ENROL, enrolment.show),
    web.post(ENROL, enrolment.confirm),
    web.get(CODE, code.show),
    web.post(CODE, code.check),
    web.get(LOCKED, locked.show),
    web.get(STEP_UP, step_up.show),
    web.post(CANCEL, cancel.cancel),
    web.get(INSTALL, guides.install),
    web.get(PREFIX + "{name}", guides.asset),
    *routes_settings.ROUTES,
    *routes_people.ROUTES,
    *routes_records.ROUTES,
    *routes_help.ROUTES,
)
_log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FormStale(GatewayError):
    """A form came from another site, or from a page of another session."""


def build_portal(
    renderer: Renderer,
    sessions: Sessions,
    factors: SecondFactors,
    policy_of: PolicyOf,
    sign_out_legacy: SignOutLegacy,
    sign_in_pages: Mapping[str, str],
    clock: Callable[[], float],
    public_origin: PublicOrigin,
    record: Record,
    offices: Offices,
    other_origins: Mapping[str, str] = MappingProxyType({}),
) -> web.Application:
    """The pages as an application. `sign_in_pages`: app name → address of its sign-in page, the main app first;
    `other_origins`: app name → origin, for apps at another public host."""
    app = web.Application(middlewares=[_faults, _visitor, _form_check], client_max_size=FORM_BYTES)
    own = OwnCookies(public_origin.secure)
    app[PORTAL] = Portal(
        renderer,
        sessions,
        factors,
        policy_of,
        sign_out_legacy,
        sign_in_pages,
        clock,
        public_origin,
        own,
        record,
        offices,
        other_origins,
    )
    app.add_routes(_ROUTES)
    app.on_response_prepare.append(_set_headers)
    return app


async def _set_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in request.app[PORTAL].renderer.headers:
        response.headers.setdefault(name, value)
    response.headers.setdefault("Vary", "Accept-Language")
    response.headers.popall("Server", None)


@web.middleware
async def _faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The one place that turns faults into pages."""
    try:
        return await handler(request)
    except StoreUnavailable as fault:
        _log.error("%s, reference %s", fault, _reference(request))
        return _problem(request, Problem.STORE_DOWN)
    except NotAllowed:
        return _problem(request, Problem.REFUSED)
    except FormStale:
        return _problem(request, Problem.FORM_STALE, action=request.path if request.path != CANCEL else CODE)
    except web.HTTPException as fault:
        if fault.status < 400:
            raise
        return _problem(request, _HTTP_PROBLEMS.get(fault.status, Problem.MALFORMED), status=fault.status)
    except Exception:  # noqa: BLE001 - the last line of defence: a stack trace helps nobody at a page
        _log.exception("page %s failed, reference %s", request.path, _reference(request))
        return _problem(request, Problem.BROKEN)


@web.middleware
async def _visitor(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out who is here. Without a session only the public pages open."""
    if request.path.startswith(_PUBLIC):
        return await handler(request)
    portal = request.app[PORTAL]
    token = own_cookie(request.raw_headers, portal.own.session)
    if isinstance(token, Duplicate):
        return _problem(request, Problem.MALFORMED)
    live = await portal.sessions.load(token) if token is not None else None
    origin = asked_origin(request)
    if live is None or portal.origin_of(live.record.session.app) != origin:
        return _nobody(request, portal.first_app_at(origin), presented=token is not None)
    session = live.record.session
    policy = await portal.policy_of(session)
    now = portal.clock()
    level = assurance_level(session, policy, now)
    if level not in _SIGNED_IN:
        return _nobody(request, session.app, presented=True)
    if now - session.seen_at > TOUCH_SECONDS:
        live = portal.sessions.touch(live, now)
    asker = Asker(session.subject, request.headers.get("X-Sekisho-Client", ""), _reference(request))
    request[VISIT] = Visit(live, policy, level, asker, language_of(request.raw_headers))
    return await handler(request)


@web.middleware
async def _form_check(request: web.Request, handler: Handler) -> web.StreamResponse:
    """R-121: a form counts only from our own page (the browser's word) of this very session (the token)."""
    if request.method == "POST" and VISIT in request:
        if not _from_own_page(request):
            raise FormStale
        visit = request[VISIT]
        large = request.path in LARGE_FORMS and may_set(visit.live.record.session.subject)
        if large and visit.proven:
            request = request.clone(client_max_size=LARGE_FORMS[request.path])
        sent = (await _form(request, files=large)).get("csrf", "")
        kept = visit.live.record.csrf
        if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), kept.encode()):
            raise FormStale
    return await handler(request)


async def _form(request: web.Request, *, files: bool) -> Mapping[str, object]:
    """The fields; what no browser makes of our forms (another charset, a broken multipart body) answers 400, and so
    does a multipart body where none of our forms sends one: a thousand small parts cost more than a second."""
    try:
        if (request.charset or "utf-8").lower() != "utf-8":
            raise web.HTTPBadRequest
        if request.content_type.startswith("multipart/") and not files:
            raise web.HTTPBadRequest
        return await request.post()
    except (AssertionError, LookupError, RuntimeError, ValueError, BadHttpMessage, web.RequestPayloadError):
        raise web.HTTPBadRequest from None


def _from_own_page(request: web.Request) -> bool:
    """Sec-Fetch-Site where the browser sends it, else Origin; very old browsers send neither and have the token."""
    sites = header_values(request.raw_headers, b"sec-fetch-site")
    if sites:
        return sites == [b"same-origin"]
    origins = header_values(request.raw_headers, b"origin")
    return not origins or origins == [asked_origin(request).encode()]


def _nobody(request: web.Request, app: str, *, presented: bool) -> web.Response:
    """No session, or one that has ended: the way to the sign-in page, in words when there was one before."""
    portal = request.app[PORTAL]
    page = portal.sign_in_page(app)
    forget = portal.own.clear(portal.own.session)
    if request.path == CANCEL:
        return see_other(page, forget)
    if not presented and request.method in ("GET", "HEAD"):
        return see_other(page)
    response = _problem(request, Problem.EXPIRED if presented else Problem.SIGN_IN_DUE, action=page)
    if presented:
        response.headers.add(forget[0].decode(), forget[1].decode())
    return response


def _problem(request: web.Request, problem: Problem, *, status: int | None = None, action: str = "") -> web.Response:
    renderer = request.app[PORTAL].renderer
    return _as_response(
        renderer.error_answer(problem, head_of(request), _reference(request), status=status, action=action)
    )


def _as_response(answer: Answer) -> web.Response:
    response = web.Response(status=answer.status, body=answer.body)
    for name, value in answer.headers:
        response.headers[name.decode("ascii")] = value.decode("ascii")
    return response


def _reference(request: web.Request) -> str:
    return request.headers.get("X-Sekisho-Reference", "")
