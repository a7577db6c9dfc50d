"""Sending a judged request on: the head that the app gets, and what becomes of its answer on the way back."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network

from gateway.core import heads
from gateway.core.insertions import Viewer
from gateway.core.messages import Headers, RequestHead, ResponseHead, header_values
from gateway.core.own_cookies import OwnCookies
from gateway.core.page_edits import (
    UNCHANGED,
    PageChanges,
    PageEdits,
    PageFilter,
    editable,
    edited_headers,
    in_coding,
    scrubbable,
)
from gateway.core.recoding import Chained, Inner
from gateway.core.session import Level
from gateway.core.urlsession import PageScrubber
from gateway.proxy.actions import Action, BodyFilter, Forward, ResponsePlan
from gateway.proxy.vaulting import Vault, withhold
from gateway.proxy.visit import Visit
from gateway.stores.sessions import HeldForm

# What would let an app answer "not changed" or in part about a page that is edited on its way.
_CONDITIONAL = frozenset({b"if-none-match", b"if-modified-since", b"if-range", b"range"})


class Forwarding:
    """Builds Forward actions."""

    def __init__(
        self,
        vault: Vault,
        edits: PageEdits,
        own: OwnCookies,
        trusted: tuple[IPv4Network | IPv6Network, ...],
        public_origin: bytes,
        scheme: str,
    ) -> None:
        self._vault = vault
        self._edits = edits
        self._own = own
        self._trusted = trusted
        self._public_origin = public_origin
        self._scheme = scheme

    def headers_for(self, visit: Visit, cookie: bytes | None) -> Headers:
        """The app's request headers, but for framing."""
        return heads.request_headers(
            visit.head,
            client_address=visit.client,
            scheme=self._scheme,
            host=visit.host,
            trusted=visit.trusted,
            peer=visit.peer,
            pass_headers=visit.app.pass_headers,
            cookie=cookie,
            host_header=visit.app.host_header,
        )

    def to_app(self, visit: Visit, level: Level, body: bytes | None = None) -> Forward:
        """Send the request to its app under the visitor's vault; pages that are to be edited are edited on the way."""
        cookie = self._vault.outgoing(visit)
        headers = self.headers_for(visit, cookie)
        changes = self.changes(visit, level) if self._edits.touch(visit.target.path) else UNCHANGED
        if changes.fleeting:
            headers = _unconditional(headers)
        elif visit.app.session_id_names and not _carries_one_of(visit.app.session_id_names, cookie):
            headers = readable_answer(headers)

        def on_response(head: ResponseHead) -> ResponsePlan | Awaitable[ResponsePlan]:
            return self.respond(visit, head, cookie, changes)

        plain = changes is UNCHANGED
        return Forward(
            visit.app.name, visit.head.method, visit.target.raw, headers, on_response, body, plain=plain
        )

    def respond(
        self, visit: Visit, head: ResponseHead, cookie: bytes | None, changes: PageChanges = UNCHANGED
    ) -> ResponsePlan | Awaitable[ResponsePlan]:
        """What becomes of an app's answer; `cookie` is what the app was sent."""
        passed, vaulted = withhold(visit.app, heads.response_headers(head.headers), self._public_origin)
        page = _filter_for(visit, head, cookie, vaulted, changes)
        if changes.fleeting and editable(head.headers):
            passed = edited_headers(passed)
        if not vaulted:
            return ResponsePlan(passed, page)
        return self._keeping(visit, passed, vaulted, page)

    def cookie(self, visit: Visit) -> bytes | None:
        """The Cookie header that the visit's app gets."""
        return self._vault.outgoing(visit)

    def unedited(self, path: bytes) -> bool:
        """Whether no page at this path is ever edited, for anybody."""
        return not self._edits.touch(path)

    def changes(self, visit: Visit, level: Level) -> PageChanges:
        """What this person's page at this address loses and gains."""
        session, policy = visit.visitor.session, visit.visitor.policy
        if session is None or policy is None:
            return UNCHANGED
        live = visit.visitor.live
        news = live.record.news if live is not None else None
        viewer = Viewer(session.subject, level, policy, session.totp_at is not None, visit.now, news)
        return self._edits.changes(visit.target.path, viewer)

    def replay(self, visit: Visit, level: Level, form: HeldForm) -> Action:
        """Send a form that waited for a code, as it was sent: its own method, address, type and bytes."""
        visit.head = _replaying(visit, form)
        return self.to_app(visit, level, form.body)

    def signing_out(self, visit: Visit, body: bytes | None) -> Action:
        """The app's own sign-out goes through once more with the vault, and the browser forgets the session."""
        headers = self.headers_for(visit, self._vault.outgoing(visit))

        def on_response(head: ResponseHead) -> ResponsePlan:
            passed, _ = withhold(visit.app, heads.response_headers(head.headers), self._public_origin)
            return ResponsePlan((*passed, self._own.clear(self._own.session)))

        return Forward(visit.app.name, visit.head.method, visit.target.raw, headers, on_response, body)

    def to_portal(self, visit: Visit, upstream: str) -> Action:
        """A page of the gateway: the portal gets the session cookie, and from us who asks and under which reference."""
        token = visit.token
        cookie = self._own.session + b"=" + token if token is not None else None
        headers = (
            *self.headers_for(visit, cookie),
            (b"X-Sekisho-Client", visit.client.encode()),
            (b"X-Sekisho-Reference", visit.reference.encode()),
            (b"X-Sekisho-Origin", self._public_origin),
        )
        return Forward(upstream, visit.head.method, visit.target.raw, headers, _as_it_is)

    async def _keeping(
        self, visit: Visit, passed: Headers, vaulted: list[bytes], page: BodyFilter | None
    ) -> ResponsePlan:
        return ResponsePlan((*passed, *await self._vault.keep(visit, vaulted)), page)


