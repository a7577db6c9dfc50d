"""Answers that take their time: events, long polls, trailers, single bytes, early answers to long uploads."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from gateway.config.settings import Limits, ListenAddress
from gateway.proxy.server import Lane
from tests.proxy.lane_kit import (
    OK,
    QUICK,
    Bench,
    RawApp,
    Reader,
    ScriptedGate,
    Writer,
    app,
    bench,
    get,
    read_body,
    until,
)

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def events() -> tuple[RawApp, asyncio.Queue[bytes]]:
    """An app that sends each event as soon as it is told one."""
    told: asyncio.Queue[bytes] = asyncio.Queue()

    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        writer.write(EVENTS)
        gone = asyncio.create_task(reader.read())
        while not gone.done():
            telling = asyncio.create_task(told.get())
            await asyncio.wait((telling, gone), return_when=asyncio.FIRST_COMPLETED)
            if telling.done():
                writer.write(chunk(telling.result()))
            telling.cancel()

    made = RawApp(script)
    return made, told


async def test_each_event_arrives_before_the_next_is_sent() -> None:
    made, told = events()
    async with bench(made) as lane:
        browser = await lane.browser()
        browser.writer.write(get("/events"))
        await browser.reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(10):
            for number in range(20):
                event = b"data: %d\n\n" % number
                await told.put(event)
                assert await browser.reader.readexactly(len(chunk(event))) == chunk(event)


async def test_heartbeats_keep_a_stream_alive_and_silence_ends_it() -> None:
    made, told = events()
    async with bench(made, limits=QUICK) as lane:
        browser = await lane.browser()
        browser.writer.write(get("/events"))
        for _ in range(8):
            await asyncio.sleep(QUICK.answer_idle_seconds / 3)
            await told.put(b":\n\n")
        received = await browser.reader.readuntil(b":\n\n")
        while received.count(b":\n\n") < 8:
            received += await browser.reader.readuntil(b":\n\n")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(browser.reader.readuntil(b"never"), 5)


async def test_a_browser_that_closes_the_stream_closes_it_at_the_app() -> None:
    made, told = events()
    async with bench(made) as lane:
        browser = await lane.browser()
        browser.writer.write(get("/events"))
        await told.put(b"data: 1\n\n")
        await browser.reader.readuntil(b"data: 1")
        browser.writer.close()
        await until(lambda: made.ended == 1)
        await until(lambda: lane.lane.pools["app"].size == 0)


@asynccontextmanager
async def timed(made: RawApp, limits: Limits) -> AsyncIterator[tuple[Bench, list[float]]]:
    """A lane whose clock a test moves on."""
    ahead = [0.0]
    loop = asyncio.get_running_loop()
    gate = ScriptedGate()
    where = {"app": ("127.0.0.1", await made.start())}
    lane = Lane(gate, where, limits, clock=lambda: loop.time() + ahead[0])
    lane._sweep._interval = 0.05  # looks at what waits more often than it would
    (port,) = await lane.start((ListenAddress("127.0.0.1", 0),))
    ready = Bench(lane, gate, made, port)
    try:
        yield ready, ahead
    finally:
        ready.hang_up()
        await lane.close()
        await made.stop()


async def ticks(lane: Lane) -> None:
    """Until the lane has seen the time."""
    begin = lane._sweep._clock()
    await until(lambda: lane._sweep.now >= begin)


async def test_a_long_poll_may_take_two_minutes() -> None:
    may = asyncio.Event()

    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        await may.wait()
        writer.write(OK)

    made = RawApp(script)
    async with timed(made, Limits()) as (lane, ahead):
        browser = await lane.browser()
        asking = asyncio.create_task(browser.ask(get("/poll")))
        await until(lambda: bool(made.heads))
        for _ in range(2):
            ahead[0] += 55
            await ticks(lane.lane)
        may.set()
        assert (await asking)[1] == b"ok"


async def test_a_long_poll_beyond_the_limit_is_a_504() -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        await reader.read()

    made = RawApp(script)
    async with timed(made, replace(Limits(), answer_seconds=60.0)) as (lane, ahead):
        browser = await lane.browser()
        asking = asyncio.create_task(browser.ask(get("/poll")))
        await until(lambda: bool(made.heads))
        ahead[0] += 65
        assert (await asking)[0].startswith(b"HTTP/1.1 504 ")


@pytest.mark.parametrize("asked", ["", "TE: trailers\r\nConnection: TE\r\n"])
async def test_trailers_end_here_and_the_next_answer_is_in_step(asked: str) -> None:
    trailing = (
        b"HTTP/1.1 200 OK\r\nTrailer: X-Sum, Set-Cookie\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
        b"X-Sum: 1\r\nSet-Cookie: SID=secret\r\n\r\n"
    )
    async with bench(app(lambda head, _: trailing if b"GET /t " in head else OK)) as lane:
        browser = await lane.browser()
        for _ in range(2):
            head, body = await browser.ask(get("/t", asked))
            assert body == b"abc"
            assert b"SID" not in head
            assert (await browser.ask(get("/", asked)))[1] == b"ok"
        assert lane.app.connections == 1


async def test_one_byte_at_a_time_in_both_directions() -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n"

    async def script(reader: Reader, writer: Writer) -> None:
        while True:
            head = await made.head(reader)
            assert await read_body(reader, head) == b"0123456789"
            for byte in answer:
                writer.write(bytes((byte,)))
                await asyncio.sleep(0)

    made = RawApp(script)
    async with bench(made) as lane:
        browser = await lane.browser()
        for sent in (
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789",
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n",
        ):
            for byte in sent:
                browser.writer.write(bytes((byte,)))
                await asyncio.sleep(0)
            assert (await browser.answer())[1] == b"abcd"


@pytest.mark.parametrize("status", [401, 413, 200])
@pytest.mark.parametrize("chunked", [False, True])
async def test_an_early_answer_to_a_long_upload_arrives_whole(status: int, chunked: bool) -> None:
    """The app answers after the head and hangs up with most of the upload unread, as many do."""
    body = b"e" * 5000

    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        await reader.readexactly(1000)
        writer.write(b"HTTP/1.1 %d Early\r\nConnection: close\r\nContent-Length: 5000\r\n\r\n%b" % (status, body))
        await writer.drain()

    made = RawApp(script)
    async with bench(made) as lane:
        for _ in range(5):
            browser = await lane.browser()
            framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {50 << 20}"
            browser.writer.write(f"POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n".encode())
            block = chunk(bytes(65536)) if chunked else bytes(65536)

            async def upload(writer: Writer = browser.writer, block: bytes = block) -> None:
                while True:
                    writer.write(block)
                    await writer.drain()
                    await asyncio.sleep(0)

            uploading = asyncio.create_task(upload())
            head, received = await browser.answer()
            assert head.startswith(b"HTTP/1.1 %d " % status)
            assert received == body
            assert b"\r\nConnection: close\r\n" in head
            assert await browser.gone()
            uploading.cancel()
            await asyncio.gather(uploading, return_exceptions=True)
        await until(lambda: lane.lane.pools["app"].size == 0)


async def test_compressed_bodies_go_through_untouched() -> None:
    packed = gzip.compress(b"text " * 1000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b"
    async with bench(app(answer % (len(packed), packed))) as lane:
        browser = await lane.browser()
        head, body = await browser.ask(get("/", "Accept-Encoding: gzip, br\r\n"))
        assert body == packed
        assert b"Content-Encoding: gzip" in head
        assert b"Accept-Encoding: gzip, br" in lane.app.heads[0]


@pytest.mark.parametrize("size", [10_000, 60_000])
async def test_large_headers_pass_both_ways(size: int) -> None:
    large = b"h" * size
    answer = b"HTTP/1.1 200 OK\r\nX-Large: %b\r\nContent-Length: 2\r\n\r\nok" % large
    async with bench(app(answer)) as lane:
        browser = await lane.browser()
        reader = asyncio.StreamReader(limit=1 << 20)
        transport = browser.writer.transport
        transport.set_protocol(asyncio.StreamReaderProtocol(reader))
        browser.writer.write(get("/", f"X-Large: {large.decode()}\r\n"))
        async with asyncio.timeout(5):
            head = await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(2) == b"ok"
        assert b"\r\nX-Large: " + large + b"\r\n" in head
