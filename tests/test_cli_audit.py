"""`sekisho audit`: a whole record, a changed one, a cut one; and the record as a file."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import shutil
import sqlite3
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.core.events import Event
from gateway.stores.base_audit import AuditEvent
from gateway.stores.registry import SqlRegistry
from gateway.stores.sealing import KeyRing
from tests.config.sample import GOOD

NOON = 1_795_230_000.0  # 2026-11-21 12:00 in Tokyo
DAY = 86_400.0


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration, a key ring and a registry of five events on five days."""
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "f.yaml").write_text(GOOD + "stores: {registry: 'sqlite:///r.db'}\n", "utf-8")
    (folder / "var").mkdir()
    KeyRing.generate_file(folder / "var" / "keys")
    in_registry(folder / "f.yaml", fill)
    return folder


@pytest.fixture
def file(tmp_path: Path, prepared: Path) -> Path:
    """The configuration in a folder of the test's own."""
    return shutil.copytree(prepared, tmp_path / "own") / "f.yaml"


def in_registry(file: Path, work: Callable[[SqlRegistry], Coroutine[Any, Any, object]]) -> None:
    """Do something in the registry of this configuration."""

    async def run() -> None:
        keys = KeyRing.from_file(file.parent / "var" / "keys")
        registry = SqlRegistry(f"sqlite:///{file.parent}/r.db", keys)
        await registry.start()
        try:
            await registry.note_fingerprint(keys.fingerprint())
            await work(registry)
        finally:
            await registry.close()

    asyncio.run(run())


async def fill(registry: SqlRegistry) -> None:
    names = (Event.SIGNED_IN, Event.CODE_REFUSED, Event.CODE_ACCEPTED, Event.FACTOR_LOCKED, Event.FACTOR_RESET)
    for number, name in enumerate(names):
        office = "0002" if name is Event.FACTOR_LOCKED else "0001"
        detail = (("left", "4"),) if name is Event.CODE_REFUSED else ()
        login_id = "=B1" if name is Event.SIGNED_IN else "B1"
        at = NOON + (number - 4) * DAY
        await registry.record(AuditEvent(at, name.value, f"R{number}", login_id, "B1", office, "000001", "::1", detail))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["audit", *map(str, arguments)])


def damage(file: Path, statement: str) -> None:
    """What somebody with the database and without the key does."""
    with sqlite3.connect(file.parent / "r.db") as connection:
        connection.execute(statement)
    connection.close()


def head_of(file: Path) -> str:
    return str(json.loads(run("verify", file, "--json").stdout)["head"])


