"""An app at several addresses: who gets a request, where sessions stay, what happens when an address fails."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from gateway.config.settings import Limits, ListenAddress
from gateway.core.heads import request_headers
from gateway.core.messages import RequestHead, first_header
from gateway.proxy.actions import Forward, Peer
from gateway.proxy.health import FAILURES
from gateway.proxy.server import Lane
from gateway.proxy.upstreams import Place, Upstream
from tests.proxy.lane_kit import (
    OK,
    Bench,
    Browser,
    RawApp,
    Reader,
    ScriptedGate,
    Writer,
    get,
    plain_plan,
    read_body,
    until,
)

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"


def with_cookies(head: RequestHead, peer: Peer, has_body: bool) -> Forward:
    """Everything goes to the app, cookies too, as if the vault had put them in."""
    host = first_header(head.headers, b"host") or b""
    cookie = first_header(head.headers, b"cookie")
    headers = request_headers(head, client_address=peer.address, scheme="http", host=host, cookie=cookie)
    return Forward("app", head.method, head.target, headers, plain_plan)


def session_app(name: str) -> RawApp:
    """An app with sessions in its own memory: /in begins one, elsewhere it says whether it knows the caller."""
    known: set[bytes] = set()

    async def script(reader: Reader, writer: Writer) -> None:
        while True:
            head = await made.head(reader)
            await read_body(reader, head)
            line = next((line for line in head.split(b"\r\n") if line.startswith(b"Cookie: ")), b"")
            found = [pair[4:] for pair in line[8:].split(b"; ") if pair.startswith(b"sid=")]
            body = name.encode() + (b" knows you" if found and found[0] in known else b" asks who you are")
            setting = b""
            if head.startswith(b"GET /in "):
                sid = f"{name}{len(known)}".encode()
                known.add(sid)
                setting = b"Set-Cookie: sid=" + sid + b"; Path=/\r\n"
            writer.write(b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (setting, len(body), body))
            await writer.drain()

    made = RawApp(script)
    return made


class Several(Bench):
    """A lane in front of several apps."""

    def __init__(self, lane: Lane, gate: ScriptedGate, apps: list[RawApp], port: int, ports: list[int]) -> None:
        super().__init__(lane, gate, apps[0], port)
        self.apps = apps
        self.ports = ports

    @property
    def upstream(self) -> Upstream:
        found = self.lane.pools["app"]
        assert isinstance(found, Upstream)
        return found


class Jar:
    """A browser's cookies."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.cookies: dict[str, str] = {"other": "1"}

    async def ask(self, target: str = "/") -> bytes:
        line = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        head, body = await self._browser.ask(get(target, f"Cookie: {line}\r\n"))
        for header in head.decode().split("\r\n"):
            if header.startswith("Set-Cookie: "):
                name, _, value = header[12:].partition(";")[0].partition("=")
                self.cookies[name] = value
        return body


@asynccontextmanager
async def several(*apps: RawApp, limits: Limits | None = None, sticky: bool = True) -> AsyncIterator[Several]:
    gate = ScriptedGate(with_cookies)
    ports = [await app.start() for app in apps]
    place = Place(tuple(("127.0.0.1", port) for port in ports), sticky)
    lane = Lane(gate, {"app": place}, limits or Limits())
    (port,) = await lane.start((ListenAddress("127.0.0.1", 0),))
    made = Several(lane, gate, list(apps), port, ports)
    try:
        yield made
    finally:
        made.hang_up()
        await lane.close()
        for app in apps:
            await app.stop()


async def test_who_has_a_session_stays_where_it_began() -> None:
    async with several(session_app("a"), session_app("b"), session_app("c")) as lane:
        visitors = [Jar(await lane.browser()) for _ in range(6)]
        homes = [(await visitor.ask("/in"))[:1] for visitor in visitors]
        assert set(homes) == {b"a", b"b", b"c"}
        for _ in range(3):
            for visitor, home in zip(visitors, homes, strict=True):
                assert await visitor.ask() == home + b" knows you"


async def test_another_worker_finds_the_same_address() -> None:
    async with several(session_app("a"), session_app("b")) as lane:
        visitor = Jar(await lane.browser())
        await visitor.ask("/in")
        place = Place(tuple(("127.0.0.1", port) for port in reversed(lane.ports)))
        other = Lane(ScriptedGate(with_cookies), {"app": place}, Limits())
        (port,) = await other.start((ListenAddress("127.0.0.1", 0),))
        browser = Browser(*await asyncio.open_connection("127.0.0.1", port))
        elsewhere = Jar(browser)
        elsewhere.cookies = visitor.cookies
        for _ in range(4):
            assert (await elsewhere.ask()).endswith(b" knows you")
        browser.writer.close()
        await other.close()