def _filter_for(
    visit: Visit, head: ResponseHead, cookie: bytes | None, vaulted: list[bytes], changes: PageChanges
) -> BodyFilter | None:
    """An edit, a search for session IDs, both or neither."""
    edit: Inner | None = PageFilter(changes) if changes.edits and editable(head.headers) else None
    scrub = _scrubber_for(visit, head, cookie, vaulted)
    if edit is None or scrub is None:
        only = edit or scrub
        return None if only is None else in_coding(head.headers, only)
    return in_coding(head.headers, Chained(edit, scrub))


def _scrubber_for(visit: Visit, head: ResponseHead, cookie: bytes | None, vaulted: list[bytes]) -> Inner | None:
    names = visit.app.session_id_names
    if not vaulted or not names or _carries_one_of(names, cookie):
        return None
    return PageScrubber(names) if _sets_one_of(names, vaulted) and scrubbable(head.headers) else None


def _replaying(visit: Visit, form: HeldForm) -> RequestHead:
    """The head of the GET that came, turned into that of the form that waited."""
    kept = tuple(pair for pair in visit.head.headers if pair[0].lower() not in (b"content-type", b"content-length"))
    headers = (*kept, (b"Content-Type", form.content_type)) if form.content_type else kept
    return RequestHead(form.method, form.target, visit.head.version, headers)


def _as_it_is(head: ResponseHead) -> ResponsePlan:
    return ResponsePlan(heads.response_headers(head.headers))


def _unconditional(headers: Headers) -> Headers:
    return readable_answer(tuple(pair for pair in headers if pair[0].lower() not in _CONDITIONAL))


def readable_answer(headers: Headers) -> Headers:
    """The answer must be readable here: of the content codings that the browser takes only gzip is let through."""
    accepted = b",".join(header_values(headers, b"accept-encoding")).lower()
    if not accepted or accepted == b"gzip":
        return headers
    kept = tuple(pair for pair in headers if pair[0].lower() != b"accept-encoding")
    return (*kept, (b"Accept-Encoding", b"gzip")) if b"gzip" in accepted else kept


def _carries_one_of(names: tuple[str, ...], cookie: bytes | None) -> bool:
    return cookie is not None and _pair_of(names).search(cookie) is not None


def _sets_one_of(names: tuple[str, ...], vaulted: list[bytes]) -> bool:
    """Servlet containers write a new ID into the page as well as into a cookie, while no cookie has come back yet."""
    return any(_pair_of(names).match(value.lstrip()) for value in vaulted)


@lru_cache(maxsize=64)
def _pair_of(names: tuple[str, ...]) -> re.Pattern[bytes]:
    """How a cookie pair of one of these names begins, in any case."""
    return re.compile(rb"(?:%b)=" % b"|".join(re.escape(name.encode()) for name in names), re.IGNORECASE)
