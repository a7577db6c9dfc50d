"""A browser without a window: one connection, cookies, the forms of the gateway's pages, and a phone for the codes."""

from __future__ import annotations

import asyncio
import contextlib
import html
import re
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pyotp

from bench.processes import Spoiled

_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
# What Chrome 141 on Windows sends with a link that is followed, but for Host and Cookie, which come first and last.
HEADERS = (
    ("sec-ch-ua", '"Chromium";v="141", "Google Chrome";v="141", "Not?A_Brand";v="8"'),
    ("sec-ch-ua-mobile", "?0"),
    ("sec-ch-ua-platform", '"Windows"'),
    ("Upgrade-Insecure-Requests", "1"),
    ("User-Agent", _AGENT),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-User", "?1"),
    ("Sec-Fetch-Dest", "document"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Accept-Language", "ja,en-US;q=0.9,en;q=0.8"),
)  # fmt: skip
# What sites leave in a browser beside the session.
OTHER_COOKIES = "lang=ja; _ga=GA1.1.1203456789.1761990000; _ga_X1Y2Z3=GS2.1.s1761990000$o3$g1$t1761990321$j60$l0$h0"

_CSRF = re.compile(r'name="csrf" value="([^"]*)"')
_KEY = re.compile(r'data-copy="([A-Z2-7 ]+)"')


@dataclass(frozen=True, slots=True)
class Page:
    """An answer. `location` is its path."""

    status: int
    location: str
    body: bytes

    @property
    def csrf(self) -> str:
        """The token of the first form. Raises Spoiled when there is none."""
        return _found(_CSRF, self.body)


@dataclass(slots=True)
class Browser:
    """One person's browser. `key`: the secret of their authenticator app, once they have one. `sent`, `received`: bytes
    in all."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    key: str = ""
    sent: int = 0
    received: int = 0
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    async def get(self, target: str) -> Page:
        """Follow a link."""
        return await self._ask("GET", target)

    async def post(self, target: str, fields: dict[str, str]) -> Page:
        """Send a form of a page of this origin."""
        return await self._ask("POST", target, urlencode(fields).encode())

    async def sign_in(self, login_id: str) -> str:
        """Fill the app's form; where it leads."""
        await self.get("/login")
        answer = await self.post("/login", {"login_id": login_id, "password": "demo"})
        if answer.status not in (302, 303):
            raise Spoiled(f"{login_id} was not signed in: {answer.status}")
        return answer.location

    async def full(self, login_id: str) -> None:
        """Sign in, enrol with a phone, and fetch what was held."""
        await self.sign_in(login_id)
        page = await self.get("/.sekisho/enrol")
        self.key = _found(_KEY, page.body).replace(" ", "")
        answer = await self.post("/.sekisho/enrol", {"csrf": page.csrf, "totp": pyotp.TOTP(self.key).now()})
        if answer.status != 303 or answer.location.startswith("/.sekisho/"):
            raise Spoiled(f"{login_id}: no full session but {answer.status} {answer.location}")
        await self.get(answer.location)

    async def restricted(self, login_id: str) -> None:
        """Sign in, choose to go without a code, and fetch what was held."""
        await self.sign_in(login_id)
        page = await self.get("/.sekisho/choice")
        answer = await self.post("/.sekisho/choice", {"csrf": page.csrf, "choice": "restricted"})
        if answer.status != 303 or answer.location.startswith("/.sekisho/"):
            raise Spoiled(f"{login_id}: no restricted session but {answer.status} {answer.location}")
        await self.get(answer.location)

    @property
    def cookie(self) -> str:
        """The Cookie header."""
        own = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return f"{own}; {OTHER_COOKIES}" if own else OTHER_COOKIES

    async def close(self) -> None:
        """Close the connection; cookies stay."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _ask(self, method: str, target: str, body: bytes | None = None) -> Page:
        if self._reader is None or self._writer is None or self._reader.at_eof():
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in HEADERS]
        if body is not None:
            lines += [f"Origin: http://127.0.0.1:{self.port}", f"Content-Length: {len(body)}"]
            lines.append("Content-Type: application/x-www-form-urlencoded")
        lines.append(f"Cookie: {self.cookie}")
        request = "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")
        self.sent += len(request)
        self._writer.write(request)
        try:
            async with asyncio.timeout(60):
                return await self._answer(self._reader)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError) as fault:
            raise Spoiled(f"no whole answer to {method} {target}: {fault!r}") from fault

    async def _answer(self, reader: asyncio.StreamReader) -> Page:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, headers = int(head.split(" ", 2)[1]), head.split("\r\n")[1:-2]
        values: dict[str, str] = {}
        for line in headers:
            name, _, value = line.partition(":")
            if name.lower() == "set-cookie":
                self._keep(value.strip())
            values[name.lower()] = value.strip()
        body = b""
        if status not in (204, 304):
            body = await _body(reader, values)
        self.received += len(head) + len(body)
        if values.get("connection", "").lower() == "close":
            await self.close()
        location = re.sub(r"^https?://[^/]+", "", values.get("location", ""))
        return Page(status, location, body)

    def _keep(self, cookie: str) -> None:
        name, _, value = cookie.split(";", 1)[0].partition("=")
        gone = not value or "max-age=0" in cookie.lower() or "1970" in cookie
        if gone:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value


async def together(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run all of them. The first that fails ends the others, and what it raised is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except ExceptionGroup as several:
        raise several.exceptions[0] from several


async def _body(reader: asyncio.StreamReader, values: dict[str, str]) -> bytes:
    if values.get("transfer-encoding", "").lower() != "chunked":
        length = values.get("content-length")
        return await reader.read() if length is None else await reader.readexactly(int(length))
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return body


def _found(pattern: re.Pattern[str], body: bytes) -> str:
    match = pattern.search(body.decode(errors="replace"))
    if match is None:
        raise Spoiled(f"the page has no {pattern.pattern}: {body[:300]!r}")
    return html.unescape(match[1])
