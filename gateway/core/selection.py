"""Which establishments somebody has picked from a list that they see ten at a time.

    a few by hand                      codes
    all that a search found, less some conditions, and the codes that are not meant

What is picked is kept while the person goes on searching. Only the store knows what a search finds, so where a pick
cannot be said as one of the two forms any more, the caller asks for the codes and goes on with the first.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.folding import folded, searchable


@dataclass(frozen=True, slots=True)
class Conditions:
    """What was searched for: codes from … to …, both included and compared as text; parts of name and reading;
    whether the second factor is used. Empty parts ask nothing."""

    code_from: str = ""
    code_to: str = ""
    name: str = ""
    kana: str = ""
    uses: bool | None = None

    def find(self, code: str, name: str, kana: str, *, uses: bool) -> bool:
        """Whether an establishment is meant."""
        return (
            self.code_from <= code
            and (not self.code_to or code <= self.code_to)
            and folded(self.name) in searchable(name)
            and folded(self.kana) in searchable(kana)
            and self.uses in (None, uses)
        )


ALL = Conditions()


@dataclass(frozen=True, slots=True)
class Picked:
    """The codes; with `everything` all that it finds but the codes."""

    everything: Conditions | None = None
    codes: frozenset[str] = frozenset()

    @property
    def nothing(self) -> bool:
        """Whether nothing is picked. A search that finds nothing does not count: only the store knows."""
        return self.everything is None and not self.codes

    def holds(self, code: str, name: str, kana: str, *, uses: bool) -> bool:
        """Whether this establishment is picked."""
        if self.everything is None:
            return code in self.codes
        return code not in self.codes and self.everything.find(code, name, kana, uses=uses)

    def changed(self, added: frozenset[str], removed: frozenset[str]) -> Picked | None:
        """After boxes were ticked and unticked; None: say it in codes first, for what was added is no part of
        `everything`."""
        if self.everything is None:
            return Picked(None, (self.codes | added) - removed)
        if added <= self.codes:
            return Picked(self.everything, (self.codes - added) | removed)
        return None

    def with_all(self, conditions: Conditions) -> Picked | None:
        """And all that a search finds; None: say both in codes."""
        if self.nothing or conditions in (ALL, self.everything):
            return Picked(conditions)
        return None

    def without_all(self, conditions: Conditions) -> Picked | None:
        """Without what a search finds; None: say both in codes."""
        if self.nothing or conditions in (ALL, self.everything):
            return Picked()
        return None
