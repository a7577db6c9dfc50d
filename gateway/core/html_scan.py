"""Finds tags in a page by bytes, as browsers do (WHATWG HTML 13.2.5), without decoding it.

In UTF-8, Shift_JIS and EUC-JP the bytes of `<`, `>`, `=`, `/`, quotes and white space never stand inside a longer
character, so structure can be read from bytes. ISO-2022-JP and UTF-16 can't be read so: `editable` says no.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

_WS = rb"[\t\n\f\r ]"
_ATTRIBUTE = (
    rb"([^\t\n\f\r />][^\t\n\f\r />=]*+)(?:%b*+=%b*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\t\n\f\r >\"'][^\t\n\f\r >]*+)))?+"
    % (_WS, _WS)
)
_ATTRIBUTES = re.compile(_ATTRIBUTE)
_TAG = re.compile(
    rb"<(/?)([A-Za-z][^\t\n\f\r />]*+)((?:[\t\n\f\r /]++|%b)*+)>" % re.sub(rb"\((?!\?)", b"(?:", _ATTRIBUTE)
)
_MARKUP = re.compile(rb"<(?:/?[A-Za-z]|[!?]|/[^>])")
_COMMENT_END = re.compile(rb"--!?>")
_RAW_TEXT = frozenset((b"script", b"style", b"textarea", b"title", b"xmp", b"iframe", b"noembed", b"noframes"))
_RAW_END = {name: re.compile(rb"</%b(?=[\t\n\f\r />])" % name, re.IGNORECASE) for name in _RAW_TEXT}


@dataclass(frozen=True, slots=True)
class Tag:
    """A start or end tag: its name in lower case, where it begins and ends, its attributes as they stand."""

    name: bytes
    start: int
    end: int
    closing: bool
    text: bytes

    @property
    def self_closing(self) -> bool:
        """Whether it ends in `/>`; that means something in SVG and MathML only."""
        return self.text.endswith(b"/")

    def attributes(self) -> dict[str, str]:
        """Names in lower case, values with their entities decoded, bytes as Latin-1; the first of two counts."""
        return {name: html.unescape(value.decode("latin-1")) for name, value in self.raw_attributes().items()}

    def raw_attributes(self) -> dict[str, bytes]:
        """As `attributes`, values as they stand."""
        found: dict[str, bytes] = {}
        for match in _ATTRIBUTES.finditer(self.text):
            found.setdefault(match[1].decode("latin-1").lower(), match[2] or match[3] or match[4] or b"")
        return found


def editable(page: bytes) -> bool:
    """Whether structure can be read from these bytes: not UTF-16 or UTF-32, not ISO-2022-JP or another with escapes."""
    return b"\0" not in page[:1024] and b"\x1b" not in page and not page.startswith((b"\xff\xfe", b"\xfe\xff"))


def tags(page: bytes) -> Iterator[Tag]:
    """All tags in order; what stands in comments and in raw text (scripts, styles, fields) is none."""
    position = 0
    while (markup := _MARKUP.search(page, position)) is not None:
        start = markup.start()
        if not markup[0][-1:].isalpha():
            position = _skip_markup(page, start)
            continue
        found = _TAG.match(page, start)
        if found is None:
            return  # a tag without end: browsers drop the rest as well
        tag = Tag(found[2].lower(), start, found.end(), bool(found[1]), found[3])
        yield tag
        position = tag.end if tag.closing else _skip_raw_text(page, tag)


def _skip_markup(page: bytes, start: int) -> int:
    """The end of a comment, a doctype or a bogus comment."""
    if not page.startswith(b"<!--", start):
        end = page.find(b">", start)
        return end + 1 if end >= 0 else len(page)
    for short in (b"<!-->", b"<!--->"):
        if page.startswith(short, start):
            return start + len(short)
    closed = _COMMENT_END.search(page, start + 4)
    return closed.end() if closed else len(page)


def _skip_raw_text(page: bytes, tag: Tag) -> int:
    if tag.name == b"plaintext":
        return len(page)
    if tag.name not in _RAW_TEXT:
        return tag.end
    closed = _RAW_END[tag.name].search(page, tag.end)
    return closed.start() if closed else len(page)
