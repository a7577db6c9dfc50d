"""How the old apps answer: whole, gzip, in chunks cut through characters, without a length, with raw header bytes."""

from __future__ import annotations

import gzip
import zlib
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

SERVER = "Apache-Coyote/1.1"
CHUNK = 701  # odd, so that two-byte characters are cut in half


class RawAnswer(web.StreamResponse):
    """An answer written as bytes by ourselves: aiohttp drops header bytes that are not UTF-8.

    `length=False` leaves the length out and closes, as HTTP/1.0 programs do.
    """

    def __init__(self, head: tuple[tuple[bytes, bytes], ...], body: bytes, *, length: bool = True) -> None:
        super().__init__(status=200)
        self._raw_head = head
        self._raw_body = body
        self._length = length

    @property
    def keep_alive(self) -> bool:
        """Whether the connection stays open after this answer."""
        return self._length

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write everything; aiohttp's own writer is never started."""
        framing = b"Content-Length: %d\r\n" % len(self._raw_body) if self._length else b"Connection: close\r\n"
        lines = b"".join(b"%s: %s\r\n" % pair for pair in self._raw_head)
        body = b"" if request.method == "HEAD" else self._raw_body
        if request.transport is not None:
            request.transport.write(b"HTTP/1.1 200 OK\r\n" + lines + framing + b"\r\n" + body)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to write."""


def plain(body: bytes, content_type: str, status: int = 200) -> web.Response:
    """A whole answer with its length."""
    headers = {"Content-Type": content_type, "Server": SERVER, "Cache-Control": "private"}
    return web.Response(status=status, body=body, headers=headers)


def html(text: str, charset: str = "UTF-8", status: int = 200) -> web.Response:
    """A page in the app's character set; what the set lacks becomes a character reference."""
    codec = "cp932" if charset == "Shift_JIS" else charset
    return plain(text.encode(codec, "xmlcharrefreplace"), f"text/html;charset={charset}", status)


def zipped(request: web.Request, answer: web.Response) -> web.Response:
    """The same answer as gzip, when the browser takes it."""
    body = answer.body
    if "gzip" in request.headers.get("Accept-Encoding", "") and isinstance(body, bytes):
        answer.body = gzip.compress(body, mtime=0)
        answer.headers["Content-Encoding"] = "gzip"
        answer.headers["Vary"] = "Accept-Encoding"
    return answer


async def in_chunks(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """The same answer, chunked."""
    body = answer.body
    assert isinstance(body, bytes)
    stream = web.StreamResponse(status=answer.status, headers=answer.headers)
    stream.headers.pop("Content-Length", None)
    stream.enable_chunked_encoding()
    for cookie in answer.cookies.values():
        stream.cookies[cookie.key] = cookie
    await stream.prepare(request)
    for start in range(0, len(body), CHUNK):
        await stream.write(body[start : start + CHUNK])
    await stream.write_eof()
    return stream


def found(location: str) -> web.Response:
    """A redirect by absolute path, with the little page that old containers send along."""
    body = b"<html><head><title>302 Found</title></head><body>Moved.</body></html>"
    answer = plain(body, "text/html", 302)
    answer.headers["Location"] = location
    return answer


def asset(request: web.Request, body: bytes, content_type: str) -> web.Response:
    """A file that browsers may keep, answered by 304 when they have it."""
    etag = f'"{len(body)}-{zlib.crc32(body):08x}"'
    headers = {"ETag": etag, "Cache-Control": "public, max-age=3600", "Server": SERVER}
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers={**headers, "Content-Type": content_type})


async def form(request: web.Request, codec: str = "utf-8") -> dict[str, str]:
    """An urlencoded form in the page's own character set, which browsers do not name when they send it."""
    body = await request.read()
    pairs = parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True, encoding=codec, errors="replace")
    return dict(pairs)
