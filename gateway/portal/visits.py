"""Who is at a page: session, level, language, and where to go from there."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import parse_qs, quote, urlsplit

from aiohttp import web

from gateway.config.settings import PublicOrigin, Tenants
from gateway.core.errors import StoreUnavailable
from gateway.core.messages import RequestHead
from gateway.core.own_cookies import OwnCookies
from gateway.core.password_answer import PasswordAnswer
from gateway.core.policy import Policy, PolicyRules, with_implied
from gateway.core.rights import administered
from gateway.core.session import Level, Session
from gateway.core.subject import Feature, Subject
from gateway.portal.events import Asker, Event
from gateway.portal.pages import Renderer
from gateway.portal.refreshing import RefreshRoster
from gateway.portal.second_factor import Seals, SecondFactors
from gateway.portal.views import BackLink, Message, View
from gateway.stores.base import AuditEvent, Registry
from gateway.stores.sessions import LiveSession, SessionRecord, Sessions

CHOICE = "/.sekisho/choice"
ENROL = "/.sekisho/enrol"
CODE = "/.sekisho/code"
LOCKED = "/.sekisho/locked"
CANCEL = "/.sekisho/cancel"
STEP_UP = "/.sekisho/step-up"
INSTALL = "/.sekisho/help/install"
NOTICE = "/.sekisho/notice"
REGISTRATION = "/.sekisho/registration"
RESET = "/.sekisho/reset"
SETTINGS = "/.sekisho/settings"
IMPORT = "/.sekisho/settings/import"
PEOPLE = "/.sekisho/people"
AUDIT = "/.sekisho/audit"
OPERATOR_AUDIT = "/.sekisho/operator/audit"
PROGRESS = "/.sekisho/progress"
ROLLOUT = "/.sekisho/rollout"

_log = logging.getLogger(__name__)
PolicyOf = Callable[[Session], Awaitable[Policy]]
SignOutLegacy = Callable[[LiveSession], Awaitable[None]]
Record = Callable[[AuditEvent], Awaitable[None]]
EndSessions = Callable[[Sequence[str]], Awaitable[None]]
_PREFIX = "/.sekisho"
_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*", re.ASCII)
_PARTS = (
    (Feature.ATTENDANCE_PUNCH, "punch"),
    (Feature.ATTENDANCE_NOTIFICATIONS, "notifications"),
    (Feature.PAYSLIP_OWN, "payslip"),
)


@dataclass(frozen=True, slots=True)
class Portal:
    """What the pages touch: nothing else."""

    renderer: Renderer
    sessions: Sessions
    factors: SecondFactors
    policy_of: PolicyOf
    sign_out_legacy: SignOutLegacy
    sign_in_pages: Mapping[str, str]  # by app; the first one serves whoever has no session
    clock: Callable[[], float]
    origin: PublicOrigin
    own: OwnCookies
    record: Record
    offices: Offices
    other_origins: Mapping[str, str] = field(default_factory=dict)  # by app, where that is at another public host

    def sign_in_page(self, app: str = "") -> str:
        """The sign-in page of an app; of the first app when it is unknown."""
        return self.sign_in_pages.get(app) or next(iter(self.sign_in_pages.values()), "/")

    def origin_of(self, app: str) -> str:
        """Where an app is in the browser."""
        return self.other_origins.get(app, self.origin.origin)

    def first_app_at(self, origin: str) -> str:
        """The app whose sign-in page serves whoever has no session at this public host."""
        return next((app for app in self.sign_in_pages if self.origin_of(app) == origin), "")


class CheckPassword(Protocol):
    """Asks the legacy app in a throw-away exchange whether this is the session's own person's password (E1)."""

    async def __call__(self, live: LiveSession, password: str, client: str) -> PasswordAnswer:
        """`client`: the client address that the app is told. Raises UpstreamUnavailable when the app does not say."""


@dataclass(frozen=True, slots=True)
class Offices:
    """What the pages of offices and administrators touch beyond those of the sign-in."""

    registry: Registry
    tenants: Tenants
    forget_tenant: Callable[[str, str | None], None]
    refresh: RefreshRoster
    find_subject: Callable[[str], Awaitable[Subject | None]]
    check_password: CheckPassword
    end_sessions: EndSessions  # of people who were reset, by login ID
    keys: Seals
    rules: PolicyRules
    operators: frozenset[str]


@dataclass(frozen=True, slots=True)
class Visit:
    """A signed-in person at one page."""

    live: LiveSession
    policy: Policy
    level: Level
    asker: Asker
    language: str

    @property
    def login_id(self) -> str:
        """The canonical login ID."""
        return self.live.record.session.subject.login_id

    @property
    def proven(self) -> bool:
        """Whether a code was entered in this session. A full session has none where the tenant does not use 2FA."""
        return self.level is Level.FULL and self.live.record.session.totp_at is not None


PORTAL = web.AppKey("portal", Portal)
VISIT = web.RequestKey("visit", Visit)


def page(request: web.Request, view: View) -> web.Response:
    """The answer with a rendered page."""
    visit = request[VISIT]
    html = request.app[PORTAL].renderer.page(view, visit.language, visit.asker.reference)
    return web.Response(text=html, content_type="text/html", charset="utf-8")


def see_other(address: str, *cookies: tuple[bytes, bytes]) -> web.Response:
    """303. The address is written as it is: aiohttp's own redirects re-quote it."""
    response = web.Response(status=303, headers={"Location": address})
    for name, value in cookies:
        response.headers.add(name.decode("ascii"), value.decode("ascii"))
    return response


