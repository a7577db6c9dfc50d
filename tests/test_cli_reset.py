"""`sekisho reset` as an operator calls it, beside a gateway that runs and beside none."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from time import time as wall_clock  # noqa: TID251 - sessions of a gateway that reads the clock itself
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bench.processes import free_port
from gateway import app
from gateway.cli import main
from gateway.config.loading import load
from gateway.core.cookies import Jar
from gateway.core.lockout import LockoutLimits, LockState
from gateway.core.session import Session
from gateway.core.subject import Kind, Subject
from gateway.stores.base_audit import AuditEvent, AuditQuery
from gateway.stores.base_tenants import PersonLine
from gateway.stores.records import SessionRecord
from gateway.stores.registry import SqlRegistry
from gateway.stores.sealing import KeyRing
from tests.config.sample import GOOD

ROOT = Path(__file__).parents[1]
LONG_AGO = 1_795_230_000.0  # 2026-11-21 12:00 in Tokyo
ONE, OTHER = "B00000101", "B00000102"
Work = Callable[[SqlRegistry], Coroutine[Any, Any, Any]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration with keys and a registry in which two people are enrolled."""
    return made(tmp_path)


def made(folder: Path, stores: str = "{sessions: memory, registry: 'sqlite:///registry.db'}") -> Path:
    file = folder / "routes.yaml"
    text = GOOD.replace("127.0.0.1:8080", f"127.0.0.1:{free_port()}") + f"keys: {{file: keys}}\nstores: {stores}\n"
    file.write_text(text, "utf-8")
    KeyRing.generate_file(folder / "keys")

    async def begin() -> None:
        registry = SqlRegistry(f"sqlite:///{folder}/registry.db", KeyRing.from_file(folder / "keys"))
        await registry.start()
        for login_id in (ONE, OTHER):
            await enrol(registry, login_id)
        await registry.close()

    asyncio.run(begin())
    return file


async def enrol(registry: SqlRegistry, login_id: str) -> None:
    pending = await registry.begin_enrolment(login_id, b"sealed", "owner", LONG_AGO, LONG_AGO + 600)
    assert await registry.confirm_enrolment(login_id, getattr(pending, "nonce", ""), 1, LONG_AGO)


def inside(file: Path, work: Work) -> Any:
    """Look into the registry, or put something there."""

    async def opened() -> Any:
        async with app.opened_registry(load(file)) as registry:
            return await work(registry)

    return asyncio.run(opened())


def enrolled(file: Path) -> list[str]:
    async def look(registry: SqlRegistry) -> list[str]:
        return [one for one in (ONE, OTHER, "B00009901", "X1") if await registry.second_factor(one) is not None]

    found: list[str] = inside(file, look)
    return found


def events(file: Path) -> list[AuditEvent]:
    async def look(registry: SqlRegistry) -> list[AuditEvent]:
        query = AuditQuery(None, names=("operator.factor.reset",))
        return [one.event for one in (await registry.find_events(query, None, 10)).events]

    found: list[AuditEvent] = inside(file, look)
    return found


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, ["reset", *arguments], env=env)


def test_it_says_what_was_there_and_forgets_it(file: Path) -> None:
    async def lock(registry: SqlRegistry) -> None:
        for _ in range(5):
            await registry.reserve_attempt(ONE, 4e9, LockoutLimits())

    inside(file, lock)
    done = run(ONE, "--config", str(file))
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.output.startswith(f"{ONE}: reset, was enrolled 2026-11-21 12:00, locked until 2096-10-02 ")
    assert enrolled(file) == [OTHER]
    assert inside(file, lambda registry: registry.lock_state(ONE)) == LockState()


def test_every_spelling_of_an_id_is_one_person(file: Path) -> None:
    done = run(" b00000101", "Ｂ０００００１０１", ONE, "--config", str(file))
    assert done.output.count("reset, was") == 1
    assert enrolled(file) == [OTHER]
    assert len(events(file)) == 1


def test_the_audit_record_says_who_whom_and_why(file: Path) -> None:
    done = run(ONE, "--reason", "電話で本人確認済み", "--config", str(file))
    (event,) = events(file)
    assert (event.actor, event.subject, event.office, event.establishment) == ("operator", ONE, "0001", "000001")
    detail = dict(event.detail)
    assert (detail["by"], detail["reason"]) == ("operator", "電話で本人確認済み")
    assert detail["user"]
    assert f"Reference {event.reference}." in done.output


def test_who_had_nothing_is_told_apart(file: Path) -> None:
    done = run(ONE, "B00000199", "--config", str(file))
    assert done.exit_code == 0
    assert "B00000199: there was nothing to reset" in done.output


def test_unknown_ids_stop_it_before_anybody_is_reset(file: Path) -> None:
    done = run(ONE, "X1", "B99999901", "--config", str(file))
    assert done.exit_code == 1
    assert "X1 is unknown to directory and registry." in done.stderr
    assert "Nobody was reset." in done.stderr
    assert enrolled(file) == [ONE, OTHER]
    assert events(file) == []


