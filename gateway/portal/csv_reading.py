"""Reading a settings file that somebody edited: every line is right, or is named with what is wrong with it.

bytes ── UTF-8 or Windows' Shift_JIS ──► lines ── headings ──► cells ── the office's own list ──► changes
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.core.policy import TenantSettings
from gateway.portal.csv_settings import NEEDED, Column, allowed, column_of, settings_of, word_of
from gateway.portal.views import Message

LINE_LIMIT = 100_000
_LONGEST_LINE = 10_000  # characters: the reader takes a line in one go, whatever waits meanwhile
_LONGEST_CELL = 60  # characters of a cell that are repeated in a sentence
_MARK = b"\xef\xbb\xbf"
_NO_TEXT = re.compile("[\0\uf8f0-\uf8f3]")  # bytes that are no character; what cp932 makes of single bytes without one


@dataclass(frozen=True, slots=True)
class Known:
    """An establishment of the office as it stands."""

    settings: TenantSettings
    pinned: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, in which line of the file (from 1; the headings are a line too)."""

    line: int
    message: Message


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says. With faults nothing of it counts. `zeros`: codes that had lost the zeros before them."""

    lines: int = 0
    changes: tuple[tuple[str, TenantSettings], ...] = ()
    zeros: int = 0
    faults: tuple[Fault, ...] = ()


class Unreadable(Exception):
    """The file as a whole cannot be read; `message` says why."""

    def __init__(self, key: str, **values: float | str) -> None:
        super().__init__(key)
        self.message = Message(key, tuple(values.items()))


def read_settings(content: bytes, known: Mapping[str, Known], language: str) -> Reading:
    """Compare a file with what is. Raises Unreadable. Takes a second for 100,000 lines: not for the loop."""
    lines = _lines(_text(content))
    first = next(lines, None)
    if first is None:
        raise Unreadable("settings.import.fault.empty")
    places, width = _places(first[1]), len(first[1])
    reader = _LineReader(places, width, known, language)
    for number, cells in lines:
        reader.take(number, cells)
    if reader.lines == 0:
        raise Unreadable("settings.import.fault.empty")
    return Reading(reader.lines, tuple(reader.changes), reader.zeros, tuple(reader.faults))


def _text(content: bytes) -> str:
    if content.startswith(_MARK):
        content, encodings = content[len(_MARK) :], ["utf-8"]
    else:
        encodings = ["utf-8", "cp932"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _NO_TEXT.search(text):
            return text
    raise Unreadable("settings.import.fault.encoding")


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record that holds anything, with the number of its first line. Raises Unreadable."""
    reader = csv.reader(_short(io.StringIO(text, newline="")), strict=True)
    count, began = 0, 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                count += 1
                if count > LINE_LIMIT + 1:
                    raise Unreadable("settings.import.fault.many", limit=f"{LINE_LIMIT:,}")
                yield began, cells
            began = reader.line_num + 1
    except csv.Error:
        raise Unreadable("settings.import.fault.quotes", line=began) from None


def _short(lines: Iterable[str]) -> Iterator[str]:
    """The lines as they are. Raises Unreadable for one that is far too long."""
    for number, line in enumerate(lines, 1):
        if len(line) > _LONGEST_LINE:
            raise Unreadable("settings.import.fault.long", line=number)
        yield line


def _places(cells: Sequence[str]) -> Mapping[Column, int]:
    """Where each column stands. Raises Unreadable for one that is missing, unknown or there twice."""
    places: dict[Column, int] = {}
    for place, heading in enumerate(cells):
        column = column_of(heading)
        if column is None or column in places:
            raise Unreadable("settings.import.fault.heading", heading=heading[:_LONGEST_CELL], place=place + 1)
        places[column] = place
    for column in NEEDED:
        if column not in places:
            raise Unreadable(f"settings.import.fault.lacks.{column}")
    return places


class _LineReader:
    """Takes line after line; notes changes and faults."""

    def __init__(self, places: Mapping[Column, int], width: int, known: Mapping[str, Known], language: str) -> None:
        self.lines = self.zeros = 0
        self.changes: list[tuple[str, TenantSettings]] = []
        self.faults: list[Fault] = []
        self._places, self._width, self._known, self._language = places, width, known, language
        self._seen: dict[str, int] = {}
        self._bare = _without_zeros(known)

    def take(self, number: int, cells: Sequence[str]) -> None:
        """One line."""
        self.lines += 1
        message = self._taken(number, cells)
        if message is not None:
            self.faults.append(Fault(number, message))

    def _taken(self, number: int, cells: Sequence[str]) -> Message | None:
        if len(cells) != self._width:
            return Message("settings.import.line.cells", (("cells", len(cells)), ("width", self._width)))
        typed = _unguarded(cells[self._places[Column.CODE]])
        code = self._code(typed)
        if code is None:
            return Message("settings.import.line.unknown", (("code", typed[:_LONGEST_CELL]),))
        if code in self._seen:
            return Message("settings.import.line.twice", (("code", code), ("first", self._seen[code])))
        self._seen[code] = number
        words = []
        for column in (Column.USES, Column.PAYSLIP, Column.ATTENDANCE):
            cell = cells[self._places[column]].strip()
            word = word_of(column, cell)
            if word is None:
                told = (("cell", cell[:_LONGEST_CELL]), ("allowed", allowed(column, self._language)))
                return Message(f"settings.import.line.{column}", told)
            words.append(word)
        return self._compared(code, typed, settings_of(*words))

    def _compared(self, code: str, typed: str, settings: TenantSettings) -> Message | None:
        now = self._known[code]
        same = settings.uses_second_factor == now.settings.uses_second_factor and settings.exempt == now.settings.exempt
        if now.pinned and not same:
            return Message("settings.import.line.pinned", (("code", code),))
        self.zeros += code != typed
        if not same:
            self.changes.append((code, settings))
        return None

    def _code(self, typed: str) -> str | None:
        """The code that is meant: a spreadsheet takes the zeros before a number away."""
        if typed in self._known:
            return typed
        return self._bare.get(typed) if typed.isascii() and typed.isdigit() else None


def _without_zeros(known: Mapping[str, Known]) -> Mapping[str, str]:
    """Codes of digits by what is left without the zeros before them, where that is one code only."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for code in known:
        if code.isascii() and code.isdigit():
            bare = code.lstrip("0") or "0"
            if bare in found:
                twice.add(bare)
            found[bare] = code
    return {bare: code for bare, code in found.items() if bare not in twice}


def _unguarded(cell: str) -> str:
    """A code without the quote that an export puts before what a spreadsheet would compute."""
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@", "＝", "＋", "－", "＠") else cell
