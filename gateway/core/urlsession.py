"""Session IDs in addresses: `;jsessionid=…` and `?SID=…` are credentials, so they belong to the vault (R-054).

Apps write them while they have not yet seen a cookie from the browser, which is exactly the answer to a sign-in.
In a link they may stand plain, percent-encoded inside a return address, as HTML entities or as JavaScript escapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from gateway.core.escapes import unescape

_ROUNDS = 4
_SEMICOLON = rb"(?:;|%(?:25)*+3B|&#59;|&#x3b;|&semi;|\\u003b|\\x3b)"
_AND = rb"(?:&amp;|&#38;|&#x26;|&|%(?:25)*+26|\\u0026|\\x26)"
_MARK = rb"(?:\?|%(?:25)*+3F|&#63;|&#x3f;|&quest;|\\u003f|\\x3f)"
_EQUALS = rb"(?:=|%(?:25)*+3D|&#61;|&#x3d;|&equals;|\\u003d|\\x3d)"
# ASCII only, so that Japanese text after a link stays; an escaped delimiter ends the value like a plain one.
_VALUE = (
    rb"(?:[A-Za-z0-9!$*+,\-.:=@_|~]"
    rb"|%(?!(?:25)*(?:2[236F0789]|3[BCEF]|0[AD]))(?:25)*+[0-9A-F]{2}"
    rb"|&#(?!(?:34|38|39|47|59|60|62|63|x2[2367F]|x3[BCEF]);)(?:[0-9]{1,6}|x[0-9A-F]{1,5});)*+"
)
_QUERY_SEPARATOR = rb"[;?&]"


@lru_cache(maxsize=64)
def _address_pattern(names: tuple[str, ...]) -> re.Pattern[bytes]:
    pair = rb"(?:%b)%b%b" % (b"|".join(re.escape(name.encode()) for name in names), _EQUALS, _VALUE)
    return re.compile(
        rb"(?:%b|%b)%b" % (_AND, _SEMICOLON, pair)
        + rb"|%b(?:%b%b)*+%b" % (_MARK, pair, _AND, pair)
        # A `?` stays where other parameters follow.
        + rb"|(?P<mark>%b)(?:%b%b)++" % (_MARK, pair, _AND),
        re.IGNORECASE,
    )


def strip_url_session(value: bytes, names: tuple[str, ...]) -> bytes:
    """`value` (an address or a header that holds one) without session IDs of these parameter names.

    b"" for one that still holds an ID after four rounds: nobody but an attacker nests them.
    """
    stripped, clean = _stripped(value, names)
    return stripped if clean or not _address_pattern(names).search(stripped) else b""


def _without_ids(piece: bytes, names: tuple[str, ...]) -> bytes:
    """A piece of a page without IDs; an address that cannot be made clean ends where its first ID begins."""
    stripped, clean = _stripped(piece, names)
    return stripped if clean else _rest_pattern(names).sub(b"", stripped)


def _stripped(value: bytes, names: tuple[str, ...]) -> tuple[bytes, bool]:
    """`value` after some rounds, and whether the last one found nothing: what is left must not come together to a
    new ID. Each round is linear in the length."""
    if not names:
        return value, True
    pattern = _address_pattern(names)
    for _ in range(_ROUNDS):
        value, count = pattern.subn(lambda found: found["mark"] or b"", value)
        if not count:
            return value, True
    return value, False


@lru_cache(maxsize=64)
def _rest_pattern(names: tuple[str, ...]) -> re.Pattern[bytes]:
    """An ID and what follows in the same address."""
    return re.compile(rb"(?:%b)[^\s\"'<>]*+" % _address_pattern(names).pattern, re.IGNORECASE)


@lru_cache(maxsize=64)
def _request_pattern(names: tuple[str, ...]) -> re.Pattern[bytes]:
    # PHP reads `.`, space and `[` in a name as `_`, and skips spaces before it.
    spelled = (re.escape(name.encode().lower()).replace(b"_", rb"[_. \[]") for name in names)
    return re.compile(rb"[;?&][\s\0]*(?:%b)[\s\0]*=" % b"|".join(spelled))


def has_url_session(target: bytes, names: tuple[str, ...]) -> bool:
    """Whether a request's target carries such an ID in a spelling that some app would accept.

    An empty target is what `strip_url_session` leaves of one that cannot be made clean: yes.
    """
    if not target and names:
        return True
    if not names or not (b";" in target or b"?" in target or b"%" in target):
        return False
    pattern = _request_pattern(names)
    for _ in range(_ROUNDS):
        if pattern.search(target.lower().replace(b"+", b" ")):
            return True
        decoded = unescape(target)
        if decoded == target:
            return False
        target = decoded
    return True


class _Pass:
    """Substitutes in a stream. `tail` gives where the part begins whose meaning later bytes may still change; once that
    is a whole `_BEGUN`, nothing but one of its `ends` says more of it: until then it is not looked at again."""

    def __init__(self, change: Callable[[bytes], bytes], tail: Callable[[bytes], int], ends: re.Pattern[bytes]) -> None:
        self._change = change
        self._tail = tail
        self._ends = ends
        self._held: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        """Change what no later byte can alter; hold the rest."""
        held = self._held
        if held and len(held[0]) >= _BEGUN and not self._ends.search(data):
            held.append(data)
            return b""
        data = b"".join((*held, data))
        cut = self._tail(data)
        self._held = [data[cut:]]
        return self._change(data[:cut])

    def finish(self) -> bytes:
        """Change what was held."""
        held, self._held = b"".join(self._held), []
        return self._change(held)


_BEGUN = len(b"<input")
_TAG_ENDS, _ADDRESS_ENDS = re.compile(rb"[<>]"), re.compile(rb"[\s\"'<>]")
_HELD_TAG = re.compile(rb"<(?:i(?:n(?:p(?:u(?:t[^<>]*)?)?)?)?)?\Z", re.IGNORECASE)
_HELD_ADDRESS = re.compile(rb"[;?&%\\][^\s\"'<>]*\Z")


def _tag_tail(data: bytes) -> int:
    """PHP's trans-sid adds hidden fields: a tag that has begun is held until its `>`."""
    start = data.rfind(b"<")
    return start if start >= 0 and _HELD_TAG.match(data, start) else len(data)


