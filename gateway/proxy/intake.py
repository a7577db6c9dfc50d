"""From a browser's bytes to requests in order: size limits, refusals, and never more than a few heads ahead.

llhttp cannot be stopped in the middle of what it is fed, so it is fed in slices: what follows the request being
answered stays raw bytes, and a thousand pipelined requests cost no more memory than the read that brought them.
"""

from __future__ import annotations

from collections import deque

import httptools

from gateway.config.settings import Limits
from gateway.core.heads import Examined, Refusal, examine
from gateway.core.messages import RequestHead
from gateway.core.websocket import is_handshake

_HEAD_SLICE = 8192
_CHUNKED_SLICE = 16384
_AHEAD = 2  # the request being answered, and one behind it


class Incoming:
    """One request as it arrives. `pieces` hold body bytes that nobody has taken yet."""

    __slots__ = ("complete", "examined", "handshake", "head", "keep_alive", "pieces", "refusal", "size")

    def __init__(self, head: RequestHead | None, examined: Examined, *, keep_alive: bool) -> None:
        self.head = head
        self.examined = examined
        self.keep_alive = keep_alive
        self.pieces: list[bytes] = []
        self.size = 0  # bytes in `pieces`
        self.complete = False
        self.handshake = False  # what follows the head is no HTTP, if the app accepts
        self.refusal: Refusal | None = None  # of the head, or of a body that broke the rules half-way

    def take(self) -> bytes:
        """The body bytes that have come since the last time."""
        pieces, self.pieces, self.size = self.pieces, [], 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


_NOTHING = Examined(b"/")
PLAIN = Incoming(RequestHead(b"GET", b"/", "1.1", ()), _NOTHING, keep_alive=True)  # every GET that took the short way
PLAIN.complete = True


