"""How a lane ends: no connection is closed in the face of a request that is on its way."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket

import pytest

from gateway.config.settings import Limits, ListenAddress
from gateway.core.messages import RequestHead
from gateway.proxy.actions import Forward, Peer
from gateway.proxy.server import Lane
from tests.proxy.lane_kit import OK, RawApp, Reader, ScriptedGate, Writer, app, bench, forward, get, until
from tests.proxy.listening import on_both_loops

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = "AAAAAAAAAAAAAAAAAAAAAA=="
_UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
_HANDSHAKE = get("/ws", f"{_UPGRADE}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {_KEY}\r\n")


async def test_a_lane_that_drains_serves_one_more_request_of_each_connection_and_says_so() -> None:
    async with bench(app(OK)) as lane:
        served, silent = await lane.browser(), await lane.browser()
        assert b"Connection" not in (await served.ask(get()))[0]
        await silent.ask(get())
        drained = asyncio.create_task(lane.lane.drain(30, idle_seconds=1.0))
        await asyncio.sleep(0.05)
        head, body = await served.ask(get("/late"))  # was on its way when the lane began to drain
        assert b"Connection: close" in head
        assert body == b"ok"
        assert await served.gone()
        served.writer.close()
        assert not drained.done()
        assert await silent.gone()
        await drained
        assert lane.lane.connections == 0


async def test_a_connection_that_was_promised_another_answer_gets_it_from_a_lane_that_drains() -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        writer.write(OK[:-1])
        await last_byte.wait()
        writer.write(OK[-1:] if made.connections == 1 else b"")
        await made.head(reader)
        writer.write(OK)

    last_byte = asyncio.Event()
    made = RawApp(script)
    async with bench(made) as lane:
        browser = await lane.browser()
        browser.writer.write(get())
        head = await browser.reader.readuntil(b"\r\n\r\n")
        assert b"Connection" not in head
        drained = asyncio.create_task(lane.lane.drain(30))
        await asyncio.sleep(0.05)
        last_byte.set()
        assert await browser.reader.readexactly(2) == b"ok"
        assert b"Connection: close" in (await browser.ask(get()))[0]
        browser.writer.close()
        await drained


async def test_a_lane_that_retires_hands_every_connection_to_the_next_between_two_requests() -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        while True:
            if b" /slow " in await made.head(reader):
                await go_on.wait()
            writer.write(OK)

    go_on = asyncio.Event()
    made = RawApp(script)
    async with bench(made) as first, bench(app(OK)) as second, bench(app(OK)) as third:
        idle, busy = await first.browser(), await first.browser()
        await idle.ask(get("/old"))
        busy.writer.write(get("/slow"))
        await until(lambda: len(first.gate.asked) == 2)
        retired = asyncio.create_task(first.lane.retire(second.lane, 30))
        await until(lambda: second.lane.connections == 1)
        assert b"Connection" not in (await idle.ask(get("/new")))[0]
        assert [head.target for head in second.gate.asked] == [b"/new"]
        await second.lane.retire(third.lane, 30)
        go_on.set()
        assert b"Connection" not in (await busy.answer())[0]
        await retired
        await busy.ask(get("/newest"))
        await idle.ask(get("/newest"))
        assert len(first.gate.asked) == 2
        assert [head.target for head in third.gate.asked] == [b"/newest"] * 2
        assert (first.lane.connections, second.lane.connections, third.lane.connections) == (0, 0, 2)


async def test_drain_ends_idle_connections_and_lets_a_running_answer_end() -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        await asyncio.sleep(0.1)
        writer.write(OK)
        await reader.read()

    made = RawApp(script)
    async with bench(made) as lane:
        idle, busy = await lane.browser(), await lane.browser()
        busy.writer.write(get())
        await until(lambda: made.connections == 1)
        drained = asyncio.create_task(lane.lane.drain(5, idle_seconds=0.0))
        assert await idle.gone()
        assert b"Connection: close" in (await busy.answer())[0]
        busy.writer.close()
        await drained
        assert lane.lane.connections == 0


@pytest.mark.parametrize("how", ["stop", "retire"])
async def test_channels_stay_in_a_lane_that_drains_but_not_when_it_stops_or_another_configuration_holds(
    how: str,
) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        accept = base64.b64encode(hashlib.sha1(_KEY.encode() + _GUID).digest()).decode()
        writer.write(f"HTTP/1.1 101 S\r\n{_UPGRADE}Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())
        while piece := await reader.read(100):
            writer.write(piece)

    async def still(heard: bool) -> bool:
        return True

    def admit(head: RequestHead, peer: Peer, has_body: bool) -> Forward:
        action = forward(head, peer, has_body)
        action.still = still
        return action

    made = RawApp(script)
    async with bench(made, admit) as lane, bench(app(OK)) as second:
        browser = await lane.browser()
        head, _ = await browser.ask(_HANDSHAKE)
        assert head.startswith(b"HTTP/1.1 101 ")
        drained = asyncio.create_task(lane.lane.drain(30))
        await asyncio.sleep(0.05)
        browser.writer.write(b"frame")
        assert await browser.reader.readexactly(5) == b"frame"
        await (lane.lane.drain(30, idle_seconds=1.0) if how == "stop" else lane.lane.retire(second.lane, 30))
        assert await browser.gone()
        await drained


@on_both_loops
async def test_who_is_accepted_in_the_last_moment_is_cut_off_like_everybody_else() -> None:
    behind = app(OK)
    lane = Lane(ScriptedGate(forward), {"app": ("127.0.0.1", await behind.start())}, Limits())
    (port,) = await lane.start((ListenAddress("127.0.0.1", 0),))
    crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]  # in the kernel; nobody has accepted
    await asyncio.sleep(0)
    await lane.close()
    await behind.stop()
    await asyncio.sleep(0.05)
    assert lane.connections == 0
    for one in crowd:
        one.close()