async def test_the_app_never_sees_our_cookie_and_every_other_one() -> None:
    async with several(session_app("a"), session_app("b")) as lane:
        visitor = Jar(await lane.browser())
        await visitor.ask("/in")
        await visitor.ask()
        assert any(name.startswith("sekisho-at-") for name in visitor.cookies)
        heads = b"".join(head for app in lane.apps for head in app.heads)
        assert b"sekisho-at" not in heads
        assert b"Cookie: other=1\r\n" in heads
        assert b"Cookie: other=1; sid=" in heads


async def test_where_addresses_share_their_sessions_nobody_is_remembered() -> None:
    async with several(session_app("a"), session_app("b"), sticky=False) as lane:
        visitor = Jar(await lane.browser())
        await visitor.ask("/in")
        assert not any(name.startswith("sekisho-at-") for name in visitor.cookies)
        assert {(await visitor.ask())[:1] for _ in range(4)} == {b"a", b"b"}


@pytest.mark.parametrize("value", ["deadbeef", "x", "", "%00", "zzzzzzzz"])
async def test_a_made_up_address_is_no_address(value: str) -> None:
    async with several(session_app("a"), session_app("b")) as lane:
        visitor = Jar(await lane.browser())
        visitor.cookies["sekisho-at-app"] = value
        assert {(await visitor.ask())[:1] for _ in range(4)} == {b"a", b"b"}


def holding() -> tuple[RawApp, asyncio.Event]:
    """An app that answers when it may."""
    free = asyncio.Event()

    async def script(reader: Reader, writer: Writer) -> None:
        while True:
            await read_body(reader, await made.head(reader))
            await free.wait()
            writer.write(OK)
            await writer.drain()

    made = RawApp(script)
    return made, free


async def test_strangers_go_where_the_fewest_requests_are_under_way() -> None:
    (slow, free), (other, other_free) = holding(), holding()
    async with several(slow, other) as lane:
        browsers = [await lane.browser() for _ in range(6)]
        asking = [asyncio.create_task(browser.ask(get())) for browser in browsers]
        await until(lambda: len(slow.heads) + len(other.heads) == 6)
        assert (len(slow.heads), len(other.heads)) == (3, 3)
        free.set()
        other_free.set()
        await asyncio.gather(*asking)


async def test_an_address_that_refuses_is_passed_over_for_any_method() -> None:
    async with several(session_app("a"), session_app("b")) as lane:
        await lane.apps[0].stop()
        browser = await lane.browser()
        for _ in range(8):
            assert (await browser.ask(POST))[1] == b"b asks who you are"
        assert lane.gate.failures == []


async def test_a_session_whose_address_is_gone_goes_elsewhere_and_stays_there() -> None:
    async with several(session_app("a"), session_app("b")) as lane:
        visitor = Jar(await lane.browser())
        home = (await visitor.ask("/in"))[:1]
        await lane.apps[0 if home == b"a" else 1].stop()
        other = b"b" if home == b"a" else b"a"
        assert await visitor.ask() == other + b" asks who you are"
        await visitor.ask("/in")
        assert await visitor.ask() == other + b" knows you"


async def test_an_address_that_says_nothing_leaves_time_for_another() -> None:
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen(0)
    fill = [socket.socket() for _ in range(4)]  # its backlog is full: connecting gets no answer
    for each in fill:
        each.setblocking(False)
        each.connect_ex(silent.getsockname())
    app = session_app("b")
    place = Place((silent.getsockname(), ("127.0.0.1", await app.start())))
    gate = ScriptedGate(with_cookies)
    lane = Lane(gate, {"app": place}, Limits(connect_seconds=3.0))
    (port,) = await lane.start((ListenAddress("127.0.0.1", 0),))
    browser = Browser(*await asyncio.open_connection("127.0.0.1", port))
    for _ in range(2):
        assert (await browser.ask(POST))[1] == b"b asks who you are"
    browser.writer.close()
    await lane.close()
    await app.stop()
    for each in (silent, *fill):
        each.close()


