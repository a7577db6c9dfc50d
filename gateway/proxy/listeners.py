"""Where a lane takes connections from. When it has as many as it may, idle ones make room; when all are busy, nobody
is taken in for a while: newcomers wait in the kernel's queue, and none is refused.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Sequence

from gateway.config.settings import ListenAddress
from gateway.proxy.certificates import Certificates
from gateway.proxy.doorway import Doorway
from gateway.proxy.shared import Shared

_BACKLOG = 1024
_PAUSE_SECONDS = 0.05
_log = logging.getLogger("sekisho.lane")


class Listeners:
    """All of a lane's listening sockets."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._bound: list[tuple[socket.socket, Doorway]] = []
        self._servers: list[asyncio.Server] = []
        self._certificates: list[Certificates] = []
        self._pause: asyncio.TimerHandle | None = None
        self._looked = False
        self._closed = False

    async def open(
        self, entries: Sequence[ListenAddress], sockets: Sequence[socket.socket], *, reuse_port: bool
    ) -> tuple[int, ...]:
        """Listen; gives the ports. `sockets` are bound already and belong to the entries in their order; without
        entries nothing is special about them. Raises PairRefused, OSError."""
        entries = entries or [ListenAddress("", 0)] * len(sockets)
        doorways = [Doorway(self._shared, entry, self._pairs_of(entry), self._crowded) for entry in entries]
        for number, doorway in enumerate(doorways):
            listening = sockets[number] if sockets else _bound(entries[number], reuse_port=reuse_port)
            self._bound.append((listening, doorway))
        await self._listen()
        names = [listening.getsockname() for listening, _ in self._bound]
        return tuple(name[1] for name in names if isinstance(name, tuple))

    def close(self) -> None:
        """Take no more connections."""
        self._closed = True
        if self._pause is not None:
            self._pause.cancel()
        self._stop()
        for listening, _ in self._bound:
            listening.close()
        self._bound = []
        for certificates in self._certificates:
            self._shared.sweep.discard(certificates)

    @property
    def pausing(self) -> bool:
        """Whether nobody is taken in at this moment."""
        return not self._servers and not self._closed

    def _pairs_of(self, entry: ListenAddress) -> Certificates | None:
        if not entry.tls:
            return None
        certificates = Certificates(entry.tls, self._shared.sweep)
        self._certificates.append(certificates)
        self._shared.sweep.add(certificates)
        return certificates

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for listening, doorway in self._bound:
            # A copy: closing the server, which is how a loop stops accepting, leaves the queue of newcomers as it is.
            self._servers.append(await loop.create_server(doorway.accept, sock=listening.dup(), backlog=_BACKLOG))

    def _stop(self) -> None:
        for server in self._servers:
            server.close()
        self._servers = []

    def _crowded(self) -> None:
        """There are as many as there may be, and one more has come."""
        if self._looked or self._closed:
            return
        self._looked = True  # who gives way has gone by the loop's next round
        loop = asyncio.get_running_loop()
        loop.call_soon(self._look_again)
        if not self._shared.clients.make_room():
            _log.warning("%d connections, all of them busy: newcomers wait", len(self._shared.clients))
            self._stop()
            self._pause = loop.call_later(_PAUSE_SECONDS, self._resume)

    def _look_again(self) -> None:
        self._looked = False

    def _resume(self) -> None:
        clients = self._shared.clients
        if self._closed:
            return
        if clients.full and not clients.make_room():
            self._pause = asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self._resume)
        else:
            self._shared.spawn(self._reopen())

    async def _reopen(self) -> None:
        try:
            if not self._closed:
                await self._listen()
        except OSError as fault:  # no file to spare
            _log.warning("can't listen: %s", fault.strerror)
            self._stop()
            self._pause = asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self._resume)
        if self._closed:
            self._stop()


def _bound(entry: ListenAddress, *, reuse_port: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in entry.host else socket.AF_INET
    bound = socket.create_server((entry.host, entry.port), family=family, backlog=_BACKLOG, reuse_port=reuse_port)
    bound.setblocking(False)
    return bound
