"""From rows of the operator's own database to establishments and people; a row that makes no sense is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from gateway.config.settings import EstablishmentEntry
from gateway.core.subject import Kind, Subject, canonical_login_id

CODE = re.compile(r"[^\s/\x00-\x1f\x7f]{1,64}")
_LONGEST_TEXT = 200
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
T = TypeVar("T")


class Listing(Generic[T]):
    """Rows taken one after the other; the first of two with one key counts. `skipped`: how many made no sense."""

    def __init__(self, columns: tuple[str, ...], read: Callable[..., tuple[str, T] | None]) -> None:
        """`read` gets the texts of these columns and gives key and entry, or None for a row without sense."""
        self._columns = columns
        self._read = read
        self._places: tuple[int | None, ...] = ()
        self._found: dict[str, T] = {}
        self.skipped = 0

    def begin(self, names: Iterable[str]) -> None:
        """The names of the rows' columns, in any order and case. One that is missing is empty everywhere."""
        lowered = [name.lower() for name in names]
        self._places = tuple(lowered.index(name) if name in lowered else None for name in self._columns)

    def take(self, row: Sequence[Any]) -> None:
        """One row."""
        entry = self._read(*["" if place is None else _text(row[place]) for place in self._places])
        if entry is None or entry[0] in self._found:
            self.skipped += 1
        else:
            self._found[entry[0]] = entry[1]

    def all(self) -> tuple[T, ...]:
        """What was found, in the database's order."""
        return tuple(self._found.values())


def establishments_of(office: str) -> Listing[EstablishmentEntry]:
    """What an office's establishments are."""

    def read(code: str, name: str, kana: str) -> tuple[str, EstablishmentEntry] | None:
        if not CODE.fullmatch(code):
            return None
        return code, EstablishmentEntry(code, office, _shown(name), _shown(kana))

    return Listing(("code", "name", "kana"), read)


def people_of(office: str, establishment: str) -> Listing[Subject]:
    """Who belongs to a tenant. A kind that is given must be the one that was asked for.

    Office and establishment are those that were asked for, whatever a row says.
    """
    kind = Kind.ESTABLISHMENT if establishment else Kind.OFFICE

    def read(typed: str, given: str, employee: str, role: str, name: str) -> tuple[str, Subject] | None:
        if given.lower() not in ("", kind.value) or not all(_empty_or_code(code) for code in (employee, role)):
            return None
        try:
            login_id = canonical_login_id(typed)
        except ValueError:
            return None
        return login_id, Subject(login_id, kind, office, establishment, employee, role, _shown(name))

    return Listing(("login_id", "kind", "employee", "role", "name"), read)


def _empty_or_code(text: str) -> bool:
    return not text or CODE.fullmatch(text) is not None


def _text(value: object) -> str:
    """Codes are text, also where a column is numeric."""
    return "" if value is None else str(value).strip()


def _shown(text: str) -> str:
    """A name on one line, of a length that a page can show."""
    plain = text if text.isprintable() else _UNSHOWN.sub(" ", text)
    return plain[:_LONGEST_TEXT]
