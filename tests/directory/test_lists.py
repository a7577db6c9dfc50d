"""Who there is, by the operator's own database and by files."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiosqlite
import asyncpg
import pytest

from gateway.config.settings import DirectoryPattern, EstablishmentEntry
from gateway.config.settings import DirectorySettings as Settings
from gateway.config.settings import SqlDirectory as SqlSettings
from gateway.core.errors import StoreUnavailable
from gateway.core.subject import Kind, Subject
from gateway.directory import Directory, build
from gateway.directory.sql import SqlDirectory
from tests.directory.test_contract import started

WHO = "SELECT kind, office FROM people WHERE login_id = :login_id"
ESTABLISHMENTS = "SELECT code, name, kana FROM establishments WHERE office = :office ORDER BY code"
PEOPLE = (
    "SELECT login_id, kind, employee, role, name FROM people "
    "WHERE office = :office AND establishment = :establishment ORDER BY login_id"
)
TABLES = """
CREATE TABLE establishments (code TEXT, office TEXT, name TEXT, kana TEXT);
CREATE TABLE people (
    login_id TEXT, kind TEXT, office TEXT, establishment TEXT, employee TEXT, role TEXT, name TEXT
);
INSERT INTO establishments VALUES
    ('000001', '0001', '株式会社MKS', 'エムケーエス'), ('000003', '0002', 'x', NULL), ('000006', '0001', NULL, NULL),
    ('000006', '0001', 'again', ''), ('', '0001', 'no code', ''), ('0/1', '0001', 'bad code', ''),
    ('000011', '0001', ' 改行\n入り ', '');
INSERT INTO people VALUES
    ('A00010001', 'office', '0001', '', '0001', 'administrator', '所長'),
    ('b00000101', 'Establishment', '0001', '000001', '01', NULL, '花子'),
    ('B00000102', NULL, '0001', '000001', '02', '', NULL), (' ', NULL, '0001', '000001', '03', '', ''),
    ('B00000104', 'office', '0001', '000001', '04', '', ''), ('B00000105', '', '0001', '000001', '0 5', '', ''),
    ('Ｂ00000101', '', '0001', '000001', '06', '', ''), ('B00000301', '', '0002', '000003', '01', '', '');
