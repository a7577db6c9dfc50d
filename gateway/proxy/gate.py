"""The gate: every request is judged here before one byte reaches an app.

    head ─► proper HTTP? ─► whose path? ─► who asks? ─► core.decide ─► Forward · Reply · ReadBody
                              │ /.sekisho/ → the portal's private socket

`admit` stays synchronous while everything it needs is at hand (a known session, settings read a moment ago): that is
the fast path. Whatever must ask a store, read a body or keep something is a coroutine. The one place that turns a
decision into HTTP is `_carry_out`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import assert_never

from gateway.core.apps import PAGES
from gateway.core.calendar import Calendar
from gateway.core.cookies import Duplicate, own_value
from gateway.core.decide import (
    AccessMap,
    ChoiceNeeded,
    CodeNeeded,
    Decision,
    Pass,
    Reason,
    Refused,
    RequestFacts,
    SignInNeeded,
    SignOut,
    decide,
    needs_form,
)
from gateway.core.errors import StoreUnavailable
from gateway.core.judging import attempted_login_id, is_form_like, may_carry_login_id, mentions_login_id, posted_form
from gateway.core.messages import Answer, RequestHead, header_values
from gateway.core.own_cookies import OwnCookies
from gateway.core.params import Missing, Parameters
from gateway.core.path_folding import folded_path
from gateway.core.problems import ErrorPage, Problem
from gateway.core.session import Level
from gateway.core.signin import SignInRule
from gateway.core.websocket import SWITCHING
from gateway.proxy.actions import Action, Forward, Peer, ReadBody, Reply, Shortcut
from gateway.proxy.express import Express
from gateway.proxy.forwarding import Forwarding
from gateway.proxy.prepared import Prepared
from gateway.proxy.reception import Reception, Unwelcome
from gateway.proxy.replies import new_reference
from gateway.proxy.sign_in import SignIn
from gateway.proxy.visit import Visit
from gateway.proxy.waiting import Waiting
from gateway.stores.sessions import LiveSession, Sessions

PORTAL = ".pages"
TOUCH_SECONDS = 30.0
LARGEST_TYPED = 1 << 20  # what is no upload of somebody with a code is never longer at a sign-in address
_RESERVED = PAGES.rstrip(b"/")
_PROBLEMS = {
    405: Problem.METHOD,
    408: Problem.TOO_SLOW,
    413: Problem.TOO_LARGE,
    414: Problem.TOO_LARGE,
    431: Problem.TOO_LARGE,
}
_log = logging.getLogger("sekisho.gate")


@dataclass(frozen=True, slots=True)
class GateParts:
    """What the gate is made of."""

    reception: Reception
    access: AccessMap
    sessions: Sessions
    sign_in: SignIn
    forwarding: Forwarding
    express: Express
    waiting: Waiting
    own: OwnCookies
    error_page: ErrorPage
    crowded: Prepared
    calendar: Calendar
    sign_in_bytes: int
    form_bytes: int


class LaneGate:
    """Judges requests for the lane (`actions.Gate`)."""

    def __init__(self, parts: GateParts) -> None:
        self._parts = parts

    def admit(self, head: RequestHead, peer: Peer, has_body: bool) -> Action | Awaitable[Action]:
        """Judge one request; a plain Action when nothing had to be awaited."""
        visit = self._parts.reception.receive(head, peer, has_body)
        if isinstance(visit, Unwelcome):
            return Reply(
                self._parts.error_page(visit.problem, head, new_reference(), status=visit.status, reason=visit.reason)
            )
        own = self._parts.own
        token, sealed = own_value(visit.cookies, own.session), own_value(visit.cookies, own.jar)
        if isinstance(token, Duplicate) or isinstance(sealed, Duplicate):
            return self._malformed(visit, 400, "duplicate-cookie")
        visit.token, visit.sealed_jar = token, sealed
        if _RESERVED in visit.target.path or visit.target.doubt is not None:
            page = self._page(visit)
            if page is not None:
                return page
        if (token is None and sealed is None) or self._parts.reception.recognise(visit):
            return self._judge(visit)
        return self._look_up(visit)

    @property
    def shortcut(self) -> Shortcut:
        """Asked first: knows what to do if the like of a request was judged before and nothing has changed since."""
        return self._parts.express.admit

    def refuse_malformed(self, status: int, detail: str, head: RequestHead | None, peer: Peer) -> Answer:
        """The answer to what is no proper request."""
        reference = new_reference()
        _log.info("%s sent what is no proper request (%s), reference %s", peer.address, detail, reference)
        problem = _PROBLEMS.get(status, Problem.MALFORMED)
        return self._parts.error_page(problem, head, reference, status=status, reason=detail)

    def upstream_failed(self, head: RequestHead, peer: Peer, app: str, *, timed_out: bool) -> Answer:
        """The answer when an app failed before anything of its answer went out."""
        reference = new_reference()
        how = "took too long" if timed_out else "failed"
        _log.warning("app %s %s for %s, reference %s", app, how, peer.address, reference)
        return self._parts.error_page(Problem.UPSTREAM_SLOW if timed_out else Problem.UPSTREAM_DOWN, head, reference)

    def upstream_crowded(self, head: RequestHead, peer: Peer, app: str) -> Answer:
        """The answer when so many requests wait for an app that one more is turned away. No log line for each: this
        must cost less than to serve it."""
        del peer, app
        return self._parts.crowded.answer(head)

    def _page(self, visit: Visit) -> Action | None:
        """The gateway's own pages, in their exact spelling; None for what no app could read as one of them."""
        path = visit.target.path
        if visit.target.doubt is None and path.startswith(PAGES):
            return self._parts.forwarding.to_portal(visit, PORTAL)
        if (folded_path(path) + b"/").startswith(PAGES):
            return self._malformed(visit, 404, "no-such-page")
        return None

    async def _look_up(self, visit: Visit) -> Action:
        try:
            await self._parts.reception.look_up(visit)
        except StoreUnavailable as fault:
            return self._store_down(visit, fault)
        return await _settled(self._judge(visit))

    def _decide(self, visit: Visit, form: Parameters | None = None) -> Decision:
        parts, visitor = self._parts, visit.visitor
        facts = RequestFacts(visit.head.method, visit.target, visit.has_body, parts.calendar.today(visit.now), form)
        return decide(visitor.session, facts, parts.access, visitor.policy, visit.now)

    def _judge(self, visit: Visit) -> Action | Awaitable[Action]:
        if visit.visitor.live is not None and self._parts.waiting.is_due(visit):
            return self._deliver(visit)
        decision = self._decide(visit)
        if isinstance(decision, Refused):
            return self._carry_out(visit, decision, None)
        if visit.has_body or visit.target.query is not None:
            target = visit.target
            watched = self._parts.access.doors.beside(target.path, doubtful=target.doubt is not None)
            if not watched:
                watched = self._parts.access.doors.anywhere(visit.app.name)
                if any(mentions_login_id(rule, target.query, (), b"") for rule in watched):
                    return self._refuse(visit, Reason.DOUBTFUL_DOOR)
                # A body that no app takes for a form goes on as it comes: an upload by a script.
                watched = watched if visit.has_body and is_form_like(visit.head.headers) else ()
            if watched:
                return self._at_the_door(visit, watched, decision.level)
        visit.by_head = not visit.has_body
        if visit.has_body and decision.level is Level.RESTRICTED:
            candidates = () if visit.target.doubt else self._parts.access.routes.candidates(visit.target.path)
            if needs_form(candidates, visit.head.method):
                return self._read(visit, self._parts.form_bytes, lambda body: self._judge_form(visit, body))
        return self._carry_out(visit, decision, None)

    def _at_the_door(self, visit: Visit, watched: tuple[SignInRule, ...], level: Level) -> Action | Awaitable[Action]:
        if not visit.has_body:
            return self._past_the_door(visit, watched, b"")
        limit = self._parts.sign_in_bytes
        if limit > LARGEST_TYPED and not (level is Level.FULL and _uploads(visit)):
            limit = LARGEST_TYPED
        return self._read(visit, limit, lambda body: self._past_the_door(visit, watched, body))

    async def _past_the_door(self, visit: Visit, watched: tuple[SignInRule, ...], body: bytes) -> Action:
        """A sign-in when it is one by the rule: its address, its method, its field. Else a request like any other.

        Where the field stands in another way (as JSON, in the query, beside the address) the app may still sign
        somebody in, and nobody here would know whom: no session's vault goes along with that.
        """
        target, headers = visit.target, visit.head.headers
        rules = () if target.doubt is not None else self._parts.access.doors.sign_in(visit.head.method, target.path)
        for rule in rules:
            if not may_carry_login_id(rule, target.query, headers):
                continue
            typed = attempted_login_id(rule, target.query, headers, body)
            if typed is Missing.DOUBT:
                return self._malformed(visit, 400, "doubtful-sign-in")
            if typed is not Missing.ABSENT:
                return await self._signing_in(visit, rule, typed, body)
        if visit.visitor.live is None:  # an app that signs in for one request alone shows a stranger everything at once
            watched = tuple(rule for rule in watched if rule.anywhere)
        if any(mentions_login_id(rule, target.query, headers, body) for rule in watched):
            return self._refuse(visit, Reason.DOUBTFUL_DOOR)
        return await self._judge_form(visit, body)

    async def _signing_in(self, visit: Visit, rule: SignInRule, typed: str, body: bytes) -> Action:
        """Below a full session the sign-in form was a stranger's, and so is its answer."""
        try:
            if visit.visitor.live is not None and self._decide(visit).level is not Level.FULL:
                await self._parts.reception.make_stranger(visit)
            return await self._parts.sign_in.carry(visit, rule, typed, body)
        except StoreUnavailable as fault:
            return self._store_down(visit, fault)

    async def _judge_form(self, visit: Visit, body: bytes) -> Action:
        headers = visit.head.headers
        form = posted_form(headers, body)
        return await _settled(self._carry_out(visit, self._decide(visit, form), body if visit.has_body else None))

    def _read(self, visit: Visit, limit: int, then: Callable[[bytes], Awaitable[Action]]) -> ReadBody:
        """Read the body first. It may take minutes: who asks is found out again when it is there."""

        async def go_on(body: bytes) -> Action:
            try:
                await self._parts.reception.again(visit)
            except StoreUnavailable as fault:
                return self._store_down(visit, fault)
            return await then(body)

        return ReadBody(limit, go_on, lambda: self._malformed(visit, 413, "body-too-large"))

    def _carry_out(self, visit: Visit, decision: Decision, body: bytes | None) -> Action | Awaitable[Action]:
        match decision:
            case Pass():
                if decision.reason is Reason.PUBLIC_ROUTE and visit.visitor.live is not None:
                    due = self._parts.waiting.leads_on(visit, decision.level)
                    return self._as_stranger(visit, body) if due is None else self._carry_out(visit, due, body)
                return self._pass(visit, decision.level, body)
            case SignOut():
                return self._sign_out(visit, body)
            case SignInNeeded():
                return self._parts.waiting.sign_in_needed(visit, decision)
            case ChoiceNeeded() | CodeNeeded():
                return self._parts.waiting.more_needed(visit, decision, body)
            case Refused():
                return self._refuse(visit, decision.reason)
            case _:
                assert_never(decision)

    def _pass(self, visit: Visit, level: Level, body: bytes | None) -> Action:
        live = visit.visitor.live
        if live is not None and visit.now - live.record.session.seen_at > TOUCH_SECONDS:
            visit.visitor.live = self._parts.sessions.touch(live, visit.now)
        return self._to_app(visit, level, body)

    def _to_app(self, visit: Visit, level: Level, body: bytes | None) -> Action:
        """Let it through; a WebSocket stays open for as long as it would be let through again."""
        action = self._parts.forwarding.to_app(visit, level, body)
        if visit.handshake:
            action.headers = (*action.headers, *SWITCHING)
            opened = visit.visitor.live
            action.still = lambda heard: self._still(visit, heard, opened)
        elif visit.by_head and visit.head.block:
            self._parts.express.learn(visit, level, action)
        return action

    async def _still(self, visit: Visit, heard: bool, opened: LiveSession | None) -> bool:
        """Whether a WebSocket would be let through now. What the browser says on it counts as use of the session.

        One that was `opened` with a session's vault is not let through as a stranger's: the app knows who it is. It
        ends, too, when the second factor was locked since.
        """
        parts = self._parts
        try:
            await parts.reception.again(visit)
            live, decision = visit.visitor.live, self._decide(visit)
            if not isinstance(decision, Pass):
                return False
            if opened is not None:
                if live is None or decision.reason is Reason.PUBLIC_ROUTE:
                    return False
                if live.record.locked_at != opened.record.locked_at:
                    return False
            if heard and live is not None and visit.now - live.record.session.seen_at > TOUCH_SECONDS:
                visit.visitor.live = parts.sessions.touch(live, visit.now)
        except StoreUnavailable as fault:
            _log.warning("a WebSocket ends: %s, reference %s", fault, visit.reference)
            return False
        return True

    async def _as_stranger(self, visit: Visit, body: bytes | None) -> Action:
        try:
            await self._parts.reception.make_stranger(visit)
        except StoreUnavailable as fault:
            return self._store_down(visit, fault)
        return self._to_app(visit, Level.ANONYMOUS, body)

    async def _sign_out(self, visit: Visit, body: bytes | None) -> Action:
        """The session ends first: whatever becomes of the app's answer, nobody is signed in any more (A10)."""
        try:
            if visit.visitor.live is not None:
                await self._parts.sessions.end(visit.visitor.live)
        except StoreUnavailable as fault:
            return self._store_down(visit, fault)
        return self._parts.forwarding.signing_out(visit, body)

    async def _deliver(self, visit: Visit) -> Action:
        """The person has proven what was missing: give them what was held for them, once."""
        try:
            return await self._parts.waiting.deliver(visit, self._decide)
        except StoreUnavailable as fault:
            return self._store_down(visit, fault)

    def _refuse(self, visit: Visit, reason: Reason) -> Reply:
        return Reply(self._parts.error_page(Problem.REFUSED, visit.head, visit.reference, reason=reason.value))

    def _malformed(self, visit: Visit, status: int, reason: str) -> Reply:
        return Reply(
            self._parts.error_page(Problem.MALFORMED, visit.head, visit.reference, status=status, reason=reason)
        )

    def _store_down(self, visit: Visit, fault: StoreUnavailable) -> Reply:
        _log.error("%s, reference %s", fault, visit.reference)
        return Reply(self._parts.error_page(Problem.STORE_DOWN, visit.head, visit.reference))


def _uploads(visit: Visit) -> bool:
    """Files in parts are taken apart quickly; a form as long in one piece would hold everybody up."""
    return any(b"multipart/form-data" in value for value in header_values(visit.head.headers, b"content-type"))


async def _settled(action: Action | Awaitable[Action]) -> Action:
    """The action itself, whether it was there at once or still had to be awaited."""
    return action if isinstance(action, Forward | Reply | ReadBody) else await action
