"""Heads of answers that go on as they are: known by their lines, without a parser's call for each header.

    data ─► status line, header lines ─► each known by its bytes ─► where the body starts, how long it is, what to drop

Only the plainest grammar is taken: HTTP/1.1, `Name: value` with one space, one Content-Length, no cookie, no address,
no transfer coding. Everything else is None here and goes through the real parser, so nothing is decided twice: what
this takes, llhttp reads the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from gateway.core.header_names import ANSWER_KINDS, AnswerKind

_KEEP: Final = 0
_LENGTH: Final = 1
_DROP: Final = 2
_ODD: Final = 3
_STATUS: Final = 4
_NOT_MODIFIED: Final = 5  # a status that describes a body which does not come
_LONGEST_HEAD = 16384
_KNOWN_LINES = 8192
_KNOWN_LINE_BYTES = 256
_KNOWN_SHAPES = 1024
_LONGEST_LENGTH = 15  # digits: a petabyte
_LENGTH_VALUE = len(b"Content-Length: ")
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2}) [\t\x20-\x7e\x80-\xff]*")
_LINE = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)"
)
_LEFT_TO_THE_PARSER = frozenset({b"204", b"205"})  # what a length means there is a question of its own
_KINDS = {AnswerKind.KEEP: _KEEP, AnswerKind.DROP: _DROP}


class _Lines(dict[bytes, int]):
    """What a line of a head is. Bounded: Date has no end."""

    __slots__ = ()

    def __missing__(self, line: bytes) -> int:
        kind = _judge(line)
        if len(line) <= _KNOWN_LINE_BYTES:
            if len(self) >= _KNOWN_LINES:
                self.clear()
            self[line] = kind
        return kind


def _judge(line: bytes) -> int:
    status = _STATUS_LINE.fullmatch(line)
    if status is not None:
        code = status[1]
        return _NOT_MODIFIED if code == b"304" else _ODD if code in _LEFT_TO_THE_PARSER else _STATUS
    found = _LINE.fullmatch(line)
    if found is None:
        return _ODD
    name, value = found.groups()
    kind = AnswerKind(ANSWER_KINDS[name])
    if kind is AnswerKind.LENGTH:
        return _LENGTH if value.isdigit() and len(value) <= _LONGEST_LENGTH else _ODD
    if kind is AnswerKind.CONNECTION:
        return _DROP if value.lower() == b"keep-alive" else _ODD
    return _KINDS.get(kind, _ODD)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A sequence of kinds that makes a plain head: where the length stands (0: there is no body), what stays of it."""

    length_at: int
    kept: Callable[[list[bytes]], tuple[bytes, ...]] | None


class _Shapes(dict[bytes, _Shape | None]):
    """Few heads differ in more than values. Bounded: an app may shuffle its lines."""

    __slots__ = ()

    def __missing__(self, kinds: bytes) -> _Shape | None:
        shape = _shape(kinds)
        if len(self) >= _KNOWN_SHAPES:
            self.clear()
        self[kinds] = shape
        return shape


def _shape(kinds: bytes) -> _Shape | None:
    first, following = kinds[0], kinds[1:]
    if first not in (_STATUS, _NOT_MODIFIED) or max(following, default=_KEEP) > _DROP:
        return None
    lengths = following.count(_LENGTH)
    if lengths > 1 or (first == _STATUS and not lengths):
        return None
    length_at = kinds.index(_LENGTH) if first == _STATUS else 0
    kept = [place for place, kind in enumerate(kinds) if kind != _DROP]
    return _Shape(length_at, None if len(kept) == len(kinds) else _only(kept))


def _only(places: list[int]) -> Callable[[list[bytes]], tuple[bytes, ...]]:
    return itemgetter(*places) if len(places) > 1 else lambda lines: (lines[0],)


_SHAPES = _Shapes()
_kind = _Lines().__getitem__
PlainHead = tuple[int, int, bytes | None]


def plain_head(data: bytes) -> PlainHead | None:
    """The head at the start of `data` if it is whole and plain; None: ask the parser.

    Gives where the body begins, how many bytes of it come in all, and the head as it goes on, with the empty line, or
    None where not one byte of it changes.
    """
    end = data.find(b"\r\n\r\n", 0, _LONGEST_HEAD)
    if end < 0:
        return None
    lines = data[:end].split(b"\r\n")
    shape = _SHAPES[bytes(map(_kind, lines))]
    if shape is None:
        return None
    at, kept = shape.length_at, shape.kept
    length = int(lines[at][_LENGTH_VALUE:]) if at else 0
    return end + 4, length, None if kept is None else b"\r\n".join(kept(lines)) + b"\r\n\r\n"


def closing_head(head: bytes) -> bytes:
    """A plain head that tells the browser that its connection ends with this answer (RFC 9112, 9.6)."""
    return head[:-2] + b"Connection: close\r\n\r\n"
