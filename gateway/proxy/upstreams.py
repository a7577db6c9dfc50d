"""An app at several addresses: which of them gets a request, and who is left alone for a while because it fails.

    taker ─► Upstream ─ remembered address, else the least busy ─► Member (a Pool) ─► its connections
                 └────── next address ◄── could not connect: nothing was sent ──┘

Legacy apps keep sessions in their process. So an answer that sets a cookie says, in one more cookie, which address it
came from; that cookie goes where the app's own go, into the vault, and comes back with them. The address is thus as
lasting as the app's session, on every worker and machine, and the app never sees the cookie.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.config.settings import Limits
from gateway.proxy import framing
from gateway.proxy.arrivals import Arrivals
from gateway.proxy.exchanges import Exchange, PlainExchange
from gateway.proxy.health import Health
from gateway.proxy.pool import Address, Pool, Taker, Terms
from gateway.proxy.sweep import Sweep
from gateway.proxy.upstream import UpstreamConnection

_log = logging.getLogger("sekisho.lane")
_PREFIX = b"sekisho-at-"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an app is. `sticky`: whoever has a session of the app stays at the address where it began. `server_name`:
    whom its certificate must name; None: the address's host."""

    addresses: tuple[Address, ...]
    sticky: bool = True
    server_name: str | None = None


class Member(Pool):
    """The connections to one of several addresses."""

    def __init__(
        self,
        name: str,
        address: Address,
        terms: Terms,
        sweep: Sweep,
        arrivals: Arrivals,
        *,
        sticky: bool,
        answer_seconds: float,
    ) -> None:
        super().__init__(name, address, terms, sweep, arrivals)
        self.answer_seconds = answer_seconds
        where = address if isinstance(address, str) else f"{address[0]}:{address[1]}"
        self.where = where
        # Of the address, not of its place in the list: a new configuration must not send sessions elsewhere.
        self.tag = hashlib.sha256(where.encode()).hexdigest()[:8].encode()
        self.cookie = _PREFIX + name.encode() + b"=" + self.tag + b"; Path=/; HttpOnly" if sticky else b""
        self.health = Health()

    def usable(self) -> bool:
        """Whether the next request may go there."""
        return self.health.usable(self._sweep.now)

    def good(self) -> None:
        """A whole answer came."""
        if self.health.good():
            _log.warning("upstream %s: %s answers again", self.name, self.where)

    def bad(self, cause: str) -> None:
        """Connecting failed, or an answer broke off."""
        pause = self.health.bad(self._sweep.after(0.0))
        if pause:
            _log.warning("upstream %s: %s is left alone for %.0f s: %s", self.name, self.where, pause, cause)

    def now(self) -> float:
        """Seconds of the lane's clock, as of its last look at it."""
        return self._sweep.now

    def chosen(self) -> None:
        """A request goes there."""
        self.health.chosen(self._sweep.after(0.0))

    def give_back(self, connection: UpstreamConnection) -> None:
        """A clean exchange has ended on it."""
        self.good()
        super().give_back(connection)

    def _could_not_connect(self, cause: str) -> None:
        self.bad(cause)

    def _make(self) -> UpstreamConnection:
        return MemberConnection(self)


class MemberConnection(UpstreamConnection):
    """A connection to one of several addresses: tells how it went, and says in answers where they came from."""

    __slots__ = ("_member", "_since")

    def __init__(self, member: Member) -> None:
        super().__init__(member)
        self._member = member
        self._since = 0.0  # when the request was sent

    def start(
        self,
        exchange: Exchange,
        data: bytes,
        *,
        head_only: bool,
        request_sent: bool,
        handshake: bool = False,
        plain: PlainExchange | None = None,
    ) -> None:
        """As always, without the cookie that is ours."""
        self._since = self._member.now()
        data = _without_ours(data)
        super().start(exchange, data, head_only=head_only, request_sent=request_sent, handshake=handshake, plain=plain)

    def start_ready(self, exchange: PlainExchange, data: bytes) -> None:
        """As always, without the cookie that is ours."""
        self._since = self._member.now()
        super().start_ready(exchange, _without_ours(data))

    def abort(self) -> None:
        """As always; where nothing had come in all the time that an answer may take, that is a failure."""
        if self.exchange is not None and not self._data_seen:
            member = self._member
            if member.now() - self._since >= member.answer_seconds:
                member.bad("no answer in time")
        super().abort()

    def on_headers_complete(self) -> None:
        """An app that sets a cookie may have begun a session: it will know the cookie at this address."""
        cookie = self._member.cookie
        if cookie and not self._complete and any(name.lower() == b"set-cookie" for name, _ in self._headers):
            self._headers.append((b"Set-Cookie", cookie))
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """As always; an answer that makes no sense is a failure."""
        super().data_received(data)
        if self._fault:
            self._member.bad(self._fault)

    def connection_lost(self, exc: Exception | None) -> None:
        """As always; an answer that breaks off is a failure, a connection that had grown old is none."""
        if self.exchange is not None:
            if exc is None and self._reported and self._ends_by_closing():
                self._member.good()
            elif self._data_seen or not self.reused:
                self._member.bad("connection closed before the answer's end")
        super().connection_lost(exc)

    def _end(self) -> None:
        self._member.good()
        super()._end()


