"""The operator's own database in the demo: an SQLite file with the people and companies whom the apps know.

A gateway in service is pointed to the database that there is instead; see `directory.sql` in routes.yaml.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from gateway.demo.people import COMPANIES, PEOPLE, Person

_TABLES = """
CREATE TABLE establishments (
    code TEXT PRIMARY KEY, office TEXT NOT NULL, name TEXT NOT NULL, kana TEXT NOT NULL
);
CREATE INDEX establishments_of_office ON establishments (office, code);
CREATE TABLE people (
    login_id TEXT PRIMARY KEY, kind TEXT NOT NULL, office TEXT NOT NULL, establishment TEXT NOT NULL,
    employee TEXT NOT NULL, role TEXT NOT NULL, name TEXT NOT NULL
);
CREATE INDEX people_of_establishment ON people (office, establishment, login_id);
"""
_OFFICE_OF = {company.code: company.office for company in COMPANIES}


def write_people(file: Path) -> None:
    """Make the file, unless it is there. Raises OSError or sqlite3.Error when it can't be written."""
    if file.exists():
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = file.with_name(file.name + ".new")
    made.unlink(missing_ok=True)
    with closing(sqlite3.connect(made)) as connection, connection:
        connection.executescript(_TABLES)
        companies = [(one.code, one.office, one.name, one.kana) for one in COMPANIES]
        connection.executemany("INSERT INTO establishments VALUES (?, ?, ?, ?)", companies)
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?)", map(_row, PEOPLE))
    made.replace(file)


def _row(person: Person) -> tuple[str, ...]:
    role = "administrator" if person.manager else ""
    if person.office_staff:
        return person.login_id, "office", person.login_id[1:5], "", person.emp, role, person.name
    code = person.login_id[1:7]
    return person.login_id, "establishment", _OFFICE_OF[code], code, person.emp, role, person.name
