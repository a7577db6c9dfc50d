"""One contract for every directory: the same people from a pattern, a file and two databases."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiosqlite
import asyncpg
import pytest

from gateway.config.faults import Fault
from gateway.config.settings import DirectoryPattern, EstablishmentEntry
from gateway.config.settings import DirectorySettings as Settings
from gateway.config.settings import SqlDirectory as SqlSettings
from gateway.core.errors import ConfigRefused, StoreUnavailable
from gateway.core.subject import Kind, Subject
from gateway.directory import Directory, build

QUERY = "SELECT kind, office, establishment, employee, role, name FROM people WHERE login_id = :login_id"
TABLE = """CREATE TABLE people (
    login_id TEXT, kind TEXT, office TEXT, establishment TEXT, employee TEXT, role TEXT, name TEXT
)"""
ROWS = (
    ("A00010001", "office", "0001", None, "0001", None, None),
    ("B00000101", "establishment", None, "000001", "01", None, None),
    ("B00000199", "establishment", None, "000001", "99", "administrator", None),
    ("B00009901", "establishment", None, "000099", "01", None, None),
)
PATTERNS = (
    DirectoryPattern("A(?P<office>[0-9]{4})(?P<employee>[0-9]{4})", "office"),
    DirectoryPattern("B(?P<establishment>[0-9]{6})(?P<employee>99)", "establishment", role="administrator"),
    DirectoryPattern("B(?P<establishment>[0-9]{6})(?P<employee>[0-9]{2})", "establishment"),
)
_numbers = itertools.count(1)
OFFICES = (EstablishmentEntry("000001", "0001"),)


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def sqlite_people(file: Path) -> str:
    async with aiosqlite.connect(file) as connection:
        await connection.execute(TABLE)
        await connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?)", ROWS)
        await connection.commit()
    return f"sqlite:///{file}"


async def started(server: str) -> asyncpg.Connection:
    """A server that listens may still be recovering: it says so, and is asked again."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await asyncpg.connect(server)
            except asyncpg.CannotConnectNowError:
                await asyncio.sleep(0.1)


async def postgresql_people(server: str) -> str:
    """A database of its own on the shared server, which is thrown away with it."""
    name = f"people_{next(_numbers)}"
    connection = await started(server)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    url = server.rpartition("/")[0] + f"/{name}"
    connection = await asyncpg.connect(url)
    await connection.execute(TABLE)
    await connection.executemany("INSERT INTO people VALUES ($1, $2, $3, $4, $5, $6, $7)", ROWS)
    await connection.close()
    return url


def csv_people(folder: Path, encoding: str) -> Path:
    lines = ["login_id,kind,office,establishment,employee,role,name"]
    lines += [",".join(value or "" for value in row) for row in ROWS]
    lines.append("B00000102,establishment,0001,000001,02,,山田 花子")
    path = folder / f"{encoding}.csv"
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


@pytest.fixture(params=["patterns", "utf-8", "utf-8-sig", "cp932", "sqlite", "postgresql"])
async def directory(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Directory]:
    settings = Settings(patterns=PATTERNS, establishments=OFFICES)
    if request.param == "sqlite":
        url = await sqlite_people(tmp_path / "people.db")
        settings = Settings(sql=SqlSettings(url, QUERY, 5.0), establishments=OFFICES)
    elif request.param == "postgresql":
        url = await postgresql_people(request.getfixturevalue("postgresql_url"))
        settings = Settings(sql=SqlSettings(url, QUERY, 5.0), establishments=OFFICES)
    elif request.param != "patterns":
        settings = Settings(people_csv=csv_people(tmp_path, request.param), establishments=OFFICES)
    built = build(settings)
    yield built
    await built.close()


async def test_a_person_of_an_office_has_its_code(directory: Directory) -> None:
    assert await directory.subject("A00010001") == Subject("A00010001", Kind.OFFICE, "0001", "", "0001")


async def test_the_office_of_an_establishment_is_filled_in(directory: Directory) -> None:
    assert await directory.subject("B00000101") == Subject("B00000101", Kind.ESTABLISHMENT, "0001", "000001", "01")


