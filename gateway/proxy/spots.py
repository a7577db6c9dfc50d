"""Addresses that were judged before, by their request lines: what they open is the same for everybody (core.openings).

"GET /a?b HTTP/1.1" ─► known by its bytes ─► Spot
                       └─ else by its path, where the query matters to nobody
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.core.apps import App
from gateway.core.decide import AccessMap
from gateway.core.openings import Opening, opening
from gateway.core.target import Target
from gateway.core.urlsession import has_url_session

METHOD, VERSION = b"GET ", b" HTTP/1.1"
_MOST_SPOTS = 4096
_MOST_LINES = 8192
_LONGEST_TARGET = 512
_LONGEST_LINE = 4096
_QUERY = re.compile(rb"[!-\"$-~]*+")  # as in core.target: a query never moves a path


@dataclass(slots=True, eq=False)
class Spot:
    """An address. `full`: it opens for full sessions; `any_query`: whatever its query is."""

    path: bytes
    app: App
    opening: Opening
    full: bool
    any_query: bool
    upstream: str
    name: bytes  # of the app; never looks like a path


class Spots:
    """The addresses at one host name. Bounded; `by_line` is asked first."""

    def __init__(self, access: AccessMap) -> None:
        self._access = access
        self._spots: dict[bytes, Spot] = {}
        self._once: set[bytes] = set()
        self.by_line: dict[bytes, Spot] = {}

    def find(self, line: bytes) -> Spot | None:
        """The spot of a request line that `by_line` does not hold."""
        found = self._spots.get(line) or self._by_path(line)
        if found is not None:
            if len(self.by_line) >= _MOST_LINES:
                self.by_line.clear()
            self.by_line[line] = found
        return found

    def note(self, target: Target, app: App) -> bool:
        """Remember an address that was judged, unless it came for the first time: many never come again, and to find
        out what they open costs more than to judge them. Whether it is known."""
        if len(target.raw) > _LONGEST_TARGET:
            return False
        any_query = target.doubt is None and not self._access.doors.minds_query(target.path)
        place = Target(target.path, target.path, None, None) if any_query else target
        line = METHOD + place.raw + VERSION
        if line in self._spots:
            return True
        if line not in self._once:
            if len(self._once) >= _MOST_SPOTS:
                self._once.clear()
            self._once.add(line)
            return False
        if len(self._spots) >= _MOST_SPOTS:
            del self._spots[next(iter(self._spots))]
        found = opening(b"GET", place, self._access)
        self._spots[line] = Spot(place.path, app, found, found.full, any_query, app.name, app.name.encode())
        return True

    def _by_path(self, line: bytes) -> Spot | None:
        """Read as the long way reads it."""
        path, mark, rest = line.partition(b"?")
        if not mark or not rest.endswith(VERSION) or len(line) > _LONGEST_LINE:
            return None
        spot = self._spots.get(path + VERSION)
        if spot is None or not spot.any_query or _QUERY.fullmatch(rest, 0, len(rest) - len(VERSION)) is None:
            return None
        return None if has_url_session(line[len(METHOD) : -len(VERSION)], spot.app.session_id_names) else spot
