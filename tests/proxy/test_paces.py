"""Slow browsers: those that creep to hold a connection, and those on a slow line that must not lose a byte."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from gateway.config.settings import Limits, ListenAddress
from gateway.core.messages import Answer
from gateway.proxy.actions import Action, ReadBody, Reply
from tests.proxy.lane_kit import OK, RawApp, Reader, Writer, app, get, until
from tests.proxy.listening import listening, on_both_loops

PLAIN = ListenAddress("127.0.0.1", 0)
SIZE = 12 << 20


def big(end: bytes = b"") -> RawApp:
    """An answer that no buffer of the kernel holds."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%b\r\n" % (SIZE, end)
    return app(head + b"x" * SIZE)


def narrow(port: int, request: bytes) -> socket.socket:
    """A connection that takes little at a time."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    made.connect(("127.0.0.1", port))
    made.settimeout(10)
    made.sendall(request)
    return made


def read_slowly(connection: socket.socket, pause: float, pieces: int) -> int:
    """Take some pieces slowly, then the rest."""
    size = 0
    for _ in range(pieces):
        size += len(connection.recv(32768))
        time.sleep(pause)
    while data := connection.recv(1 << 20):
        size += len(data)
    return size


@on_both_loops
@pytest.mark.parametrize("closing", [False, True], ids=["kept", "closed"])
async def test_a_slow_line_loses_nothing_of_a_download(closing: bool) -> None:
    """Far slower than the pause allowed: the answer is long out of the lane's hands when the browser has it."""
    limits = Limits(body_idle_seconds=1.0, idle_seconds=0.4, least_rate=1)
    async with listening(PLAIN, limits, big()) as lane:
        connection = narrow(lane.port, get(extra="Connection: close\r\n" if closing else ""))
        size = await asyncio.to_thread(read_slowly, connection, 0.05, 50)
        assert size > SIZE
        connection.close()


@on_both_loops
async def test_a_browser_that_takes_nothing_is_cut_off() -> None:
    limits = Limits(body_idle_seconds=0.2, idle_seconds=0.2, least_rate=1000)
    async with listening(PLAIN, limits, big()) as lane:
        connection = narrow(lane.port, get())
        await until(lambda: lane.app.connections == 1)
        await until(lambda: lane.lane.connections == 0)
        connection.close()


async def creep(writer: Writer) -> None:
    """A byte now and then."""
    while not writer.is_closing():
        writer.write(b"x")
        await asyncio.sleep(0.05)


async def never(body: bytes) -> Action:
    raise AssertionError(body)


@on_both_loops
@pytest.mark.parametrize("held", [True, False], ids=["read-by-the-gate", "forwarded"])
async def test_an_upload_that_creeps_ends(held: bool) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        await reader.read(-1)

    made = RawApp(script)
    limits = Limits(body_idle_seconds=0.4, least_rate=1000)
    async with listening(PLAIN, limits, made) as lane:
        if held:
            lane.gate.script = lambda head, peer, has_body: ReadBody(
                1 << 20, never, lambda: Reply(Answer(413, b"", ()))
            )
        browser = await lane.browser()
        browser.writer.write(b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100000\r\n\r\n")
        task = asyncio.create_task(creep(browser.writer))
        head, _ = await browser.answer()
        assert head.startswith(b"HTTP/1.1 408 ")
        task.cancel()
        browser.writer.close()
        await until(lambda: lane.lane.connections == 0 and made.ended == made.connections)


@on_both_loops
async def test_an_upload_on_a_slow_line_arrives() -> None:
    body = b"x" * 6000
    echo = app(lambda head, sent: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(sent), sent))
    limits = Limits(body_idle_seconds=0.3, least_rate=1000)
    async with listening(PLAIN, limits, echo) as lane:
        browser = await lane.browser()
        browser.writer.write(b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 6000\r\n\r\n")
        for place in range(0, 6000, 200):
            browser.writer.write(body[place : place + 200])
            await asyncio.sleep(0.05)
        assert (await browser.answer())[1] == body


@on_both_loops
async def test_a_head_that_creeps_ends_however_often_a_byte_comes() -> None:
    async with listening(PLAIN, Limits(head_seconds=0.4)) as lane:
        for before in (b"", get()):
            browser = await lane.browser()
            if before:
                assert (await browser.ask(before))[1] == b"ok"
            browser.writer.write(b"GET / HTTP/1.1\r\nX: ")
            task = asyncio.create_task(creep(browser.writer))
            head, _ = await browser.answer()
            assert head.startswith(b"HTTP/1.1 408 ")
            task.cancel()
        assert len(lane.gate.asked) == 1


@on_both_loops
async def test_an_app_that_reads_slowly_is_not_the_browsers_fault() -> None:
    """The lane itself stops reading: what does not come then is no creeping."""
    go = asyncio.Event()

    async def script(reader: Reader, writer: Writer) -> None:
        head = await made.head(reader)
        await go.wait()
        await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        writer.write(OK)

    made = RawApp(script)
    async with listening(PLAIN, Limits(body_idle_seconds=0.3, least_rate=1 << 20), made) as lane:
        browser = await lane.browser()
        browser.writer.write(b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: %d\r\n\r\n" % SIZE + b"x" * SIZE)
        await until(lambda: len(made.heads) == 1)
        await asyncio.sleep(1.0)
        go.set()
        assert (await browser.answer())[1] == b"ok"
