"""Which pages of the apps lose elements (C4) or gain parts of ours (D1), for whom, and the filter that does it."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.apps import Insertion, PageEdit
from gateway.core.html import Piece, Selector, edit_elements, parse_selector
from gateway.core.insertions import Insertions, Viewer, wrapped
from gateway.core.judging import plain_body
from gateway.core.messages import Headers, header_values
from gateway.core.recoding import Inner, Regzipped
from gateway.core.routes import Access, Route, RouteTable
from gateway.core.session import Level
from gateway.core.urlsession import PageScrubber, strip_url_session

_LARGEST_PAGE = 4 << 20
_SEEING = frozenset({Level.FULL, Level.RESTRICTED})
_STALE = frozenset({b"etag", b"last-modified", b"cache-control", b"expires", b"accept-ranges"})


@dataclass(frozen=True, slots=True)
class PageChanges:
    """What one person's page loses and gains now. `dated`: a date ahead changes that, so no copy may outlive it."""

    removals: tuple[Selector, ...] = ()
    pieces: tuple[Piece, ...] = ()
    dated: bool = False

    @property
    def edits(self) -> bool:
        """Whether a byte may differ."""
        return bool(self.removals or self.pieces)

    @property
    def fleeting(self) -> bool:
        """Whether the page is for this moment only: no cache may keep it, and no kept copy may be shown again."""
        return self.dated or self.edits


UNCHANGED = PageChanges()


@dataclass(frozen=True, slots=True)
class _Edit:
    """An edit with its selectors read."""

    removals: tuple[tuple[str | None, Selector], ...]
    insertions: tuple[tuple[Insertion, Selector], ...]


class PageEdits:
    """Finds what the page at a path loses and gains for a person."""

    def __init__(self, edits: tuple[PageEdit, ...], insertions: Insertions) -> None:
        """Raises ValueError for a selector that is none."""
        self._insertions = insertions
        self._edits = tuple(_read(edit) for edit in edits)
        lines = [(str(n), path) for n, edit in enumerate(edits) for path in edit.paths]
        self._table = RouteTable(tuple(Route(name, path, Access.RESTRICTED) for name, path in lines))
        self._literal = frozenset(path.encode() for _, path in lines)
        self._patterned = any("*" in path or "{" in path for _, path in lines)

    def touch(self, path: bytes) -> bool:
        """Whether a page at `path` might be edited: asked for every answer, so literal paths are one look-up."""
        return path in self._literal or (self._patterned and bool(self._table.candidates(path)))

    def changes(self, path: bytes, viewer: Viewer) -> PageChanges:
        """What this person's page at `path` loses and gains. Only sessions that may use the app see any of it."""
        if viewer.level not in _SEEING:
            return UNCHANGED
        edits = [self._edits[int(candidate.route.name)] for candidate in self._table.candidates(path)]
        removals: list[Selector] = []
        if viewer.level is Level.RESTRICTED:
            exempt = viewer.policy.exempt
            removals = [
                one for edit in edits for unless, one in edit.removals if unless is None or unless not in exempt
            ]
        pieces = []
        for insertion, selector in (one for edit in edits for one in edit.insertions):
            html = self._insertions.html(insertion.what, viewer)
            if html:
                pieces.append(Piece(selector, insertion.spot, wrapped(html, insertion.wrap)))
        return PageChanges(tuple(removals), tuple(pieces), bool(edits) and self._insertions.dated(viewer))


def _read(edit: PageEdit) -> _Edit:
    return _Edit(
        tuple((removal.unless, parse_selector(removal.select)) for removal in edit.remove),
        tuple((insertion, parse_selector(insertion.select)) for insertion in edit.insert),
    )


def editable(headers: Headers) -> bool:
    """Whether an answer is HTML in a coding that can be edited."""
    kind = b",".join(header_values(headers, b"content-type")).lower()
    coding = b",".join(header_values(headers, b"content-encoding")).strip().lower()
    if b"utf-16" in kind or b"iso-2022" in kind:
        return False
    return (b"text/html" in kind or b"application/xhtml" in kind) and coding in (b"", b"identity", b"gzip", b"x-gzip")


def scrubbable(headers: Headers) -> bool:
    """Whether an answer is text in a coding that can be read: pages, scripts, style sheets, JSON, XML."""
    kind = b",".join(header_values(headers, b"content-type")).lower()
    coding = b",".join(header_values(headers, b"content-encoding")).strip().lower()
    text = not kind or any(word in kind for word in (b"text/", b"javascript", b"json", b"xml", b"html"))
    return text and coding in (b"", b"identity", b"gzip", b"x-gzip")


def edited_headers(headers: Headers) -> Headers:
    """Headers of an edited page: it depends on the person, their level and the date, so no cache may keep it."""
    kept = tuple((name, value) for name, value in headers if name.lower() not in _STALE)
    return (*kept, (b"Cache-Control", b"no-store"))


class PageFilter:
    """Holds a page back until it is whole, edits it and lets it go; a too large one passes unedited.

    The edit is not the access control: what an icon would lead to is refused by the route table all the same.
    """

    def __init__(self, changes: PageChanges) -> None:
        self._changes = changes
        self._held = bytearray()
        self._through = False

    def feed(self, data: bytes) -> bytes:
        """Take a piece; gives nothing while the page may still be edited."""
        if self._through:
            return data
        self._held += data
        if len(self._held) <= _LARGEST_PAGE:
            return b""
        self._through = True
        whole, self._held = bytes(self._held), bytearray()
        return whole

    def finish(self) -> bytes:
        """The page is whole."""
        return b"" if self._through else edit_elements(bytes(self._held), self._changes.removals, self._changes.pieces)


def in_coding(headers: Headers, page_filter: Inner) -> Inner:
    """The filter for a body in this answer's content coding, of which `editable` has said that it is plain or gzip."""
    coded = b",".join(header_values(headers, b"content-encoding")).strip().lower() not in (b"", b"identity")
    return Regzipped(page_filter) if coded else page_filter


def scrub_page(headers: Headers, body: bytes, names: tuple[str, ...]) -> bytes:
    """A whole body in memory without session IDs in addresses, in the coding that it came in."""
    if not names or not body or not scrubbable(headers):
        return body
    plain = plain_body(headers, body)
    if plain is not None and strip_url_session(plain, names) == plain:
        return body  # nearly always: then not a byte is touched
    scrubber = in_coding(headers, PageScrubber(names))
    return scrubber.feed(body) + scrubber.finish()


def edit_page(headers: Headers, body: bytes, changes: PageChanges) -> tuple[Headers, bytes]:
    """A whole page in memory, edited as one that streams by would be."""
    if not changes.fleeting or not editable(headers):
        return headers, body
    if not changes.edits:
        return edited_headers(headers), body
    page_filter = in_coding(headers, PageFilter(changes))
    return edited_headers(headers), page_filter.feed(body) + page_filter.finish()