async def test_a_role_is_kept(directory: Directory) -> None:
    found = await directory.subject("B00000199")
    assert found is not None
    assert found.role == "administrator"


async def test_an_establishment_of_no_known_office_is_unknown_and_so_needs_a_code(directory: Directory) -> None:
    found = await directory.subject("B00009901")
    assert found is not None
    assert found.kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    "stranger", ["C1", "", "A0001000", "A000100011", "A00010001\n", "' OR '1'='1", "A%", "%", "_" * 128]
)
async def test_a_stranger_is_none_whatever_the_id_holds(directory: Directory, stranger: str) -> None:
    assert await directory.subject(stranger) is None


async def test_digits_of_other_scripts_are_none_in_a_pattern() -> None:
    built = build(Settings(patterns=(DirectoryPattern(r"A(?P<office>\d{4})", "office"),)))
    assert await built.subject("A0003") is not None
    assert await built.subject("A000\u0663") is None


async def test_names_in_cp932_are_read(tmp_path: Path) -> None:
    found = await build(Settings(people_csv=csv_people(tmp_path, "cp932"))).subject("B00000102")
    assert found is not None
    assert found.name == "山田 花子"


async def test_a_csv_file_that_has_become_bad_is_refused_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("login_id,kind,office\nA1,office,0001,x\n,office,0001\nA2,office,\n", "utf-8")
    with pytest.raises(ConfigRefused) as refused:
        build(Settings(people_csv=path))
    assert [line.partition("people.csv:")[2].partition(":")[0] for line in str(refused.value).splitlines()] == [
        "2",
        "3",
        "4",
    ]


async def test_the_first_directory_that_knows_the_id_answers(tmp_path: Path) -> None:
    settings = Settings(patterns=PATTERNS, people_csv=csv_people(tmp_path, "utf-8"), establishments=OFFICES)
    built = build(settings)
    named, by_pattern = await built.subject("B00000102"), await built.subject("B00000177")
    assert named is not None and named.name == "山田 花子"  # noqa: PT018
    assert by_pattern is not None and by_pattern.employee == "77"  # noqa: PT018


async def test_a_database_that_is_down_is_never_not_known_and_no_later_source_is_asked(tmp_path: Path) -> None:
    sql = SqlSettings(f"sqlite:///{tmp_path}/nowhere/people.db", QUERY, 1.0)
    built = build(Settings(patterns=PATTERNS, sql=sql, establishments=OFFICES))
    with pytest.raises(StoreUnavailable, match="directory did not answer"):
        await built.subject("A00010001")
    await built.close()


async def test_a_database_that_says_nothing_is_given_up_after_the_time_limit() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = "postgresql" + f"://someone:hidden@127.0.0.1:{listener.getsockname()[1]}/people"
        built = build(Settings(sql=SqlSettings(url, QUERY, 0.2)))
        async with asyncio.timeout(3):
            with pytest.raises(StoreUnavailable) as gone:
                await built.subject("A00010001")
        await built.close()
    assert "hidden" not in str(gone.value)


async def changed(file: Path, statement: str) -> None:
    async with aiosqlite.connect(file) as connection:
        await connection.execute(statement)
        await connection.commit()


async def test_an_answer_is_kept_for_the_time_that_is_set_and_no_longer(tmp_path: Path) -> None:
    url = await sqlite_people(tmp_path / "people.db")
    clock = Clock()
    built = build(Settings(sql=SqlSettings(url, QUERY, 5.0, 60.0), establishments=OFFICES), clock)
    assert await built.subject("A00010001") is not None
    await changed(tmp_path / "people.db", "DELETE FROM people")
    clock.now += 59
    assert await built.subject("A00010001") is not None
    clock.now += 2
    assert await built.subject("A00010001") is None
    await built.close()


async def test_a_stranger_is_not_kept_so_a_new_person_need_not_wait(tmp_path: Path) -> None:
    url = await sqlite_people(tmp_path / "people.db")
    built = build(Settings(sql=SqlSettings(url, QUERY, 5.0, 60.0)), Clock())
    assert await built.subject("A7") is None
    await changed(tmp_path / "people.db", "INSERT INTO people (login_id, kind, office) VALUES ('A7', 'office', '0007')")
    assert await built.subject("A7") == Subject("A7", Kind.OFFICE, "0007")
    await built.close()


