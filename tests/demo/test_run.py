"""`sekisho demo` as a stranger meets it: one line when it is ready, plain words when something stands in the way."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.demo.people import PEOPLE
from gateway.demo.run import USERS, DemoStopped, load_for_demo, main
from tests.harness.gateway import free_port
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


def test_only_ports_and_files_differ_from_the_file(tmp_path: Path) -> None:
    from gateway.config.loading import load

    shown, run = load(ROUTES), load_for_demo(8099, tmp_path, ROUTES)
    assert [address.port for address in run.listen] == [8099]
    assert run.public.origin == "http://127.0.0.1:8099"
    assert (run.routes, run.apps, run.tenants) == (shown.routes, shown.apps, shown.tenants)
    assert run.directory == shown.directory


def test_every_user_named_can_sign_in() -> None:
    assert {login_id for login_id, _ in USERS} <= {person.login_id for person in PEOPLE}
