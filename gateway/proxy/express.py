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

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.core.apps import App
from gateway.core.cookies import Pairs
from gateway.core.decide import AccessMap
from gateway.core.jar import Jar
from gateway.core.messages import Headers, RequestHead, ResponseHead
from gateway.core.openings import Opening, opening
from gateway.core.policy import Policy, PolicyRules, TenantFacts, effective_policy
from gateway.core.session import Level, assurance_level, level_holds_until
from gateway.core.subject import Subject
from gateway.core.target import Target, parse_target
from gateway.core.urlsession import has_url_session
from gateway.proxy import framing
from gateway.proxy.actions import Forward, Peer, ResponsePlan
from gateway.proxy.forwarding import Forwarding
from gateway.proxy.tunnel import Still
from gateway.proxy.visit import Visit, Visitor
from gateway.stores.sessions import LiveSession, Sessions
from gateway.stores.tenants import TenantReader

_MOST_BLOCKS = 8192
_MOST_SPOTS = 4096  # per host name
_MOST_HOSTS = 64
_LONGEST_BLOCK = 8192
_LONGEST_TARGET = 512
_LONGEST_LINE = 4096
_MOST_HEADS = 16  # per block: one is enough unless an app's cookies hang on paths
_QUERY = re.compile(rb"[!-\"$-~]*+")  # as in core.target: a query never moves a path
_METHOD, _VERSION = b"GET ", b" HTTP/1.1"


@dataclass(slots=True)
class Spot:
    """An address that was judged: the same for everybody."""

    path: bytes
    app: App
    opening: Opening
    full: bool  # it opens for full sessions
    any_query: bool  # and so does it with whatever query
    upstream: str
    name: bytes  # of the app; never looks like a path


@dataclass(slots=True, eq=False)
class Known:
    """A header block and the session that it belongs to, as they stood when the long way last saw them."""

    express: Express
    spots: dict[bytes, Spot]  # by request line
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

    def __init__(self, short: Short) -> None:
        self._known, self._spot, head = short
        self.upstream = self._spot.upstream
        self.target = head[len(_METHOD) : head.index(_VERSION)]

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
        self._spots: dict[bytes, dict[bytes, Spot]] = {}  # by Host, then by request line
        self.now = now

    def admit(self, data: bytes, peer: Peer) -> Short | None:
        """What to do with the bytes of one whole request, if that is still certain; None: judge it."""
        line, _, block = data.partition(b"\r\n")
        known = self._blocks.get(block)
        if known is None or known.peer != peer.address:
            return None
        spot = known.spots.get(line) or _by_path(known.spots, line)
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
        if len(block) > _LONGEST_BLOCK or len(target.raw) > _LONGEST_TARGET or (waiting and waiting.kind != "visit"):
            return
        known = self._known(visit, live, level, visit.token)
        if known is None:
            return
        self._note(known.spots, target, visit.app)
        if len(known.heads) >= _MOST_HEADS:
            known.heads.clear()
        whole = framing.request_head(b"GET", target.raw, forward.headers)
        known.heads[visit.app.name.encode() if known.one_head else target.path] = whole[whole.index(b"\r\n") :]

    def _note(self, spots: dict[bytes, Spot], target: Target, app: App) -> None:
        """Remember an address: its path alone, where the query changes nothing for anybody."""
        any_query = target.doubt is None and not self._access.doors.minds_query(target.path)
        place = Target(target.path, target.path, None, None) if any_query else target
        line = _METHOD + place.raw + _VERSION
        if line not in spots:
            if len(spots) >= _MOST_SPOTS:
                del spots[next(iter(spots))]
            found = opening(b"GET", place, self._access)
            spots[line] = Spot(place.path, app, found, found.full, any_query, app.name, app.name.encode())

    def respond(self, visit: Visit, head: ResponseHead) -> ResponsePlan | Awaitable[ResponsePlan]:
        """What becomes of an answer that is not plain."""
        return self._forwarding.respond(visit, head, self._forwarding.cookie(visit))

    def _known(self, visit: Visit, live: LiveSession, level: Level, token: bytes) -> Known | None:
        """What is remembered of the visit's header block, made anew unless all of it is as it was."""
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
            self, self._spots_of(visit.host), visit.head.headers, visit.host, visit.cookies, token, visit.peer,
            visit.client, visit.trusted, live, session.subject, facts, policy, level, level is Level.FULL, until,
            _everywhere(live.record.jar), {},
        )  # fmt: skip
        if before is not None and before.live is live and (before.peer, before.client) == (visit.peer, visit.client):
            known.heads = before.heads
        if len(self._blocks) >= _MOST_BLOCKS:
            del self._blocks[next(iter(self._blocks))]
        self._blocks[visit.head.block] = known
        return known

    def _spots_of(self, host: bytes) -> dict[bytes, Spot]:
        spots = self._spots.get(host)
        if spots is None:
            if len(self._spots) >= _MOST_HOSTS:
                self._spots.clear()
            spots = self._spots[host] = {}
        return spots


def _by_path(spots: dict[bytes, Spot], line: bytes) -> Spot | None:
    """The spot of a target whose query matters to nobody, read as the long way reads it."""
    path, mark, rest = line.partition(b"?")
    if not mark or not rest.endswith(_VERSION) or len(line) > _LONGEST_LINE:
        return None
    spot = spots.get(path + _VERSION)
    if spot is None or not spot.any_query or _QUERY.fullmatch(rest, 0, len(rest) - len(_VERSION)) is None:
        return None
    return None if has_url_session(line[len(_METHOD) : -len(_VERSION)], spot.app.session_id_names) else spot


def _everywhere(jar: Jar) -> bool:
    return all(cookie.path == b"/" for cookie in jar.cookies)
