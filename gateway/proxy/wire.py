"""A browser's connection as the lane has it: counted, under watch, read or left in the kernel, and how it ends.

    read ◄─► not read: enough is here, or it rests        close: our end ─► theirs is read away ─► closed
                                                          abort: a reset, so that nothing looks whole

What is asked over it is none of this module's business: whoever serves the requests says whether it is idle and
whether there is room for more.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, cast

from gateway.proxy.actions import Peer
from gateway.proxy.sweep import NEVER

if TYPE_CHECKING:
    from gateway.proxy.paces import Pace
    from gateway.proxy.shared import Shared

LINGER_SECONDS = 3.0
_MOST_BEHIND = 32
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, no seconds


class Wire(asyncio.Protocol, ABC):
    """One connection of a browser or a load balancer. `gone`: nobody is at the other end any more."""

    __slots__ = (
        "_at_rest", "_behind", "_closing", "_peer", "_reading", "_shared", "_transport", "_write_paused", "deadline",
        "gone", "pace",
    )  # fmt: skip

    def __init__(self, shared: Shared, peer: Peer) -> None:
        self._shared = shared
        self._peer = peer
        self._transport: asyncio.Transport | None = None
        self._reading = True
        self._at_rest = self._closing = self._write_paused = False
        self._behind = 0  # requests that may still be answered while it rests
        self.gone = False
        self.deadline = NEVER
        self.pace: Pace | None = None  # see paces

    @property
    def peer(self) -> Peer:
        """Who is at the other end."""
        return self._peer

    @property
    def transport(self) -> asyncio.Transport | None:
        """The connection, while there is one."""
        return self._transport

    @property
    def draining(self) -> bool:
        """Whether connections end with their next answer."""
        return self._shared.draining

    @property
    @abstractmethod
    def idle(self) -> bool:
        """Whether nothing is under way."""

    @property
    @abstractmethod
    def uploading(self) -> bool:
        """Whether the browser's next bytes are what everybody waits for."""

    @abstractmethod
    def drain(self) -> None:
        """Go away soon, or over to the lane that follows this one."""

    @abstractmethod
    def on_deadline(self) -> None:
        """Somebody has taken too long."""

    @abstractmethod
    def _wants_more(self) -> bool:
        """Whether there is room for more of what the browser sends."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A browser has connected; its first head is due."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none of its classes
        self._enter(self._shared)
        self.deadline = self._shared.sweep.after(self._shared.limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The browser has gone."""
        self.gone = True
        self._transport = None
        self._leave()

    def write(self, data: bytes) -> None:
        """Send towards the browser."""
        if self._transport is not None:
            self._transport.write(data)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run what has to wait; it outlives the browser."""
        self._shared.spawn(work)

    def give_way(self) -> None:
        """Make room for others."""
        if self.idle:
            self._close(linger=False)

    def abort(self) -> None:
        """Go away now; nobody may take what has been sent for complete."""
        self._closing = True
        transport = self._transport
        if transport is None:
            return
        sock = None if transport.is_closing() else transport.get_extra_info("socket")
        if sock is not None:  # a mere end would make an answer without a length look whole: HTTP/1.0 has no other mark
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()

    def _enter(self, shared: Shared) -> None:
        shared.clients.add(self)
        shared.sweep.add(self)

    def _leave(self) -> None:
        self._shared.clients.discard(self)
        self._shared.sweep.discard(self)

    def _move(self, shared: Shared) -> None:
        """From the next request on this connection belongs to another lane, the newest that follows."""
        while shared.successor is not None:
            shared = shared.successor
        if shared.draining:
            return
        self._leave()
        self._shared = shared
        self._enter(shared)

    def _adjust(self) -> None:
        """Read on, or leave what comes to the kernel."""
        want = self._closing or (not self._at_rest and self._wants_more())
        transport = self._transport
        if want is self._reading or transport is None or transport.is_closing():
            return
        self._reading = want
        if want:
            transport.resume_reading()
        else:
            transport.pause_reading()

    def _rest(self, seconds: float) -> None:
        """Whoever was told to come back later and does so at once waits in the kernel, which costs nobody anything.
        A few that were sent behind the one that was turned away are answered with it; a piece of hundreds is not."""
        if self._at_rest:
            return
        self._at_rest = True
        self._behind = _MOST_BEHIND
        asyncio.get_running_loop().call_later(seconds, self._wake)
        self._adjust()

    def _rests(self) -> bool:
        """Whether the next request waits until the rest is over; it counts as answered if not."""
        if not self._at_rest:
            return False
        self._behind -= 1
        return self._behind < 0

    def _wake(self) -> None:
        self._at_rest = False
        self._adjust()

    def _cut_unless_read(self) -> None:
        """What was sent has waited for long. A browser that does read it, be it slowly, gets more time."""
        if self._shared.paces.reads_on(self):
            self.deadline = self._shared.sweep.after(self._shared.limits.body_idle_seconds)
        else:
            self.abort()

    def _close(self, *, linger: bool) -> None:
        """End the connection. `linger`: unread bytes would make the kernel reset it and take our answer along, so
        they are read away for a moment first (RFC 9112 9.6)."""
        self._closing = True
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self.deadline = self._shared.sweep.after(LINGER_SECONDS)
        if linger and transport.can_write_eof():
            with contextlib.suppress(OSError):  # the browser has reset it already
                transport.write_eof()
            self._adjust()
        else:
            transport.close()
