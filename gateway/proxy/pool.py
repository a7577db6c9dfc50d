"""The connections to one app: at most `size` at a time, reused last-in-first-out, waited for first-in-first-out."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from gateway.proxy.arrivals import Arrivals
from gateway.proxy.sweep import NEVER, Sweep
from gateway.proxy.upstream import UpstreamConnection

# Apache drops an idle connection after 5 s by default, others later. Shorter here: a form that meets a connection
# which the app is just closing could not be sent again.
IDLE_SECONDS = 4.0

_log = logging.getLogger("sekisho.lane")
Address = tuple[str, int] | str  # host and port, or the path of a UNIX socket


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for the connections to one address. `waiting`: the most requests that wait for one;
    `head_bytes`: the largest head of an answer that does not come in one piece. `server_name`: whom the certificate
    must name; None: the address's host."""

    size: int
    waiting: int
    connect_seconds: float
    head_bytes: int
    tls: ssl.SSLContext | None = None
    server_name: str | None = None


class Taker(Protocol):
    """Who waits for a connection."""

    @property
    def waiting(self) -> bool:
        """False once it has gone: connections pass it by."""

    @property
    def cookies(self) -> bytes:
        """Bytes of the request's head in which the app's cookies stand."""

    def taken(self, connection: UpstreamConnection) -> None:
        """Here it is; `start` must follow at once."""

    def unavailable(self, cause: str, *, timed_out: bool) -> None:
        """The app cannot be reached."""

    def crowded(self) -> None:
        """Too many wait for the app already."""


