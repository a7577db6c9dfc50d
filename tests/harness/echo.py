"""An app that remembers the exact bytes it was sent and answers with as little as possible.

It frames requests strictly (Content-Length, chunked) so that what one connection carried can be told apart; the
whole stream of every connection is kept as well, for readers that would frame it otherwise.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs

from tests.harness.wire import Pairs, dechunk, head_pairs


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it stood on the wire; `body` without transfer coding."""

    method: bytes
    target: bytes
    version: bytes
    headers: Pairs
    body: bytes
    raw_head: bytes

    def all(self, name: str) -> list[bytes]:
        """Every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower().encode()]

    @property
    def cookie(self) -> bytes:
        """All Cookie lines in one."""
        return b"; ".join(self.all("cookie"))


Handler = Callable[[Seen], bytes]


@dataclass(slots=True)
class Log:
    """What the app saw since the last `clear`."""

    requests: list[Seen] = field(default_factory=list)
    streams: list[bytearray] = field(default_factory=list)

    @property
    def raw(self) -> bytes:
        """All bytes of all connections."""
        return b"\n---\n".join(bytes(stream) for stream in self.streams)


class EchoApp:
    """Context manager: listens on a free port; one thread a connection. `handler` makes the whole answer."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.log = Log()
        self._open: set[socket.socket] = set()
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Without this the thread stays in accept(), and goes on with whatever listener gets the same descriptor next.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join(5)
        self._listener.close()
        for connection in list(self._open):
            connection.close()

    def clear(self) -> None:
        """Forget what was seen. Idle pooled connections stay and write into a new log."""
        self.log = Log()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        data = b""
        stream: tuple[Log, bytearray] | None = None
        with connection:
            while True:
                try:
                    piece = connection.recv(65536)
                except OSError:
                    piece = b""
                if not piece:
                    break
                if stream is None or stream[0] is not self.log:
                    stream = (self.log, bytearray())
                    self.log.streams.append(stream[1])
                stream[1].extend(piece)
                data += piece
                while (taken := take_request(data)) is not None:
                    seen, data = taken
                    stream[0].requests.append(seen)
                    try:
                        connection.sendall(self._handler(seen))
                    except OSError:
                        break
        self._open.discard(connection)


def take_request(data: bytes) -> tuple[Seen, bytes] | None:
    """One complete request from the front of `data`, or None."""
    head, found, rest = data.partition(b"\r\n\r\n")
    if not found:
        return None
    line = head.split(b"\r\n", 1)[0]
    method, target, version = ([*line.split(b" ", 2), b"", b""])[:3]
    headers = head_pairs(head)
    values = {key.lower(): value for key, value in headers}
    body = b""
    if b"transfer-encoding" in values:
        body, rest, complete = dechunk(rest)
        if not complete:
            return None
    elif size := int(values.get(b"content-length", b"0")):
        if len(rest) < size:
            return None
        body, rest = rest[:size], rest[size:]
    return Seen(method, target, version, headers, body, head), rest


def plain_answer(status: str = "200 OK", body: bytes = b"ok\n", headers: tuple[str, ...] = ()) -> bytes:
    """An answer with a length."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: text/plain", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class LegacySignIn:
    """The awkward sign-in of the echo app: a wrong password sets a cookie too, `/pub/rotate` renews the session's,
    and whoever asks for the form without a session gets a new one.

    `issued` holds every cookie value that it ever set, so that a test can look for them anywhere.
    """

    def __init__(self) -> None:
        self.issued: list[str] = []
        self.tokens: dict[str, str] = {}  # session cookie value → login ID

    def __call__(self, seen: Seen) -> bytes:
        path = seen.target.split(b"?", 1)[0]
        if path == b"/login" and seen.method == b"POST":
            return self._sign_in(seen)
        if path == b"/pub/rotate":
            return plain_answer(headers=(self._cookie("JSESSIONID", "rotated"),))
        if path == b"/login" and b"JSESSIONID" not in seen.cookie:
            return plain_answer(headers=(self._cookie("JSESSIONID", "stranger"),))  # as PHP and servlets do
        return plain_answer(body=b"handled by " + path[:40] + b"\n")

    def _sign_in(self, seen: Seen) -> bytes:
        form = parse_qs(seen.body.decode("latin-1"))
        if form.get("password") != ["demo"]:
            return plain_answer(body=b"wrong password\n", headers=(self._cookie("JSESSIONID", "failed"),))
        login_id = form["login_id"][0]
        cookies = (self._cookie("JSESSIONID", login_id), self._cookie("ci_session", login_id))
        return plain_answer("302 Found", b"", (*cookies, "Location: /top"))

    def _cookie(self, name: str, owner: str) -> str:
        value = "v" + secrets.token_hex(12)
        self.issued.append(value)
        self.tokens[value] = owner
        return f"Set-Cookie: {name}={value}; Path=/; HttpOnly"
