"""PROXY headers on a listener: whose word counts, whose connection ends, and what the app is told. Each refusal shows
that neither gate nor app was asked."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import time
from ipaddress import ip_network
from pathlib import Path

import pytest

from gateway.config.settings import Limits, ListenAddress, TlsPair
from tests.proxy.certificate_kit import pair, trusting
from tests.proxy.lane_kit import get, until
from tests.proxy.listening import listening, on_both_loops

LOOPBACK = (ip_network("127.0.0.0/8"),)
V1 = b"PROXY TCP4 203.0.113.9 192.0.2.1 51000 443\r\n"
SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
V2 = SIGNATURE + bytes.fromhex("21 11 0013 cb007109 c0000201 c738 01bb 04 0004 61626364")
V2_6 = SIGNATURE + bytes.fromhex("21 21 0024 20010db8000000000000000000000009" + "00" * 16 + "c738 01bb")
LOCAL = SIGNATURE + bytes.fromhex("20 00 0000")
ENTRY = ListenAddress("127.0.0.1", 0, proxies=LOOPBACK)


@on_both_loops
async def test_the_address_in_the_header_is_the_peer() -> None:
    async with listening(ENTRY) as lane:
        for header in (V1, V2, V2_6, LOCAL, b"PROXY UNKNOWN\r\n"):
            browser = await lane.browser(first=header)
            for _ in range(2):
                assert (await browser.ask(get()))[1] == b"ok"
        expected = ["203.0.113.9", "203.0.113.9", "2001:db8::9", "127.0.0.1", "127.0.0.1"]
        assert lane.peers == [peer for peer in expected for _ in range(2)]


@on_both_loops
async def test_header_and_request_may_come_at_once_or_byte_by_byte() -> None:
    async with listening(ENTRY) as lane:
        for header in (V1, V2):
            assert (await (await lane.browser(first=header + get())).answer())[1] == b"ok"
            browser = await lane.browser()
            for place in range(len(header)):
                browser.writer.write(header[place : place + 1])
                await asyncio.sleep(0.001)
            assert (await browser.ask(get()))[1] == b"ok"
        assert lane.peers == ["203.0.113.9"] * 4


@on_both_loops
@pytest.mark.parametrize(
    "first",
    [
        get(),
        b"\x16\x03\x01\x02\x00",
        b"PROXY TCP4 203.0.113.9 192.0.2.1 51000\r\n" + get(),
        b"PROXY TCP4 203.0.113.9 192.0.2.1 51000 443\n" + get() * 3,
        b"PROXY " + b"x" * 200,
        V2[:13] + b"\x12" + V2[14:] + get(),
        SIGNATURE + b"\x21\x11\xff\xff" + b"\0" * 100,
    ],
    ids=["none", "tls", "short", "lf", "long", "udp", "large"],
)
async def test_a_connection_without_a_proper_header_is_closed(first: bytes) -> None:
    async with listening(ENTRY) as lane:
        assert await (await lane.browser(first=first)).gone()
        assert (lane.gate.asked, lane.gate.refused, lane.app.connections) == ([], [], 0)
        assert lane.lane._shared.clients._arriving == 0


@on_both_loops
async def test_a_header_that_does_not_come_in_time_ends_the_connection() -> None:
    async with listening(ENTRY, Limits(head_seconds=0.2)) as lane:
        for first in (b"", b"PROXY TCP4 ", V2[:-1]):
            assert await (await lane.browser(first=first)).gone()
        assert lane.lane._shared.clients._arriving == 0
        assert lane.gate.asked == []


@on_both_loops
async def test_who_is_not_listed_may_not_even_connect() -> None:
    entry = ListenAddress("127.0.0.1", 0, proxies=(ip_network("192.0.2.0/24"),))
    async with listening(entry) as lane:
        for first in (V1 + get(), get(), b""):
            assert await (await lane.browser(first=first)).gone()
        assert (lane.gate.asked, lane.app.connections) == ([], 0)


@on_both_loops
async def test_a_second_header_is_no_request() -> None:
    async with listening(ENTRY) as lane:
        head, _ = await (await lane.browser(first=V1 + V1 + get())).answer()
        assert head.startswith(b"HTTP/1.1 400 ")
        assert (lane.gate.asked, lane.app.connections) == ([], 0)


@on_both_loops
async def test_a_header_where_none_is_expected_is_no_request() -> None:
    async with listening(ListenAddress("127.0.0.1", 0)) as lane:
        head, _ = await (await lane.browser(first=V1 + get())).answer()
        assert head.startswith(b"HTTP/1.1 400 ")
        assert (lane.gate.asked, lane.app.connections) == ([], 0)


@on_both_loops
@pytest.mark.parametrize("header", [V1, V2])
async def test_tls_begins_behind_the_header(header: bytes, tmp_path: Path) -> None:
    files = pair(tmp_path, "a.example")
    async with listening(ListenAddress("127.0.0.1", 0, tls=(files,), proxies=LOOPBACK)) as lane:
        browser = await lane.browser(trusting(files), first=header)  # in one segment with the handshake, or not
        assert (await browser.ask(get()))[1] == b"ok"
        assert lane.peers == ["203.0.113.9"]
        assert b"X-Forwarded-Proto: https" in lane.app.heads[0]


@on_both_loops
@pytest.mark.parametrize("cut", [0, 1, 7, 300])
async def test_header_and_handshake_in_one_piece_or_cut_anywhere(cut: int, tmp_path: Path) -> None:
    files = pair(tmp_path, "a.example")
    async with listening(ListenAddress("127.0.0.1", 0, tls=(files,), proxies=LOOPBACK)) as lane:
        answer = await asyncio.to_thread(_by_hand, lane.port, files, cut)
        assert answer.endswith(b"ok")
        assert lane.peers == ["203.0.113.9"]


def _by_hand(port: int, files: TlsPair, cut: int) -> bytes:
    """A balancer that sends its header with the first `cut` bytes of the browser's handshake."""
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting(files).wrap_bio(into, out, server_hostname="a.example")
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        first = True
        while not answer.endswith(b"ok"):
            try:
                if first or client.version() is None:
                    client.do_handshake()
                    client.write(get())
                answer += client.read(65536)
            except ssl.SSLWantReadError:
                pass
            data = out.read()
            if first:
                raw.sendall(V1 + data[:cut])
                time.sleep(0.02)
                data, first = data[cut:], False
            raw.sendall(data)
            if not answer.endswith(b"ok"):
                into.write(raw.recv(65536))
    return answer


@on_both_loops
async def test_no_tls_behind_the_header_ends_the_connection(tmp_path: Path) -> None:
    files = pair(tmp_path, "a.example")
    async with listening(ListenAddress("127.0.0.1", 0, tls=(files,), proxies=LOOPBACK)) as lane:
        browser = await lane.browser(first=V1 + get())
        await until(lambda: not lane.lane._shared.tasks and not lane.lane._shared.clients._arriving)
        assert get() not in await browser.rest()
        assert (lane.gate.asked, lane.app.connections) == ([], 0)


@on_both_loops
async def test_curl_announces_itself(tmp_path: Path) -> None:
    files = pair(tmp_path, "a.example")
    async with listening(ListenAddress("127.0.0.1", 0, tls=(files,), proxies=LOOPBACK)) as lane:
        command = ["curl", "-sS", "--noproxy", "*", "--haproxy-protocol", "--cacert", str(files.certificate)]
        command += ["--resolve", f"a.example:{lane.port}:127.0.0.1", f"https://a.example:{lane.port}/"]
        ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=20, check=False)
        assert (ended.stdout, ended.stderr) == (b"ok", b"")
        assert lane.peers == ["127.0.0.1"]
