"""The PROXY header: what it says is believed by rules about addresses, so nothing but an exact header is one."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.proxy_protocol import LARGEST, ProxyHeader, ProxyHeaderRefused, read

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
V4 = bytes([192, 0, 2, 7, 198, 51, 100, 1]) + (51000).to_bytes(2, "big") + (443).to_bytes(2, "big")
V6 = IPv6Address("2001:db8::7").packed + IPv6Address("::1").packed + b"\x00\x50\x01\xbb"
NOTE = b"\x20\x00\x03abc"


def v2(block: bytes, command: int = 0x21, kind: int = 0x11, length: int | None = None) -> bytes:
    size = len(block) if length is None else length
    return SIGNATURE + bytes([command, kind]) + size.to_bytes(2, "big") + block


@pytest.mark.parametrize(
    ("line", "address", "port"),
    [
        (b"PROXY TCP4 192.0.2.7 198.51.100.1 51000 443\r\n", "192.0.2.7", 51000),
        (b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255", 65535),
        (b"PROXY TCP6 2001:DB8::7 ::1 0 443\r\n", "2001:db8::7", 0),
        (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", "192.0.2.7", 1),
        (b"PROXY UNKNOWN\r\n", "", 0),
        (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", "", 0),
    ],
)
def test_a_line_says_who_it_is(line: bytes, address: str, port: int) -> None:
    assert read(line + b"GET / HTTP/1.1") == ProxyHeader(len(line), address, port)


@pytest.mark.parametrize(
    ("data", "address", "port"),
    [
        (v2(V4), "192.0.2.7", 51000),
        (v2(V4 + NOTE + NOTE), "192.0.2.7", 51000),
        (v2(V6, kind=0x21), "2001:db8::7", 80),
        (v2(b"\0" * 216 + NOTE, kind=0x31), "", 0),
        (v2(V4, command=0x20), "", 0),
        (v2(b"\xff" * 9, command=0x20, kind=0xEE), "", 0),
        (v2(b"", command=0x20, kind=0), "", 0),
        (v2(b"anything", kind=0), "", 0),
    ],
)
def test_a_block_says_who_it_is(data: bytes, address: str, port: int) -> None:
    assert read(data + SIGNATURE) == ProxyHeader(len(data), address, port)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01",
        b"proxy TCP4",
        b" PROXY",
        b"\r\n\r\nGET",
        b"PROXY\tTCP4 ",
        b"PROXY \r\n",
        b"PROXY unknown\r\n",
        b"PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n",
        b"PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2 \r\n",
        b"PROXY TCP4 2001:db8::7 ::1 1 2\r\n",
        b"PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.07 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7\xff 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 x 1 2\r\n",
        b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 65536 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 +1 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1  2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1 123456\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n" + b" " * 80,
        b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",
        v2(V4, command=0x11),
        v2(V4, command=0x31),
        v2(V4, command=0x22),
        v2(V4, kind=0x12),
        v2(V4, kind=0x01),
        v2(V4, kind=0x41),
        v2(V4[:-1]),
        v2(V4, kind=0x21),
        v2(V4 + b"\x20"),
        v2(V4 + b"\x20\x00\x02a"),
        v2(V4 + NOTE + b"\x20\x00"),
        v2(V4, length=LARGEST - 15),
        v2(b"", command=0x20, length=0xFFFF),
    ],
)
def test_what_is_no_header_is_refused(data: bytes) -> None:
    with pytest.raises(ProxyHeaderRefused):
        read(data)


def test_the_longest_line_and_the_largest_block_are_taken() -> None:
    line = b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n"
    assert len(line) == 107
    assert read(line) == ProxyHeader(107)
    room = LARGEST - 16 - 12 - 3
    assert read(v2(V4 + b"\x20" + room.to_bytes(2, "big") + b"x" * room)) == ProxyHeader(LARGEST, "192.0.2.7", 51000)


LINE = b"PROXY TCP6 2001:db8::7 ::1 51000 443\r\n"
HEADERS = [v2(V4 + NOTE), v2(V6, kind=0x21), v2(V4, command=0x20), b"PROXY UNKNOWN\r\n", LINE]


@pytest.mark.parametrize("header", HEADERS)
def test_every_beginning_of_a_header_waits_for_more(header: bytes) -> None:
    assert [read(header[:size]) for size in range(len(header))] == [None] * len(header)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_header_or_refused_or_too_few(data: bytes) -> None:
    for begun in (data, b"PROXY " + data, SIGNATURE + data, SIGNATURE + b"\x21\x11" + data):
        try:
            header = read(begun)
        except ProxyHeaderRefused:
            continue
        if header is not None:
            assert header.size <= len(begun)
            assert read(begun[: header.size]) == header
            assert read(begun + b"more") == header
            assert header.address == "" or str(ip_address(header.address)) == header.address


@given(st.ip_addresses(v=4), st.integers(0, 65535))
def test_both_versions_say_the_same_of_an_ipv4_client(address: IPv4Address, port: int) -> None:
    line = f"PROXY TCP4 {address} 192.0.2.1 {port} 443\r\n".encode()
    block = address.packed + b"\xc0\x00\x02\x01" + port.to_bytes(2, "big") + b"\x01\xbb"
    for data in (line, v2(block)):
        assert read(data) == ProxyHeader(len(data), str(address), port)


@given(st.ip_addresses(v=6), st.integers(0, 65535))
def test_both_versions_say_the_same_of_an_ipv6_client(address: IPv6Address, port: int) -> None:
    line = f"PROXY TCP6 {address} ::1 {port} 443\r\n".encode()
    block = address.packed + b"\0" * 16 + port.to_bytes(2, "big") + b"\x01\xbb"
    said = {(header.address, header.port) for header in (read(line), read(v2(block, kind=0x21))) if header is not None}
    assert said == {(str(address.ipv4_mapped or address), port)}