class Pool:
    """Hands out connections. Every one counts until it is lost, so `size` holds for connecting ones, too."""

    def __init__(self, name: str, address: Address, terms: Terms, sweep: Sweep, arrivals: Arrivals) -> None:
        self.name = name
        self._address = address
        self._terms = terms
        self._size = terms.size
        self.head_bytes = terms.head_bytes
        self._sweep = sweep
        self._arrivals = arrivals
        self._idle: list[UpstreamConnection] = []
        self._open: set[UpstreamConnection] = set()
        self._waiting: deque[tuple[Taker, bool]] = deque()  # whether only a fresh connection will do
        self._served = 0  # requests that got a connection
        self._turned_away = 0
        self._looked_through = -1.0  # when those who have gone were last taken out of the queue
        self._connecting: set[asyncio.Task[None]] = set()
        self._promised = 0  # of those, for one taker that does not stand in the queue
        self._closed = False
        self.deadline = NEVER
        sweep.add(self)

    @property
    def size(self) -> int:
        """Connections that are open or being opened."""
        return len(self._open) + len(self._connecting)

    @property
    def idle(self) -> int:
        """Connections that nobody uses."""
        return len(self._idle)

    @property
    def under_way(self) -> int:
        """Connections in use or being opened, and requests that wait."""
        return self.size - len(self._idle) + len(self._waiting)

    def acquire(self, taker: Taker, *, fresh: bool = False) -> None:
        """Give `taker` a connection: at once, when one is opened, or when its turn comes. `fresh`: never a used one."""
        if not fresh:
            while self._idle:
                connection = self._idle.pop()
                transport = connection.transport
                if transport is not None and not transport.is_closing():
                    self._served += 1
                    taker.taken(connection)
                    return
        elif self.size < self._size:
            self._connect(taker)
            return
        if len(self._waiting) >= self._room and self._full():
            self._turn_away(taker)
            return
        self._waiting.append((taker, fresh))
        if self.size < self._size:
            self._connect(None)
        elif not self._idle:
            self._arrivals.read()
        else:  # fresh: one that nobody uses makes room
            self._idle.pop(0).close()

    @property
    def queued(self) -> int:
        """Requests that wait."""
        return len(self._waiting)

    def take_served(self) -> int:
        """Requests that got a connection since the last call."""
        served, self._served = self._served, 0
        return served

    def _turn_away(self, taker: Taker) -> None:
        self._turned_away += 1
        if self._turned_away == 1:
            _log.warning("upstream %s: too many requests wait for it; some get 503", self.name)
        taker.crowded()

    @property
    def _room(self) -> int:
        """How many may wait; for some a connection is being opened already."""
        return self._terms.waiting + len(self._connecting) - self._promised

    def _full(self) -> bool:
        """Whether the queue is as long as it may be. Browsers that have gone still stand in it: looked for now and
        then, since a hanging app gathers them."""
        if self._looked_through != self._sweep.now:
            self._looked_through = self._sweep.now
            self._waiting = deque(entry for entry in self._waiting if entry[0].waiting)
        return len(self._waiting) >= self._room

    def give_back(self, connection: UpstreamConnection) -> None:
        """A clean exchange has ended on it."""
        transport = connection.transport
        if self._closed or transport is None or transport.is_closing():
            connection.close()
            return
        if connection.paused:
            connection.resume_answer()
        if self._waiting:
            self._offer(connection, reused=True)
        else:
            self._keep(connection)

    def lost(self, connection: UpstreamConnection) -> None:
        """It has closed. Whoever waits may get a new one in its place."""
        self._open.discard(connection)
        self._arrivals.forget(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._refill()

    def on_deadline(self) -> None:
        """Close what has been idle for too long; the oldest stand in front."""
        while self._idle and self._idle[0].idle_since + IDLE_SECONDS <= self._sweep.now:
            self._idle.pop(0).close()
        if self._idle:
            self.deadline = self._idle[0].idle_since + IDLE_SECONDS

    def close(self) -> None:
        """Close everything; exchanges under way are broken off."""
        self._closed = True
        self._sweep.discard(self)
        self._waiting.clear()
        for task in self._connecting:
            task.cancel()
        for connection in tuple(self._open):
            connection.close()

    def _offer(self, connection: UpstreamConnection, *, reused: bool) -> None:
        connection.reused = reused
        while self._waiting:
            taker, fresh = self._waiting[0]
            if taker.waiting and fresh and reused:
                connection.close()  # makes room for a new one
                return
            self._waiting.popleft()
            if taker.waiting:
                self._served += 1
                if self._turned_away and len(self._waiting) < self._room // 2:
                    _log.warning("upstream %s: fewer wait again; %d requests got 503", self.name, self._turned_away)
                    self._turned_away = 0
                taker.taken(connection)
                return
        self._keep(connection)

    def _keep(self, connection: UpstreamConnection) -> None:
        """For the next who asks; who takes it must be ready to find it closed."""
        connection.reused = True
        now = connection.idle_since = self._sweep.now
        if not self._idle:
            self.deadline = now + IDLE_SECONDS
        self._idle.append(connection)

    def _refill(self) -> None:
        while self._waiting and not self._waiting[0][0].waiting:
            self._waiting.popleft()
        if self._waiting and not self._closed and self.size < self._size and len(self._waiting) > len(self._connecting):
            self._connect(None)

    def _connect(self, taker: Taker | None) -> None:
        self._promised += taker is not None
        task = asyncio.get_running_loop().create_task(self._connected(taker))
        self._connecting.add(task)

    async def _connected(self, taker: Taker | None) -> None:
        """Open one connection, for `taker` or for whoever waits longest."""
        cause, timed_out = "", False
        connection: UpstreamConnection | None = None
        try:
            async with asyncio.timeout(self._terms.connect_seconds):
                connection = await self._dial()
        except TimeoutError:
            cause, timed_out = "connecting took too long", True
        except ssl.SSLCertVerificationError as error:
            cause = f"its certificate is not accepted: {error.verify_message}"
        except OSError as error:
            cause = f"cannot connect: {error.strerror or error}"
        finally:
            task = asyncio.current_task()
            assert task is not None
            self._connecting.discard(task)
            self._promised -= taker is not None
        if connection is not None and (connection.transport is None or connection.transport.is_closing()):
            connection, cause = None, "closed as soon as it was open"
        if connection is None:
            self._could_not_connect(cause)
            self._refuse(taker, cause, timed_out)
            return
        self._open.add(connection)
        self._arrivals.watch(connection)
        connection.reused = False
        if self._closed:
            connection.close()
        elif taker is not None and taker.waiting:
            self._served += 1
            taker.taken(connection)
        else:
            self._offer(connection, reused=False)

    def _refuse(self, taker: Taker | None, cause: str, timed_out: bool) -> None:
        while taker is None and self._waiting:
            first, _ = self._waiting.popleft()
            taker = first if first.waiting else None
        if taker is not None and taker.waiting:
            taker.unavailable(cause, timed_out=timed_out)
        self._refill()

    def _could_not_connect(self, cause: str) -> None:
        """One address is all there is: the next request tries again."""

    def _make(self) -> UpstreamConnection:
        return UpstreamConnection(self)

    async def _dial(self) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        if isinstance(self._address, str):
            _, connection = await loop.create_unix_connection(self._make, self._address)
        else:
            host, port = self._address
            tls = self._terms.tls
            named = self._terms.server_name if tls is not None else None
            _, connection = await loop.create_connection(self._make, host, port, ssl=tls, server_hostname=named)
        return connection
