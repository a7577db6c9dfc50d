"""The short way for requests like those that were judged before.

    "GET /a?b HTTP/1.1" │ header block, byte for byte
              │ Spot: what this address opens      │ Known: whose block this is, and the head that the app gets for it
              └───────────────── is all of it still so? ─────────────────┘ ─ yes ─► Ready: the app's head as bytes
                                                                           └ no ──► None: the long way, which teaches

Nothing is decided here. The long way has judged a request with this very header block of this very session, and one
with this very target; `core.openings` says that the decision falls into these two halves. What may have changed since
is asked anew each time: the session's record, its tenants' settings, the clock. In doubt the long way is taken.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import islice

from gateway.core.cookies import Pairs
from gateway.core.decide import AccessMap
from gateway.core.jar import Jar
from gateway.core.messages import Headers, RequestHead, ResponseHead, header_values
from gateway.core.policy import Policy, PolicyRules, TenantFacts, effective_policy
from gateway.core.session import Level, assurance_level, level_holds_until
from gateway.core.subject import Subject
from gateway.core.target import parse_target
from gateway.proxy import framing
from gateway.proxy.actions import Forward, Peer, ResponsePlan
from gateway.proxy.forwarding import Forwarding
from gateway.proxy.spots import METHOD, VERSION, Spot, Spots
from gateway.proxy.tunnel import Still
from gateway.proxy.visit import Visit, Visitor
from gateway.stores.sessions import LiveSession, Sessions
from gateway.stores.tenants import TenantReader

_MOST_BLOCKS = 8192
_MOST_HOSTS = 64
_TIDIED = 2  # for each that is learned
_LONGEST_BLOCK = 3072  # bytes, three times what browsers send: what one person can fill must be bounded
_MOST_HEADS = 16  # per block: one is enough unless an app's cookies hang on paths


@dataclass(slots=True, eq=False, repr=False)
class Known:
    """A header block and the session that it belongs to, as they stood when the long way last saw them."""

    express: Express
    spots: Spots
    headers: Headers
    host: bytes
    cookies: Pairs
    token: bytes
    peer: str
    client: str
    trusted: bool
    live: LiveSession
    subject: Subject
    facts: TenantFacts
    policy: Policy
    level: Level
    full: bool
    until: float  # Unix seconds: before that the clock changes nothing
    keeps: bool  # the browser's connection stays open
    one_head: bool  # every vaulted cookie goes to every address of an app
    heads: dict[bytes, bytes]  # the app's header block, by the app's name or by path


Short = tuple[Known, Spot, bytes]  # the bytes are the whole head for the app


class Ready:
    """The Forward of a request whose head has gone out already: what is needed when its answer is not plain."""

    __slots__ = ("_known", "_spot", "target", "upstream")

    method = b"GET"
    headers: Headers = ()
    body: bytes | None = None
    still: Still | None = None
    plain = False  # it is asked about the answers that are not

    def __init__(self, short: Short) -> None:
        self._known, self._spot, head = short
        self.upstream = self._spot.upstream
        self.target = head[len(METHOD) : head.index(VERSION)]

    @property
    def keeps(self) -> bool:
        """Whether the browser's connection stays open after the answer."""
        return self._known.keeps

    def asked(self) -> RequestHead:
        """The browser's head."""
        return RequestHead(b"GET", self.target, "1.1", self._known.headers)

    def on_response(self, head: ResponseHead) -> ResponsePlan | Awaitable[ResponsePlan]:
        """What becomes of the answer."""
        known, spot, express = self._known, self._spot, self._known.express
        visitor = Visitor(known.live, known.policy, known.live.record.jar)
        target = parse_target(self.target, case_insensitive=spot.app.ignores_case)
        visit = Visit(
            self.asked(), target, spot.app, known.host, known.cookies, known.peer, known.client, known.trusted,
            False, express.now(), known.token, None, visitor,
        )  # fmt: skip
        return express.respond(visit, head)


