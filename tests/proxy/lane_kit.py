"""A lane with a scripted gate, and apps written by hand: what the tests of the lane share."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

from gateway.config.settings import Limits, ListenAddress
from gateway.core.heads import request_headers, response_headers
from gateway.core.jar import Jar
from gateway.core.messages import Answer, RequestHead, ResponseHead, first_header
from gateway.proxy.actions import Action, Forward, Peer, ResponsePlan, Shortcut
from gateway.proxy.express import Known, Short
from gateway.proxy.framing import request_head
from gateway.proxy.server import Lane
from gateway.proxy.spots import Spot

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Script = Callable[[Reader, Writer], Awaitable[None]]
Admit = Callable[[RequestHead, Peer, bool], "Action | Awaitable[Action]"]


def plain_plan(head: ResponseHead) -> ResponsePlan:
    """Everything end-to-end goes on."""
    return ResponsePlan(response_headers(head.headers))


def forward(head: RequestHead, peer: Peer, has_body: bool) -> Forward:
    """Everything goes to the app, and plain answers go on as they come."""
    host = first_header(head.headers, b"host") or b""
    headers = request_headers(head, client_address=peer.address, scheme=peer.scheme, host=host)
    return Forward("app", head.method, head.target, headers, plain_plan, plain=True)


def short_way(admit: Admit = forward) -> Shortcut:
    """The short way for every GET that comes whole and alone, as if the gate had judged its like before."""

    def shortcut(data: bytes, peer: Peer) -> Short | None:
        line, _, block = data.partition(b"\r\n")
        whole = line.startswith(b"GET ") and line.endswith(b" HTTP/1.1") and block.find(b"\r\n\r\n") == len(block) - 4
        lines = [entry.partition(b":") for entry in block.split(b"\r\n") if entry]
        pairs = tuple((name, value.strip(b" \t")) for name, _, value in lines)
        if not whole or {name.lower() for name, _ in pairs} & _NOT_SHORT:
            return None
        head = RequestHead(b"GET", line[4:-9], "1.1", pairs)
        action = admit(head, peer, False)
        assert isinstance(action, Forward)
        on_response = action.on_response
        express = SimpleNamespace(now=lambda: 0.0, respond=lambda _, answer: on_response(answer))
        live = SimpleNamespace(record=SimpleNamespace(jar=Jar()))
        known = SimpleNamespace(
            express=express, headers=pairs, host=b"a", cookies=[], peer="", client="", trusted=False, live=live,
            token=b"", policy=None, keeps=b"close" not in dict(pairs).get(b"Connection", b""),
        )  # fmt: skip
        spot = SimpleNamespace(upstream="app", path=b"/", app=SimpleNamespace(ignores_case=False))
        return cast("Known", known), cast("Spot", spot), request_head(b"GET", head.target, action.headers)

    return shortcut


_NOT_SHORT = {b"content-length", b"transfer-encoding", b"expect", b"upgrade"}


class ScriptedGate:
    """Decides by a function; writes down what it was asked."""

    def __init__(self, admit: Admit = forward) -> None:
        self.script = admit
        self.asked: list[RequestHead] = []
        self.refused: list[tuple[int, str]] = []
        self.failures: list[bool] = []
        self.crowds = 0

    def admit(self, head: RequestHead, peer: Peer, has_body: bool) -> Action | Awaitable[Action]:
        self.asked.append(head)
        return self.script(head, peer, has_body)

    def refuse_malformed(self, status: int, detail: str, head: RequestHead | None, peer: Peer) -> Answer:
        self.refused.append((status, detail))
        return Answer(status, b"Refused", ((b"X-Word", detail.encode()),), b"refused")

    def upstream_failed(self, head: RequestHead, peer: Peer, app: str, *, timed_out: bool) -> Answer:
        self.failures.append(timed_out)
        return Answer(504 if timed_out else 502, b"Failed", (), b"failed")

    def upstream_crowded(self, head: RequestHead, peer: Peer, app: str) -> Answer:
        self.crowds += 1
        return Answer(503, b"Crowded", ((b"Retry-After", b"5"),), b"crowded")


class RawApp:
    """An app that plays a script on every connection and keeps what it was sent."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._server: asyncio.Server | None = None
        self.connections = 0
        self.ended = 0
        self.heads: list[bytes] = []
        self._writers: set[Writer] = set()

    async def start(self, tls: ssl.SSLContext | None = None) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls, limit=1 << 18)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start_at(self, path: str) -> None:
        """Listen at a UNIX socket."""
        self._server = await asyncio.start_unix_server(self._serve, path)

    async def _serve(self, reader: Reader, writer: Writer) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            await self._script(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.ended += 1
            writer.close()

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            if not writer.is_closing():
                writer.transport.abort()
        await asyncio.sleep(0)

    async def head(self, reader: Reader) -> bytes:
        """The next request's head."""
        data = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(data)
        return data


async def dechunked(reader: Reader) -> bytes:
    """A chunked body."""
    body = b""
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        body += await reader.readexactly(size)
        assert await reader.readexactly(2) == b"\r\n"
        if size == 0:
            return body


async def read_body(reader: Reader, head: bytes) -> bytes:
    """A request's or an answer's body by its own framing."""
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        return await dechunked(reader)
    for line in lower.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return await reader.readexactly(int(line.partition(b":")[2]))
    return b""


def app(answer: bytes | Callable[[bytes, bytes], bytes]) -> RawApp:
    """An app that gives each request the same raw answer, or what a function of head and body gives."""

    async def script(reader: Reader, writer: Writer) -> None:
        while True:
            head = await made.head(reader)
            body = await read_body(reader, head)
            writer.write(answer if isinstance(answer, bytes) else answer(head, body))
            await writer.drain()

    made = RawApp(script)
    return made


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def get(target: str = "/", extra: str = "") -> bytes:
    """A plain request."""
    return f"GET {target} HTTP/1.1\r\nHost: a.example\r\n{extra}\r\n".encode("latin-1")


class Browser:
    """A socket that reads answers one by one."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, data: bytes, *, head_only: bool = False) -> tuple[bytes, bytes]:
        """Send, then read one answer."""
        self.writer.write(data)
        return await self.answer(head_only=head_only)

    async def answer(self, *, head_only: bool = False) -> tuple[bytes, bytes]:
        """Head and body of the next answer."""
        async with asyncio.timeout(5):
            head = await self.reader.readuntil(b"\r\n\r\n")
            status = int(head.split(b" ")[1])
            if head_only or status < 200 or status in (204, 304):
                return head, b""
            return head, await read_body(self.reader, head)

    async def rest(self) -> bytes:
        """Everything until the lane closes."""
        async with asyncio.timeout(5):
            return await self.reader.read()

    async def gone(self) -> bool:
        """Whether the lane has closed, politely or hard, without another byte."""
        try:
            return await self.rest() == b""
        except ConnectionError:
            return True


class Bench:
    """A lane between browsers and one app."""

    def __init__(self, lane: Lane, gate: ScriptedGate, app: RawApp, port: int) -> None:
        self.lane = lane
        self.gate = gate
        self.app = app
        self.port = port
        self._browsers: list[Browser] = []

    async def browser(self) -> Browser:
        """A new connection."""
        browser = Browser(*await asyncio.open_connection("127.0.0.1", self.port))
        self._browsers.append(browser)
        return browser

    def hang_up(self) -> None:
        """Close all browsers."""
        for browser in self._browsers:
            browser.writer.transport.abort()


QUICK = Limits(
    head_seconds=0.2,
    body_idle_seconds=0.2,
    idle_seconds=0.3,
    connect_seconds=0.3,
    answer_seconds=0.3,
    answer_idle_seconds=0.3,
)


@asynccontextmanager
async def bench(
    app: RawApp, admit: Admit = forward, limits: Limits | None = None, shortcut: Shortcut | None = None
) -> AsyncIterator[Bench]:
    """Start both, stop both."""
    gate = ScriptedGate(admit)
    upstream = await app.start()
    lane = Lane(gate, {"app": ("127.0.0.1", upstream)}, limits or Limits(), shortcut=shortcut)
    (port,) = await lane.start((ListenAddress("127.0.0.1", 0),))
    made = Bench(lane, gate, app, port)
    try:
        yield made
    finally:
        made.hang_up()
        await lane.close()
        await app.stop()


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for something that must become true soon."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - any condition, no event
            await asyncio.sleep(0.01)
