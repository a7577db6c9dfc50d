"""How apps read cookie names. Two names that some app takes for the same one share a fold."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from gateway.core.normal_forms import normal_form

_PLAIN = re.compile(rb"[A-Za-z0-9_-]++")
_MANGLE = bytes.maketrans(b". [", b"___")  # what PHP makes of a name
_UNSEEN = bytes(byte for byte in range(256) if not 0x21 <= byte <= 0x7E)
_LONGEST_KNOWN = 64  # bytes: browsers choose names, and what they can fill must be bounded
_BREAKS = re.compile(rb'[\x00-\x20,"\x7f-\xff]+')


def is_plain(name: bytes) -> bool:
    """Whether every parser reads this name alike, but for case."""
    return _PLAIN.fullmatch(name) is not None


def name_folds(name: bytes) -> frozenset[bytes]:
    """Every reading of a cookie name, folded to lower case and to PHP's spelling (R-052).

    A plain name has one reading. An odd one has several: PHP before 7.4.23 decoded `%48` (CVE-2020-7070), PHP cuts at
    NUL and at `[`, aiohttp splits at spaces and its writer drops bytes that are not UTF-8.
    """
    return known_folds(name) if len(name) <= _LONGEST_KNOWN else _folds(name)


def _folds(name: bytes) -> frozenset[bytes]:
    if _PLAIN.fullmatch(name):
        return frozenset((name.lower(),))
    folds: set[bytes] = set()
    for reading in _decodings(name):
        folds.update(_mangled(part) for part in (reading, *reading.split(b"\0"), *_BREAKS.split(reading)))
        folds.add(_mangled(reading.partition(b"[")[0]))
        folds.add(reading.strip(b" \t").translate(None, _UNSEEN).lower())
    return frozenset(folds)


known_folds = lru_cache(maxsize=4096)(_folds)


def _decodings(name: bytes) -> set[bytes]:
    """The name as it is, percent-decoded up to twice, and with compatibility characters made plain."""
    readings = {name}
    for _ in range(2):
        readings |= {unquote_to_bytes(reading.replace(b"+", b" ")) for reading in readings}
        readings |= {unquote_to_bytes(reading) for reading in readings}
    texts = [reading.decode("utf-8", "ignore") for reading in readings]
    return readings | {normal_form("NFKC", text).encode("utf-8", "ignore") for text in texts}


def _mangled(name: bytes) -> bytes:
    stripped = name.strip(b" \t\r\n\v\f\0")
    return stripped.lower().translate(_MANGLE).translate(None, _UNSEEN)
