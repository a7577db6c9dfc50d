"""The route table: which legacy paths mean what, found in time that does not grow with the table."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial

from gateway.core.escapes import unescape
from gateway.core.subject import Feature
from gateway.core.values import fast_frozen

_KNOWN_PATHS = 2048  # per table; people ask for the same few hundred addresses all day
_KNOWN_PATH_BYTES = 256


class Access(enum.StrEnum):
    """Who may reach a route. FULL is also what a path without a route needs."""

    PUBLIC = "public"
    RESTRICTED = "restricted"
    FULL = "full"
    DENY = "deny"


class Place(enum.StrEnum):
    """Where a condition reads its parameter."""

    QUERY = "query"
    PATH = "path"
    FORM = "form"


class ValueSource(enum.StrEnum):
    """What a parameter is compared with."""

    LITERAL = "literal"
    LOGIN_ID = "subject.login_id"
    EMPLOYEE = "subject.employee"
    ESTABLISHMENT = "subject.establishment"
    OFFICE = "subject.office"
    THIS_MONTH = "this-month"
    TODAY = "today"


@dataclass(frozen=True, slots=True)
class Condition:
    """A parameter must equal something of the person or of the calendar (C3). Doubt never satisfies it."""

    place: Place
    name: str
    source: ValueSource
    literals: tuple[str, ...] = ()
    date_format: str = "%Y%m"
    optional: bool = False  # an absent parameter satisfies it; default False


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table. `path` segments: a literal, `{name}` or `*` for one segment, a final `**` for any rest.

    No `methods` means any: what closes (`full`, `deny`) must close for all of them. `ignores_case`: the app behind
    takes /Top for /top, so the literals are ASCII letters in any case.
    """

    name: str
    path: str
    access: Access
    methods: frozenset[bytes] = frozenset({b"GET", b"HEAD"})
    feature: Feature | None = None
    where: tuple[Condition, ...] = ()
    line: int = 0
    ignores_case: bool = False


@fast_frozen
class Candidate:
    """A route whose path fits, with what its `{name}` segments took."""

    order: int
    route: Route
    segments: tuple[tuple[str, bytes], ...]


@dataclass(slots=True)
class _Node:
    literal: dict[bytes, _Node] = field(default_factory=dict)
    in_any_case: dict[bytes, _Node] = field(default_factory=dict)
    any_one: _Node | None = None
    ends: list[tuple[int, Route, tuple[str, ...]]] = field(default_factory=list)
    rests: list[tuple[int, Route, tuple[str, ...]]] = field(default_factory=list)


class RouteTable:
    """Routes in file order over a tree of path segments; only routes whose path fits are ever looked at."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self.routes = routes
        self._root = _Node()
        self._denied_folded = _Node()
        for order, route in enumerate(routes):
            self._plant(self._root, order, route, route.path.encode())
            if route.access is Access.DENY:
                self._plant(self._denied_folded, order, route, unescape(route.path.encode()).lower())
        self._known = lru_cache(maxsize=_KNOWN_PATHS)(partial(_walk, self._root))

    def candidates(self, path: bytes) -> tuple[Candidate, ...]:
        """Routes whose path fits these exact bytes, in file order, whatever their method."""
        return self._known(path) if len(path) <= _KNOWN_PATH_BYTES else _walk(self._root, path)

    def denies_folded(self, folded_path: bytes) -> Route | None:
        """A `deny` route that some app might read this path as; `folded_path` comes from `target.folded_path`."""
        found = _walk(self._denied_folded, folded_path)
        return found[0].route if found else None

    @staticmethod
    def _plant(root: _Node, order: int, route: Route, path: bytes) -> None:
        node = root
        names: list[str] = []
        parts = path.split(b"/")[1:]
        for position, part in enumerate(parts):
            if part == b"**" and position == len(parts) - 1:
                node.rests.append((order, route, tuple(names)))
                return
            if part == b"*" or (part[:1] == b"{" and part[-1:] == b"}"):
                names.append(part[1:-1].decode() if part != b"*" else "")
                node.any_one = node.any_one or _Node()
                node = node.any_one
            elif route.ignores_case:
                node = node.in_any_case.setdefault(part.lower(), _Node())
            else:
                node = node.literal.setdefault(part, _Node())
        node.ends.append((order, route, tuple(names)))


def _walk(root: _Node, path: bytes) -> tuple[Candidate, ...]:
    found: list[Candidate] = []
    parts = path.split(b"/")[1:]
    for order, route, names, taken in _descend(root, parts, 0, ()):
        segments = tuple((name, value) for name, value in zip(names, taken, strict=True) if name)
        found.append(Candidate(order, route, segments))
    found.sort(key=lambda candidate: candidate.order)
    return tuple(found)


def _descend(
    node: _Node, parts: list[bytes], depth: int, taken: tuple[bytes, ...]
) -> Iterator[tuple[int, Route, tuple[str, ...], tuple[bytes, ...]]]:
    for order, route, names in node.rests:
        yield order, route, names, taken
    if depth == len(parts):
        for order, route, names in node.ends:
            yield order, route, names, taken
        return
    literal = node.literal.get(parts[depth])
    if literal is not None:
        yield from _descend(literal, parts, depth + 1, taken)
    if node.in_any_case and (folded := node.in_any_case.get(parts[depth].lower())) is not None:
        yield from _descend(folded, parts, depth + 1, taken)
    if node.any_one is not None and parts[depth]:
        yield from _descend(node.any_one, parts, depth + 1, (*taken, parts[depth]))