class Upstream:
    """What a Pool is to an app with one address."""

    def __init__(self, name: str, members: tuple[Member, ...], *, sticky: bool, connect_seconds: float) -> None:
        self.name = name
        self.members = members
        self.connect_seconds = connect_seconds
        self._by_tag = {member.tag: member for member in members} if sticky else {}
        self._ours = re.compile(rb"%b%b=([0-9a-f]{8})(?![^;\r])" % (_PREFIX, re.escape(name.encode())))
        self._turn = 0

    @property
    def size(self) -> int:
        """Connections that are open or being opened."""
        return sum(member.size for member in self.members)

    @property
    def idle(self) -> int:
        """Connections that nobody uses."""
        return sum(member.idle for member in self.members)

    def acquire(self, taker: Taker, *, fresh: bool = False) -> None:
        """Give `taker` a connection; see `Pool.acquire`."""
        member = self._remembered(taker) or self.least_busy(())
        assert member is not None
        _Attempt(self, taker, fresh=fresh).begin(member)

    @property
    def queued(self) -> int:
        """Requests that wait; those at the least busy address, for each of them."""
        return min(member.queued for member in self.members) * len(self.members)

    def take_served(self) -> int:
        """Requests that got a connection since the last call."""
        return sum(member.take_served() for member in self.members)

    def close(self) -> None:
        """Close everything; exchanges under way are broken off."""
        for member in self.members:
            member.close()

    def least_busy(self, tried: Sequence[Member]) -> Member | None:
        """Of those not tried: one that is in use, else any, since trying costs less than refusing."""
        members, count = self.members, len(self.members)
        self._turn = turn = (self._turn + 1) % count
        best: Member | None = None
        best_load = (True, 0)
        for place in range(turn - count, turn):  # each time from the next one on, so that equals take turns
            member = members[place]
            if member not in tried:
                load = (not member.usable(), member.under_way)
                if best is None or load < best_load:
                    best, best_load = member, load
        return best

    def _remembered(self, taker: Taker) -> Member | None:
        found = self._ours.search(taker.cookies) if self._by_tag else None
        member = self._by_tag.get(found[1]) if found is not None else None
        return member if member is not None and member.usable() else None


class _Attempt:
    """One request's way to a connection. A connection that cannot be made has carried nothing, so any method may go on
    to the next address."""

    __slots__ = ("_fresh", "_since", "_taker", "_tried", "_upstream")

    def __init__(self, upstream: Upstream, taker: Taker, *, fresh: bool) -> None:
        self._upstream = upstream
        self._taker = taker
        self._fresh = fresh
        self._since = asyncio.get_running_loop().time()
        self._tried: list[Member] = []

    @property
    def waiting(self) -> bool:
        """Whether the request is still there."""
        return self._taker.waiting

    @property
    def cookies(self) -> bytes:
        """See Taker."""
        return self._taker.cookies

    def begin(self, member: Member) -> None:
        """Ask one address."""
        member.chosen()
        self._tried.append(member)
        member.acquire(self, fresh=self._fresh)

    def taken(self, connection: UpstreamConnection) -> None:
        """A connection is there."""
        self._taker.taken(connection)

    def unavailable(self, cause: str, *, timed_out: bool) -> None:
        """This address cannot be reached: the next one, while there is time."""
        member = self._tried[-1]
        in_time = asyncio.get_running_loop().time() - self._since < self._upstream.connect_seconds
        following = self._upstream.least_busy(self._tried) if in_time else None
        if following is None:
            self._taker.unavailable(f"{member.where}: {cause}", timed_out=timed_out)
            return
        _log.warning("upstream %s: %s: %s; trying %s", self._upstream.name, member.where, cause, following.where)
        self.begin(following)

    def crowded(self) -> None:
        """Too many wait there. Its sessions are there, too, so no other address would do."""
        self._taker.crowded()


def _without_ours(data: bytes) -> bytes:
    """A request's bytes without our cookies in its head."""
    place = framing.cookie_value(data)
    if place is None:
        return data
    start, stop = place
    cookies = data[start:stop]
    if _PREFIX not in cookies:
        return data
    pairs = cookies.split(b"; ")
    kept = b"; ".join(pair for pair in pairs if not pair.startswith(_PREFIX))
    line = framing.COOKIE_LINE
    return data[: start - len(line)] + (line + kept if kept else b"") + data[stop:]


def addresses(where: Address | Place) -> int:
    """How many there are."""
    return len(where.addresses) if isinstance(where, Place) else 1


def supply(
    name: str, where: Address | Place, limits: Limits, sweep: Sweep, arrivals: Arrivals, tls: ssl.SSLContext | None
) -> Pool | Upstream:
    """The connections to an app; the limits hold for each address. One address is a Pool and nothing else."""
    place = where if isinstance(where, Place) else Place((where,))
    several = len(place.addresses) > 1

    # One of several that says nothing leaves time for another.
    terms = Terms(
        limits.pool_size,
        limits.queue,
        limits.connect_seconds / (2 if several else 1),
        limits.head_bytes,
        tls,
        place.server_name,
    )
    if not several:
        return Pool(name, place.addresses[0], terms, sweep, arrivals)
    members = tuple(
        Member(name, address, terms, sweep, arrivals, sticky=place.sticky, answer_seconds=limits.answer_seconds)
        for address in place.addresses
    )
    return Upstream(name, members, sticky=place.sticky, connect_seconds=limits.connect_seconds)
