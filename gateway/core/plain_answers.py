"""Heads of answers that go on as they are: known by their lines, without a parser's call for each header.

    data ─► status line, header lines ─► each known by its bytes ─► where the body starts, how long it is, what to drop

Only the plainest grammar is taken: HTTP/1.1, `Name: value` with one space, one Content-Length, no cookie, no address,
no transfer coding. Everything else is None here and goes through the real parser, so nothing is decided twice: what
this takes, llhttp reads the same way.
"""

from __future__ import annotations

import re
from typing import Final

from gateway.core.header_names import ANSWER_KINDS, AnswerKind

_KEEP: Final = -1
_DROP: Final = -2
_ODD: Final = -3
_LONGEST_HEAD = 16384
_KNOWN_LINES = 8192
_KNOWN_LINE_BYTES = 256
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2}) [\t\x20-\x7e\x80-\xff]*")
_LINE = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)"
)
_LONGEST_LENGTH = 15  # digits: a petabyte
_NOT_MODIFIED = 304  # describes a body that does not come
_LEFT_TO_THE_PARSER = frozenset({204, 205})  # what a length means there is a question of its own


PlainHead = tuple[int, int, bytes | None]


class _Lines(dict[bytes, int]):
    """What to do with a header line: keep, drop, a length, or nothing that is plain. Bounded: Date has no end."""

    __slots__ = ()

    def __missing__(self, line: bytes) -> int:
        kind = _judge(line)
        if len(line) <= _KNOWN_LINE_BYTES:
            if len(self) >= _KNOWN_LINES:
                self.clear()
            self[line] = kind
        return kind


class _Statuses(dict[bytes, int]):
    """The status of a status line; 0 for one that is not plain."""

    __slots__ = ()

    def __missing__(self, line: bytes) -> int:
        found = _STATUS_LINE.fullmatch(line)
        status = int(found[1]) if found is not None else 0
        if status in _LEFT_TO_THE_PARSER:
            status = 0
        if len(line) <= _KNOWN_LINE_BYTES:
            if len(self) >= _KNOWN_LINES:
                self.clear()
            self[line] = status
        return status


_LINES = _Lines()
_STATUSES = _Statuses()


def _judge(line: bytes) -> int:
    found = _LINE.fullmatch(line)
    if found is None:
        return _ODD
    name, value = found.groups()
    kind = ANSWER_KINDS[name]
    if kind == AnswerKind.KEEP:
        return _KEEP
    if kind == AnswerKind.LENGTH:
        return int(value) if value.isdigit() and len(value) <= _LONGEST_LENGTH else _ODD
    if kind == AnswerKind.DROP:
        return _DROP
    return _DROP if kind == AnswerKind.CONNECTION and value.lower() == b"keep-alive" else _ODD


def plain_head(data: bytes) -> PlainHead | None:
    """The head at the start of `data` if it is whole and plain; None: ask the parser.

    Gives where the body begins, how many bytes of it come in all, and the head as it goes on, with the empty line, or
    None where not one byte of it changes.
    """
    end = data.find(b"\r\n\r\n", 0, _LONGEST_HEAD)
    if end < 0:
        return None
    lines = data[:end].split(b"\r\n")
    following = iter(lines)
    status = _STATUSES[next(following)]
    if not status:
        return None
    length = -1
    dropped = False
    known = _LINES
    for line in following:
        kind = known[line]
        if kind == _KEEP:
            continue
        if kind == _DROP:
            dropped = True
        elif kind == _ODD or length >= 0:
            return None
        else:
            length = kind
    if status == _NOT_MODIFIED:
        length = 0
    elif length < 0:
        return None
    return end + 4, length, _without_dropped(lines) if dropped else None


def _without_dropped(lines: list[bytes]) -> bytes:
    return b"\r\n".join([*[line for line in lines if _LINES[line] != _DROP], b"\r\n"])


def closing_head(head: bytes) -> bytes:
    """A plain head that tells the browser that its connection ends with this answer (RFC 9112, 9.6)."""
    return head[:-2] + b"Connection: close\r\n\r\n"
