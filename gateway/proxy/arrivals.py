"""Answers that have come from the apps and wait in their sockets, read out of turn.

    thousands of requests are ready │ the loop takes what is ready one after the other
                                    └ an answer waits for all of them, and with it the connection that others wait for

So whoever finds no free connection looks here first, and so does now and then whoever turns requests away. Where nobody
does, the loop reads as ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
from typing import Protocol

_MOST = 64  # connections at a time


class Source(Protocol):
    """A connection to an app. `descriptor`: of its socket, while that may be read out of turn."""

    descriptor: int | None

    @property
    def transport(self) -> asyncio.Transport | None:
        """What the loop has of it."""

    def read_now(self) -> None:
        """Take what has come."""


def plain_descriptor(transport: asyncio.Transport | None) -> int | None:
    """Of the socket whose bytes are the answer's own: not those of TLS, nor of a transport without a socket."""
    sock = None if transport is None else transport.get_extra_info("socket")
    return None if transport is None or sock is None or transport.get_extra_info("sslcontext") else sock.fileno()


class Arrivals:
    """One per lane, for all its apps."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._connections: dict[int, Source] = {}
        self._reading = False

    def watch(self, connection: Source) -> None:
        """It is open. One with TLS is left to the loop: only there its bytes can be read."""
        number = None if self._epoll.closed else plain_descriptor(connection.transport)
        if number is None:
            return
        with contextlib.suppress(OSError):  # no room for one more: this one, too, is left to the loop
            # By edges: what is not for us to read, as the connection's end, is told once.
            self._epoll.register(number, select.EPOLLIN | select.EPOLLET)
            self._connections[number] = connection
            connection.descriptor = number

    def forget(self, connection: Source) -> None:
        """It is lost, or somebody else's from now on. The socket may be closed already."""
        number, connection.descriptor = connection.descriptor, None
        if number is not None and self._connections.get(number) is connection:
            del self._connections[number]
            with contextlib.suppress(OSError):
                self._epoll.unregister(number)

    def read(self) -> None:
        """Take what has come. Not from within itself: an answer may bring about the next request."""
        if self._reading or not self._connections:
            return
        self._reading = True
        try:
            for number, _ in self._epoll.poll(0, _MOST):
                connection = self._connections.get(number)
                if connection is not None:
                    connection.read_now()
        finally:
            self._reading = False

    def close(self) -> None:
        """Watch nothing any more. What still asks for connections, while its time runs out, finds nothing here."""
        for connection in tuple(self._connections.values()):
            self.forget(connection)
        self._epoll.close()
