"""The portal's application on a UNIX socket, for lanes in the same process or in others.

In a process of its own it is replaced while lanes go on asking. There each answer ends its connection: no lane ever
sends a request on a connection that is being closed, and what nobody has accepted yet waits in the socket for the next
process.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from aiohttp import web

_POLL_SECONDS = 0.02
# A UNIX socket whose backlog is full refuses at once: it must take every connection that the lanes' pools may open. The
# kernel has a limit of its own, net.core.somaxconn.
_BACKLOG = 65535
_ANY = 1 << 24  # the lane has its limits for heads; what it lets through must not meet others here


class PageServer:
    """Serves an application after `start`, until `drain` and `close`."""

    def __init__(self, application: web.Application) -> None:
        self._application = application
        self._runner = web.AppRunner(
            application,
            access_log=None,
            auto_decompress=False,
            handle_signals=False,
            shutdown_timeout=1.0,
            max_line_size=_ANY,
            max_field_size=_ANY,
            max_headers=_ANY,
        )
        self._server: asyncio.Server | None = None
        self._stack = contextlib.AsyncExitStack()

    async def start(self, listening: socket.socket | None = None) -> str:
        """Serve what connects to `listening`, a socket that other processes hold too, one request a connection;
        without it, to a socket that only this process and its user reach. Gives the path."""
        if listening is None:
            folder = Path(tempfile.mkdtemp(prefix="sekisho-"))  # mode 0700: nobody else reaches the socket
            self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
            where: dict[str, Any] = {"path": str(folder / "portal.sock")}
        else:
            where = {"sock": listening.dup()}
            if sys.version_info >= (3, 13):
                where["cleanup_socket"] = False  # the next process answers there
            self._application.on_response_prepare.append(_last_of_its_connection)
        await self._runner.setup()
        server = self._runner.server
        assert server is not None
        self._server = await asyncio.get_running_loop().create_unix_server(server, backlog=_BACKLOG, **where)
        return str(where["path"] if listening is None else listening.getsockname())

    async def drain(self, seconds: float) -> None:
        """Take no new connections; return when those that are open have ended, at most `seconds` later."""
        self._stop_accepting()
        await asyncio.sleep(0)  # what was accepted in this turn of the loop is counted
        server = self._runner.server
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while server is not None and server.connections:  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(_POLL_SECONDS)

    async def close(self) -> None:
        """End: idle connections at once, a handler that runs within a moment."""
        self._stop_accepting()
        await self._runner.cleanup()
        await self._stack.aclose()

    def _stop_accepting(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None


async def _last_of_its_connection(_request: web.Request, response: web.StreamResponse) -> None:
    response.force_close()
    response.headers["Connection"] = "close"  # the answer's head is made already, and must say so
