"""What the lane may be told to do with a request. The gate decides, the lane carries out; neither knows the other."""

from __future__ import annotations

from asyncio import BaseTransport
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gateway.core.messages import Answer, Headers, RequestHead, ResponseHead
from gateway.proxy.tunnel import Still

if TYPE_CHECKING:
    from gateway.proxy.express import Short


class BodyFilter(Protocol):
    """Changes an answer's body on its way. The lane re-frames it (chunked, or by closing for HTTP/1.0)."""

    def feed(self, data: bytes) -> bytes:
        """Take the next piece; give what may go on now."""

    def finish(self) -> bytes:
        """The body has ended; give the rest."""


@dataclass(slots=True)
class ResponsePlan:
    """How an answer goes to the browser: its end-to-end headers, without framing; the lane adds framing itself."""

    headers: Headers
    body_filter: BodyFilter | None = None


RespondTo = Callable[[ResponseHead], "ResponsePlan | Awaitable[ResponsePlan]"]


@dataclass(slots=True)
class Forward:
    """Send to an upstream and stream both ways.

    `headers` are final but for framing (Content-Length / Transfer-Encoding / Connection, which the lane writes from
    the request's own framing). `body` replaces the client's body where the gate has already read it. `still`: the
    request is a WebSocket handshake that may become a tunnel, for as long as this says yes. `plain`: of a plain answer
    (core.plain_answers) `on_response` would change nothing, so it need not be asked.
    """

    upstream: str
    method: bytes
    target: bytes
    headers: Headers
    on_response: RespondTo
    body: bytes | None = None
    still: Still | None = None
    plain: bool = False


@dataclass(slots=True)
class Reply:
    """Answer without asking an app. The lane reads away or cuts off what is left of the request's body. `rest`: for so
    many seconds nothing more is read from this connection."""

    answer: Answer
    close: bool = False
    rest: float = 0.0


@dataclass(slots=True)
class ReadBody:
    """Read the whole body first (at most `limit` bytes, else `too_large`), then ask `then` what to do."""

    limit: int
    then: Callable[[bytes], Awaitable[Action]]
    too_large: Callable[[], Action]


Action = Forward | Reply | ReadBody


@dataclass(frozen=True, slots=True)
class Peer:
    """The TCP peer of a client connection; `address` is "" for a UNIX socket."""

    address: str
    port: int
    scheme: str  # "http" or "https": of the socket itself


def peer_of(transport: BaseTransport) -> Peer:
    """Who is at the other end of an accepted connection."""
    name = transport.get_extra_info("peername")
    scheme = "https" if transport.get_extra_info("sslcontext") is not None else "http"
    return Peer(str(name[0]), int(name[1]), scheme) if isinstance(name, tuple) else Peer("", 0, scheme)


@dataclass(frozen=True, slots=True)
class Turned:
    """A request that was turned away before anybody read it. `data`: the whole answer; the connection stays open, and
    for `rest` seconds nothing more is read from it."""

    data: bytes
    rest: float


Shortcut = Callable[[bytes, Peer], "Short | Turned | None"]  # the bytes of one whole request that was judged before


class Gate(Protocol):
    """Decides every request before one byte reaches an upstream."""

    def admit(self, head: RequestHead, peer: Peer, has_body: bool) -> Action | Awaitable[Action]:
        """Judge one request. A plain return (no awaitable) is the fast path."""

    def refuse_malformed(self, status: int, detail: str, head: RequestHead | None, peer: Peer) -> Answer:
        """The answer to what is no proper HTTP request (400, 408, 413, 414, 431, 505)."""

    def upstream_failed(self, head: RequestHead, peer: Peer, app: str, *, timed_out: bool) -> Answer:
        """The answer when an app did not answer before anything was sent to the browser (502, 504)."""

    def upstream_crowded(self, head: RequestHead, peer: Peer, app: str) -> Answer:
        """The answer when so many requests wait for an app that one more is turned away (503)."""


class UpstreamClient(Protocol):
    """The lane's own upstream side with the answer in memory: bytes stay as they are (sign-in, sign-out, replays)."""

    async def fetch(
        self, upstream: str, method: bytes, target: bytes, headers: Headers, body: bytes, limit: int
    ) -> tuple[ResponseHead, bytes]:
        """One exchange. Raises UpstreamUnavailable; also when the body is longer than `limit`."""
