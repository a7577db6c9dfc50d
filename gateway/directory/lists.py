"""From rows of the operator's own database to establishments and people; a row that makes no sense is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from gateway.config.settings import EstablishmentEntry
from gateway.core.subject import Kind, Subject, canonical_login_id

CODE = re.compile(r"[^\s/\x00-\x1f\x7f]{1,64}")
_LONGEST_TEXT = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
T = TypeVar("T")
Row = Mapping[Any, Any]


class Listing(Generic[T]):
    """Rows taken one after the other; the first of two with one key counts. `skipped`: how many made no sense."""

    def __init__(self, read: Callable[[dict[str, str]], tuple[str, T] | None]) -> None:
        self._read = read
        self._found: dict[str, T] = {}
        self.skipped = 0

    def take(self, row: Row) -> None:
        """One row; columns in any order and case."""
        entry = self._read({name.lower(): _text(value) for name, value in row.items()})
        if entry is None or entry[0] in self._found:
            self.skipped += 1
        else:
            self._found[entry[0]] = entry[1]

    def all(self) -> tuple[T, ...]:
        """What was found, in the database's order."""
        return tuple(self._found.values())


def establishments_of(office: str) -> Listing[EstablishmentEntry]:
    """Columns code, name, kana."""

    def read(text: dict[str, str]) -> tuple[str, EstablishmentEntry] | None:
        code = text.get("code", "")
        if not CODE.fullmatch(code):
            return None
        return code, EstablishmentEntry(code, office, _shown(text.get("name")), _shown(text.get("kana")))

    return Listing(read)


def people_of(office: str, establishment: str) -> Listing[Subject]:
    """Columns login_id, employee, role, name and perhaps kind, which must then be the one that was asked for.

    Office and establishment are those that were asked for, whatever a row says.
    """
    kind = Kind.ESTABLISHMENT if establishment else Kind.OFFICE

    def read(text: dict[str, str]) -> tuple[str, Subject] | None:
        if text.get("kind", "").lower() not in ("", kind.value):
            return None
        try:
            login_id = canonical_login_id(text.get("login_id", ""))
        except ValueError:
            return None
        employee, role = text.get("employee", ""), text.get("role", "")
        if not all(not code or CODE.fullmatch(code) for code in (employee, role)):
            return None
        return login_id, Subject(login_id, kind, office, establishment, employee, role, _shown(text.get("name")))

    return Listing(read)


def _text(value: object) -> str:
    """Codes are text, also where a column is numeric."""
    return "" if value is None else str(value).strip()


def _shown(text: str | None) -> str:
    """A name on one line, of a length that a page can show."""
    return _CONTROL.sub(" ", text or "").strip()[:_LONGEST_TEXT]
