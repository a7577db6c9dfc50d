"""Standing in the app's own sign-in: forward it, judge the answer, and withhold what it gave until all is proven.

browser ── POST /login ──► gate ──► app          the password passes through and is kept nowhere
◄── 302 + cookie ──
failed: the app's own answer goes on as it is
fine, no second factor due: the answer goes on, its cookies stay in the vault
fine, second factor due: the answer is held, the browser is led to choice or code
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

from gateway.core.errors import StoreUnavailable, UpstreamUnavailable
from gateway.core.events import Event
from gateway.core.heads import response_headers
from gateway.core.insertions import Viewer
from gateway.core.jar import Jar
from gateway.core.judging import plainly_failed, signed_in
from gateway.core.messages import Answer, Headers, first_header
from gateway.core.navigation import is_navigation
from gateway.core.own_cookies import OwnCookies
from gateway.core.page_edits import PageEdits, edit_page, scrub_page
from gateway.core.policy import Policy
from gateway.core.problems import ErrorPage, Problem
from gateway.core.public_hosts import PublicHosts
from gateway.core.session import Level, Session, assurance_level
from gateway.core.signin import FieldPlace, SignInRule
from gateway.core.subject import Kind, Subject, canonical_login_id
from gateway.proxy.actions import Reply, UpstreamClient
from gateway.proxy.budget import Budget
from gateway.proxy.forwarding import readable_answer
from gateway.proxy.replies import see_other, with_headers
from gateway.proxy.throttle import SignInThrottle
from gateway.proxy.vaulting import Vault, withhold
from gateway.proxy.visit import Visit
from gateway.stores.base import AuditEvent
from gateway.stores.sessions import Continuation, SessionRecord, Sessions

JAR_SECONDS = 12 * 3600.0
JAR_ID_BYTES = 12
CHOICE_PAGE = b"/.sekisho/choice"
CODE_PAGE = b"/.sekisho/code"
_OUT_OF_ORDER = 500  # from this status on an app says nothing of a password
_log = logging.getLogger("sekisho.sign_in")

FindSubject = Callable[[str], Awaitable[Subject | None]]
PolicyOf = Callable[[Subject], Awaitable[Policy]]
Record = Callable[[AuditEvent], Awaitable[None]]
HeadersFor = Callable[[Visit, bytes | None], Headers]
NotePerson = Callable[[Subject, float], None]


@dataclass(frozen=True, slots=True)
class SignInParts:
    """What a sign-in touches: nothing else."""

    client: UpstreamClient
    sessions: Sessions
    vault: Vault
    own: OwnCookies
    find_subject: FindSubject
    policy_of: PolicyOf
    record: Record
    error_page: ErrorPage
    headers_for: HeadersFor
    public_origin: bytes
    answer_limit: int
    refuse_unknown: bool
    hosts: PublicHosts
    edits: PageEdits
    throttle: SignInThrottle
    note_person: NotePerson  # told at once of everybody whose password was right; never waits, never fails


class SignIn:
    """Carries one sign-in through."""

    def __init__(self, parts: SignInParts) -> None:
        self._parts = parts
        self._refusals = Budget()

    async def carry(self, visit: Visit, rule: SignInRule, typed: str, body: bytes) -> Reply:
        """Forward the sign-in, judge what comes back, and answer the browser.

        Before the first byte leaves, the session that this browser had is over and its jar is claimed: what the app
        makes of this sign-in belongs to nobody else, however it ends.
        """
        parts = self._parts
        if not rule.cross_site and not parts.hosts.own_form(visit.head.headers):
            return self._refusal(visit, 403, "cross-site-sign-in")
        try:
            login_id = canonical_login_id(typed)
        except ValueError:
            return self._refusal(visit, 400, "doubtful-login-id")
        if not parts.throttle.take(login_id, visit.client, visit.now):
            return await self._paused(visit, rule, login_id)
        try:
            await self._claim(visit, login_id)
        except StoreUnavailable:
            parts.throttle.give_back(login_id, visit.client)
            raise
        return await self._attempt(visit, rule, login_id, typed, body)

    async def _attempt(self, visit: Visit, rule: SignInRule, login_id: str, typed: str, body: bytes) -> Reply:
        parts = self._parts
        headers = readable_answer(_whole(parts.headers_for(visit, parts.vault.outgoing(visit))))
        try:
            head, answer_body = await parts.client.fetch(
                visit.app.name, visit.head.method, visit.target.raw, headers, body, parts.answer_limit
            )
        except UpstreamUnavailable as fault:
            _log.warning("sign-in at %s: %s", rule.name, fault)
            parts.throttle.give_back(login_id, visit.client)
            problem = Problem.UPSTREAM_SLOW if fault.timed_out else Problem.UPSTREAM_DOWN
            return self._forgetting(parts.error_page(problem, visit.head, visit.reference))
        passed, vaulted = withhold(visit.app, response_headers(head.headers), parts.public_origin)
        shown = scrub_page(passed, answer_body, visit.app.session_id_names)
        answer = Answer(head.status, head.reason, passed, shown)
        if signed_in(rule, head, answer_body, visit.now):
            parts.throttle.right(login_id, visit.client, visit.now)
            return await self._succeeded(visit, rule, login_id, typed, answer, vaulted)
        if head.status >= _OUT_OF_ORDER:
            parts.throttle.give_back(login_id, visit.client)
        await self._note_failure(visit, Event.SIGN_IN_REFUSED, login_id, rule)
        plain = plainly_failed(rule, head, answer_body, visit.now)
        return self._failed(visit, b"" if plain or not vaulted else _tag(login_id), answer, vaulted)

    async def _paused(self, visit: Visit, rule: SignInRule, login_id: str) -> Reply:
        """The app is not asked: what was typed may be right or wrong. The session that this browser has goes on."""
        await self._note_failure(visit, Event.SIGN_IN_PAUSED, login_id, rule)
        page = visit.app.sign_in_page
        return Reply(self._parts.error_page(Problem.PAUSED, visit.head, visit.reference, action=page))

    async def _note_failure(self, visit: Visit, event: Event, login_id: str, rule: SignInRule) -> None:
        if self._refusals.spend(visit.client, visit.now):
            await self._record(visit, event, await self._whose(login_id), rule.name)
        else:
            _log.warning("too many failed sign-ins from %s for the audit record", visit.client)

    async def _whose(self, login_id: str) -> Subject:
        """Whose password it would have been: their office finds the failure in its audit record. Asked for known and
        unknown IDs alike, and the record is written without it too."""
        try:
            found = await self._parts.find_subject(login_id)
        except StoreUnavailable as fault:
            _log.warning("a failed sign-in without its office in the audit record: %s", fault)
            found = None
        return found or Subject(login_id, Kind.UNKNOWN)

    async def _claim(self, visit: Visit, login_id: str) -> None:
        """End what was before, and take the jar for this sign-in alone. Raises StoreUnavailable, with nothing sent.

        A jar serves one sign-in: two at once would let the second one's session carry the first one's cookies. Nor
        may the cookies of an attempt that nobody could judge go on to another login ID.
        """
        parts, visitor = self._parts, visit.visitor
        before = visitor.live or visitor.previous
        if before is not None:
            await parts.sessions.end(before)
        own = visitor.live is None or visitor.live.record.session.subject.login_id == login_id
        visitor.fresh_after = visitor.live is not None
        visitor.live, visitor.previous = None, None
        jar_id, visitor.jar_id = visitor.jar_id, b""
        claimed = not jar_id or await parts.sessions.spend_jar(jar_id, visit.now + JAR_SECONDS)
        if not (claimed and own and jar_id[JAR_ID_BYTES:] in (b"", _tag(login_id))):
            visitor.jar = Jar()

    def _failed(self, visit: Visit, tag: bytes, answer: Answer, vaulted: list[bytes]) -> Reply:
        """As the app worded it. The jar goes on under a new ID; a signed-in vault does not become a stranger's."""
        parts, visitor = self._parts, visit.visitor
        jar = Jar() if visitor.fresh_after else visitor.jar
        jar = jar.store(vaulted, visit.target.path, visit.now)
        cookies = parts.vault.seal(jar, secrets.token_bytes(JAR_ID_BYTES) + tag)
        forget = (parts.own.clear(parts.own.session),) if visit.token is not None else ()
        return Reply(with_headers(answer, (*cookies, *forget)))

    def _forgetting(self, answer: Answer) -> Reply:
        own = self._parts.own
        return Reply(with_headers(answer, (own.clear(own.session), own.clear(own.jar))))

    async def _succeeded(
        self, visit: Visit, rule: SignInRule, login_id: str, typed: str, answer: Answer, vaulted: list[bytes]
    ) -> Reply:
        parts, now = self._parts, visit.now
        subject = await parts.find_subject(login_id)
        if subject is None and parts.refuse_unknown:
            await self._record(visit, Event.SUBJECT_UNKNOWN, Subject(login_id, Kind.UNKNOWN), rule.name)
            return self._forgetting(self._refusal(visit, 403, "unknown-login-id").answer)
        subject = subject or Subject(login_id, Kind.UNKNOWN)
        policy = await parts.policy_of(subject)
        session = Session(subject, visit.app.name, password_at=now, seen_at=now)
        jar = visit.visitor.jar.store(vaulted, visit.target.path, now)
        level = assurance_level(session, policy, now)
        held = level is not Level.FULL and not rule.deliver_at_once
        token = await self._open(visit, rule, session, typed, jar, answer if held else None)
        await self._record(visit, Event.SIGNED_IN, subject, rule.name)
        parts.note_person(subject, now)
        cookies = (parts.own.set(parts.own.session, token), parts.own.clear(parts.own.jar))
        if not held:
            changes = parts.edits.changes(visit.target.path, Viewer(subject, level, policy, proven=False, now=now))
            headers, body = edit_page(answer.headers, answer.body, changes)
            return Reply(Answer(answer.status, answer.reason, (*headers, *cookies), body))
        page = CHOICE_PAGE if level is Level.CHOICE_DUE else CODE_PAGE
        if is_navigation(visit.head):
            return Reply(see_other(page, cookies))
        refusal = parts.error_page(Problem(level.value), visit.head, visit.reference, code_page=page.decode())
        return Reply(Answer(refusal.status, refusal.reason, (*refusal.headers, *cookies), refusal.body))

    async def _open(
        self, visit: Visit, rule: SignInRule, session: Session, typed: str, jar: Jar, held: Answer | None
    ) -> bytes:
        """A fresh session under a fresh token (R-032, R-066)."""
        parts = self._parts
        # A sign-in by GET carries the password in its query: only the path may be kept and asked for again.
        target = visit.target.path if rule.place is FieldPlace.QUERY else visit.target.raw
        continuation = Continuation(target, "answer", rule.name) if held is not None else None
        if held is not None and first_header(held.headers, b"location") is None and not is_navigation(visit.head):
            # What a script asked for is nothing to look at. The app's own page finds out that somebody is signed in.
            continuation, held = Continuation(visit.app.sign_in_page.encode(), "visit", rule.name), None
        record = SessionRecord(session, jar, secrets.token_urlsafe(24), continuation, typed=typed)
        token = await parts.sessions.open(record)
        if held is not None:
            live = await parts.sessions.load(token)
            if live is not None:
                await parts.sessions.hold_answer(live.key, held)
        return token

    def _refusal(self, visit: Visit, status: int, reason: str) -> Reply:
        problem = Problem.REFUSED if status == 403 else Problem.MALFORMED
        return Reply(self._parts.error_page(problem, visit.head, visit.reference, reason=reason))

    async def _record(self, visit: Visit, name: Event, subject: Subject, rule: str) -> None:
        await self._parts.record(
            AuditEvent(
                visit.now,
                name.value,
                visit.reference,
                subject.login_id,
                subject.login_id,
                subject.office,
                subject.establishment,
                visit.client,
                (("rule", rule),),
            )
        )


def _whole(headers: Headers) -> Headers:
    return tuple(pair for pair in headers if pair[0].lower() != b"range")


def _tag(login_id: str) -> bytes:
    """What an undecided attempt leaves on its jar: for whom it was."""
    return sha256(login_id.encode()).digest()[:8]
