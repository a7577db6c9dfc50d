"""Heads and chunks as bytes. All framing that leaves the gateway is written here, none is copied."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.core.messages import Answer, Headers

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
BUFFER = 65536  # bytes of a body that may wait for a connection
CHUNKED = (b"Transfer-Encoding", b"chunked")
CLOSE = (b"Connection", b"close")
KEEP_ALIVE = (b"Connection", b"keep-alive")
COOKIE_LINE = b"\r\nCookie: "
_line = b": ".join


def _head(first: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    lines = [first, *map(_line, headers), b"\r\n"]
    data = b"\r\n".join(lines)
    # A line break inside a name, value, reason or target would start a header or an answer of its own.
    if data.count(b"\n") != len(lines) or data.count(b"\r") != len(lines):
        raise ValueError("line break inside a head")
    return data


def request_head(method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A request's head for an app."""
    return _head(b"%b %b HTTP/1.1" % (method, target), headers)


def cookie_value(data: bytes) -> tuple[int, int] | None:
    """From where to where the value of the Cookie line stands that was written into a request's head; None: there is
    none. Only that line tells of cookies: the target, other headers and the body behind are anybody's words."""
    at = data.find(COOKIE_LINE, 0, data.find(b"\r\n\r\n"))
    return None if at < 0 else (at + len(COOKIE_LINE), data.index(b"\r\n", at + 2))


def answer_head(status: int, reason: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """An answer's head for a browser; the reason phrase as the app wrote it."""
    return _head(b"HTTP/1.1 %d %b" % (status, reason), headers)


def connection_header(version: str, *, keep: bool) -> tuple[bytes, bytes] | None:
    """RFC 9112 9.3: 1.1 stays open unless told otherwise, 1.0 closes unless told otherwise."""
    if keep:
        return None if version == "1.1" else KEEP_ALIVE
    return CLOSE


def chunk(data: bytes) -> bytes:
    """One chunk. Nothing for no data: an empty chunk would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def whole_answer(answer: Answer, *, head_only: bool, connection: tuple[bytes, bytes] | None) -> bytes:
    """A Reply with its framing."""
    headers = list(answer.headers)
    if answer.status not in (204, 304):
        headers.append((b"Content-Length", b"%d" % len(answer.body)))
    if connection is not None:
        headers.append(connection)
    head = answer_head(answer.status, answer.reason, headers)
    return head if head_only or answer.status in (204, 304) else head + answer.body


def body_framing(length: bytes | None, chunked: bool, body: bytes | None, method: bytes) -> Headers:
    """How an app is told where the body ends. `body` is one already read, which then counts alone."""
    if body is not None:
        if not body and method in (b"GET", b"HEAD", b"OPTIONS"):
            return ()
        return ((b"Content-Length", b"%d" % len(body)),)
    if chunked:
        return (CHUNKED,)
    return () if length is None else ((b"Content-Length", length.lstrip(b"0") or b"0"),)  # `010` is eight to some