class TestVerify:
    def test_a_whole_record_ends_with_0_and_the_head_to_note(self, file: Path) -> None:
        done = run("verify", file)
        assert done.exit_code == 0
        assert "5 records, 1 to 5: whole." in done.output
        assert f"Note elsewhere: --head {head_of(file)}" in done.output
        assert head_of(file).startswith("5:")

    @pytest.mark.parametrize(
        ("statement", "says"),
        [
            ("UPDATE audit_events SET subject = 'B2' WHERE id = 3", "3: changed"),
            ("UPDATE audit_events SET detail = '[]' WHERE id = 2", "2: changed"),
            ("DELETE FROM audit_events WHERE id = 3", "3: missing"),
            ("DELETE FROM audit_events WHERE id = 5", "5: missing"),
            ("DELETE FROM audit_events WHERE id = 1", "1: missing"),
            ("DELETE FROM audit_events", "1: missing"),
            ("UPDATE audit_chain SET number = 4 WHERE name = 'head'", "head"),
        ],
    )
    def test_every_fault_is_named_with_its_place_and_ends_with_1(self, statement: str, says: str, file: Path) -> None:
        damage(file, statement)
        done = run("verify", file)
        assert done.exit_code == 1
        assert says in done.output
        assert "not whole" in done.output
        assert "--head" not in done.output
        done = run("verify", file, "--json")
        assert done.exit_code == 1
        assert json.loads(done.stdout)["intact"] is False
        assert json.loads(done.stdout)["faults"]

    def test_a_head_that_was_noted_tells_that_the_end_was_cut_off_and_set_back(
        self, file: Path, tmp_path: Path
    ) -> None:
        before = (file.parent / "r.db").read_bytes()
        in_registry(file, fill)
        noted = head_of(file)
        assert run("verify", file, "--head", noted).exit_code == 0
        for name in ("r.db", "r.db-wal", "r.db-shm"):
            (file.parent / name).unlink(missing_ok=True)
        (file.parent / "r.db").write_bytes(before)
        assert run("verify", file).exit_code == 0
        done = run("verify", file, "--head", noted)
        assert done.exit_code == 1
        assert "10: missing" in done.output

    def test_a_head_of_earlier_is_still_part_of_a_record_that_grew(self, file: Path) -> None:
        noted = head_of(file)
        in_registry(file, fill)
        assert run("verify", file, "--head", noted).exit_code == 0
        wrong = noted[:-1] + ("A" if noted[-1] != "A" else "B")
        assert run("verify", file, "--head", wrong).exit_code == 1

    def test_what_retention_took_away_is_not_missing(self, file: Path) -> None:
        in_registry(file, lambda registry: registry.prune_events(NOON - 2 * DAY, 100))
        done = run("verify", file)
        assert done.exit_code == 0
        assert "3 records, 3 to 5: whole." in done.output

    @pytest.mark.parametrize("head", ["x", "5", ":abc", "-1:abc"])
    def test_a_head_that_is_none_is_wrong_usage(self, head: str, file: Path) -> None:
        done = run("verify", file, f"--head={head}")
        assert done.exit_code == 2
        assert "NUMBER:MAC" in done.stderr

    def test_an_empty_record_is_whole(self, file: Path) -> None:
        for name in ("r.db", "r.db-wal", "r.db-shm"):
            (file.parent / name).unlink(missing_ok=True)

        async def nothing(_: SqlRegistry) -> None: ...

        in_registry(file, nothing)
        done = run("verify", file)
        assert (done.exit_code, done.output) == (0, "No records.\n")

    def test_a_registry_that_is_not_there_ends_with_3_and_another_key_with_1(self, file: Path) -> None:
        (file.parent / "var" / "keys").unlink()
        KeyRing.generate_file(file.parent / "var" / "keys")
        assert run("verify", file).exit_code == 1
        (file.parent / "r.db").rename(file.parent / "elsewhere")
        done = run("verify", file)
        assert done.exit_code == 3
        assert "there is no file" in done.stderr

    def test_the_file_is_what_the_environment_names(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SEKISHO_CONFIG", str(file))
        assert "5 records" in run("verify").output
        monkeypatch.delenv("SEKISHO_CONFIG")
        monkeypatch.chdir(file.parent)
        file.rename(file.parent / "routes.yaml")
        assert "5 records" in run("verify").output


class TestExport:
    def rows(self, *arguments: str | Path) -> list[dict[str, str]]:
        done = run("export", *arguments)
        assert done.exit_code == 0, done.output
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def test_every_event_is_a_line_oldest_first_and_no_cell_a_formula(self, file: Path) -> None:
        first, second, *rest = self.rows(file)
        assert (first["number"], first["at"]) == ("1", "2026-11-17 12:00:00+09:00")
        assert (first["name"], first["actor"], first["subject"]) == ("sign_in.password.accepted", "'=B1", "B1")
        assert second["detail"] == "left=4"
        assert [row["reference"] for row in rest] == ["R2", "R3", "R4"]

    @pytest.mark.parametrize(
        ("arguments", "found"),
        [
            (("--office", "0002"), ["R3"]),
            (("--kind", "code"), ["R1", "R2"]),
            (("--about", "r4"), ["R4"]),
            (("--from", "2026-11-19", "--to", "2026/11/20"), ["R2", "R3"]),
            (("--about", "nobody"), []),
        ],
    )
    def test_it_can_be_asked_for_less(self, arguments: tuple[str, ...], found: list[str], file: Path) -> None:
        assert [row["reference"] for row in self.rows(file, *arguments)] == found

    def test_json_is_one_object_a_line_with_times_in_utc(self, file: Path) -> None:
        documents = [json.loads(line) for line in run("export", file, "--json").stdout.splitlines()]
        assert documents[1] == {
            "number": 2,
            "at": "2026-11-18T03:00:00.000+00:00",
            "name": "portal.code.refused",
            "actor": "B1",
            "subject": "B1",
            "office": "0001",
            "establishment": "000001",
            "address": "::1",
            "reference": "R1",
            "detail": {"left": "4"},
        }

    @pytest.mark.parametrize(
        "arguments", [("--from", "soon"), ("--to", "9999-12-31"), ("--kind", "x"), ("--about", "a\0b")]
    )
    def test_wrong_usage_ends_with_2(self, arguments: tuple[str, ...], file: Path) -> None:
        assert run("export", file, *arguments).exit_code == 2