class Express:
    """Remembers what the long way found, up to a bound; one per gate."""

    def __init__(
        self,
        sessions: Sessions,
        tenants: TenantReader,
        rules: PolicyRules,
        access: AccessMap,
        forwarding: Forwarding,
        now: Callable[[], float],
        touch_seconds: float,
    ) -> None:
        """`now`: Unix seconds. `touch_seconds`: how old a session's last use may be before it is written anew."""
        self._sessions = sessions
        self._tenants = tenants
        self._rules = rules
        self._access = access
        self._forwarding = forwarding
        self._touch_seconds = touch_seconds
        self._blocks: dict[bytes, Known] = {}
        self._spots: dict[bytes, Spots] = {}  # by Host
        self.now = now

    def admit(self, data: bytes, peer: Peer) -> Short | None:
        """What to do with the bytes of one whole request, if that is still certain; None: judge it."""
        line, _, block = data.partition(b"\r\n")
        known = self._blocks.get(block)
        if known is None or known.peer != peer.address:
            return None
        spots = known.spots
        spot = spots.by_line.get(line) or spots.find(line)
        if spot is None or not (spot.full if known.full else spot.opening.lets(known.level, known.policy)):
            return None
        if self.now() >= known.until or self._sessions.peek(known.token) is not known.live:
            del self._blocks[block]
            return None
        facts = self._tenants.peek(known.subject)
        if facts is not known.facts:
            if facts is None:
                return None
            if facts != known.facts:
                del self._blocks[block]
                return None
            known.facts = facts
        head = known.heads.get(spot.name if known.one_head else spot.path)
        if head is None:
            return None
        return known, spot, line + head

    def learn(self, visit: Visit, level: Level, forward: Forward) -> None:
        """Remember a request that the long way let through, judged by its head alone."""
        head, live = visit.head, visit.visitor.live
        block, target = head.block, visit.target
        if not block or live is None or visit.token is None or level not in (Level.FULL, Level.RESTRICTED):
            return
        waiting = live.record.continuation
        if target.raw != head.target or not self._forwarding.unedited(target.path):
            return
        if len(block) > _LONGEST_BLOCK or (waiting and waiting.kind != "visit"):
            return
        spots = self._spots_of(visit.host)
        known = self._known(visit, live, level, visit.token, spots) if spots.note(target, visit.app) else None
        if known is None:
            return
        if len(known.heads) >= _MOST_HEADS:
            known.heads.clear()
        whole = framing.request_head(b"GET", target.raw, forward.headers)
        known.heads[visit.app.name.encode() if known.one_head else target.path] = whole[whole.index(b"\r\n") :]

    def respond(self, visit: Visit, head: ResponseHead) -> ResponsePlan | Awaitable[ResponsePlan]:
        """What becomes of an answer that is not plain."""
        return self._forwarding.respond(visit, head, self._forwarding.cookie(visit))

    def _known(self, visit: Visit, live: LiveSession, level: Level, token: bytes, spots: Spots) -> Known | None:
        """What is remembered of the visit's header block from now on; the app's heads stay where they still hold."""
        session, now = live.record.session, visit.now
        facts = self._tenants.peek(session.subject)
        if facts is None:
            return None
        policy = effective_policy(session.subject, facts, self._rules, now)
        if assurance_level(session, policy, now) is not level:
            return None
        ends = [cookie.expires_at for cookie in live.record.jar.cookies if cookie.expires_at is not None]
        until = min(
            level_holds_until(session, policy, self._rules.rollout, now),
            session.seen_at + self._touch_seconds,
            *[end for end in ends if end > now],
        )
        before = self._blocks.pop(visit.head.block, None)
        known = Known(
            self, spots, visit.head.headers, visit.host, visit.cookies, token, visit.peer, visit.client, visit.trusted,
            live, session.subject, facts, policy, level, level is Level.FULL, until,
            _keeps_open(visit.head.headers), _everywhere(live.record.jar), {},
        )  # fmt: skip
        same = before is not None and before.live is live and (before.peer, before.client) == (visit.peer, visit.client)
        if before is not None and same and now < before.until:  # past that, a cookie in them may have ended
            known.heads = before.heads
        self._tidy()
        if len(self._blocks) >= _MOST_BLOCKS:
            del self._blocks[next(iter(self._blocks))]
        self._blocks[visit.head.block] = known
        return known

    def _tidy(self) -> None:
        """Look at the oldest few: of a session that has ended nothing stays, its vault least of all."""
        for block in tuple(islice(self._blocks, _TIDIED)):
            known = self._blocks.pop(block)
            if self._sessions.peek(known.token) is known.live:
                self._blocks[block] = known

    def _spots_of(self, host: bytes) -> Spots:
        spots = self._spots.get(host)
        if spots is None:
            if len(self._spots) >= _MOST_HOSTS:
                self._spots.clear()
            spots = self._spots[host] = Spots(self._access)
        return spots


def _keeps_open(headers: Headers) -> bool:
    return all(b"close" not in value.lower() for value in header_values(headers, b"connection"))


def _everywhere(jar: Jar) -> bool:
    return all(cookie.path == b"/" for cookie in jar.cookies)
