"""`sekisho demo` as a stranger meets it: one line when it is ready, plain words when something stands in the way."""

from __future__ import annotations

import asyncio
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bench.processes import free_port
from gateway.config.loading import load
from gateway.demo.people import COMPANIES, PEOPLE
from gateway.demo.people_file import write_people
from gateway.demo.run import USERS, DemoStopped, load_for_demo, main, start
from gateway.directory import build
from tests.harness.processes import listens
from tests.harness.wire import exchange

ROUTES = Path(__file__).parents[2] / "routes.yaml"
COMMAND = (sys.executable, "-m", "gateway.cli", "demo")


@contextmanager
def demo(port: int, data: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The command, and the lines that it prints up to the last one of its greeting; killed if it hangs."""
    command = [*COMMAND, "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    watchdog = threading.Timer(40, process.kill)
    watchdog.start()
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith("Ctrl-C"):
                break
        yield process, lines
    finally:
        watchdog.cancel()
        process.kill()
        process.wait(10)
        process.stdout.close()


def test_ready_line_then_users_a_signal_ends_all_and_the_next_start_keeps_the_data(tmp_path: Path) -> None:
    rings = []
    for how in (signal.SIGINT, signal.SIGTERM):
        port = free_port()
        with demo(port, tmp_path / "var") as (process, lines):
            assert lines[0] == f"ready http://127.0.0.1:{port}/"
            for login_id, _ in USERS:
                assert sum(line.split()[:1] == [login_id] for line in lines) == 1
            answer = exchange(port, b"GET /login HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n" % port)
            assert answer.status == 200
            assert b'name="login_id"' in answer.body
            process.send_signal(how)
            assert process.wait(15) == 0
        assert not listens(port)
        rings.append((tmp_path / "var" / "keys").read_bytes())
    assert rings[0] == rings[1]
    assert (tmp_path / "var" / "keys").stat().st_mode & 0o077 == 0
    assert (tmp_path / "var" / "registry.db").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"var"}


def test_a_taken_port_is_said_with_a_way_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(port, tmp_path) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"Port {port} is taken by another program. Choose another one: make demo PORT={port + 1}\n"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(free_port(), tmp_path / "file" / "var") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"The demo can't write to its folder {tmp_path / 'file' / 'var'}: Not a directory.\n"


def test_a_missing_or_bad_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(DemoStopped, match="is missing: the demo runs in a clone"):
        load_for_demo(8080, tmp_path, tmp_path / "routes.yaml")
    (tmp_path / "routes.yaml").write_text("version: 1\nlisten: 127.0.0.1:8080\nsurprise: 1\n")
    with pytest.raises(DemoStopped, match="surprise"):
        load_for_demo(8080, tmp_path, tmp_path / "routes.yaml")


def test_a_file_with_apps_that_the_demo_has_not_is_said(tmp_path: Path) -> None:
    (tmp_path / "routes.yaml").write_text(ROUTES.read_text("utf-8").replace("  payslip:\n", "  payroll:\n"), "utf-8")
    with pytest.raises(DemoStopped, match=r"no app 'payroll'.*git checkout routes\.yaml"):
        asyncio.run(start(free_port(), tmp_path / "var", tmp_path / "routes.yaml"))


def test_only_ports_and_files_differ_from_the_file(tmp_path: Path) -> None:
    shown, run = load(ROUTES), load_for_demo(8099, tmp_path, ROUTES)
    assert [address.port for address in run.listen] == [8099]
    assert run.public.origin == "http://127.0.0.1:8099"
    assert (run.routes, run.apps, run.tenants) == (shown.routes, shown.apps, shown.tenants)
    assert run.directory.sql is not None
    assert shown.directory.sql is not None
    assert (tmp_path / "people.db").is_file()
    assert replace(run.directory.sql, url=shown.directory.sql.url) == shown.directory.sql
    assert run.directory.sql.url == f"sqlite:///{tmp_path.resolve()}/people.db"
    assert replace(run.directory, sql=shown.directory.sql) == shown.directory


def test_a_database_that_somebody_put_there_instead_stays(tmp_path: Path) -> None:
    url = "postgresql" + "://reader:password@db.example.jp/people"
    text = ROUTES.read_text(encoding="utf-8")
    assert text.count("url: sqlite:///var/people.db") == 1
    (tmp_path / "routes.yaml").write_text(text.replace("sqlite:///var/people.db", url), encoding="utf-8")
    run = load_for_demo(8099, tmp_path / "var", tmp_path / "routes.yaml")
    assert run.directory.sql is not None
    assert run.directory.sql.url == url


def test_the_operators_database_is_made_once_and_then_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "var" / "people.db"
    write_people(file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE people SET name = 'changed' WHERE login_id = 'B00000101'")
    write_people(file)
    with closing(sqlite3.connect(file)) as connection:
        names = connection.execute("SELECT name FROM people WHERE login_id = 'B00000101'").fetchall()
    assert names == [("changed",)]
    assert {path.name for path in file.parent.iterdir()} == {"people.db"}


async def test_the_database_and_the_apps_know_the_same_people(tmp_path: Path) -> None:
    write_people(tmp_path / "var" / "people.db")
    (tmp_path / "routes.yaml").write_bytes(ROUTES.read_bytes())
    directory = build(load(tmp_path / "routes.yaml").directory)
    offices = {company.office for company in COMPANIES}
    listed = {office: await directory.establishments(office) or () for office in offices}
    found = {
        subject.login_id: subject
        for office, codes in [
            *((one, ("", *(entry.code for entry in listed[one]))) for one in offices),
            ("9999", ("",)),
        ]
        for code in codes
        for subject in await directory.people(office, code) or ()
    }
    assert set(found) == {person.login_id for person in PEOPLE}
    for person in PEOPLE:
        subject = await directory.subject(person.login_id)
        assert subject == found[person.login_id]
        assert subject.role == ("administrator" if person.manager else "")
        assert (subject.employee, subject.name) == (person.emp, person.name)
        if subject.establishment:
            (company,) = (one for one in COMPANIES if one.code == subject.establishment)
            assert (company.name, company.office) == (person.company, subject.office)
    assert len(listed["0001"]) == 14
    await directory.close()


def test_every_user_named_can_sign_in() -> None:
    assert {login_id for login_id, _ in USERS} <= {person.login_id for person in PEOPLE}