async def test_when_no_address_can_be_reached_that_is_a_502_at_last() -> None:
    async with several(session_app("a"), session_app("b")) as lane:
        for app in lane.apps:
            await app.stop()
        browser = await lane.browser()
        for _ in range(FAILURES + 2):
            assert (await browser.ask(get()))[0].startswith(b"HTTP/1.1 502 ")


def breaking() -> RawApp:
    """Takes a request and hangs up."""

    async def script(reader: Reader, writer: Writer) -> None:
        await read_body(reader, await made.head(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        await writer.drain()

    made = RawApp(script)
    return made


async def test_an_address_whose_answers_break_off_is_left_alone_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bad, good = breaking(), session_app("b")
    async with several(bad, good) as lane:
        for _ in range(4 * FAILURES):
            browser = await lane.browser()
            browser.writer.write(get("/", "Connection: close\r\n"))
            with contextlib.suppress(ConnectionError):
                await browser.rest()
        assert len(bad.heads) == FAILURES
        assert "is left alone" in caplog.text
        lane.lane._sweep.now += 100
        for _ in range(4):
            browser = await lane.browser()
            browser.writer.write(get("/", "Connection: close\r\n"))
            with contextlib.suppress(ConnectionError):
                await browser.rest()
        assert len(bad.heads) == FAILURES + 1


async def test_an_address_that_never_answers_is_left_alone() -> None:
    (hangs, _), works = holding(), session_app("b")
    async with several(hangs, works, limits=replace(Limits(), answer_seconds=0.2)) as lane:
        browsers = [await lane.browser() for _ in range(2 * FAILURES)]
        asking = [asyncio.create_task(browser.ask(get())) for browser in browsers]
        answers = [head.split(b" ")[1] for head, _ in await asyncio.gather(*asking)]
        assert sorted(set(answers)) == [b"200", b"504"]
        hung = len(hangs.heads)
        assert hung >= FAILURES
        for _ in range(4):
            assert (await (await lane.browser()).ask(get()))[1].startswith(b"b")
        assert len(hangs.heads) == hung


async def test_all_addresses_out_is_no_reason_to_refuse() -> None:
    apps = [session_app("a"), session_app("b")]
    async with several(*apps) as lane:
        for member in lane.upstream.members:
            for _ in range(FAILURES):
                member.bad("a test")
        assert not any(member.usable() for member in lane.upstream.members)
        browser = await lane.browser()
        assert (await browser.ask(get()))[1].endswith(b"asks who you are")
        assert any(member.usable() for member in lane.upstream.members)


async def test_a_websocket_opens_at_the_address_of_its_session() -> None:
    key = base64.b64encode(b"sixteen bytes...")
    digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    opening = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + base64.b64encode(digest)
        + b"\r\n\r\n"
    )

    def echoing(name: bytes) -> RawApp:
        async def script(reader: Reader, writer: Writer) -> None:
            if (await made.head(reader)).startswith(b"GET /in "):
                writer.write(OK.replace(b"Content", b"Set-Cookie: sid=1; Path=/\r\nContent"))
                await made.head(reader)
            writer.write(opening + name)
            writer.write(await reader.readexactly(5))

        made = RawApp(script)
        return made

    async def stays(heard: bool) -> bool:
        return True

    apps = [echoing(b"a"), echoing(b"b")]
    async with several(*apps) as lane:

        def admit(head: RequestHead, peer: Peer, has_body: bool) -> Forward:
            forward = with_cookies(head, peer, has_body)
            if head.target == b"/chat":
                forward.still = stays
                asking = (b"Upgrade", b"websocket"), (b"Connection", b"Upgrade"), (b"Sec-WebSocket-Version", b"13")
                forward.headers = (*forward.headers, *asking)
            return forward

        lane.gate.script = admit
        visitor = Jar(await lane.browser())
        await visitor.ask("/in")
        home = next(name for name, app in zip((b"a", b"b"), apps, strict=True) if app.heads)
        cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
        upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        for _ in range(3):
            browser = await lane.browser()
            lines = f"Cookie: {cookies}\r\nSec-WebSocket-Key: {key.decode()}\r\n{upgrade}"
            head, _ = await browser.ask(get("/chat", lines))
            assert head.startswith(b"HTTP/1.1 101 ")
            assert await browser.reader.readexactly(1) == home
            browser.writer.write(b"hello")
            assert await browser.reader.readexactly(5) == b"hello"
