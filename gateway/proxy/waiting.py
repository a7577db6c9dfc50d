"""What waits for a proof: a request that needs more than the person has shown, kept until they have shown it (C6).

A page is led to the portal and comes back to where the person wanted to go; a form that they sent is kept whole and
sent when the code is in. A script gets a status and a reason instead: it could do nothing with a page.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from gateway.core.apps import AppTable
from gateway.core.decide import ChoiceNeeded, CodeNeeded, Decision, Pass, Reason, SignInNeeded
from gateway.core.errors import StoreUnavailable
from gateway.core.messages import Answer, first_header, header_values
from gateway.core.navigation import is_navigation
from gateway.core.own_cookies import OwnCookies
from gateway.core.page_edits import edit_page
from gateway.core.params import Parameters, parse_form
from gateway.core.problems import ErrorPage, Problem
from gateway.core.public_hosts import PublicHosts
from gateway.core.session import Level, assurance_level
from gateway.core.signin import FieldPlace
from gateway.proxy.actions import Action, Forward, ReadBody, Reply
from gateway.proxy.forwarding import Forwarding
from gateway.proxy.replies import see_other, with_headers
from gateway.proxy.sign_in import CHOICE_PAGE, CODE_PAGE
from gateway.proxy.visit import Visit
from gateway.stores.records import Continuation, HeldForm, SessionRecord
from gateway.stores.sessions import LiveSession, Sessions

STEP_UP_PAGE = b"/.sekisho/step-up"
_SETTLED = frozenset({Level.FULL, Level.RESTRICTED})
_DUE = frozenset({Level.CHOICE_DUE, Level.CODE_DUE})
_READING = frozenset({b"GET", b"HEAD"})
_FRAMES = ([b"frame"], [b"iframe"])
_log = logging.getLogger("sekisho.waiting")
Judge = Callable[[Visit, Parameters | None], Decision]


class Waiting:
    """Keeps what waits, and gives it back when the proof is there."""

    def __init__(
        self,
        sessions: Sessions,
        forwarding: Forwarding,
        apps: AppTable,
        own: OwnCookies,
        error_page: ErrorPage,
        public_origin: bytes,
        form_bytes: int,
        hosts: PublicHosts,
    ) -> None:
        self._sessions = sessions
        self._forwarding = forwarding
        self._apps = apps
        self._own = own
        self._error_page = error_page
        self._public_origin = public_origin
        self._form_bytes = form_bytes
        self._hosts = hosts
        self._framed = any(rule.framed for app in apps.by_name.values() for rule in app.sign_in)

    def sign_in_needed(self, visit: Visit, decision: SignInNeeded) -> Action:
        """A first visit is led to the app's sign-in page; whoever was signed in before is told that it ended. The
        cookie is forgotten with that page, not with the answer to a picture or a script in the background: what the
        person does next would look like a first visit."""
        page, navigation = visit.app.sign_in_page.encode(), is_navigation(visit.head)
        first_visit = visit.token is None and visit.head.method in _READING
        if first_visit and navigation and visit.target.path != page.partition(b"?")[0]:
            return Reply(see_other(page))
        self._mind_frames(visit)
        problem = Problem.SIGN_IN_DUE if visit.token is None else Problem.EXPIRED
        answer = self._error_page(
            problem, visit.head, visit.reference, reason=decision.reason.value, action=page.decode()
        )
        forget = (self._own.clear(self._own.session),) if visit.token is not None and navigation else ()
        return Reply(with_headers(answer, forget))

    def leads_on(self, visit: Visit, level: Level) -> ChoiceNeeded | CodeNeeded | None:
        """What is due where a single-page app is opened anew after its script has signed in. Its pages are public, at
        whatever address it shows itself, and as a stranger's they would only ask for the password again: the person
        would never come to the code."""
        if level not in _DUE or visit.head.method != b"GET" or not is_navigation(visit.head):
            return None
        by_script = any(rule.deliver_at_once or rule.place is FieldPlace.JSON for rule in visit.app.sign_in)
        page = visit.app.sign_in_page.partition("?")[0].encode()
        if not by_script or (visit.target.path != page and (_is_frame(visit) or _holds_something(visit))):
            return None
        return ChoiceNeeded() if level is Level.CHOICE_DUE else CodeNeeded(Reason.CODE_DUE, level)

    def more_needed(
        self, visit: Visit, decision: ChoiceNeeded | CodeNeeded, body: bytes | None
    ) -> Action | Awaitable[Action]:
        """Lead a person to the choice or the code and keep what they wanted; tell a script."""
        page = _page_for(decision)
        if not is_navigation(visit.head):
            problem = Problem.CHOICE_DUE if isinstance(decision, ChoiceNeeded) else Problem.CODE_DUE
            return Reply(
                self._error_page(
                    problem, visit.head, visit.reference, reason=decision.reason.value, code_page=page.decode()
                )
            )
        self._mind_frames(visit)
        live = visit.visitor.live
        if live is None or self._foreign(visit):
            return Reply(self._error_page(Problem.REFUSED, visit.head, visit.reference, reason="cross-site"))
        if visit.head.method in _READING:
            return self._keep(visit, live, decision, None)
        if body is not None:
            return self._keep(visit, live, decision, body)
        if not visit.has_body:
            return self._keep(visit, live, decision, b"")
        return ReadBody(
            self._form_bytes,
            lambda read: self._keep(visit, live, decision, read),
            lambda: Reply(self._error_page(Problem.TOO_LARGE, visit.head, visit.reference, code_page=page.decode())),
        )

    def _mind_frames(self, visit: Visit) -> None:
        """A page of ours in a frame is nothing but a grey box, and nobody is told why: the operator is, once."""
        if not self._framed and header_values(visit.head.headers, b"sec-fetch-dest") in _FRAMES:
            self._framed = True
            _log.warning(
                "app %s stands in frames: a page of the gateway was due in one, where browsers do not show it unless"
                " the app's sign_in says framed: true; reference %s",
                visit.app.name,
                visit.reference,
            )

    def _foreign(self, visit: Visit) -> bool:
        """Whether another site sent this form: it must not be kept and sent later with the person's own code."""
        return visit.head.method not in _READING and not self._hosts.own_form(visit.head.headers)

    async def _keep(
        self, visit: Visit, live: LiveSession, decision: ChoiceNeeded | CodeNeeded, body: bytes | None
    ) -> Action:
        """Remember where the person wanted to go. What the sign-in itself holds is not pushed aside."""
        page = see_other(_page_for(decision))
        waiting = live.record.continuation
        if waiting is not None and (waiting.kind == "answer" or _steps_back(waiting, visit, body)):
            return Reply(page)
        label = visit.target.path.decode("latin-1")
        continuation = Continuation(visit.target.raw, "visit" if body is None else "form", label)
        try:
            updated = await self._sessions.update(live, lambda record: replace(record, continuation=continuation))
            if updated is not None and body is not None:
                content_type = first_header(visit.head.headers, b"content-type") or b""
                form = HeldForm(visit.head.method, visit.target.raw, content_type, body)
                await self._sessions.hold_form(updated.key, form)
        except StoreUnavailable:
            return Reply(self._error_page(Problem.STORE_DOWN, visit.head, visit.reference))
        return Reply(page)

    def is_due(self, visit: Visit) -> bool:
        """Whether this is the browser coming back for what is held. Never before all that was due is proven."""
        visitor = visit.visitor
        if visitor.live is None or visit.head.method != b"GET":
            return False
        waiting = visitor.live.record.continuation
        if waiting is None or waiting.kind == "visit" or waiting.target != visit.target.raw:
            return False
        return assurance_level(visitor.session, visitor.policy, visit.now) in _SETTLED

    async def deliver(self, visit: Visit, judge: Judge) -> Action:
        """Give what is held, once; a second request for the same address is one like any other."""
        live = visit.visitor.live
        if live is None:
            return self.sign_in_needed(visit, SignInNeeded(Reason.NOT_SIGNED_IN, Level.ANONYMOUS))
        held = await self._sessions.take_held(live.key)
        if isinstance(held, HeldForm):
            return await self._send(visit, live, held, judge)
        visit.visitor.live = await self._sessions.update(live, _nothing_waits) or live
        if held is None:
            return Reply(see_other(self._public_origin + visit.target.raw))  # `//a/b` alone would be another host
        level = assurance_level(visit.visitor.session, visit.visitor.policy, visit.now)
        headers, body = edit_page(held.headers, held.body, self._forwarding.changes(visit, level))
        return Reply(Answer(held.status, held.reason, headers, body))

    async def _send(self, visit: Visit, live: LiveSession, form: HeldForm, judge: Judge) -> Action:
        """The form is judged as what it is, under the level of now; only a pass lets it through.

        Somebody may come back to the address without the code, to see the page that the form stands on: then this is
        a request like any other, and the form goes on waiting.
        """
        asking = replace(visit, head=replace(visit.head, method=form.method), has_body=bool(form.body))
        fields = parse_form([form.content_type] if form.content_type else [], [], form.body)
        decision = judge(asking, fields)
        if isinstance(decision, Pass):
            await self._sessions.update(live, _nothing_waits)
            return self._forwarding.replay(asking, decision.level, form)
        await self._sessions.hold_form(live.key, form)
        decision = judge(visit, None)
        if isinstance(decision, ChoiceNeeded | CodeNeeded):
            needed = self.more_needed(visit, decision, None)
            return needed if isinstance(needed, Reply | ReadBody | Forward) else await needed
        if isinstance(decision, Pass):
            return self._forwarding.to_app(visit, decision.level)
        return Reply(self._error_page(Problem.REFUSED, visit.head, visit.reference, reason=decision.reason.value))


def _steps_back(waiting: Continuation, visit: Visit, body: bytes | None) -> bool:
    """A look at the page behind a held form does not push the form aside."""
    return waiting.kind == "form" and body is None and waiting.target == visit.target.raw


def _is_frame(visit: Visit) -> bool:
    return header_values(visit.head.headers, b"sec-fetch-dest") not in ([], [b"document"])


def _holds_something(visit: Visit) -> bool:
    """After a form of the app its answer waits, and the code page was shown: public pages stay what they are."""
    waiting = visit.visitor.live.record.continuation if visit.visitor.live is not None else None
    return waiting is not None and waiting.kind != "visit"


def _nothing_waits(record: SessionRecord) -> SessionRecord:
    return record if record.continuation is None else replace(record, continuation=None)


def _page_for(decision: ChoiceNeeded | CodeNeeded) -> bytes:
    if isinstance(decision, ChoiceNeeded):
        return CHOICE_PAGE
    return STEP_UP_PAGE if decision.level is Level.RESTRICTED else CODE_PAGE
