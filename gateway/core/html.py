"""Takes elements out of a page and leaves every other byte as it was (C4).

    page ──► tags ──► open elements, as browsers nest them ──► spans of what a selector finds ──► page without them

An element whose end tag is left out (`<li>`, `<td>`, `<p>`, or simply forgotten) ends before its next sibling or
before its parent's end tag, so that a removal never eats beyond the parent.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.html_scan import Tag, editable, tags
from gateway.core.selectors import Selector, parse_selector

__all__ = ["Selector", "editable", "find_element", "parse_selector", "remove_elements"]

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


@dataclass(slots=True)
class _Open:
    name: bytes
    start: int
    wanted: bool


class _Tree:
    """The open elements while tags go by; `spans` collects what is wanted."""

    def __init__(self) -> None:
        self.spans: list[tuple[int, int]] = []
        self._open: list[_Open] = []
        self._foreign = 0  # how many <svg> and <math> are open

    def start(self, tag: Tag, wanted: bool) -> None:
        """A start tag: it may end elements that left out their end tag."""
        self._end_implied(tag)
        if tag.name in _VOID or (tag.self_closing and (self._foreign or tag.name in (b"svg", b"math"))):
            if wanted:
                self.spans.append((tag.start, tag.end))
            return
        self._foreign += tag.name in (b"svg", b"math")
        self._open.append(_Open(tag.name, tag.start, wanted))

    def end(self, tag: Tag) -> None:
        """An end tag: the innermost element of its name ends here, those inside it end before it."""
        for index in range(len(self._open) - 1, -1, -1):
            name = self._open[index].name
            if name == tag.name:
                self._pop_to(index + 1, tag.start)
                self._pop_to(index, tag.end)
                return
            if name in _ALWAYS_WALLS or (name in _CELLS and tag.name not in _TABLE_PARTS) or name == b"table":
                return

    def finish(self, length: int) -> None:
        """The page has ended, and so has everything that is open."""
        self._pop_to(0, length)

    def _end_implied(self, tag: Tag) -> None:
        if tag.name in _BLOCKS:
            self._end_nearest(frozenset((b"p",)), _WALLS | _CELLS, tag.start)
        ended = _ENDED_BY.get(tag.name)
        if ended is None:
            return
        walls = _ALWAYS_WALLS | {b"table"} if ended & _TABLE_PARTS else _WALLS | _CELLS
        self._end_nearest(ended, walls - ended, tag.start)

    def _end_nearest(self, ended: frozenset[bytes], walls: frozenset[bytes], position: int) -> None:
        outermost = None
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index].name in ended:
                outermost = index
            elif self._open[index].name in walls:
                break
        if outermost is not None:
            self._pop_to(outermost, position)

    def _pop_to(self, depth: int, position: int) -> None:
        while len(self._open) > depth:
            element = self._open.pop()
            self._foreign -= element.name in (b"svg", b"math")
            if element.wanted:
                self.spans.append((element.start, position))


def find_element(page: bytes, selector: Selector) -> bool:
    """Whether the page has an element that `selector` finds; what stands in comments or scripts does not count."""
    return any(not tag.closing and selector.finds(tag) for tag in tags(page))


def remove_elements(page: bytes, selectors: tuple[str, ...]) -> bytes:
    """The page without the elements that any of `selectors` finds. Raises ValueError for a selector that is none.

    A page whose bytes can't be read so (see `editable`) stays as it is: the routes are the barrier, not its links.
    """
    parsed = [parse_selector(text) for text in selectors]
    if not editable(page):
        return page
    tree = _Tree()
    for tag in tags(page):
        if tag.closing:
            tree.end(tag)
        else:
            tree.start(tag, any(selector.finds(tag) for selector in parsed))
    tree.finish(len(page))
    return _without(page, sorted(tree.spans)) if tree.spans else page


def _without(page: bytes, spans: list[tuple[int, int]]) -> bytes:
    kept = []
    position = 0
    for start, end in spans:
        kept.append(page[position:start])  # empty where a removal lies inside another
        position = max(position, end)
    kept.append(page[position:])
    return b"".join(kept)