def landing(portal: Portal, record: SessionRecord) -> str:
    """Where somebody goes for whom nothing is missing: what waits for them, else the app's sign-in page.

    A target such as `//other.example/` would be another host as a Location; with our origin before it, it is a path.
    """
    waiting = record.continuation
    if waiting is None or not waiting.target.isascii() or not waiting.target.startswith(b"/"):
        return portal.sign_in_page(record.session.app)
    target = waiting.target.decode("ascii")
    return target if _OWN_PATH.fullmatch(target) else portal.origin_of(record.session.app) + target


async def onward(portal: Portal, visit: Visit, *, wants_full: bool = False) -> str:
    """The page that is next for this person; with `wants_full`, on the way to a code."""
    if visit.level is Level.FULL and (not wants_full or _settled(portal, visit)):
        return landing(portal, visit.live.record)
    if visit.level is Level.RESTRICTED and not wants_full:
        return landing(portal, visit.live.record)
    if visit.level is Level.CHOICE_DUE and not wants_full:
        return CHOICE
    if (await portal.factors.standing(visit.login_id)).locked:
        return LOCKED
    return CODE if await portal.factors.enrolled(visit.login_id) else ENROL


def _settled(portal: Portal, visit: Visit) -> bool:
    """Whether a full session needs no code. Those who administer others may enter one although their tenant asks for
    none: what they want to open needs it (D). Nobody else may: who has a password must not enrol there."""
    subject = visit.live.record.session.subject
    return visit.proven or not (administered(subject) or subject.login_id in portal.offices.operators)


def kind_of(level: Level) -> str:
    """What the registry calls a session in which somebody is told of an enrolment; nothing where nobody is."""
    return level.value if level in (Level.RESTRICTED, Level.FULL) else ""


