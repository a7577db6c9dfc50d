"""One request with everything the gate found out about it: its app, its target, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.core.apps import App
from gateway.core.cookies import Pairs
from gateway.core.jar import Jar
from gateway.core.messages import RequestHead
from gateway.core.policy import Policy
from gateway.core.session import Session
from gateway.core.target import Target
from gateway.proxy.replies import new_reference
from gateway.stores.sessions import LiveSession

_NO_COOKIES = Jar()


@dataclass(slots=True)
class Visitor:
    """Who is asking. Without a session the jar is the anonymous visitor's own, carried sealed by the browser."""

    live: LiveSession | None = None
    policy: Policy | None = None
    jar: Jar = _NO_COOKIES
    jar_id: bytes = b""
    previous: LiveSession | None = None  # the session that this browser has but that counts for nothing here
    fresh_after: bool = False  # the jar is a session's vault: if this sign-in fails, nothing of it stays

    @property
    def session(self) -> Session | None:
        """Proofs and choices, or None."""
        return self.live.record.session if self.live is not None else None


@dataclass(slots=True)
class Visit:
    """A request on its way through the gate."""

    head: RequestHead
    target: Target
    app: App
    host: bytes  # what the browser calls us
    cookies: Pairs  # all that the browser sent
    peer: str
    client: str  # client address, as far as trusted proxies vouch for it
    trusted: bool  # the peer is a trusted proxy
    has_body: bool
    now: float
    token: bytes | None = None  # the session cookie's value as it came, whether or not it is good
    sealed_jar: bytes | None = None  # the jar cookie's value as it came
    visitor: Visitor = field(default_factory=Visitor)
    handshake: bool = False  # asks for a WebSocket
    by_head: bool = False  # judged by its head alone
    _reference: str = ""

    @property
    def reference(self) -> str:
        """What a person reads out on the telephone; drawn when first asked for, as few requests need one."""
        if not self._reference:
            self._reference = new_reference()
        return self._reference
