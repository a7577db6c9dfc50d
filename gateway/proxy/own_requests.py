"""Requests that the gateway itself makes of an app, outside of anybody's browser: trying a password, signing out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from gateway.core.apps import App
from gateway.core.cookies import CookieRules, outgoing_cookie
from gateway.core.heads import request_headers
from gateway.core.jar import Jar
from gateway.core.judging import plain_body
from gateway.core.messages import Headers, RequestHead, ResponseHead, header_values
from gateway.core.own_cookies import OWN_NAMES
from gateway.proxy.actions import UpstreamClient

_EVERY_COOKIE = CookieRules()
_LINES: Headers = (
    (b"User-Agent", b"Mozilla/5.0 (compatible; Sekisho)"),
    (b"Accept", b"text/html,application/xhtml+xml,*/*;q=0.8"),
    (b"Accept-Language", b"ja,en;q=0.5"),
    (b"Accept-Encoding", b"gzip"),
)


@dataclass(slots=True)
class Exchange:
    """What one app and the gateway say to each other under one jar, which grows by what the app sets."""

    app: App
    jar: Jar
    client: str  # the client address that the app is told; empty: none


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """An app's answer. `body` as it came; `page` without its content coding; `at`: when it came, in Unix seconds."""

    head: ResponseHead
    body: bytes = field(repr=False)
    at: float

    @property
    def page(self) -> bytes:
        """The body as a page; empty when its coding cannot be read."""
        return plain_body(self.head.headers, self.body) or b""


class OwnRequests:
    """Asks apps as a browser at the public address would; follows nothing by itself."""

    def __init__(
        self,
        client: UpstreamClient,
        origin: bytes,
        clock: Callable[[], float],
        limit: int,
        *,
        origins: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`origin`: what browsers call the service, `origins`: an app by its name, where that differs; `limit`: the
        longest answer that is read, in bytes."""
        self._client = client
        self._origin = origin
        self._origins = {name: own.encode() for name, own in origins.items()}
        self._clock = clock
        self._limit = limit

    async def ask(
        self, exchange: Exchange, method: bytes, target: bytes, *, content_type: bytes = b"", body: bytes = b""
    ) -> OwnAnswer:
        """One request with the exchange's cookies. Raises UpstreamUnavailable."""
        app, path = exchange.app, target.partition(b"?")[0]
        cookie = outgoing_cookie(exchange.jar, (), path, _EVERY_COOKIE, OWN_NAMES, self._clock())
        origin = self._origins.get(app.name, self._origin)
        scheme, _, host = origin.partition(b"://")
        headers = request_headers(
            RequestHead(method, target, "1.1", _lines(content_type, origin)),
            client_address=exchange.client,
            scheme=scheme.decode(),
            host=host,
            cookie=cookie,
            host_header=app.host_header,
        )
        if not exchange.client:
            headers = tuple(pair for pair in headers if pair[0] != b"X-Forwarded-For")
        head, answered = await self._client.fetch(app.name, method, target, headers, body, self._limit)
        now = self._clock()
        exchange.jar = exchange.jar.store(header_values(head.headers, b"set-cookie"), path, now)
        return OwnAnswer(head, answered, now)


def _lines(content_type: bytes, origin: bytes) -> Headers:
    """Apps that compare Origin or Referer with themselves find what a browser would send."""
    if not content_type:
        return _LINES
    return (*_LINES, (b"Content-Type", content_type), (b"Origin", origin), (b"Referer", origin + b"/"))
