"""The client of the black-box tests: bytes on a socket, because an HTTP library would repair what is to be tested.

Answers are read by a small strict parser; `answers()` also takes apart a whole recorded stream.
"""

from __future__ import annotations

import gzip
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Pairs = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """One answer as it came; `body` without transfer coding, `complete` False when the stream broke off."""

    status: int
    head: bytes
    headers: Pairs
    body: bytes
    complete: bool = True

    def header(self, name: str) -> str | None:
        """The first value of a header, Latin-1."""
        values = self.all(name)
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value.decode("latin-1") for key, value in self.headers if key.lower() == name.lower().encode()]

    def decoded_body(self) -> bytes:
        """The body without its content coding."""
        coding = (self.header("content-encoding") or "").lower()
        if coding == "gzip" and self.body:
            return gzip.decompress(self.body)
        if coding == "deflate" and self.body:
            return zlib.decompress(self.body)
        return self.body


def head_pairs(head: bytes) -> Pairs:
    """Name and value of every header line of a head, as they stand."""
    pairs = []
    for line in head.split(b"\r\n")[1:]:
        if line:
            name, _, value = line.partition(b":")
            pairs.append((name, value.strip(b" \t")))
    return tuple(pairs)


def _value(headers: Pairs, name: bytes) -> bytes | None:
    for key, value in headers:
        if key.lower() == name:
            return value
    return None


def dechunk(data: bytes) -> tuple[bytes, bytes, bool]:
    """Body, rest of the stream, and whether the last chunk was there. Raises ValueError on a bad size."""
    body = b""
    while True:
        line, found, rest = data.partition(b"\r\n")
        if not found:
            return body, b"", False
        size = int(line.split(b";")[0].strip(), 16)
        if size == 0:
            while True:
                trailer, found, rest = rest.partition(b"\r\n")
                if not found:
                    return body, b"", False
                if not trailer:
                    return body, rest, True
        body += rest[:size]
        if len(rest) < size + 2:
            return body, b"", False
        data = rest[size + 2 :]


def read_answer(data: bytes, *, method: str = "GET", closed: bool) -> tuple[WireAnswer, bytes] | None:
    """Take one answer from the front of `data`; None while it is not complete and the stream is still open."""
    head, found, rest = data.partition(b"\r\n\r\n")
    if not found:
        return None
    status = int(head.split(b" ", 2)[1])
    headers = head_pairs(head)
    complete = True
    length = _value(headers, b"content-length")
    if status < 200 or status in (204, 304) or method == "HEAD":
        body = b""
    elif b"chunked" in (_value(headers, b"transfer-encoding") or b"").lower():
        body, rest, complete = dechunk(rest)
    elif length is not None:
        size = int(length)
        complete = len(rest) >= size
        body, rest = rest[:size], rest[size:]
    else:
        body, rest, complete = rest, b"", closed
    if not complete and not closed:
        return None
    return WireAnswer(status, head, headers, body, complete), rest


def answers(stream: bytes, methods: list[str] | None = None, *, closed: bool = True) -> list[WireAnswer]:
    """Every answer of one connection's stream; `methods` names the requests in order where HEAD matters."""
    found = []
    asked = iter(methods or [])
    while stream:
        taken = read_answer(stream, method=next(asked, "GET"), closed=closed)
        if taken is None:
            break
        answer, stream = taken
        found.append(answer)
    return found


@contextmanager
def connected(port: int, source: str | None = None) -> Iterator[socket.socket]:
    """A TCP connection to a local server, from another loopback address if `source` is given."""
    made = socket.create_connection(("127.0.0.1", port), timeout=5, source_address=(source, 0) if source else None)
    with made:
        yield made


def receive(connection: socket.socket, seconds: float = 5.0, *, method: str = "GET") -> list[WireAnswer]:
    """Read until one final (not 1xx) answer is complete, the peer closes, or nothing comes for `seconds`."""
    data = b""
    connection.settimeout(seconds)
    while True:
        got = answers(data, [method] * 8, closed=False)
        if got and got[-1].status >= 200:
            return got
        try:
            piece = connection.recv(65536)
        except (TimeoutError, ConnectionError):
            piece = b""
        if not piece:
            return answers(data, [method] * 8, closed=True)
        data += piece


def exchange(
    port: int, raw: bytes, *, seconds: float = 5.0, source: str | None = None, method: str = "GET"
) -> WireAnswer:
    """Send bytes, give the first final answer. Fails when there is none."""
    with connected(port, source) as connection:
        connection.sendall(raw)
        got = receive(connection, seconds, method=method)
    assert got, f"no answer to {raw[:200]!r}"
    return got[-1]


def drain(port: int, raw: bytes, *, quiet: float = 1.0, source: str | None = None) -> tuple[bytes, bool]:
    """Send bytes and read until the peer closes or says nothing for `quiet` seconds: (what came, closed)."""
    data = b""
    with connected(port, source) as connection:
        connection.settimeout(quiet)
        try:
            connection.sendall(raw)
            while piece := connection.recv(65536):
                data += piece
        except TimeoutError:
            return data, False
        except ConnectionError:
            return data, True
    return data, True
