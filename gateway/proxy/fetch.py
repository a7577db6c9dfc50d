"""An exchange of the gateway's own (sign-in, sign-out, replay), with the answer in memory and its bytes unchanged."""

from __future__ import annotations

import asyncio

from gateway.core.errors import UpstreamUnavailable
from gateway.core.messages import Headers, ResponseHead
from gateway.proxy import framing
from gateway.proxy.pool import Pool
from gateway.proxy.upstream import UpstreamConnection
from gateway.proxy.upstreams import Upstream


class FetchExchange:
    """One exchange; its future holds the answer."""

    __slots__ = (
        "_connection", "_data", "_head", "_head_only", "_limit", "_name", "_parts", "_size", "result", "waiting",
    )  # fmt: skip

    def __init__(self, name: str, data: bytes, limit: int, *, head_only: bool) -> None:
        self._name = name
        self._data = data
        self._limit = limit
        self._head_only = head_only
        self._connection: UpstreamConnection | None = None
        self._head: ResponseHead | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self.waiting = True
        self.result: asyncio.Future[tuple[ResponseHead, bytes]] = asyncio.get_running_loop().create_future()

    def taken(self, connection: UpstreamConnection) -> None:
        """A connection is there."""
        self.waiting = False
        self._connection = connection
        connection.start(self, self._data, head_only=self._head_only, request_sent=True)

    def unavailable(self, cause: str, *, timed_out: bool) -> None:
        """The app cannot be reached."""
        self.waiting = False
        self._fail(cause, timed_out=timed_out)

    def crowded(self) -> None:
        """Too many wait for the app already."""
        self.waiting = False
        self._fail("too many requests wait for it", timed_out=False)

    @property
    def cookies(self) -> bytes:
        """See Taker."""
        place = framing.cookie_value(self._data)
        return b"" if place is None else self._data[slice(*place)]

    def cancel(self) -> None:
        """Nobody waits for the answer any more."""
        self.waiting = False
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()

    def interim(self, head: ResponseHead) -> None:
        """Nobody waits for it."""

    def answer(self, head: ResponseHead, body: bytes, complete: bool) -> None:
        """The head came."""
        self._head = head
        self.more(body, complete)

    def more(self, body: bytes, complete: bool) -> None:
        """More of the body."""
        if complete:
            self._connection = None
        self._parts.append(body)
        self._size += len(body)
        if self._size > self._limit:
            self.cancel()
            self._fail("answer longer than its limit", timed_out=False)
        elif complete and self._head is not None and not self.result.done():
            self.result.set_result((self._head, b"".join(self._parts)))

    def switched(self, head: ResponseHead, rest: bytes) -> None:
        """Never comes: no handshake is sent from here."""

    def broken(self, cause: str, *, untouched: bool) -> None:  # noqa: ARG002 - the exchange's signature
        """No whole answer. Never sent twice: a sign-in counts attempts. Fetches start on a fresh connection instead."""
        self._connection = None
        self._fail(cause, timed_out=False)

    def pause_upload(self) -> None:
        """All of the request is in the send buffer already."""

    def resume_upload(self) -> None:
        """All of the request is in the send buffer already."""

    def _fail(self, cause: str, *, timed_out: bool) -> None:
        if not self.result.done():
            self.result.set_exception(UpstreamUnavailable(self._name, cause, timed_out=timed_out))


class Fetcher:
    """`actions.UpstreamClient` over the lane's pools."""

    def __init__(self, pools: dict[str, Pool | Upstream], answer_seconds: float) -> None:
        self._pools = pools
        self._answer_seconds = answer_seconds

    async def fetch(
        self, upstream: str, method: bytes, target: bytes, headers: Headers, body: bytes, limit: int
    ) -> tuple[ResponseHead, bytes]:
        """One exchange; the body is without transfer coding. Raises UpstreamUnavailable."""
        pool = self._pools.get(upstream)
        if pool is None:
            raise UpstreamUnavailable(upstream, "no upstream has this name")
        frame = framing.body_framing(None, chunked=False, body=body, method=method)
        data = framing.request_head(method, target, (*headers, *frame)) + body
        exchange = FetchExchange(upstream, data, limit, head_only=method == b"HEAD")
        pool.acquire(exchange, fresh=bool(body) or method not in (b"GET", b"HEAD"))
        try:
            async with asyncio.timeout(self._answer_seconds):
                return await exchange.result
        except TimeoutError:
            raise UpstreamUnavailable(upstream, "no answer in time", timed_out=True) from None
        finally:
            exchange.cancel()
