"""Which elements a restricted session does not see of which page, and the filter that takes them out (C4)."""

from __future__ import annotations

from gateway.core.apps import PageEdit
from gateway.core.html import remove_elements
from gateway.core.judging import plain_body
from gateway.core.messages import Headers, header_values
from gateway.core.policy import Policy
from gateway.core.recoding import Inner, Regzipped
from gateway.core.routes import Access, Route, RouteTable
from gateway.core.urlsession import PageScrubber, strip_url_session

_LARGEST_PAGE = 4 << 20
_STALE = frozenset({b"etag", b"last-modified", b"cache-control", b"expires", b"accept-ranges"})


class PageEdits:
    """Finds what to remove from the page at a path for a person's exemptions."""

    def __init__(self, edits: tuple[PageEdit, ...]) -> None:
        self._edits = edits
        lines = [(str(n), path) for n, edit in enumerate(edits) for path in edit.paths]
        self._table = RouteTable(tuple(Route(name, path, Access.RESTRICTED) for name, path in lines))

    def selectors(self, path: bytes, policy: Policy) -> tuple[str, ...]:
        """The selectors whose elements this person does not see on the page at `path`."""
        found: list[str] = []
        for candidate in self._table.candidates(path):
            removals = self._edits[int(candidate.route.name)].remove
            found += [one.select for one in removals if one.unless is None or one.unless not in policy.exempt]
        return tuple(found)


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
    """Headers of an edited page: it depends on the person's level now, so no cache may keep it."""
    kept = tuple((name, value) for name, value in headers if name.lower() not in _STALE)
    return (*kept, (b"Cache-Control", b"no-store"))


class PageFilter:
    """Holds a page back until it is whole, removes the elements and lets it go; a too large one passes unedited.

    The edit is not the access control: what an icon would lead to is refused by the route table all the same.
    """

    def __init__(self, selectors: tuple[str, ...]) -> None:
        self._selectors = selectors
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
        return b"" if self._through else remove_elements(bytes(self._held), self._selectors)


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


def edit_page(headers: Headers, body: bytes, selectors: tuple[str, ...]) -> tuple[Headers, bytes]:
    """A whole page in memory, edited as one that streams by would be."""
    if not selectors or not editable(headers):
        return headers, body
    page_filter = in_coding(headers, PageFilter(selectors))
    return edited_headers(headers), page_filter.feed(body) + page_filter.finish()
