"""One request that took the short way: its head goes out as it is, and so does the answer where it is plain.

Ready ─► UpstreamConnection ─ plain ─► browser
                └─ any other answer ─► ForwardExchange, which takes over with what has come
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gateway.core.messages import ResponseHead
from gateway.proxy.forward import ForwardExchange
from gateway.proxy.intake import PLAIN
from gateway.proxy.pool import Pool
from gateway.proxy.upstream import UpstreamConnection

if TYPE_CHECKING:
    from gateway.proxy.client import ClientConnection
    from gateway.proxy.express import Ready

_log = logging.getLogger("sekisho.lane")


class ShortExchange:
    """Between one GET and its answer. See ForwardExchange for what each part means."""

    __slots__ = ("_client", "_connection", "_pool", "_ready", "_retried", "answered", "waiting")

    uploading = False
    takes = True

    def __init__(self, client: ClientConnection, ready: Ready, pool: Pool) -> None:
        self._client = client
        self._ready = ready
        self._pool = pool
        self._connection: UpstreamConnection | None = None
        self._retried = False
        self.answered = False
        self.waiting = True

    @property
    def draining(self) -> bool:
        """Whether the browser's connection ends with this answer."""
        return self._client.draining

    def begin(self) -> None:
        """Ask for a connection."""
        self._pool.acquire(self)

    def taken(self, connection: UpstreamConnection) -> None:
        """A connection is there."""
        self.waiting = False
        self._connection = connection
        connection.start_ready(self, self._ready.ready)

    def unavailable(self, cause: str, *, timed_out: bool) -> None:
        """The app cannot be reached."""
        _log.warning("upstream %s: %s", self._ready.upstream, cause)
        self.waiting = False
        self._fail(timed_out=timed_out)

    def plain(self, data: bytes, complete: bool, keep: bool) -> None:
        """Head and body of an answer that goes on as it is. `keep`: its head lets the browser's connection stay."""
        self.answered = True
        client = self._client
        client.write(data)
        if complete:
            self._connection = None
            client.finished(keep=keep)
        else:
            client.progress()

    def answer(self, head: ResponseHead, body: bytes, complete: bool) -> None:
        """An answer that has to be looked at."""
        exchange = ForwardExchange(self._client, PLAIN, self._ready, self._pool)
        connection, self._connection = self._connection, None
        self._client.hand_over(exchange)
        exchange.adopt(None if complete else connection)
        exchange.answer(head, body, complete)

    def interim(self, head: ResponseHead) -> None:
        """Ends here."""

    def more(self, body: bytes, complete: bool) -> None:
        """Never: whoever took `answer` gets it."""

    def switched(self, head: ResponseHead, rest: bytes) -> None:
        """Never: no handshake was sent."""

    def broken(self, cause: str, *, untouched: bool) -> None:
        """The app died. What the browser has seen of the answer must not look complete."""
        self._connection = None
        if untouched and not self._retried:
            self._retried = self.waiting = True
            self._pool.acquire(self, fresh=True)
            return
        _log.warning("upstream %s: %s", self._ready.upstream, cause)
        self._fail(timed_out=False)

    def cancel(self) -> None:
        """The browser has gone: the connection is of no use to anybody else."""
        self.waiting = False
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()

    def time_out(self) -> None:
        """The app has taken too long."""
        self.cancel()
        self._fail(timed_out=True)

    def pause_answer(self) -> None:
        """The browser reads slowly."""
        if self._connection is not None:
            self._connection.pause_answer()

    def resume_answer(self) -> None:
        """The browser takes more."""
        if self._connection is not None:
            self._connection.resume_answer()

    def upload(self) -> None:
        """Nothing: there is no body."""

    def pause_upload(self) -> None:
        """Nothing: the head is on its way as a whole."""

    def resume_upload(self) -> None:
        """Nothing."""

    def _fail(self, *, timed_out: bool) -> None:
        self._client.failed(self._ready.upstream, answered=self.answered, timed_out=timed_out)
