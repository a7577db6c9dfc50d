"""Long bodies: flat memory, and no byte lost or mixed however they are cut."""

from __future__ import annotations

import asyncio
import hashlib

import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.proxy.client import ClientConnection
from gateway.proxy.pool import Pool
from tests.proxy.lane_kit import OK, Bench, RawApp, Reader, Writer, app, bench, dechunked, get, read_body

MEGABYTE = 1 << 20
STREAM = 100 * MEGABYTE


def _buffered(lane: Bench) -> int:
    """Bytes the lane holds: send buffers of both sides and body pieces that wait."""
    held = 0
    for client in lane.lane._shared.clients:
        assert isinstance(client, ClientConnection)
        if client._transport is not None:
            held += client._transport.get_write_buffer_size()
        held += sum(incoming.size for incoming in client._intake.queue) + len(client._intake._stash)
    pool = lane.lane.pools["app"]
    assert isinstance(pool, Pool)
    for connection in pool._open:
        if connection.transport is not None:
            held += connection.transport.get_write_buffer_size()
    return held


async def _watch(lane: Bench, seen: list[int]) -> None:
    while True:
        seen.append(_buffered(lane))
        await asyncio.sleep(0.001)


async def test_a_hundred_megabytes_down_to_a_slow_reader_stay_in_small_buffers() -> None:
    block = bytes(range(256)) * 256

    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % STREAM)
        for _ in range(STREAM // len(block)):
            writer.write(block)
            await writer.drain()

    made = RawApp(script)
    async with bench(made) as lane:
        seen: list[int] = []
        watcher = asyncio.create_task(_watch(lane, seen))
        browser = await lane.browser()
        browser.writer.write(get())
        await browser.reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.1)
        digest, left = hashlib.sha256(), STREAM
        while left:
            piece = await browser.reader.read(MEGABYTE)
            digest.update(piece)
            left -= len(piece)
        watcher.cancel()
        assert digest.digest() == hashlib.sha256(block * (STREAM // len(block))).digest()
        assert max(seen) < MEGABYTE


async def test_a_hundred_megabytes_up_to_a_slow_app_stay_in_small_buffers() -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        await asyncio.sleep(0.1)
        left = STREAM
        while left:
            left -= len(await reader.read(MEGABYTE))
        writer.write(OK)

    made = RawApp(script)
    async with bench(made) as lane:
        seen: list[int] = []
        watcher = asyncio.create_task(_watch(lane, seen))
        browser = await lane.browser()
        browser.writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % STREAM)
        for _ in range(STREAM // MEGABYTE):
            browser.writer.write(bytes(MEGABYTE))
            await browser.writer.drain()
        assert (await browser.answer())[1] == b"ok"
        watcher.cancel()
        assert max(seen) < MEGABYTE


def _cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces: list[bytes] = []
    place = 0
    while place < len(data):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(data[place : place + size])
        place += size
    return pieces


def _chunks(data: bytes, sizes: list[int]) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*_cut(data, sizes), b""])


async def _drip(writer: Writer, data: bytes, sizes: list[int]) -> None:
    for place, piece in enumerate(_cut(data, sizes)):
        writer.write(piece)
        if place % 3 == 0:
            await asyncio.sleep(0)


_Bodies = list[tuple[int, bool, bool]]
_SIZES = st.lists(st.integers(1, 3000), min_size=1, max_size=4).filter(lambda sizes: sum(sizes) > 20)
_BODIES = st.lists(st.tuples(st.integers(0, 20_000), st.booleans(), st.booleans()), min_size=1, max_size=4)


async def _echo_all(bodies: _Bodies, up: list[int], down: list[int]) -> None:
    """Several pipelined posts, each echoed; every framing and every cut must give back exactly its own body."""

    async def script(reader: Reader, writer: Writer) -> None:
        while True:
            head = await made.head(reader)
            body = await read_body(reader, head)
            if b"X-Down: chunked" in head:
                raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + _chunks(body, down)
            else:
                raw = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
            await _drip(writer, raw, down)

    made = RawApp(script)
    async with bench(made) as lane:
        browser = await lane.browser()
        sent, wanted = b"", []
        for number, (size, chunked_up, chunked_down) in enumerate(bodies):
            body = hashlib.sha256(b"%d" % number).digest() * (size // 32 + 1)
            wanted.append(body)
            sent += b"POST /%d HTTP/1.1\r\nHost: a\r\n" % number
            sent += b"X-Down: chunked\r\n" if chunked_down else b""
            if chunked_up:
                sent += b"Transfer-Encoding: chunked\r\n\r\n" + _chunks(body, up)
            else:
                sent += b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        sending = asyncio.create_task(_drip(browser.writer, sent, up))
        for body in wanted:
            assert (await browser.answer())[1] == body
        await sending


@settings(max_examples=40, deadline=None)
@given(_BODIES, _SIZES, _SIZES)
def test_no_byte_is_lost_or_mixed_on_asyncio(bodies: _Bodies, up: list[int], down: list[int]) -> None:
    asyncio.run(_echo_all(bodies, up, down))


@settings(max_examples=40, deadline=None)
@given(_BODIES, _SIZES, _SIZES)
def test_no_byte_is_lost_or_mixed_on_uvloop(bodies: _Bodies, up: list[int], down: list[int]) -> None:
    uvloop.run(_echo_all(bodies, up, down))


async def test_the_kit_reads_chunks_as_it_writes_them() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(_chunks(b"abcdef", [4]))
    assert await dechunked(reader) == b"abcdef"


async def test_an_answer_larger_than_every_buffer_arrives_whole() -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + bytes(5_000_000)
    async with bench(app(raw)) as lane:
        browser = await lane.browser()
        for _ in range(2):
            assert len((await browser.ask(get()))[1]) == 5_000_000
        assert lane.app.connections == 1
