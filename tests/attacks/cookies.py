"""How apps read a Cookie header: which values they would take for a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

Pair = tuple[bytes, bytes]


def _split(line: bytes, separators: bytes) -> list[Pair]:
    found = []
    for piece in re.split(b"[" + separators + b"]", line):
        name, _, value = piece.partition(b"=")
        found.append((name.strip(b" \t"), value.strip(b" \t")))
    return found


def semicolons(line: bytes) -> list[Pair]:
    """RFC 6265."""
    return _split(line, b";")


def commas(line: bytes) -> list[Pair]:
    """RFC 2109, as Tomcat's legacy processor and old Jetty read it."""
    return _split(line, b";,")


def blanks(line: bytes) -> list[Pair]:
    """Parsers that end a value at white space."""
    return _split(line, b";, \t")


def quoted(line: bytes) -> list[Pair]:
    """`"…"` holds separators together."""
    return [(name, value) for name, value in re.findall(rb"\s*([^=;,]+)=(\"(?:[^\"\\]|\\.)*\"|[^;]*)", line)]


def percent_names(line: bytes) -> list[Pair]:
    """PHP decodes values, others names too."""
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, value in _split(line, b";")]


def lost_bytes(line: bytes) -> list[Pair]:
    """A hop that drops what is not ASCII, control or not printable."""
    return _split(bytes(byte for byte in line if 0x20 <= byte < 0x7F), b";")


def nameless(line: bytes) -> list[Pair]:
    """`=name=value` read as name=value, as browsers store nameless cookies."""
    return _split(b";".join(piece.strip().lstrip(b"=") for piece in line.split(b";")), b";")


READINGS: tuple[Callable[[bytes], list[Pair]], ...] = (
    semicolons,
    commas,
    blanks,
    quoted,
    percent_names,
    lost_bytes,
    nameless,
)


def folded(name: bytes) -> str:
    """A cookie name as IIS (case) and PHP (`.`, blank and `[` become `_`, NUL ends it) know it."""
    text = name.split(b"\0", 1)[0].decode("latin-1").strip().strip("\u2000\u00a0\"'")
    return re.sub(r"[. \[]", "_", text).lower()


def values_of(line: bytes, name: str) -> set[bytes]:
    """Every value that some app would take for the cookie `name`."""
    found = set()
    for reading in READINGS:
        found |= {value for key, value in reading(line) if folded(key) == folded(name.encode())}
    return found