@pytest.mark.parametrize(
    "row", ["'x', '0001', ''", "NULL, '0001', ''", "'office', NULL, ''", "'establishment', '0001', NULL"]
)
async def test_a_row_that_makes_no_sense_means_a_second_factor(row: str, tmp_path: Path) -> None:
    url = await sqlite_people(tmp_path / "people.db")
    await changed(
        tmp_path / "people.db", f"INSERT INTO people (login_id, kind, office, establishment) VALUES ('A7', {row})"
    )
    built = build(Settings(sql=SqlSettings(url, QUERY, 5.0), establishments=OFFICES))
    found = await built.subject("A7")
    assert found is not None
    assert found.kind is Kind.UNKNOWN
    await built.close()


async def test_a_numeric_column_becomes_text(tmp_path: Path) -> None:
    url = await sqlite_people(tmp_path / "people.db")
    query = "SELECT 'office' AS KIND, 7 AS Office, 12 AS employee WHERE :login_id <> ''"
    built = build(Settings(sql=SqlSettings(url, query, 5.0)))
    assert await built.subject("A7") == Subject("A7", Kind.OFFICE, "7", "", "12")
    await built.close()


async def test_a_query_that_writes_changes_nothing(tmp_path: Path) -> None:
    url = await sqlite_people(tmp_path / "people.db")
    built = build(Settings(sql=SqlSettings(url, "DELETE FROM people WHERE login_id <> :login_id", 5.0)))
    with pytest.raises(StoreUnavailable):
        await built.subject("A1")
    await built.close()
    built = build(Settings(sql=SqlSettings(url, QUERY, 5.0)))
    assert await built.subject("A00010001") is not None
    await built.close()


async def test_a_missing_sqlite_file_is_not_made(tmp_path: Path) -> None:
    built = build(Settings(sql=SqlSettings(f"sqlite:///{tmp_path}/people.db", QUERY, 5.0)))
    with pytest.raises(StoreUnavailable, match="there is no file"):
        await built.subject("A1")
    await built.close()
    assert not (tmp_path / "people.db").exists()


async def test_every_alias_of_a_file_leads_to_the_one_login_id(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("login_id,kind,office,aliases\nA1,office,0001,taro@example.jp; ｔａｒｏ;a1\n", "utf-8")
    built = build(Settings(people_csv=path))
    assert {await built.subject(name) for name in ("A1", "TARO@EXAMPLE.JP", "TARO")} == {
        Subject("A1", Kind.OFFICE, "0001")
    }
    assert await built.subject("") is None


async def test_an_alias_that_is_somebody_elses_or_none_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("login_id,kind,office,aliases\nA1,office,1,x\nA2,office,1,Ｘ\nA3,office,1,a\0b\n", "utf-8")
    with pytest.raises(ConfigRefused) as refused:
        build(Settings(people_csv=path))
    assert [(fault.line, fault.code) for fault in refused.value.faults if isinstance(fault, Fault)] == [
        (3, "duplicate-person"),
        (4, "bad-value"),
    ]


async def test_a_column_login_id_leads_every_name_to_one_login_id(tmp_path: Path) -> None:
    url = await sqlite_people(tmp_path / "people.db")
    query = "SELECT ' a00010001 ' AS Login_ID, 'office' AS kind, '0001' AS office WHERE :login_id <> 'NOBODY'"
    built = build(Settings(sql=SqlSettings(url, query, 5.0)))
    for name in ("TARO@EXAMPLE.JP", "A00010001"):
        assert await built.subject(name) == Subject("A00010001", Kind.OFFICE, "0001")
    assert await built.subject("NOBODY") is None
    await built.close()


async def test_a_column_login_id_without_one_is_no_answer(tmp_path: Path) -> None:
    url = await sqlite_people(tmp_path / "people.db")
    query = "SELECT NULL AS login_id, 'office' AS kind, '0001' AS office WHERE :login_id <> ''"
    built = build(Settings(sql=SqlSettings(url, query, 5.0)))
    with pytest.raises(StoreUnavailable, match="holds no login ID"):
        await built.subject("A1")
    await built.close()
