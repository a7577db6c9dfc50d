"""How many connections there may be: who gives way, who waits, who is told to go, and what happens without a file to
spare."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import textwrap
import time
from ipaddress import ip_network
from pathlib import Path

import pytest

from gateway.config.settings import Limits, ListenAddress
from gateway.proxy import open_files
from gateway.proxy.crowd import Crowd
from tests.proxy.certificate_kit import pair, trusting
from tests.proxy.lane_kit import RawApp, Reader, Writer, get, until
from tests.proxy.listening import Listening, listening, on_both_loops

PLAIN = ListenAddress("127.0.0.1", 0)
ROOT = Path(__file__).resolve().parents[2]


def slow() -> tuple[RawApp, asyncio.Event]:
    """An app that answers when it is told to."""
    go = asyncio.Event()

    async def script(reader: Reader, writer: Writer) -> None:
        while True:
            await made.head(reader)
            await go.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    made = RawApp(script)
    return made, go


async def served(lane: Listening, number: int) -> list[tuple[bytes, bytes]]:
    return [await (await lane.browser()).ask(get()) for _ in range(number)]


@on_both_loops
async def test_one_connection_too_many_from_an_address_is_told_so_at_once() -> None:
    async with listening(PLAIN, Limits(connections_per_address=3)) as lane:
        browsers = [await lane.browser() for _ in range(3)]
        for browser in browsers:
            assert (await browser.ask(get()))[1] == b"ok"
        head, body = await (await lane.browser(first=get() * 100)).answer()
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 10\r\n" in head
        assert b"\r\nConnection: close\r\n" in head
        assert body.startswith(b"Too many connections")
        assert len(lane.app.heads) == 3
        for browser in browsers:
            assert (await browser.ask(get()))[1] == b"ok"  # nobody else notices
        browsers[0].writer.close()
        await until(lambda: lane.lane.connections == 2)
        assert (await served(lane, 1))[0][1] == b"ok"


@on_both_loops
async def test_one_connection_too_many_is_not_worth_a_handshake(tmp_path: Path) -> None:
    files = pair(tmp_path, "a.example")
    entry = ListenAddress("127.0.0.1", 0, tls=(files,))
    async with listening(entry, Limits(connections_per_address=1)) as lane:
        first = await lane.browser(trusting(files))
        with pytest.raises(OSError):
            await lane.browser(trusting(files))
        assert (await first.ask(get()))[1] == b"ok"
        assert len(lane.gate.asked) == 1


@on_both_loops
async def test_those_that_shake_hands_count_too(tmp_path: Path) -> None:
    files = pair(tmp_path, "a.example")
    entry = ListenAddress("127.0.0.1", 0, tls=(files,))
    async with listening(entry, Limits(connections_per_address=2)) as lane:
        silent = [await lane.browser() for _ in range(2)]
        await until(lambda: lane.lane._shared.clients._arriving == 2)
        with pytest.raises(OSError):
            await lane.browser(trusting(files))
        for browser in silent:
            browser.writer.close()
        await until(lambda: lane.lane._shared.clients._arriving == 0)
        assert (await (await lane.browser(trusting(files))).ask(get()))[1] == b"ok"


@on_both_loops
async def test_the_address_of_the_proxy_header_is_the_one_that_counts() -> None:
    entry = ListenAddress("127.0.0.1", 0, proxies=(ip_network("127.0.0.1"),))
    async with listening(entry, Limits(connections_per_address=1)) as lane:
        for number, expected in [(1, b" 200 "), (2, b" 200 "), (1, b" 503 ")]:
            first = b"PROXY TCP4 203.0.113.%d 192.0.2.1 1 2\r\n" % number + get()
            assert expected in (await (await lane.browser(first=first)).answer())[0]
        assert lane.peers == ["203.0.113.1", "203.0.113.2"]


@on_both_loops
async def test_proxies_that_carry_many_people_are_not_counted() -> None:
    limits = Limits(connections_per_address=1)
    async with listening(PLAIN, limits, uncounted=(ip_network("127.0.0.0/8"),)) as lane:
        assert [body for _, body in await served(lane, 4)] == [b"ok"] * 4


@on_both_loops
async def test_idle_connections_give_way_the_longest_idle_first() -> None:
    async with listening(PLAIN, Limits(connections=40)) as lane:
        browsers = [await lane.browser() for _ in range(40)]
        for browser in browsers:
            assert (await browser.ask(get()))[1] == b"ok"
        lane.lane._sweep.now += 5.0
        assert (await browsers[0].ask(get()))[1] == b"ok"  # idle for a shorter time than the others from now on
        assert (await served(lane, 1))[0][1] == b"ok"
        await until(lambda: lane.lane.connections == 41 - 32)
        assert (await browsers[0].ask(get()))[1] == b"ok"


@on_both_loops
async def test_when_all_are_busy_newcomers_wait_and_nobody_is_refused() -> None:
    behind, go = slow()
    async with listening(PLAIN, Limits(connections=16), behind) as lane:
        busy = [await lane.browser(first=get()) for _ in range(16)]
        await until(lambda: len(behind.heads) == 16)
        late = [await lane.browser(first=get()) for _ in range(8)]
        await until(lambda: lane.lane._listeners.pausing)
        await asyncio.sleep(0.2)
        taken = len(behind.heads) - 16
        assert taken < 8  # the one that made it too many, and what the kernel had given with it
        go.set()
        for browser in busy + late:
            assert (await browser.answer())[1] == b"ok"
        assert not lane.lane._listeners.pausing


@on_both_loops
async def test_a_lane_that_ends_while_it_takes_nobody_in_leaves_nothing() -> None:
    behind, _ = slow()
    async with listening(PLAIN, Limits(connections=16), behind) as lane:
        for _ in range(17):
            await lane.browser(first=get())
        await until(lambda: lane.lane._listeners.pausing)
    await asyncio.sleep(0.1)


def test_addresses_are_counted_as_households() -> None:
    class Someone:
        def __init__(self, address: str) -> None:
            self.peer = type("Peer", (), {"address": address})

    crowd = Crowd(1000, 2, (ip_network("10.0.0.0/8"),))
    for address in ("2001:db8::1", "2001:db8::ffff:1", "::ffff:192.0.2.1", "192.0.2.2", "10.1.1.1", "10.1.1.1", ""):
        crowd.add(Someone(address))  # type: ignore[arg-type]
    assert crowd.has_enough("2001:db8:0:0:abcd::")
    assert not crowd.has_enough("2001:db8:0:1::")
    assert not crowd.has_enough("192.0.2.2")
    assert not crowd.has_enough("10.1.1.1")
    assert not crowd.has_enough("")


def test_room_is_made_of_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for files, upstreams, expected in [(20000, 512, 14568), (1024, 512, 336), (256, 512, 64), (1 << 20, 512, 32768)]:
        monkeypatch.setattr("resource.getrlimit", lambda _, files=files: (files, files))
        assert open_files.room(upstreams) == expected


STARVED = textwrap.dedent("""
    import asyncio, json, resource, sys, time
    import uvloop
    from gateway.config.settings import Limits, ListenAddress
    from gateway.proxy.server import Lane
    from tests.proxy.lane_kit import OK, ScriptedGate, app, get

    async def main():
        behind = app(OK)
        lane = Lane(ScriptedGate(), {"app": ("127.0.0.1", await behind.start())}, Limits(connections=10000))
        (port,) = await lane.start((ListenAddress("127.0.0.1", 0),))
        print(port, flush=True)
        line = await asyncio.to_thread(sys.stdin.readline)
        while line.strip() != "end":
            resource.setrlimit(resource.RLIMIT_NOFILE, (int(line), 4096))
            print(json.dumps(time.process_time()), flush=True)
            line = await asyncio.to_thread(sys.stdin.readline)
        await lane.close()
        await behind.stop()

    (asyncio if sys.argv[1] == "asyncio" else uvloop).run(main())
""")


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_without_a_file_to_spare_it_neither_spins_nor_stops(loop: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STARVED, loop], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def tell(word: str) -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{word}\n")
        process.stdin.flush()
        return process.stdout.readline()

    try:
        port = int(process.stdout.readline())
        tell("30")
        crowd = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(60)]
        time.sleep(0.3)
        before = json.loads(tell("30"))
        time.sleep(1.0)
        spent = json.loads(tell("30")) - before
        assert spent < 0.5 or loop == "asyncio"  # asyncio's own loop tries again every second, and tells each time
        for connection in crowd:
            connection.close()
        for _ in range(50):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(get())
                with contextlib.suppress(ConnectionResetError, TimeoutError):  # not yet
                    if connection.recv(100).startswith(b"HTTP/1.1 200"):
                        break
            time.sleep(0.1)
        else:
            raise AssertionError("it takes nobody in any more")
    finally:
        process.kill()
        process.communicate()
