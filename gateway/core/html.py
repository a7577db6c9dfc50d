"""Takes elements out of a page, puts others in, and leaves every other byte as it was (C4).

    page ──► tags ──► open elements, as browsers nest them ──► spans to cut, places to fill ──► the page edited

An element whose end tag is left out (`<li>`, `<td>`, `<p>`, or simply forgotten) ends before its next sibling or
before its parent's end tag, so that a removal never eats beyond the parent.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.core.html_scan import Tag, editable, tags
from gateway.core.selectors import Selector, parse_selector

__all__ = [
    "Piece", "Selector", "Spot", "edit_elements", "editable", "find_element", "parse_selector", "remove_elements",
]  # fmt: skip

_VOID = frozenset(
    b"area base basefont bgsound br col embed frame hr image img input keygen link meta param source track wbr".split()
)
_BLOCKS = frozenset(
    b"address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer form h1 h2 h3"
    b" h4 h5 h6 header hgroup hr main menu nav ol p pre search section summary table ul li dt dd".split()
)
_ROW_GROUPS = frozenset((b"tbody", b"thead", b"tfoot"))

# Which open elements a start tag ends. The search stops at _WALLS: a list in a list, a table in a cell.
_ENDED_BY: dict[bytes, frozenset[bytes]] = {
    b"li": frozenset((b"li",)),
    b"dt": frozenset((b"dt", b"dd")),
    b"dd": frozenset((b"dt", b"dd")),
    b"option": frozenset((b"option",)),
    b"optgroup": frozenset((b"option", b"optgroup")),
    b"td": frozenset((b"td", b"th")),
    b"th": frozenset((b"td", b"th")),
    b"tr": frozenset((b"tr", b"td", b"th", b"caption", b"colgroup")),
    b"a": frozenset((b"a",)),
    b"button": frozenset((b"button",)),
    b"rt": frozenset((b"rt", b"rp")),
    b"rp": frozenset((b"rt", b"rp")),
    b"body": frozenset((b"head",)),
} | {group: _ROW_GROUPS | {b"tr", b"td", b"th", b"caption", b"colgroup"} for group in _ROW_GROUPS}
_CELLS = frozenset((b"td", b"th", b"caption"))
_LISTS = frozenset((b"ul", b"ol", b"menu", b"dir", b"dl", b"select"))
_ALWAYS_WALLS = frozenset((b"html", b"template", b"object", b"applet", b"marquee"))
_WALLS = _ALWAYS_WALLS | _LISTS | {b"table", b"div", b"section", b"form", b"fieldset"}
# An end tag in a cell closes nothing outside of its table, unless it is the table's own.
_TABLE_PARTS = _ROW_GROUPS | _CELLS | {b"table", b"tr"}
_SCOPE = _WALLS | _CELLS
_PARAGRAPH = frozenset((b"p",))
_IMPLIED = {  # by start tag: which open elements it ends, and at which the search for them stops
    name: (ended, (_ALWAYS_WALLS | {b"table"} if ended & _TABLE_PARTS else _SCOPE) - ended)
    for name, ended in _ENDED_BY.items()
}
_DEEPEST = 512  # browsers nest no deeper; further out nothing is looked for, or a page of a megabyte would take minutes
_TEXT_ONLY = frozenset(b"script style textarea title xmp iframe noembed noframes plaintext".split())


class Spot(enum.StrEnum):
    """Where a piece goes, as seen from the element that its selector finds. INTO: behind all that is in it."""

    BEFORE = "before"
    AFTER = "after"
    INTO = "into"


@dataclass(frozen=True, slots=True)
class Piece:
    """HTML to put in, once, at the first element that stays in the page and that `selector` finds."""

    selector: Selector
    spot: Spot
    html: bytes


@dataclass(slots=True)
class _Open:
    name: bytes
    start: int
    wanted: bool
    pieces: tuple[tuple[int, Piece], ...]


class _Tree:
    """The open elements while tags go by; `spans` collects what is wanted, `places` where pieces go."""

    def __init__(self, pieces: tuple[Piece, ...] = ()) -> None:
        self.spans: list[tuple[int, int]] = []
        self.places: list[tuple[int, int, bytes]] = []  # (position, rank, HTML)
        self._homeless = dict(enumerate(pieces))
        self._open: list[_Open] = []
        self._names: Counter[bytes] = Counter()  # of the open elements
        self._foreign = 0  # how many <svg> and <math> are open
        self._leaving = 0  # how many of the open elements go out
        self._read = 0  # where the last tag ended

    def start(self, tag: Tag, wanted: bool) -> None:
        """A start tag: it may end elements that left out their end tag."""
        self._end_implied(tag)
        self._read = tag.end
        alone = tag.name in _VOID or (tag.self_closing and (self._foreign > 0 or tag.name in (b"svg", b"math")))
        pieces = self._housed(tag, wanted, alone) if self._homeless else ()
        if alone:
            if wanted:
                self.spans.append((tag.start, tag.end))
            self.places += [(tag.end, rank, piece.html) for rank, piece in pieces]
            return
        self._foreign += tag.name in (b"svg", b"math")
        self._leaving += wanted
        self._names[tag.name] += 1
        self._open.append(_Open(tag.name, tag.start, wanted, pieces))

    def _housed(self, tag: Tag, wanted: bool, alone: bool) -> tuple[tuple[int, Piece], ...]:
        """The pieces that this element is the first to find; those before it have their place already."""
        found = [(rank, piece) for rank, piece in self._homeless.items() if piece.selector.finds(tag)]
        if not found or self._leaving:
            return ()
        closed = alone or wanted or tag.name in _TEXT_ONLY
        pieces = [(rank, piece) for rank, piece in found if piece.spot is not Spot.INTO or not closed]
        for rank, piece in pieces:
            del self._homeless[rank]
            if piece.spot is Spot.BEFORE:
                self.places.append((tag.start, rank, piece.html))
        return tuple((rank, piece) for rank, piece in pieces if piece.spot is not Spot.BEFORE)

    def end(self, tag: Tag) -> None:
        """An end tag: the innermost element of its name ends here, those inside it end before it."""
        self._read = tag.end
        if not self._names[tag.name]:
            return
        for index in self._outwards():
            name = self._open[index].name
            if name == tag.name:
                self._pop_to(index + 1, tag.start, tag.start)
                self._pop_to(index, tag.end, tag.start)
                return
            if name in _ALWAYS_WALLS or (name in _CELLS and tag.name not in _TABLE_PARTS) or name == b"table":
                return

    def finish(self, length: int) -> None:
        """The page has ended, and so has everything that is open. Pieces go behind the last whole tag: a broken one
        may follow, and would swallow them."""
        self._pop_to(0, length, self._read, self._read)

    def _end_implied(self, tag: Tag) -> None:
        if tag.name in _BLOCKS:
            self._end_nearest(_PARAGRAPH, _SCOPE, tag.start)
        implied = _IMPLIED.get(tag.name)
        if implied is not None:
            self._end_nearest(*implied, tag.start)

    def _end_nearest(self, ended: frozenset[bytes], walls: frozenset[bytes], position: int) -> None:
        if not any(self._names[name] for name in ended):
            return
        outermost = None
        for index in self._outwards():
            if self._open[index].name in ended:
                outermost = index
            elif self._open[index].name in walls:
                break
        if outermost is not None:
            self._pop_to(outermost, position, position)

    def _outwards(self) -> Iterable[int]:
        """The places of the open elements, innermost first."""
        return range(len(self._open) - 1, max(-1, len(self._open) - 1 - _DEEPEST), -1)

    def _pop_to(self, depth: int, end: int, inner_end: int, behind: int | None = None) -> None:
        """End elements down to a depth. `behind`: where what comes after an element goes, if not to its end."""
        outside = end if behind is None else behind
        while len(self._open) > depth:
            element = self._open.pop()
            self._names[element.name] -= 1
            self._foreign -= element.name in (b"svg", b"math")
            if element.wanted:
                self._leaving -= 1
                self.spans.append((element.start, end))
            for rank, piece in element.pieces:
                self.places.append((inner_end if piece.spot is Spot.INTO else outside, rank, piece.html))


def find_element(page: bytes, selector: Selector) -> bool:
    """Whether the page has an element that `selector` finds; what stands in comments or scripts does not count."""
    return any(not tag.closing and selector.finds(tag) for tag in tags(page))


def remove_elements(page: bytes, selectors: tuple[str, ...]) -> bytes:
    """The page without the elements that any of `selectors` finds. Raises ValueError for a selector that is none."""
    return edit_elements(page, tuple(parse_selector(text) for text in selectors))


def edit_elements(page: bytes, removals: tuple[Selector, ...], pieces: tuple[Piece, ...] = ()) -> bytes:
    """The page without the elements that any of `removals` finds, and with the pieces that find their place.

    A page whose bytes can't be read so (see `editable`) stays as it is: the routes are the barrier, not its links.
    """
    if not editable(page):
        return page
    tree = _Tree(pieces)
    for tag in tags(page):
        if tag.closing:
            tree.end(tag)
        else:
            tree.start(tag, any(selector.finds(tag) for selector in removals))
    tree.finish(len(page))
    cuts = [(start, -1, end, b"") for start, end in tree.spans]
    fills = [(position, rank, position, html) for position, rank, html in tree.places]
    return _edited(page, sorted(cuts + fills)) if cuts or fills else page


def _edited(page: bytes, edits: list[tuple[int, int, int, bytes]]) -> bytes:
    """`edits`: (from, rank, to, what comes in its place), in order."""
    kept: list[bytes] = []
    position = 0
    for start, _, end, html in edits:
        kept += (page[position:start], html)  # empty where a removal lies inside another
        position = max(position, end)
    kept.append(page[position:])
    return b"".join(kept)
