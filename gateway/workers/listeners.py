"""Listening sockets: one for each address and each worker, open for as long as the supervisor lives.

The kernel spreads connections over the sockets of an address (SO_REUSEPORT). A worker has its own copy of its sockets;
when it dies, what has connected waits in the supervisor's: for the next one, if it comes at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import tempfile
from collections.abc import Iterable
from pathlib import Path

from gateway.config.settings import ListenAddress

_BACKLOG = 1024
_PAGES_BACKLOG = 65535  # the kernel's own limit is lower: a UNIX socket whose backlog is full refuses at once
Place = tuple[str, int]


class Listeners:
    """Sockets for a number of workers."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._sockets: dict[Place, list[socket.socket]] = {}
        self._folder = Path(tempfile.mkdtemp(prefix="sekisho-"))  # mode 0700: nobody else reaches the pages
        self.pages = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.pages.bind(str(self._folder / "portal.sock"))
        self.pages.listen(_PAGES_BACKLOG)
        self.pages.setblocking(False)

    def bind(self, addresses: Iterable[ListenAddress]) -> None:
        """Listen at these addresses too. Raises OSError; what was bound before stays."""
        for address in addresses:
            place = (address.host, address.port)
            if place not in self._sockets:
                self._sockets[place] = _bound(place, self._workers)

    def keep_only(self, addresses: Iterable[ListenAddress]) -> None:
        """Close what is at other addresses."""
        kept = {(address.host, address.port) for address in addresses}
        for place in tuple(self._sockets):
            if place not in kept:
                for one in self._sockets.pop(place):
                    one.close()

    def of(self, worker: int, addresses: Iterable[ListenAddress]) -> list[socket.socket]:
        """One worker's sockets, in the order of the addresses. Workers count from 1."""
        return [self._sockets[address.host, address.port][worker - 1] for address in addresses]

    def rest(self, worker: int) -> None:
        """Nobody comes to this worker's sockets for now: the others get its connections, and those that waited are cut
        off, to come again."""
        for sockets in self._sockets.values():
            one = sockets[worker - 1]
            # One that rests already would remember a second time: nobody who came later could send or read anything.
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                one.shutdown(socket.SHUT_RD)  # which keeps the address

    def resume(self, worker: int) -> None:
        """Somebody listens there, or has before the rest began."""
        for sockets in self._sockets.values():
            if not sockets[worker - 1].getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                sockets[worker - 1].listen(_BACKLOG)

    def refuse(self) -> None:
        """Nobody will come any more: who connects is refused, and finds another gateway where there is one."""
        for number in range(1, self._workers + 1):
            self.rest(number)

    def rest_pages(self) -> None:
        """Nobody comes to the pages for now: who asks for one is cut off, and gets a word from the worker."""
        asyncio.get_running_loop().add_reader(self.pages, self._cut_off)

    def resume_pages(self) -> None:
        """Who asks waits again."""
        asyncio.get_running_loop().remove_reader(self.pages)

    def _cut_off(self) -> None:
        with contextlib.suppress(OSError):  # nobody is there any more
            while True:
                self.pages.accept()[0].close()

    def close(self) -> None:
        """Close everything: who has connected and was not served is refused."""
        self.keep_only(())
        self.pages.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _bound(place: Place, count: int) -> list[socket.socket]:
    family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
    # Sharing an address would also let a second gateway take a part of the first one's connections without a word.
    socket.create_server(place, family=family).close()
    sockets: list[socket.socket] = []
    try:
        while len(sockets) < count:
            sockets.append(socket.create_server(place, family=family, backlog=_BACKLOG, reuse_port=True))
    except OSError:
        for one in sockets:
            one.close()
        raise
    return sockets
