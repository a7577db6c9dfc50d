"""The operator's CSV files: UTF-8, or cp932 as Excel in Japan writes. Every bad line is named."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from gateway.config.faults import Faults, did_you_mean
from gateway.config.settings import EstablishmentEntry
from gateway.core.subject import Kind, Subject, canonical_login_id

_PEOPLE = ("login_id", "kind", "office", "establishment", "employee", "role", "name", "aliases")
_ESTABLISHMENTS = ("code", "office", "name", "kana")
_KINDS = {Kind.OFFICE.value: Kind.OFFICE, Kind.ESTABLISHMENT.value: Kind.ESTABLISHMENT}
Row = tuple[int, dict[str, str]]


def read_people(path: Path) -> tuple[dict[str, Subject], Faults]:
    """People by canonical login ID and by every alias of it, with what is wrong with the file."""
    faults = Faults(str(path))
    people: dict[str, Subject] = {}
    lines: dict[str, int] = {}
    for line, row in _rows(path, _PEOPLE, ("login_id", "kind"), faults):
        subject = _person(line, row, faults)
        if subject is None:
            continue
        for column, name in _names(line, subject, row, faults):
            if name not in people:
                people[name], lines[name] = subject, line
            elif lines[name] != line:
                what = f"{name} is also on line {lines[name]}."
                faults.put(line, 1, column, "duplicate-person", what, "Keep one: width and case make no difference.")
    return people, faults


def _names(line: int, subject: Subject, row: dict[str, str], faults: Faults) -> list[tuple[str, str]]:
    """(column, canonical name) of everything that the app accepts for this person."""
    names = [("login_id", subject.login_id)]
    for alias in row.get("aliases", "").split(";"):
        if alias.strip():
            try:
                names.append(("aliases", canonical_login_id(alias)))
            except ValueError as error:
                faults.put(line, 1, "aliases", "bad-value", f"{error}.", "Write names as people type them, with ;.")
    return names


def _person(line: int, row: dict[str, str], faults: Faults) -> Subject | None:
    kind = _KINDS.get(row["kind"].strip().lower())
    if kind is None:
        faults.put(line, 1, "kind", "unknown-word", f"got {row['kind']!r}.", "Write office or establishment.")
        return None
    needed = "office" if kind is Kind.OFFICE else "establishment"
    if not row.get(needed):
        faults.put(line, 1, needed, "missing-key", "the column is empty.", f"A person of an {needed} needs its code.")
        return None
    try:
        login_id = canonical_login_id(row["login_id"])
    except ValueError as error:
        faults.put(line, 1, "login_id", "bad-value", f"{error}.", "Write the ID as people type it.")
        return None
    rest = {name: row.get(name, "") for name in ("office", "establishment", "employee", "role", "name")}
    return Subject(login_id, kind, **rest)


def read_establishments(path: Path) -> tuple[tuple[EstablishmentEntry, ...], Faults]:
    """Establishments with their offices, with what is wrong with the file."""
    faults = Faults(str(path))
    found: dict[str, EstablishmentEntry] = {}
    for line, row in _rows(path, _ESTABLISHMENTS, ("code", "office"), faults):
        if not row["code"] or not row["office"]:
            faults.put(line, 1, "", "missing-key", "code or office is empty.", "Write both.")
        elif row["code"] in found:
            faults.put(line, 1, "code", "duplicate-code", f"{row['code']} is there already.", "Keep one line of it.")
        else:
            found[row["code"]] = EstablishmentEntry(
                row["code"], row["office"], row.get("name", ""), row.get("kana", "")
            )
    return tuple(found.values()), faults


def _rows(path: Path, known: tuple[str, ...], needed: tuple[str, ...], faults: Faults) -> Iterator[Row]:
    text = _text(path, faults)
    if text is None:
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if not _header_fits(header, known, needed, faults):
            return
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                what = f"{len(cells)} columns instead of {len(header)}."
                faults.put(reader.line_num, 1, "", "wrong-columns", what, "Put values with commas in quotes.")
                continue
            yield reader.line_num, {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    except csv.Error as error:
        faults.put(reader.line_num, 1, "", "csv-syntax", f"no CSV: {error}.", "Check the quotes of this line.")


def _header_fits(header: list[str], known: tuple[str, ...], needed: tuple[str, ...], faults: Faults) -> bool:
    right = True
    for name in needed:
        if name not in header:
            remedy = f"The first line names the columns: {','.join(known)}."
            faults.put(1, 1, name, "missing-column", "this column is missing.", remedy)
            right = False
    for name in header:
        if name not in known or header.count(name) > 1:
            faults.put(1, 1, name, "unknown-column", "unknown or repeated column.", did_you_mean(name, known))
            right = False
    return right


def _text(path: Path, faults: Faults) -> str | None:
    try:
        data = path.read_bytes()
    except OSError as error:
        remedy = "Relative paths begin at the folder of the configuration."
        faults.put(1, 1, "", "no-file", f"{path} can't be read: {error.strerror}.", remedy)
        return None
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    for number, line in enumerate(data.split(b"\n"), 1):
        if not _decodes(line):
            faults.put(number, 1, "", "not-text", "neither UTF-8 nor cp932.", "Save the file as UTF-8.")
    if not faults:
        faults.put(1, 1, "", "not-text", "UTF-8 and cp932 mixed.", "Save the whole file as UTF-8.")
    return None


def _decodes(line: bytes) -> bool:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            line.decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False
