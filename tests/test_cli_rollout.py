"""`sekisho rollout`: who will be stopped on a date, from the command line."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.core.lockout import LockoutLimits
from gateway.core.policy import TenantSettings
from gateway.core.subject import Feature
from gateway.stores.base_tenants import Establishment, PersonLine
from gateway.stores.registry import SqlRegistry
from gateway.stores.sealing import KeyRing
from tests.config.sample import GOOD

NOW = 1_795_230_000.0
ON = TenantSettings(True)
EXEMPT = TenantSettings(True, frozenset({Feature.PAYSLIP_OWN}))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Office 0001 uses it: its staff (enrolled), 000001 exempts payslips (one enrolled, one not, one locked), 000002
    exempts nothing (one, not enrolled), 000003 does not use it. Office 0002 does not use it at all."""
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "f.yaml").write_text(GOOD + "stores: {registry: 'sqlite:///r.db'}\n", "utf-8")
    (folder / "var").mkdir()
    keys = KeyRing.generate_file(folder / "var" / "keys")

    async def fill() -> None:
        registry = SqlRegistry(f"sqlite:///{folder}/r.db", keys)
        await registry.start()
        await registry.note_fingerprint(keys.fingerprint())
        await fill_roster(registry)
        await registry.close()

    asyncio.run(fill())
    return folder


async def fill_roster(registry: SqlRegistry) -> None:
    establishments = [("0001", Establishment(code)) for code in ("000001", "000002", "000003")]
    establishments.append(("0002", Establishment("000009")))
    entries = [("0001", "", ON, False), ("0001", "000001", EXEMPT, False), ("0001", "000002", ON, False)]
    places = (
        ("B00000101", "0001", "000001"),
        ("B00000102", "0001", "000001"),
        ("B00000103", "0001", "000001"),
        ("B00000201", "0001", "000002"),
        ("B00000301", "0001", "000003"),
        ("B00000901", "0002", "000009"),
    )
    people = [PersonLine(one, "establishment", office, code, name=f"名{one[-2:]}") for one, office, code in places]
    people.append(PersonLine("A00010001", "office", "0001", name="=所長"))
    await registry.replace_configured("1", establishments, entries, people)
    for login_id in ("A00010001", "B00000101", "B00000103"):
        begun = await registry.begin_enrolment(login_id, b"sealed", "session", NOW, NOW + 600)
        assert await registry.confirm_enrolment(login_id, getattr(begun, "nonce", ""), 1, NOW)
    for _ in range(20):  # wrong codes until only a reset helps
        await registry.reserve_attempt("B00000103", NOW, LockoutLimits(20, 1800, 20))


@pytest.fixture
def file(tmp_path: Path, prepared: Path) -> Path:
    """The configuration in a folder of the test's own."""
    return shutil.copytree(prepared, tmp_path / "own") / "f.yaml"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["rollout", *map(str, arguments)])


def offices(*arguments: str | Path) -> dict[str, dict[str, int]]:
    done = run(*arguments, "--csv")
    assert done.exit_code == 0, done.output
    rows = csv.DictReader(io.StringIO(done.stdout))
    return {row.pop("office"): {name: int(value) for name, value in row.items()} for row in rows}


def stopped(*arguments: str | Path) -> tuple[int, int]:
    """People stopped altogether and people left with what is exempt, over all offices."""
    found = offices(*arguments).values()
    return sum(row["stopped"] for row in found), sum(row["restricted_only"] for row in found)


def test_without_a_date_it_is_the_mandatory_one_and_everybody_needs_a_code(file: Path) -> None:
    assert offices(file) == {
        "0001": {"people": 6, "enrolled": 3, "not_enrolled": 3, "stopped": 2, "restricted_only": 1, "unaffected": 0,
                 "barred": 1},
        "0002": {"people": 1, "enrolled": 0, "not_enrolled": 1, "stopped": 1, "restricted_only": 0, "unaffected": 0,
                 "barred": 0},
    }  # fmt: skip


def test_before_it_only_those_count_whose_office_and_establishment_use_it(file: Path) -> None:
    assert offices(file, "--at", "2027-03-31")["0001"] | {"people": 0} == {
        "people": 0, "enrolled": 3, "not_enrolled": 3, "stopped": 1, "restricted_only": 1, "unaffected": 1, "barred": 1,
    }  # fmt: skip
    assert offices(file, "--at", "2027-03-31")["0002"]["unaffected"] == 1


@pytest.mark.parametrize(
    ("date", "found"),
    [
        ("2027-03-31", (1, 1)),
        ("2027-04-01T08:59", (1, 1)),
        ("2027-04-01T09:00", (3, 1)),
        ("2027-04-01T00:00+00:00", (3, 1)),
        ("2027-04-01", (3, 1)),
        ("20270401", (3, 1)),
    ],
)
def test_a_day_means_its_end_and_a_time_is_the_operators(date: str, found: tuple[int, int], file: Path) -> None:
    assert stopped(file, "--at", date) == found


def test_before_the_optional_date_nobody_is_stopped(file: Path) -> None:
    text = file.read_text("utf-8").replace("  announced_from", "  optional_from: 2026-12-01\n  announced_from")
    file.write_text(text, "utf-8")
    assert stopped(file, "--at", "2026-11-30") == (0, 0)
    assert stopped(file, "--at", "2026-12-01") == (1, 1)


