"""A registry of the size that the product promises, written straight into the tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import asyncpg

from gateway.core.subject import Kind
from gateway.stores.base_tenants import Establishment, PersonLine
from gateway.stores.roster_rows import CONFIGURATION, establishment_line, person_line

NOW = 1_800_000_000.0
OFFICE = "000001"
_FAMILIES = (
    ("佐藤", "サトウ"), ("鈴木", "スズキ"), ("髙橋", "タカハシ"), ("田中", "タナカ"), ("伊藤", "イトウ"),
    ("渡邊", "ワタナベ"), ("山本", "ヤマモト"), ("中村", "ナカムラ"), ("小林", "コバヤシ"), ("加藤", "カトウ"),
    ("吉田", "ヨシダ"), ("山田", "ヤマダ"), ("佐々木", "ササキ"), ("山口", "ヤマグチ"), ("松本", "マツモト"),
    ("井上", "イノウエ"), ("木村", "キムラ"), ("林", "ハヤシ"), ("斎藤", "サイトウ"), ("清水", "シミズ"),
)  # fmt: skip
_TRADES = (
    ("商店", "ショウテン"), ("工業", "コウギョウ"), ("建設", "ケンセツ"), ("運輸", "ウンユ"), ("医院", "イイン"),
    ("食品", "ショクヒン"), ("電機", "デンキ"), ("印刷", "インサツ"), ("製作所", "セイサクショ"), ("設計", "セッケイ"),
    ("クリニック", "クリニック"), ("不動産", "フドウサン"), ("サービス", "サービス"), ("物産", "ブッサン"),
    ("システム", "システム"),
)  # fmt: skip
_GIVEN = ("太郎", "花子", "一郎", "陽子", "健", "美咲", "翔", "愛", "大輔", "さくら")
_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many there are of each. `people` are spread evenly over the big office's establishments."""

    establishments: int
    people: int
    other_offices: int = 1000
    establishments_of_each: int = 100


def establishment(number: int) -> Establishment:
    """One of the big office's."""
    family, trade = _FAMILIES[number % len(_FAMILIES)], _TRADES[number // len(_FAMILIES) % len(_TRADES)]
    name = f"{family[0]}{trade[0]}{number // 300}"
    return Establishment(f"{number:06}", f"㈱{name}" if number % 3 else f"{name} 有限会社", f"{family[1]}{trade[1]}")


def person(number: int, size: Size) -> PersonLine:
    """Somebody of one of the big office's establishments."""
    code = f"{number % size.establishments:06}"
    name = f"{_FAMILIES[number % 20][0]} {_GIVEN[number // 20 % 10]}"
    return PersonLine(f"B{number:09}", Kind.ESTABLISHMENT.value, OFFICE, code, str(number), "", name)


def roster(size: Size) -> Iterator[tuple[str, Establishment]]:
    """Every establishment with its office."""
    for number in range(size.establishments):
        yield OFFICE, establishment(number)
    for office in range(size.other_offices):
        for number in range(size.establishments_of_each):
            yield f"{office + 2:06}", establishment(number)


def tables(size: Size) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    """Rows for each table: 40 % are enrolled, 1 % are locked, one in a thousand is stopped, 30 % of the
    establishments have stored settings and a thousand an entry in the configuration."""
    people = range(size.people)
    yield "establishments", (establishment_line(office, one, CONFIGURATION) for office, one in roster(size))
    yield "people", (person_line(person(number, size), CONFIGURATION) for number in people)
    yield "second_factors", (_factor(number) for number in people if number % 5 < 2)
    yield "lockouts", (_lock(number) for number in people if number % 100 == 7)
    yield "establishment_settings", (_setting(number) for number in range(size.establishments) if number % 10 < 3)
    yield "configured_tenants", (_entry(number) for number in range(3, min(size.establishments, 100_000), 100))
    yield "offices", iter([{"office": OFFICE, "revision": 1}])


def _factor(number: int) -> dict[str, Any]:
    return {
        "login_id": f"B{number:09}",
        "secret": b"s" * 60,
        "enrolled_at": NOW - number,
        "used_at": NOW,
        "last_step": 1,
    }


def _lock(number: int) -> dict[str, Any]:
    stopped = number % 1000 == 7
    return {
        "login_id": f"B{number:09}",
        "failures": 5,
        "total": 20 if stopped else 5,
        "locked_until": NOW + 1800,
        "stopped": stopped,
    }


def _setting(number: int) -> dict[str, Any]:
    exempt = "attendance.punch payslip.own" if number % 2 else ""
    return {"office": OFFICE, "establishment": f"{number:06}", "uses_second_factor": number % 10 < 2, "exempt": exempt}


def _entry(number: int) -> dict[str, Any]:
    pinned = number % 1000 == 3
    key = {"office": OFFICE, "establishment": f"{number:06}"}
    return key | {"uses_second_factor": True, "exempt": "", "pinned": pinned}


def fill_sqlite(path: Path, size: Size) -> None:
    """Fill a migrated file."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    for table, rows in tables(size):
        for some in _batches(rows):
            names = list(some[0])
            marks = ", ".join(f":{name}" for name in names)
            connection.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", some)
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def fill_postgresql(url: str, size: Size) -> None:
    """Fill a migrated database, and let it look at what it has got, as it would by itself within minutes."""
    connection = await asyncpg.connect(url)
    for table, rows in tables(size):
        for some in _batches(rows):
            lines = [tuple(row.values()) for row in some]
            await connection.copy_records_to_table(table, records=lines, columns=list(some[0]))
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    rest = iter(rows)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
