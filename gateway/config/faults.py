"""What is wrong with a file: all of it at once, each with its place and what would be right (H3)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from gateway.core.errors import ConfigRefused


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `code` is a stable word; `path` is dotted and empty for the file as a whole."""

    file: str
    line: int
    column: int
    path: str
    code: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}"
        what = f"{self.path}: {self.message}" if self.path else self.message
        return f"{place} {what} {self.remedy}".rstrip()


class Placed(Protocol):
    """Anything that knows where it stands in the file."""

    @property
    def line(self) -> int:
        """From 1."""

    @property
    def column(self) -> int:
        """From 1."""

    @property
    def path(self) -> str:
        """Dotted."""


class Faults:
    """Collects faults and warnings of one file in any order; hands them out in file order."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._faults: list[Fault] = []
        self._warnings: list[Fault] = []

    def put(self, line: int, column: int, path: str, code: str, message: str, remedy: str = "") -> None:
        """Note a fault at a line and column (both from 1)."""
        self._faults.append(Fault(self.file, line, column, path, code, message, remedy))

    def add(self, place: Placed, code: str, message: str, remedy: str = "") -> None:
        """Note a fault at a node."""
        self.put(place.line, place.column, place.path, code, message, remedy)

    def extend(self, faults: Iterable[Fault]) -> None:
        """Take faults of another file in."""
        self._faults.extend(faults)

    def warn(self, place: Placed, code: str, message: str, remedy: str = "") -> None:
        """Note something that is allowed but leaves a way in open, or can't do what it seems to."""
        self._warnings.append(Fault(self.file, place.line, place.column, place.path, code, message, remedy))

    def any_under(self, *prefixes: str) -> bool:
        """Whether a part of the file is faulty: checks that need the whole part would then report shadows."""
        return any(fault.path.startswith(prefix) for fault in self._faults for prefix in prefixes)

    def __bool__(self) -> bool:
        return bool(self._faults)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All faults, in file order."""
        return tuple(sorted(self._faults, key=_place))

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """All warnings, in file order."""
        return tuple(sorted(self._warnings, key=_place))

    def raise_if_any(self) -> None:
        """Raise ConfigRefused when there is a fault."""
        if self._faults:
            raise ConfigRefused(self.faults)


def _place(fault: Fault) -> tuple[str, int, int]:
    return fault.file, fault.line, fault.column


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest known word, or all of them when none is near."""
    words = list(known)
    near = nearest(word, words)
    if near is not None:
        return f"Did you mean '{near}'?"
    return "Known: " + ", ".join(words) + "." if words else ""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that somebody may have meant."""
    near = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return near[0] if near else None