def test_the_table_has_plain_columns_and_a_sum(file: Path) -> None:
    lines = run(file).output.splitlines()
    assert lines[0] == "At 2027-04-01 09:00 (Asia/Tokyo): everybody needs a code, whatever is set."
    assert [line.split() for line in lines[1:]] == [
        ["office", "people", "enrolled", "not_enrolled", "stopped", "restricted_only", "unaffected", "barred"],
        ["0001", "6", "3", "3", "2", "1", "0", "1"],
        ["0002", "1", "0", "1", "1", "0", "0", "0"],
        ["all", "7", "3", "4", "3", "1", "0", "1"],
    ]
    assert len({len(line) for line in lines[1:]}) == 1


def test_one_office_alone_has_no_sum(file: Path) -> None:
    assert [line.split()[0] for line in run(file, "--office", "0002").output.splitlines()[1:]] == ["office", "0002"]


def test_people_are_named_with_what_is_left_to_them(file: Path) -> None:
    lines = run(file, "--people").output.splitlines()
    assert lines == [
        "0001  000001  B00000102  名02  restricted_only",
        "0001  000002  B00000201  名01  stopped",
        "0001  000003  B00000301  名01  stopped",
        "0002  000009  B00000901  名01  stopped",
        "4 people are not enrolled and will need a code.",
    ]
    assert len(run(file, "--people", "--office", "0002").output.splitlines()) == 2


def test_people_as_csv_and_as_json_lines(file: Path) -> None:
    rows = list(csv.reader(io.StringIO(run(file, "--people", "--csv").stdout)))
    assert rows[0] == ["office", "establishment", "login_id", "name", "on_that_day"]
    assert rows[1] == ["0001", "000001", "B00000102", "名02", "restricted_only"]
    assert len(rows) == 5
    documents = [json.loads(line) for line in run(file, "--people", "--json").stdout.splitlines()]
    assert documents[1] == {
        "login_id": "B00000201", "office": "0001", "establishment": "000002", "name": "名01", "exempt": False,
    }  # fmt: skip


def test_json_says_the_moment_and_what_holds(file: Path) -> None:
    document = json.loads(run(file, "--json", "--at", "2027-03-31").stdout)
    assert (document["at"], document["mandatory"], document["nobody"]) == ("2027-03-31T23:59+09:00", False, False)
    assert [office["office"] for office in document["offices"]] == ["0001", "0002"]


@pytest.mark.parametrize(
    "arguments", [("--at", "soon"), ("--at", "2027-02-30"), ("--csv", "--json"), ("--at", "9999-12-31")]
)
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...], file: Path) -> None:
    assert run(file, *arguments).exit_code == 2


def test_a_file_without_a_mandatory_date_asks_for_one(file: Path) -> None:
    text = "".join(line for line in file.read_text("utf-8").splitlines(True) if "mandatory_from" not in line)
    file.write_text(text, "utf-8")
    done = run(file)
    assert done.exit_code == 2
    assert "--at" in done.stderr
    assert run(file, "--at", "2027-04-01").exit_code == 0


def test_a_registry_that_is_not_there_ends_with_3_and_a_bad_file_with_1(file: Path) -> None:
    (file.parent / "r.db").unlink()
    assert run(file).exit_code == 3
    file.write_text("version: 1\n", "utf-8")
    assert run(file).exit_code == 1


def test_the_file_is_what_the_environment_names(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEKISHO_CONFIG", str(file))
    assert "2027-04-01" in run().output


class TestRead:
    """Lists of the operator's own database that no page has opened yet."""

    @pytest.fixture
    def own(self, file: Path) -> Path:
        """The configuration with a database that lists one more establishment and its two people."""
        with sqlite3.connect(file.parent / "own.db") as connection:
            connection.execute("CREATE TABLE e (office, code, name, kana)")
            connection.execute("INSERT INTO e VALUES ('0001', '000007', '新しい事業所', '')")
            connection.execute("CREATE TABLE p (login_id, kind, office, establishment, employee, role, name)")
            rows = [("B00000701", "01", "鈴木"), ("B00000702", "02", "田中")]
            connection.executemany("INSERT INTO p VALUES (?, 'establishment', '0001', '000007', ?, '', ?)", rows)
        connection.close()
        sql = """\
  sql:
    url: sqlite:///own.db
    query: SELECT * FROM p WHERE login_id = :login_id
    establishments: SELECT code, name, kana FROM e WHERE office = :office
    people: SELECT * FROM p WHERE office = :office AND establishment = :establishment
"""
        file.write_text(file.read_text("utf-8").replace("directory:\n", f"directory:\n{sql}"), "utf-8")
        return file

    def test_everybody_counts_once_their_lists_were_read(self, own: Path) -> None:
        assert "B00000701" not in run(own, "--people").stdout
        done = run(own, "--people", "--read")
        assert done.exit_code == 0
        assert "0001  000007  B00000701  鈴木  stopped" in done.stdout
        assert "B00000702" in done.stdout
        assert "0 of them not read" in done.stderr
        assert "B00000701" in run(own, "--people").stdout

    def test_what_cannot_be_read_is_named_and_the_rest_still_counts(self, own: Path) -> None:
        (own.parent / "own.db").unlink()
        done = run(own, "--people", "--read")
        assert done.exit_code == 0
        assert "not read: office 0001" in done.stderr
        assert "B00000102" in done.stdout

    def test_without_such_a_database_there_is_nothing_to_read(self, file: Path) -> None:
        done = run(file, "--read")
        assert (done.exit_code, "nothing to read" in done.stderr) == (0, True)
