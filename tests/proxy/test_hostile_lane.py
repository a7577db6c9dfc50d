"""Attacks on the short way through a lane: what one browser does must not reach the next one's answer."""

from __future__ import annotations

import asyncio
import hashlib
import socket

import pytest

from gateway.config.settings import Limits, ListenAddress
from gateway.proxy.server import Lane
from gateway.proxy.upstreams import Place
from tests.proxy.lane_kit import OK, ScriptedGate, app, get, short_way, until
from tests.proxy.test_upstreams import with_cookies

BIG = 80_000  # goes over the 64 KiB of the browser's write buffer with its last piece


@pytest.mark.parametrize("short", [False, True])
async def test_a_browser_that_does_not_read_stops_nobody_elses_answer(*, short: bool) -> None:
    """The end of an answer that makes the browser's buffer full must not pause the app's connection: that is in the
    pool again, and its next user would wait for ever."""
    made = app(lambda head, _: _big() if head.startswith(b"GET /big") else OK)
    upstream = await made.start()
    gate = ScriptedGate()
    lane = Lane(
        gate, {"app": ("127.0.0.1", upstream)}, Limits(answer_seconds=1.5), shortcut=short_way() if short else None
    )
    (port,) = await lane.start((ListenAddress("127.0.0.1", 0),))
    loop = asyncio.get_running_loop()
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
    slow.setblocking(False)
    try:
        await loop.sock_connect(slow, ("127.0.0.1", port))
        await until(lambda: lane.connections == 1)
        (client,) = lane._shared.clients
        assert client.transport is not None
        client.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608)
        await loop.sock_sendall(slow, get("/big"))
        await until(lambda: len(made.heads) == 1 and lane.pools["app"].idle == 1)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("/small"))
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.close()
        assert len(made.heads) == 2
        assert made.connections == 1
        assert head.split(b"\r\n")[0] == b"HTTP/1.1 200 OK"
    finally:
        slow.close()
        await lane.close()
        await made.stop()


def _big() -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (BIG, b"x" * BIG)


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("where", ["address", "referer"])
async def test_only_the_vaults_cookie_says_at_which_address_a_session_is(where: str, *, short: bool) -> None:
    """Not the address that a link leads to, nor a Referer: whoever writes these would tear people from their
    sessions."""
    apps = [app(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + name) for name in (b"a", b"b")]
    ports = [await one.start() for one in apps]
    gate = ScriptedGate(with_cookies)
    place = Place(tuple(("127.0.0.1", port) for port in ports))
    lane = Lane(gate, {"app": place}, Limits(), shortcut=short_way(with_cookies) if short else None)
    (port,) = await lane.start((ListenAddress("127.0.0.1", 0),))
    mine, other = (hashlib.sha256(f"127.0.0.1:{number}".encode()).hexdigest()[:8] for number in ports)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        target = f"/?sekisho-at-app={other};" if where == "address" else "/"
        extra = "" if where == "address" else f"Referer: https://elsewhere.example/?sekisho-at-app={other}\r\n"
        seen = set()
        for _ in range(4):
            writer.write(get(target, f"{extra}Cookie: sekisho-at-app={mine}; SID=1\r\n"))
            seen.add((await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5), await reader.readexactly(1))[1])
        writer.close()
        assert seen == {b"a"}
    finally:
        await lane.close()
        for one in apps:
            await one.stop()


@pytest.mark.parametrize("where", ["address", "referer", "body"])
async def test_a_sign_in_goes_where_the_vaults_cookie_says(where: str) -> None:
    """Its form stands in a session of the app, too: nobody else's words lead it to another address."""
    apps = [app(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + name) for name in (b"a", b"b")]
    ports = [await one.start() for one in apps]
    lane = Lane(ScriptedGate(with_cookies), {"app": Place(tuple(("127.0.0.1", port) for port in ports))}, Limits())
    await lane.start((ListenAddress("127.0.0.1", 0),))
    mine, other = (hashlib.sha256(f"127.0.0.1:{number}".encode()).hexdigest()[:8].encode() for number in ports)
    word = b"sekisho-at-app=" + other + b";"
    target = b"/login?" + word if where == "address" else b"/login"
    said = ((b"Referer", b"https://elsewhere.example/?" + word),) if where == "referer" else ()
    headers = ((b"Host", b"a.example"), *said, (b"Cookie", b"sekisho-at-app=" + mine + b"; SID=1"))
    try:
        seen = set()
        for _ in range(4):
            _, body = await lane.fetcher.fetch("app", b"POST", target, headers, word if where == "body" else b"a", 100)
            seen.add(body)
        assert seen == {b"a"}
    finally:
        await lane.close()
        for one in apps:
            await one.stop()