def test_whom_the_directory_does_not_know_the_roster_does(file: Path) -> None:
    async def note(registry: SqlRegistry) -> None:
        former = PersonLine("X1", "establishment", "0007", "000007", "01", "", "元社員")
        await registry.note_people([(former, LONG_AGO)])
        await enrol(registry, "X1")

    inside(file, note)
    done = run("X1", "--config", str(file))
    assert done.output.startswith("X1 元社員: reset")
    assert (events(file)[0].office, events(file)[0].establishment) == ("0007", "000007")


def test_a_second_factor_that_is_all_that_is_left_of_somebody_can_go(file: Path) -> None:
    inside(file, lambda registry: enrol(registry, "X1"))
    assert run("X1", "--config", str(file)).exit_code == 0
    assert "X1" not in enrolled(file)


def test_json_for_programs(file: Path) -> None:
    done = run(ONE, "B00000199", "--json", "--config", str(file))
    document = json.loads(done.output)
    assert [one["login_id"] for one in document["reset"]] == [ONE, "B00000199"]
    assert document["reset"][0]["enrolled_at"] == LONG_AGO
    assert document["reset"][1]["enrolled_at"] is None
    assert document["reset"][0]["known_by"] == "directory"
    assert document["reference"] == events(file)[0].reference


def test_the_configuration_may_be_named_in_the_environment(file: Path) -> None:
    assert run(ONE, env={"SEKISHO_CONFIG": str(file)}).exit_code == 0
    assert enrolled(file) == [OTHER]


@pytest.mark.parametrize("arguments", [(), ("",), ("a\x01b",), (ONE, "--reason", "x" * 201)])
def test_wrong_usage_ends_with_2(file: Path, arguments: tuple[str, ...]) -> None:
    assert run(*arguments, "--config", str(file)).exit_code == 2
    assert enrolled(file) == [ONE, OTHER]


def test_a_registry_that_is_not_there_is_not_made(file: Path) -> None:
    (file.parent / "registry.db").unlink()
    done = run(ONE, "--config", str(file))
    assert done.exit_code == 3
    assert "there is no file" in done.stderr
    assert not (file.parent / "registry.db").exists()


def test_another_key_file_is_refused(file: Path) -> None:
    run("B00000199", "--config", str(file))
    inside(file, lambda registry: registry.ping())
    (file.parent / "keys").unlink()
    KeyRing.generate_file(file.parent / "keys")
    done = run(ONE, "--config", str(file))
    assert done.exit_code == 1
    assert "Put that key file back" in done.stderr


def test_a_bad_configuration_ends_with_1(tmp_path: Path) -> None:
    assert run(ONE, "--config", str(tmp_path / "nowhere.yaml")).exit_code == 1


@pytest.mark.parametrize(("answer", "left"), [("n", [ONE, OTHER]), ("y", [OTHER])])
def test_on_a_terminal_it_asks_first(file: Path, answer: str, left: list[str]) -> None:
    mine, theirs = pty.openpty()
    command = [sys.executable, "-m", "gateway.cli", "reset", ONE, "--config", str(file)]
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    os.write(mine, f"{answer}\n".encode())
    _, said = process.communicate(timeout=60)
    for end in (mine, theirs):
        os.close(end)
    assert process.returncode == (0 if answer == "y" else 1)
    assert f"{ONE}: enrolled 2026-11-21 12:00" in said.decode()
    assert enrolled(file) == left


def record_of(login_id: str, now: float) -> SessionRecord:
    session = Session(Subject(login_id, Kind.ESTABLISHMENT, "0001", "000001"), "portal", now, now)
    return SessionRecord(session, Jar(), "csrf", None, typed=login_id)


@asynccontextmanager
async def gateway_of(file: Path) -> AsyncIterator[app.Running]:
    running = await app.start(await asyncio.to_thread(load, file))
    yield running
    await running.close()


def running_beside(file: Path) -> tuple[bool, bool]:
    """Whether one person's and another's session are alive a second after a reset of the one."""

    async def scene() -> tuple[bool, bool]:
        async with gateway_of(file) as running:
            now = wall_clock()
            tokens = [await running.sessions.open(record_of(one, now)) for one in (ONE, OTHER)]
            done = await asyncio.to_thread(run, ONE, "--config", str(file))
            assert done.exit_code == 0, done.output
            for _ in range(100):  # half a second at most, and patience with a busy machine
                if await running.sessions.load(tokens[0]) is None:
                    break
                await asyncio.sleep(0.05)
            one, other = [await running.sessions.load(token) is not None for token in tokens]
            return one, other

    return asyncio.run(scene())


def test_a_running_gateway_ends_the_sessions_in_its_memory(file: Path) -> None:
    assert running_beside(file) == (False, True)


def test_sessions_in_redis_are_ended_by_the_command(tmp_path: Path, redis_url: str) -> None:
    file = made(tmp_path, f"{{sessions: '{redis_url}', registry: 'sqlite:///registry.db'}}")
    assert running_beside(file) == (False, True)


def test_redis_that_does_not_answer_is_told(tmp_path: Path) -> None:
    file = made(tmp_path, f"{{sessions: 'redis://127.0.0.1:{free_port()}/0', registry: 'sqlite:///registry.db'}}")
    done = run(ONE, "--config", str(file))
    assert done.exit_code == 3
    assert "open sessions could not be ended" in done.stderr
    assert enrolled(file) == [OTHER]