"""


def settings(url: str, seconds: float = 10.0) -> SqlSettings:
    return SqlSettings(url, WHO, seconds, 60.0, ESTABLISHMENTS, PEOPLE)


async def sqlite_tables(file: Path) -> str:
    async with aiosqlite.connect(file) as connection:
        await connection.executescript(TABLES)
    return f"sqlite:///{file}"


async def postgresql_tables(server: str) -> str:
    """A database of its own, made by the first who asks."""
    url = server.rpartition("/")[0] + "/lists"
    connection = await started(server)
    try:
        await connection.execute("CREATE DATABASE lists")
    except asyncpg.DuplicateDatabaseError:
        return url
    finally:
        await connection.close()
    connection = await asyncpg.connect(url)
    await connection.execute(TABLES)
    await connection.close()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return await sqlite_tables(tmp_path / "people.db")
    return await postgresql_tables(request.getfixturevalue("postgresql_url"))


@pytest.fixture
async def directory(url: str) -> AsyncIterator[Directory]:
    built = build(Settings(sql=settings(url)))
    yield built
    await built.close()


async def test_an_offices_establishments_are_listed_and_rows_without_a_code_left_out(
    directory: Directory, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "sekisho.directory"):
        found = await directory.establishments("0001")
    assert found == (
        EstablishmentEntry("000001", "0001", "株式会社MKS", "エムケーエス"),
        EstablishmentEntry("000006", "0001"),
        EstablishmentEntry("000011", "0001", "改行 入り"),
    )
    assert [record.getMessage() for record in caplog.records] == [
        "3 of 6 establishments of office 0001 have no proper or no own code and are left out"
    ]
    assert await directory.establishments("0009") == ()


async def test_an_establishments_people_are_listed_under_the_tenants_that_were_asked_for(directory: Directory) -> None:
    assert await directory.people("0001", "000001") == (
        Subject("B00000102", Kind.ESTABLISHMENT, "0001", "000001", "02"),
        Subject("B00000101", Kind.ESTABLISHMENT, "0001", "000001", "01", "", "花子"),
    )
    assert await directory.people("0002", "000001") == ()


async def test_an_empty_code_asks_for_the_offices_own_staff(directory: Directory) -> None:
    assert await directory.people("0001", "") == (
        Subject("A00010001", Kind.OFFICE, "0001", "", "0001", "administrator", "所長"),
    )


@pytest.mark.parametrize("office", ["' OR '1'='1", "%", "0001' --", "\0", "x" * 5000])
async def test_what_is_asked_for_is_bound_whatever_it_holds(directory: Directory, office: str) -> None:
    try:
        assert await directory.establishments(office) == ()
        assert await directory.people("0001", office) == ()
    except StoreUnavailable:
        assert "\0" in office  # PostgreSQL refuses it as text


async def test_nothing_can_be_written_whatever_a_query_says(url: str) -> None:
    deletes = "WITH x AS (SELECT 1) DELETE FROM people WHERE login_id <> :login_id"
    if url.startswith("postgresql"):
        deletes = "WITH x AS (DELETE FROM people RETURNING 1) SELECT kind FROM people WHERE login_id <> :login_id"
    built = build(Settings(sql=SqlSettings(url, deletes, 5.0)))
    with pytest.raises(StoreUnavailable):
        await built.subject("A1")
    await built.close()
    built = build(Settings(sql=settings(url)))
    assert await built.people("0001", "") != ()
    await built.close()


async def test_without_their_queries_there_are_no_lists(url: str) -> None:
    built = build(Settings(sql=SqlSettings(url, WHO, 5.0)))
    assert await built.establishments("0001") is None
    assert await built.people("0001", "000001") is None
    await built.close()


async def test_a_list_beyond_its_limit_is_no_list(url: str) -> None:
    short = SqlDirectory(settings(url), time.monotonic, longest_list=3)
    with pytest.raises(StoreUnavailable, match="more than 3 rows are establishments of office 0001"):
        await short.establishments("0001")
    assert await short.people("0001", "") != ()
    await short.close()


async def test_a_query_that_takes_too_long_is_given_up_and_the_next_one_answered(tmp_path: Path) -> None:
    url = await sqlite_tables(tmp_path / "people.db")
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500000) "
        "SELECT max(i) AS code FROM n WHERE :office <> ''"
    )
    slow = build(Settings(sql=SqlSettings(url, WHO, 0.05, 60.0, endless, PEOPLE)))
    with pytest.raises(StoreUnavailable, match=r"no answer in 0\.05 s"):
        await slow.establishments("0001")
    await slow.close()


async def test_a_long_list_does_not_hold_up_the_loop(tmp_path: Path) -> None:
    url = await sqlite_tables(tmp_path / "people.db")
    many = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
        "SELECT i AS code, 'name' AS name, 'kana' AS kana FROM n WHERE :office <> ''"
    )
    built = build(Settings(sql=SqlSettings(url, WHO, 60.0, 60.0, many, PEOPLE)))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    found = await built.establishments("0001")
    counting.cancel()
    assert found is not None
    assert len(found) == 20000
    assert turns >= 20000 / 500
    await built.close()


async def test_people_of_a_file_are_known_at_once_with_their_office_and_once_each(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "login_id,kind,office,establishment,aliases\nA1,office,0001,,taro;x\nB1,establishment,,000001,\n", "utf-8"
    )
    patterns = (DirectoryPattern("C(?P<office>[0-9])", "office"),)
    built = build(Settings(people_csv=path, patterns=patterns, establishments=(EstablishmentEntry("000001", "0001"),)))
    assert tuple(built.everybody()) == (
        Subject("A1", Kind.OFFICE, "0001"),
        Subject("B1", Kind.ESTABLISHMENT, "0001", "000001"),
    )
    assert await built.establishments("0001") is None
    assert await built.people("0001", "000001") is None