async def raised(
    portal: Portal, visit: Visit, change: Callable[[Session], Session], *, tells: Level | None = None
) -> web.Response:
    """Give the session its new proof or choice under a new token, and send the browser on (R-032).

    `tells`: the level that it reaches, where the session tells of an enrolment before it; None: it enrolled itself.
    """
    news = await news_for(portal, visit, tells) if tells is not None else None

    def rewritten(record: SessionRecord) -> SessionRecord:
        kept = news or record.news if tells is not None else None
        return replace(record, session=change(record.session), enrolment=None, news=kept)

    rotated = await portal.sessions.rotate(visit.live, rewritten)
    if rotated is None:
        return see_other(portal.sign_in_page(visit.live.record.session.app))
    token, live = rotated
    if tells is not None and news is not None:
        await _told(portal, visit, tells, news[0])
    return see_other(landing(portal, live.record), portal.own.set(portal.own.session, token))


async def news_for(portal: Portal, visit: Visit, level: Level) -> tuple[float, str] | None:
    """The enrolment that the next session of this level tells of (R-025): when, from which client address.

    Without the registry a later session does.
    """
    try:
        notice = await portal.offices.registry.enrolment_notice(visit.login_id, kind_of(level))
        return None if notice is None else (notice.enrolled_at, notice.enrolled_from)
    except StoreUnavailable as fault:
        _log.warning("a notice could not be read: %s, reference %s", fault, visit.asker.reference)
        return None


async def _told(portal: Portal, visit: Visit, level: Level, enrolled_at: float) -> None:
    """This session tells of it, so the next one of its kind does not."""
    try:
        await portal.offices.registry.notice_seen(visit.login_id, kind_of(level), enrolled_at, portal.clock())
    except StoreUnavailable as fault:
        _log.warning("a notice stays unseen: %s, reference %s", fault, visit.asker.reference)


async def noted(portal: Portal, visit: Visit, name: Event, detail: tuple[tuple[str, str], ...] = ()) -> None:
    """Write an audit event of something that raises nobody: without the registry it still goes on, and is logged."""
    try:
        await portal.record(visit.asker.event(name, portal.clock(), detail))
    except StoreUnavailable as fault:
        _log.warning("%s without an audit event: %s, reference %s", name, fault, visit.asker.reference)


def exempt_parts(policy: Policy) -> str:
    """The part of a catalogue key that names what works without a code, such as `punch+payslip`."""
    exempt = with_implied(policy.exempt)
    return "+".join(word for feature, word in _PARTS if feature in exempt)


def back_link(request: web.Request, portal: Portal, visit: Visit) -> BackLink | None:
    """The way back that needs no code: to the choice, or to where a restricted session came from."""
    if visit.level is Level.CHOICE_DUE:
        return BackLink(CHOICE, Message("back.choice"))
    if visit.level is not Level.RESTRICTED:
        return None
    address = came_from(request) or portal.sign_in_page(visit.live.record.session.app)
    return BackLink(address, Message(f"back.{exempt_parts(visit.policy)}"))


def asked_origin(request: web.Request) -> str:
    """The public address that this request came to, as the lane says."""
    return request.headers.get("X-Sekisho-Origin") or request.app[PORTAL].origin.origin


def came_from(request: web.Request) -> str:
    """The page of an app that led here, as a path of this origin: for a link, never for a redirect (R-123).

    Pages of ours hand it on in their own address, so a form finds it in the address of its page.
    """
    given = request.query.get("back", "")
    referer = request.headers.get("Referer", "")
    if not given and referer.startswith(asked_origin(request) + "/"):
        parts = urlsplit(referer)
        given = parts.path + (f"?{parts.query}" if parts.query else "")
        if parts.path.startswith(_PREFIX):
            given = parse_qs(parts.query).get("back", [""])[0]
    return given if _OWN_PATH.fullmatch(given) and not given.startswith(_PREFIX) else ""


def with_back(address: str, back: str) -> str:
    """The same page of ours, told where the person came from."""
    return f"{address}?back={quote(back, safe='/')}" if back else address


def head_of(request: web.Request) -> RequestHead:
    """The request as the renderer of problems reads it."""
    return RequestHead(request.method.encode(), request.raw_path.encode("utf-8", "replace"), "1.1", request.raw_headers)
