"""What survives a restart: sessions with Redis; enrolments and locks with either registry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.stores.registry import migrate
from tests.journeys.world import Edits, World, demo_world


@pytest.fixture
def redis(redis_url: str) -> Edits:
    """Sessions in Redis, the registry in a file."""
    return (("sessions: memory\n", f"sessions: {redis_url}\n"),)


@pytest.fixture
def sqlite() -> Edits:
    """As the demo has it."""
    return ()


@pytest.fixture
async def postgresql(empty_postgresql_url: str) -> Edits:
    """The registry in a database server, its schema made by the operator's command."""
    await migrate(empty_postgresql_url)
    return (("registry: sqlite:///var/registry.db", f"registry: {empty_postgresql_url}"),)


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A demo of this journey's own; its parameter names the fixture with the stores."""
    with demo_world(tmp_path, request.getfixturevalue(request.param)) as made:
        yield made


@pytest.mark.parametrize("world", ["redis"], indirect=True)
def test_sessions_survive_a_restart_with_redis(world: World) -> None:
    """Level, vault and choice are as they were; what waited for a choice is delivered."""
    restricted, full, waiting = (world.person() for _ in range(3))
    restricted.restricted("B00000101")
    full.full("B00000102")
    waiting.sign_in("B00000103")
    world.gateway.restart()
    assert restricted.get("/shugyo/punch").status == 200
    assert restricted.get("/kashikin/").header("location") == "/.sekisho/step-up"
    assert full.get("/kashikin/").status == 200
    answer = waiting.choose("restricted")
    assert waiting.get(answer.header("location") or "").header("location") == "/top"
    assert waiting.get("/top").status == 200


@pytest.mark.parametrize("world", ["redis"], indirect=True)
def test_a_session_that_was_ended_stays_ended(world: World) -> None:
    """The other process does not remember it."""
    person = world.person()
    person.restricted("B00000101")
    token = person.cookies["sekisho"]
    person.get("/logout")
    world.gateway.restart()
    person.cookies = {"sekisho": token}
    assert person.get("/top").status == 401


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_sessions_in_memory_end_with_the_process(world: World) -> None:
    """Everybody signs in again, and is told why."""
    person = world.person()
    person.restricted("B00000101")
    world.gateway.restart()
    answer = person.get("/top")
    assert answer.status == 401
    assert "ログインの有効時間が切れました" in answer.decoded_body().decode()


@pytest.mark.parametrize("world", ["sqlite", "postgresql"], indirect=True)
def test_enrolments_and_locks_survive_a_restart(world: World) -> None:
    """Who was enrolled enters a code, a used one counts no more, and who was locked is locked."""
    enrolled, locked = world.person(), world.person()
    enrolled.full("B00000101")
    used = enrolled.now_code()
    locked.full("B00000102")
    locked.sign_in("B00000102")
    world.phone["B00000102"] = locked.secret
    answers = [locked.enter(typed) for typed in world.wrong_codes("B00000102", 5)]
    assert answers[-1].header("location") == "/.sekisho/locked"
    world.gateway.restart()
    enrolled.sign_in("B00000101")
    assert enrolled.get("/.sekisho/enrol").header("location") == "/.sekisho/code"
    assert "fault=used" in (enrolled.enter(used).header("location") or "")
    world.clock.forward(30)
    assert enrolled.enter(enrolled.now_code()).header("location") == "/login"
    locked.sign_in("B00000102")
    assert locked.get("/.sekisho/code").header("location") == "/.sekisho/locked"
    world.clock.forward(30 * 60)
    locked.sign_in("B00000102")
    assert locked.enter(locked.now_code()).header("location") == "/login"
