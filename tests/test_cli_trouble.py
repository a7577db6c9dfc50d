"""What an operator is told when a store or the key ring is not what the file says: where it is, and the remedy."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.app import start
from gateway.cli import main
from gateway.cli_trouble import with_remedy
from gateway.config.loading import load
from gateway.config.settings import Stores
from gateway.stores import database
from tests.config.sample import GOOD

REGISTRY = "sqlite:///r.db"
OLD, NEW = (base64.urlsafe_b64encode(bytes([value]) * 32).decode() for value in (1, 2))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def configured(folder: Path, *, registry: str = REGISTRY, sessions: str = "memory", keys: str = OLD) -> Path:
    file = folder / "f.yaml"
    lines = [line for line in GOOD.splitlines() if not line.startswith(("stores:", "keys:"))]
    stores = json.dumps({"sessions": sessions, "registry": registry})
    file.write_text("\n".join([*lines, f"stores: {stores}", "keys: {file: ring}", ""]), "utf-8")
    (folder / "ring").write_text(keys)
    (folder / "ring").chmod(0o600)
    return file


@pytest.mark.parametrize("command", [["migrate"], ["serve"]])
def test_a_folder_that_is_not_there_is_named_with_the_remedy(tmp_path: Path, command: list[str]) -> None:
    done = run(*command, configured(tmp_path, registry="sqlite:///no/such/r.db"))
    assert done.exit_code == 3
    assert (
        f"stores.registry is {tmp_path}/no/such/r.db, and there is no folder {tmp_path}/no/such. Make it" in done.stderr
    )


def test_a_registry_that_is_a_folder_or_no_database_is_named(tmp_path: Path) -> None:
    file = configured(tmp_path)
    (tmp_path / "r.db").mkdir()
    assert f"{tmp_path}/r.db, which is a folder" in run("migrate", file).stderr
    (tmp_path / "r.db").rmdir()
    (tmp_path / "r.db").write_text("this is a text of more than a hundred bytes, which SQLite does not take " * 2)
    for command in ("migrate", "serve", "rollout"):
        done = run(command, file)
        assert (done.exit_code, "SQLite can't read. Put a backup" in done.stderr) == (3, True), command


@pytest.mark.parametrize(
    ("stores", "what", "told"),
    [
        (
            {"registry": "postgresql://me:s3cret@db:5432/x"},
            "ConnectionRefusedError",
            "stores.registry is db:5432/x: see that",
        ),
        (
            {"registry": "postgresql://me:s3cret@db/x"},
            "InvalidPasswordError: password authentication failed",
            "right user",
        ),
        ({"registry": "postgresql://me:s3cret@db/x"}, 'Error: database "x" does not exist', "make the database first"),
        (
            {"sessions": "redis://:s3cret@r:6379/0"},
            "AuthenticationError: WRONGPASS",
            "stores.sessions is r:6379/0: write",
        ),
        ({"sessions": "redis://:s3cret@[::1/0"}, "x", "It is what stores.sessions says."),
        ({"registry": "sqlite:////dev/r.db"}, "database or disk is full", "the disk is full"),
        ({"registry": "sqlite:////dev/r.db"}, "database is locked", "`fuser /dev/r.db` names it"),
        ({"registry": "sqlite:////dev/r.db"}, "disk I/O error", "what the system says of that disk"),
    ],
)
def test_a_server_is_named_without_its_password(stores: dict[str, str], what: str, told: str) -> None:
    ((store, url),) = stores.items()
    named = Stores(registry=url) if store == "registry" else Stores(sessions=url)
    sentence = with_remedy(f"{store} did not answer: {what}", named)
    assert told in sentence
    assert "s3cret" not in sentence


def test_what_is_no_store_is_told_as_it_is() -> None:
    assert with_remedy("directory did not answer: x", Stores()) == "directory did not answer: x"


@pytest.mark.parametrize(("ring", "why"), [("short", "line 1: not a key"), ("", "holds no key")])
def test_check_finds_a_key_ring_that_serve_would_refuse(tmp_path: Path, ring: str, why: str) -> None:
    done = run("check", configured(tmp_path, keys=ring))
    assert done.exit_code == 1
    assert why in done.output
    assert f"{tmp_path}/ring can't be used" in done.output


def test_check_warns_of_a_key_ring_that_everybody_may_read(tmp_path: Path) -> None:
    file = configured(tmp_path)
    assert "chmod" not in run("check", file).output
    (tmp_path / "ring").chmod(0o644)
    assert f"chmod 600 {tmp_path}/ring" in run("check", file).output


def found_in(folder: Path, **stores: str) -> tuple[int, list[dict[str, object]]]:
    """The exit code of `check`, and what it says of the registry."""
    done = run("check", "--json", configured(folder, **stores))
    return done.exit_code, [row for row in json.loads(done.stdout) if row["path"] == "stores.registry"]


def test_check_finds_a_registry_without_a_folder_at_its_line(tmp_path: Path) -> None:
    code, (found,) = found_in(tmp_path, registry="sqlite:///no/such/r.db")
    assert (code, found["severity"], found["code"]) == (1, "fault", "no-registry")
    assert found["message"] == f"{tmp_path}/no/such/r.db, and there is no folder {tmp_path}/no/such."
    assert str(found["remedy"]).startswith("Make it")
    lines = (tmp_path / "f.yaml").read_text("utf-8").splitlines()
    assert "no/such" in lines[int(str(found["line"])) - 1]


def test_where_nothing_has_been_set_up_yet_a_missing_folder_is_a_warning(tmp_path: Path) -> None:
    file = configured(tmp_path, registry="sqlite:///no/such/r.db")
    (tmp_path / "ring").unlink()
    done = run("check", file)
    assert done.exit_code == 0
    assert f"stores.registry: {tmp_path}/no/such/r.db, and there is no folder" in done.output


def test_check_says_nothing_of_a_registry_that_can_be_used_or_lies_elsewhere(tmp_path: Path) -> None:
    assert found_in(tmp_path) == (0, [])
    assert run("migrate", configured(tmp_path)).exit_code == 0
    assert found_in(tmp_path) == (0, [])
    assert found_in(tmp_path, registry="postgresql://db.example/x") == (0, [])


@pytest.mark.parametrize("what", ["a folder", "a text"])
def test_check_finds_what_is_no_registry(tmp_path: Path, what: str) -> None:
    path = tmp_path / "r.db"
    if what == "a folder":
        path.mkdir()
    else:
        path.write_text("this is a text")
    code, (found,) = found_in(tmp_path)
    assert code == 1
    assert ("which is a folder" if what == "a folder" else "SQLite can't read") in str(found["message"])


@pytest.mark.parametrize("shut", [".", "r.db", "r.db-wal"])
def test_check_finds_a_registry_that_this_user_may_not_write(
    tmp_path: Path, shut: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("migrate", configured(tmp_path)).exit_code == 0
    (tmp_path / "r.db-wal").touch()
    refused, allowed = tmp_path / shut, os.access
    monkeypatch.setattr(  # the tests may run as root, who may do everything
        "gateway.cli_trouble.os.access",
        lambda path, mode: not (path == refused and mode & os.W_OK) and allowed(path, mode),
    )
    code, (found,) = found_in(tmp_path)
    assert code == 1
    assert f"may not write {'there' if shut == '.' else refused}." in str(found["message"])
    assert "chown" in str(found["remedy"])


def test_check_tells_everything_else_where_this_user_may_not_look() -> None:
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-m", "gateway.cli"]
    if subprocess.run([*nobody, "--help"], capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can look with another user's eyes, and only where that user may run Python")
    with tempfile.TemporaryDirectory() as name:  # the tests' own folders are not for others
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "var").mkdir(mode=0o700)
        file = configured(folder, registry="sqlite:///var/r.db")
        file.write_text(file.read_text("utf-8").replace("{file: ring}", "{file: var/ring}"), "utf-8")
        (folder / "ring").rename(folder / "var" / "ring")
        assert run("check", file).exit_code == 0
        done = subprocess.run([*nobody, "check", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "var/ring can't be used: Permission denied. Run this as the gateway's user" in done.stdout, done.stderr
    assert f"this user may not look into {folder}/var." in done.stdout


def test_the_ring_of_before_a_rotation_does_not_pass_for_the_one_after_it(tmp_path: Path) -> None:
    assert run("migrate", configured(tmp_path)).exit_code == 0
    for ring, code in ((OLD, 0), (f"{NEW}\n{OLD}", 0), (OLD, 1), (NEW, 1), (f"{NEW}\n{OLD}", 0)):
        done = run("rollout", configured(tmp_path, keys=ring))
        assert done.exit_code == code, done.stderr
        assert ("does not hold the key" in done.stderr) is bool(code)


async def test_a_session_store_that_is_away_at_the_start_is_told_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bound = socket.create_server(("127.0.0.1", 0))
    bound.setblocking(False)
    running = await start(load(configured(tmp_path, sessions="redis://127.0.0.1:1/0")), sockets=[bound])
    try:
        told = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
        assert any("sessions did not answer" in one and "a page with 503" in one for one in told)
    finally:
        await running.close()
        bound.close()


def test_an_output_that_cannot_be_written_is_told_without_a_traceback(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        asked = [sys.executable, "-m", "gateway.cli", "check", str(configured(tmp_path))]
        done = subprocess.run(asked, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "Error: [Errno 28] No space left on device.\n"


def test_a_gateway_whose_log_lies_on_a_full_disk_answers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    file = configured(tmp_path)
    file.write_text(file.read_text("utf-8").replace("listen: 127.0.0.1:8080", f"listen: {address}"), "utf-8")
    (tmp_path / "ring").chmod(0o644)  # for a warning at the start
    with Path("/dev/full").open("w") as full:
        asked = [sys.executable, "-m", "gateway.cli", "serve", str(file)]
        with subprocess.Popen(asked, stdout=full, stderr=full) as serving:
            try:
                while serving.poll() is None and not answers(address):
                    time.sleep(0.05)
                assert serving.poll() is None
            finally:
                serving.terminate()
    assert serving.returncode == 0


def answers(address: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", int(address.partition(":")[2])), timeout=1):
            return True
    except OSError:
        return False


class ReadOnly:
    """A connection to a file on a disk that may only be read."""

    async def execute(self, _: str) -> None:
        fault = sqlite3.OperationalError("attempt to write a readonly database")
        fault.sqlite_errorcode = sqlite3.SQLITE_READONLY
        raise fault


async def test_nobody_waits_a_minute_for_a_disk_that_may_only_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.1)
    with pytest.raises(sqlite3.OperationalError):
        async with asyncio.timeout(30):
            await database._use_wal(ReadOnly(), 60)  # type: ignore[arg-type]
