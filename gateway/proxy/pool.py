"""The connections to one app: at most `size` at a time, reused last-in-first-out, waited for first-in-first-out."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import Protocol

from gateway.proxy.sweep import NEVER, Sweep
from gateway.proxy.upstream import UpstreamConnection

# Apache drops an idle connection after 5 s by default, others later. Shorter here: a form that meets a connection
# which the app is just closing could not be sent again.
IDLE_SECONDS = 4.0

Address = tuple[str, int] | str  # host and port, or the path of a UNIX socket


class Taker(Protocol):
    """Who waits for a connection."""

    waiting: bool  # False once it has gone: connections pass it by

    def taken(self, connection: UpstreamConnection) -> None:
        """Here it is; `start` must follow at once."""

    def unavailable(self, cause: str, *, timed_out: bool) -> None:
        """The app cannot be reached."""


class Pool:
    """Hands out connections. Every one counts until it is lost, so `size` holds for connecting ones, too."""

    def __init__(
        self,
        name: str,
        address: Address,
        *,
        size: int,
        connect_seconds: float,
        sweep: Sweep,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.name = name
        self._address = address
        self._size = size
        self._connect_seconds = connect_seconds
        self._sweep = sweep
        self._tls = tls
        self._idle: list[UpstreamConnection] = []
        self._open: set[UpstreamConnection] = set()
        self._waiting: deque[Taker] = deque()
        self._connecting: set[asyncio.Task[None]] = set()
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

    def acquire(self, taker: Taker, *, fresh: bool = False) -> None:
        """Give `taker` a connection: at once, when one is opened, or when its turn comes. `fresh`: never a used one."""
        if fresh:
            self._connect(taker)
            return
        while self._idle:
            connection = self._idle.pop()
            if connection.transport is not None and not connection.transport.is_closing():
                connection.reused = True
                taker.taken(connection)
                return
        self._waiting.append(taker)
        if self.size < self._size:
            self._connect(None)

    def give_back(self, connection: UpstreamConnection) -> None:
        """A clean exchange has ended on it."""
        if self._closed or connection.transport is None or connection.transport.is_closing():
            connection.close()
            return
        connection.resume_answer()
        self._offer(connection, reused=True)

    def lost(self, connection: UpstreamConnection) -> None:
        """It has closed. Whoever waits may get a new one in its place."""
        self._open.discard(connection)
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
            taker = self._waiting.popleft()
            if taker.waiting:
                taker.taken(connection)
                return
        connection.idle_since = self._sweep.now
        if not self._idle:
            self.deadline = connection.idle_since + IDLE_SECONDS
        self._idle.append(connection)

    def _refill(self) -> None:
        while self._waiting and not self._waiting[0].waiting:
            self._waiting.popleft()
        if self._waiting and not self._closed and self.size < self._size and len(self._waiting) > len(self._connecting):
            self._connect(None)

    def _connect(self, taker: Taker | None) -> None:
        task = asyncio.get_running_loop().create_task(self._connected(taker))
        self._connecting.add(task)

    async def _connected(self, taker: Taker | None) -> None:
        """Open one connection, for `taker` or for whoever waits longest."""
        cause, timed_out = "", False
        connection: UpstreamConnection | None = None
        try:
            async with asyncio.timeout(self._connect_seconds):
                connection = await self._dial()
        except TimeoutError:
            cause, timed_out = "connecting took too long", True
        except OSError as error:
            cause = f"cannot connect: {error.strerror or error}"
        finally:
            task = asyncio.current_task()
            assert task is not None
            self._connecting.discard(task)
        if connection is None:
            self._refuse(taker, cause, timed_out)
            return
        self._open.add(connection)
        connection.reused = False
        if self._closed:
            connection.close()
        elif taker is not None and taker.waiting:
            taker.taken(connection)
        else:
            self._offer(connection, reused=False)

    def _refuse(self, taker: Taker | None, cause: str, timed_out: bool) -> None:
        while taker is None and self._waiting:
            first = self._waiting.popleft()
            taker = first if first.waiting else None
        if taker is not None and taker.waiting:
            taker.unavailable(cause, timed_out=timed_out)
        self._refill()

    async def _dial(self) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        if isinstance(self._address, str):
            _, connection = await loop.create_unix_connection(lambda: UpstreamConnection(self), self._address)
        else:
            host, port = self._address
            _, connection = await loop.create_connection(lambda: UpstreamConnection(self), host, port, ssl=self._tls)
        return connection