class Intake:
    """The parser of one connection."""

    __slots__ = (
        "_begun", "_current", "_head_raw", "_headers", "_left", "_limits", "_muted", "_parser", "_refusal", "_stash",
        "_upgrade", "_url", "dead", "head_open", "queue",
    )  # fmt: skip

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parser = httptools.HttpRequestParser(self)
        self.queue: deque[Incoming] = deque()
        self.dead = False  # nothing more is read from this connection
        self.head_open = False
        self._current: Incoming | None = None  # the request whose body is arriving
        self._refusal: Refusal | None = None
        self._stash = b""
        self._head_raw = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._url = b""
        self._left = 0  # of a Content-Length
        self._muted = self._upgrade = self._begun = False

    @property
    def full(self) -> bool:
        """Whether reading should pause: what is there comes first."""
        return self.dead or bool(self._stash) or len(self.queue) >= _AHEAD

    @property
    def between(self) -> bool:
        """Whether everything that came has been served, and the next bytes begin a request."""
        return not (self.head_open or self._stash or self.dead or self.queue)

    @property
    def _asks_to_switch(self) -> bool:
        """Whether the newest request is a handshake: what comes behind it waits until that is answered."""
        return bool(self.queue) and self.queue[-1].handshake

    def take_rest(self) -> bytes:
        """The bytes that nobody has parsed: what follows a handshake that was accepted."""
        rest, self._stash = self._stash, b""
        return rest

    def feed(self, data: bytes) -> None:
        """Take bytes; requests appear in `queue`, body bytes in their `pieces`."""
        self._stash = self._stash + data if self._stash else data
        self.pump()

    def pump(self) -> None:
        """Go on with what was left over, once there is room."""
        while self._stash and not self.dead and len(self.queue) < _AHEAD and not self._asks_to_switch:
            size = _HEAD_SLICE
            if self._current is not None:
                size = self._left or _CHUNKED_SLICE
            piece = self._stash[:size]
            self._stash = self._stash[size:]
            self._parse(piece)

    def _parse(self, piece: bytes) -> None:
        self._head_raw = self._head_raw + piece if self.head_open else piece
        self._begun = False
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self._after_upgrade(piece[upgrade.args[0] :])
        except httptools.HttpParserError:
            if not self.dead:
                self._refuse(self._refusal or Refusal(400, "syntax"))
            return
        if self._begun:
            self._head_raw = piece  # what stands in front of this head belongs to others
        if self.head_open:
            self._limit_open_head()

    def _limit_open_head(self) -> None:
        """Between slices: a head that has not ended must not grow without end."""
        if len(self._headers) > self._limits.head_count:
            self._refuse(Refusal(431, "head-count"))
        elif len(self._head_raw) > self._limits.head_bytes:
            self._refuse(Refusal(431, "head-bytes") if self._headers else Refusal(414, "target-bytes"))

    def _refuse(self, refusal: Refusal) -> None:
        self.dead = True
        if self._current is not None:
            self._current.refusal = refusal
            return
        incoming = Incoming(None, _NOTHING, keep_alive=False)
        incoming.refusal = refusal
        self.queue.append(incoming)

    def _after_upgrade(self, rest: bytes) -> None:
        """Llhttp leaves HTTP behind an Upgrade header; a new parser reads on, unless a handshake is accepted.

        A request with a body (Java's client upgrades to h2c on POST) needs the same framing once more, or its body
        would be read as the next request.
        """
        self._parser = httptools.HttpRequestParser(self)
        self._upgrade = False
        current = self._current
        if current is not None:
            length = current.examined.length
            framing = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: " + length
            closing = b"" if current.keep_alive else b"Connection: close\r\n"
            self._muted = True
            self._parser.feed_data(b"POST / HTTP/1.1\r\nHost: a\r\n%b%b\r\n\r\n" % (closing, framing))
            self._muted = False
        self._stash = rest + self._stash

    def on_message_begin(self) -> None:
        """A request line starts."""
        if self._muted:
            return
        self.head_open = self._begun = True
        self._headers = []
        self._url = b""

    def on_url(self, part: bytes) -> None:
        """Part of the target."""
        if not self._muted:
            self._url += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; trailers come this way, too, and end here."""
        if self.head_open:
            self._headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """The head is whole: refuse it, or queue the request."""
        if self._muted:
            return
        if len(self._headers) > self._limits.head_count:
            self._stop(Refusal(431, "head-count"))
        parser = self._parser
        version: str = parser.get_http_version()
        method: bytes = parser.get_method()
        line = b"%b %b HTTP/%b" % (method, self._url, version.encode())
        if line not in self._head_raw:  # RTSP and ICE lines, and several spaces: llhttp takes them for HTTP
            self._stop(Refusal(400, "request-line"))
        head = RequestHead(method, self._url, version, tuple(self._headers))
        examined = examine(head)
        if isinstance(examined, Refusal):
            self._stop(examined)
            return
        if examined.target is not head.target:
            head = RequestHead(method, examined.target, version, head.headers)
        elif method == b"GET" and version == "1.1" and self._is_plain(examined):
            block = self._head_raw[self._head_raw.index(b"\r\n") + 2 :]
            head = RequestHead(method, head.target, version, head.headers, block)
        self.head_open = False
        self._upgrade = parser.should_upgrade()
        incoming = Incoming(head, examined, keep_alive=parser.should_keep_alive())
        incoming.handshake = self._upgrade and is_handshake(head)
        self._left = int(examined.length or b"0")
        self._current = incoming
        self.queue.append(incoming)

    def _is_plain(self, examined: Examined) -> bool:
        """Whether these bytes are one whole head, nothing before or behind it, and ask for nothing but an answer."""
        raw = self._head_raw
        odd = examined.has_body or examined.expects_continue or self._parser.should_upgrade()
        whole = raw.find(b"\r\n\r\n") == len(raw) - 4 and raw.startswith(b"GET ")
        return whole and not odd

    def on_body(self, data: bytes) -> None:
        """Part of the body, without chunk framing."""
        current = self._current
        if current is not None:
            current.pieces.append(data)
            current.size += len(data)
            self._left = max(0, self._left - len(data))

    def on_message_complete(self) -> None:
        """The request is whole."""
        current = self._current
        if self._muted or current is None or (self._upgrade and current.examined.has_body):
            return
        current.complete = True
        self._current = None
        if not current.keep_alive:
            self.dead = True

    def _stop(self, refusal: Refusal) -> None:
        self._refusal = refusal
        raise ValueError(refusal.word)  # llhttp stops at once: nothing behind this head is read