def _address_tail(data: bytes) -> int:
    """No address goes beyond white space, a quote or a bracket: what comes after the last of them is held."""
    run = max(data.rfind(mark) for mark in (b" ", b"\t", b"\n", b"\r", b"\f", b"\v", b'"', b"'", b"<", b">")) + 1
    held = _HELD_ADDRESS.search(data, run)
    return held.start() if held else len(data)


class PageScrubber:
    """Takes session IDs out of a page as it streams by; what it yields does not depend on how the bytes arrive."""

    def __init__(self, names: tuple[str, ...]) -> None:
        name = b"|".join(re.escape(name.encode()) for name in names)
        named = rb"[\s/\"']name\s*=\s*[\"']?(?:%b)(?=[\"'\s/>])" % name
        # The atomic group takes the first such name only: an unclosed tag with many costs one look at its rest.
        field = re.compile(rb"<input(?=[\s/])(?>[^<>]*?%b)[^<>]*+>" % named, re.IGNORECASE)
        self._fields = _Pass(lambda data: field.sub(b"", data), _tag_tail, _TAG_ENDS)
        self._addresses = _Pass(lambda data: _without_ids(data, names), _address_tail, _ADDRESS_ENDS)

    def feed(self, data: bytes) -> bytes:
        """Take the next piece; give what may go on now."""
        return self._addresses.feed(self._fields.feed(data))

    def finish(self) -> bytes:
        """The page has ended; give the rest."""
        return self._addresses.feed(self._fields.finish()) + self._addresses.finish()
