"""Strict multipart/form-data: exactly what browsers write (RFC 7578), nothing that two parsers read in two ways."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TYPE = re.compile(rb"multipart/form-data; ?boundary=([0-9A-Za-z_-]{1,70})")
# In Shift_JIS a backslash is the second half of letters (表.csv). Before a quote it might escape that for some parser.
_TEXT = rb'"((?:[^"\\\x00-\x1f\x7f]|(?<=[\x81-\x9f\xe0-\xfc])\\(?!"))*+)"'
_FILE_NAME = rb'"(?:[^"\\\x00-\x1f\x7f]|\\(?!"))*+"'
_PART = re.compile(
    rb"\r\nContent-Disposition: form-data; name=%b"
    rb"(?:(; filename=%b)\r\nContent-Type: [0-9A-Za-z!#$&^_.+-]++/[0-9A-Za-z!#$&^_.+-]++)?"
    rb"\r\n\r\n(.*)\r\n" % (_TEXT, _FILE_NAME),
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Part:
    """One field; `value` is None for a file."""

    name: bytes
    value: bytes | None


def multipart_boundary(content_type: bytes) -> bytes | None:
    """The boundary of a Content-Type that names only this one parameter; None for any other."""
    found = _TYPE.fullmatch(content_type)
    return None if found is None else found[1]


def split_multipart(boundary: bytes, body: bytes, most: int) -> list[Part] | None:
    """The parts in order; None at the first byte that is not as browsers write it, or beyond `most` parts.

    The delimiter may stand nowhere else, so a preamble, a bare LF before it or a longer look-alike is refused.
    """
    first, *pieces = body.split(b"--" + boundary, most + 1)
    if first or not pieces or pieces[-1] not in (b"--\r\n", b"--"):
        return None
    parts = []
    for piece in pieces[:-1]:
        found = _PART.fullmatch(piece)
        # `%22` is how browsers write a quote; a parser that decodes it sees another name.
        if found is None or b"%" in found[1] or (b"\\" in found[1] and _is_utf8(found[1])):
            return None
        parts.append(Part(found[1], None if found[2] else found[3]))
    return parts


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
