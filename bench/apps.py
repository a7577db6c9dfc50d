"""The demo's legacy apps in a process of their own, with many more employees than the demo has.

python -m bench.apps PEOPLE PORT PORT PORT
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import uvloop

from gateway.demo import people
from gateway.demo.apps import start_apps
from gateway.demo.people_file import write_people

FIRST_ESTABLISHMENT = 500  # behind those of the demo
EMPLOYEES = 4  # of an establishment: small ones, so that few people share what is known of it
ESTABLISHMENTS = 20  # of an office


def employees(count: int) -> Iterator[people.Person]:
    """So many employees of establishments that the demo does not have."""
    for number in range(count):
        code, emp = FIRST_ESTABLISHMENT + number // EMPLOYEES, number % EMPLOYEES + 1
        yield people.Person(f"B{code:06}{emp:02}", f"株式会社{code}", f"{emp:02}", f"社員 {number}", "シャイン")


def office(establishment: str) -> str:
    """Whose client it is: no office of the demo's."""
    return f"{1000 + int(establishment) // ESTABLISHMENTS:04}"


def write_directory(file: Path, count: int) -> None:
    """The operator's own database with all of them."""
    write_people(file)
    codes = sorted({one.login_id[1:7] for one in employees(count)})
    companies = [(code, office(code), f"株式会社{code}", "カブシキガイシャ") for code in codes]
    rows = [
        (one.login_id, "establishment", office(one.login_id[1:7]), one.login_id[1:7], one.emp, "", one.name)
        for one in employees(count)
    ]
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany("INSERT INTO establishments VALUES (?, ?, ?, ?)", companies)
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


async def _serve(count: int, ports: tuple[int, int, int]) -> None:
    people.BY_LOGIN_ID.update({person.login_id: person for person in employees(count)})
    zone = ZoneInfo("Asia/Tokyo")

    def clock() -> datetime:
        return datetime.now(zone).replace(tzinfo=None)  # noqa: TID251 - the apps' own clock, as in the demo

    await start_apps(clock, lambda: secrets.token_hex(16).upper(), ports)
    await asyncio.Event().wait()


def main() -> None:
    """Until it is ended."""
    count, first, second, third = (int(word) for word in sys.argv[1:])
    uvloop.run(_serve(count, (first, second, third)))


if __name__ == "__main__":
    main()
