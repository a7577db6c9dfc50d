"""The way into a lane by one listener: who is there, whether there is room, then TLS where it ends here.

    accepted ─► Preface ─► counted ─► Handshake ─► ClientConnection         each step where the listener has it
                   └─ closed  └─ 503     └─ closed

Nothing that happens here reaches a gate or an app.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import cast

from gateway.config.settings import ListenAddress
from gateway.proxy.actions import Peer, peer_of
from gateway.proxy.certificates import Certificates
from gateway.proxy.client import ClientConnection
from gateway.proxy.handshake import Handshake
from gateway.proxy.preface import Preface
from gateway.proxy.shared import Shared

_log = logging.getLogger("sekisho.lane")
LINGER_SECONDS = 1.0
_LINGERING = 256  # connections that are given time to read that they are one too many
_TELL_SECONDS = 10.0
_TEXT = b"Too many connections from your address. Close some, or wait a moment.\n"
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nCache-Control: no-store\r\nContent-Type: text/plain\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(_TEXT), _TEXT)
)


class Doorway:
    """Takes connections in for a lane, or turns them away."""

    def __init__(
        self, shared: Shared, entry: ListenAddress, certificates: Certificates | None, crowded: Callable[[], None]
    ) -> None:
        """`crowded` is called when somebody comes for whom there is no place left."""
        self._shared = shared
        self._crowded = crowded
        self._entry = entry
        self._certificates = certificates
        self._turned_away: set[_TurnedAway] = set()
        self._told = float("-inf")

    def accept(self) -> asyncio.Protocol:
        """For the next connection."""
        return Preface(self._shared, self._entry.proxies, self.admit) if self._entry.proxies else _Arrival(self)

    def admit(self, transport: asyncio.Transport, peer: Peer, read: bytes) -> None:
        """Let somebody in who is known now. `read`: what has been read behind the PROXY header."""
        shared = self._shared
        while shared.successor is not None:
            shared = shared.successor
        if shared.clients.full:
            self._crowded()
        if shared.clients.has_enough(peer.address):
            self._turn_away(transport, peer)
        elif self._certificates is None:
            _hand_over(transport, ClientConnection(shared, peer), read)
        else:
            shared.clients.arrive(peer.address)
            shared.spawn(_encrypt(shared, Handshake(transport, read), peer, self._certificates.context))

    def _turn_away(self, transport: asyncio.Transport, peer: Peer) -> None:
        """A word where that costs nothing; a handshake for it would."""
        sweep = self._shared.sweep
        if sweep.now - self._told > _TELL_SECONDS:
            self._told = sweep.now
            _log.warning("%s has too many connections (limits.connections_per_address)", peer.address)
        if self._certificates is not None or len(self._turned_away) >= _LINGERING:
            transport.abort()
        else:
            transport.set_protocol(_TurnedAway(transport, self._turned_away))


class _Arrival(asyncio.Protocol):
    """A connection whose peer is who it seems."""

    __slots__ = ("_doorway",)

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        transport = cast("asyncio.Transport", transport)  # uvloop's is none of its classes
        self._doorway.admit(transport, peer_of(transport), b"")


class _TurnedAway(asyncio.Protocol):
    """Reads away what still comes for a moment: unread bytes would make the kernel take the answer back."""

    __slots__ = ("_there", "_timer")

    def __init__(self, transport: asyncio.Transport, there: set[_TurnedAway]) -> None:
        self._there = there
        there.add(self)
        self._timer = asyncio.get_running_loop().call_later(LINGER_SECONDS, transport.abort)
        transport.write(_BUSY)
        transport.write_eof()

    def eof_received(self) -> None:
        """It has understood."""

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """It has gone."""
        self._there.discard(self)
        self._timer.cancel()


async def _encrypt(shared: Shared, handshake: Handshake, peer: Peer, context: ssl.SSLContext) -> None:
    try:
        made = await handshake.shake(context, shared.limits.head_seconds)
    finally:
        shared.clients.arrived(peer.address)
    if made is not None and not made[0].is_closing():
        _hand_over(made[0], ClientConnection(shared, Peer(peer.address, peer.port, "https")), made[1])


def _hand_over(transport: asyncio.Transport, client: ClientConnection, read: bytes) -> None:
    transport.set_protocol(client)
    client.connection_made(transport)
    if read:
        client.data_received(read)
