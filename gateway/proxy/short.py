"""One request that took the short way: its head goes out as it is, and so does the answer where it is plain.

Ready ─► UpstreamConnection ─ plain ─► browser
                └─ any other answer ─► ForwardExchange, which takes over with what has come
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gateway.core.heads import Examined
from gateway.core.messages import ResponseHead
from gateway.proxy import framing
from gateway.proxy.asking import Asking
from gateway.proxy.express import Ready, Short
from gateway.proxy.forward import ForwardExchange
from gateway.proxy.intake import Incoming
from gateway.proxy.pool import Pool
from gateway.proxy.upstream import UpstreamConnection
from gateway.proxy.upstreams import Upstream

if TYPE_CHECKING:
    from gateway.proxy.client import ClientConnection

_log = logging.getLogger("sekisho.lane")


class ShortExchange(Asking):
    """Between one GET and its answer. See ForwardExchange for what each part means."""

    __slots__ = ("_pool", "_retried", "_short")

    uploading = False
    takes = True

    def __init__(self, client: ClientConnection, short: Short, pool: Pool | Upstream) -> None:
        self._client = client
        self._short = short
        self._pool = pool
        self._connection: UpstreamConnection | None = None
        self._retried = self.answered = False
        self.waiting = True

    def taken(self, connection: UpstreamConnection) -> None:
        """A connection is there."""
        self.waiting = False
        self._connection = connection
        connection.start_ready(self, self._short[2])

    def unavailable(self, cause: str, *, timed_out: bool) -> None:
        """The app cannot be reached."""
        _log.warning("upstream %s: %s", self._pool.name, cause)
        self.waiting = False
        self._fail(timed_out=timed_out)

    def crowded(self) -> None:
        """Too many wait for the app already."""
        self.waiting = False
        self._client.hand_over(_incoming(Ready(self._short)), None)
        self._client.crowded(self._pool.name)

    @property
    def cookies(self) -> bytes:
        """See Taker."""
        place = framing.cookie_value(self._short[2])
        return b"" if place is None else self._short[2][slice(*place)]

    def answer(self, head: ResponseHead, body: bytes, complete: bool) -> None:
        """An answer that has to be looked at: this becomes an exchange like any other."""
        ready = Ready(self._short)
        incoming = _incoming(ready)
        exchange = ForwardExchange(self._client, incoming, ready, self._pool)
        connection, self._connection = self._connection, None
        self._client.hand_over(incoming, exchange)
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
        _log.warning("upstream %s: %s", self._pool.name, cause)
        self._fail(timed_out=False)

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

    def _keeps(self) -> bool:
        return self._short[0].keeps and not self._client.draining

    def _fail(self, *, timed_out: bool) -> None:
        self._client.hand_over(_incoming(Ready(self._short)), None)
        self._client.failed(self._pool.name, answered=self.answered, timed_out=timed_out)


def _incoming(ready: Ready) -> Incoming:
    """The request as the long way knows one."""
    asked = ready.asked()
    incoming = Incoming(asked, Examined(asked.target), keep_alive=ready.keeps)
    incoming.complete = True
    return incoming
