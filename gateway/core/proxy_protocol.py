"""The PROXY protocol: a load balancer's word, before the first byte of a connection, about who is at its other end.

    read(data) ─► None: more is needed │ ProxyHeader(size, address, port) │ ProxyHeaderRefused

Versions 1 (a line) and 2 (binary) as in https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt. Whoever calls
has made sure that the peer is one whose word counts. Nothing is guessed: what is not exactly a header is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

_LINE = b"PROXY "
_LONGEST_LINE = 107  # section 2.1, CRLF included
_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_FIXED = 16  # signature, version and command, family and protocol, length
LARGEST = 4096  # of a version 2 header with what is said beside the addresses
_LOCAL, _PROXY = 0x20, 0x21
_STREAMS = {0x11: 12, 0x21: 36, 0x31: 216}  # family and protocol: TCP over IPv4, over IPv6, UNIX; size of the addresses
_UNSPECIFIED = 0x00


class ProxyHeaderRefused(ValueError):
    """No PROXY header stands where one must."""


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """`size` bytes belong to the header. `address` is "" where the balancer speaks for itself (a health check) or
    does not know: then it is the client itself."""

    size: int
    address: str = ""
    port: int = 0


def read(data: bytes) -> ProxyHeader | None:
    """The header at the beginning of `data`; None while it is not whole. Raises ProxyHeaderRefused."""
    if data[: len(_LINE)] == _LINE[: len(data)]:
        return _version_1(data)
    if data[: len(_SIGNATURE)] == _SIGNATURE[: len(data)]:
        return _version_2(data)
    raise ProxyHeaderRefused("no PROXY header")


def _version_1(data: bytes) -> ProxyHeader | None:
    end = data.find(b"\r\n", 0, _LONGEST_LINE)
    if end < 0:
        if len(data) >= _LONGEST_LINE:
            raise ProxyHeaderRefused("the line is too long")
        return None
    line, size = data[:end], end + 2
    words = line.split(b" ")
    if words[1] == b"UNKNOWN":
        return ProxyHeader(size)  # whatever follows on the line must be ignored (2.1)
    if len(words) != 6 or words[1] not in (b"TCP4", b"TCP6"):
        raise ProxyHeaderRefused("the line has another form")
    version = IPv4Address if words[1] == b"TCP4" else IPv6Address
    source = _written(version, words[2])
    _written(version, words[3])
    _port(words[5])
    return ProxyHeader(size, source, _port(words[4]))


def _written(version: type[IPv4Address | IPv6Address], word: bytes) -> str:
    if b"%" in word:
        raise ProxyHeaderRefused("an address has a zone")
    try:
        return _plain(version(word.decode("ascii")))
    except ValueError:
        raise ProxyHeaderRefused("an address is none") from None


def _port(word: bytes) -> int:
    if not word.isdigit() or len(word) > 5 or (word[:1] == b"0" and len(word) > 1) or int(word) > 65535:
        raise ProxyHeaderRefused("a port is none")
    return int(word)


def _version_2(data: bytes) -> ProxyHeader | None:
    if len(data) < _FIXED:
        return None
    command, kind, length = data[12], data[13], int.from_bytes(data[14:16], "big")
    size = _FIXED + length
    if command not in (_LOCAL, _PROXY):
        raise ProxyHeaderRefused("another version or command")
    if size > LARGEST:
        raise ProxyHeaderRefused("the header is too long")
    if command == _PROXY and kind != _UNSPECIFIED and length < _STREAMS.get(kind, length + 1):
        raise ProxyHeaderRefused("no TCP, or addresses cut short")
    if len(data) < size:
        return None
    if command == _LOCAL or kind == _UNSPECIFIED:
        return ProxyHeader(size)  # the whole block must be skipped (2.2)
    block = data[_FIXED:size]
    _skip_notes(block[_STREAMS[kind] :])
    if kind == 0x11:
        return ProxyHeader(size, str(IPv4Address(block[:4])), int.from_bytes(block[8:10], "big"))
    if kind == 0x21:
        return ProxyHeader(size, _plain(IPv6Address(block[:16])), int.from_bytes(block[32:34], "big"))
    return ProxyHeader(size)  # a UNIX socket has no address that a rule could know


def _skip_notes(notes: bytes) -> None:
    """Type, length, value: nothing in them is used, but they must fill the block exactly (2.2.7)."""
    while notes:
        if len(notes) < 3 or len(notes) < 3 + int.from_bytes(notes[1:3], "big"):
            raise ProxyHeaderRefused("what stands beside the addresses is cut short")
        notes = notes[3 + int.from_bytes(notes[1:3], "big") :]


def _plain(address: IPv4Address | IPv6Address) -> str:
    """An IPv4 address within IPv6 is the same client as without."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
