"""A store that does not answer means no: nobody gets in, nobody is signed out, and the page says so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.gate.test_levels import LIMITS, RULE, app, signed_in
from tests.servers import redis_server
from tests.sign_in import world as world_module
from tests.sign_in.world import YAML, world


@pytest.fixture
def in_redis(monkeypatch: pytest.MonkeyPatch, redis_url: str) -> str:
    monkeypatch.setattr(world_module, "YAML", YAML.replace("sessions: memory", f"sessions: {redis_url}"))

    async def flush() -> None:
        async with Redis.from_url(redis_url) as client:
            await client.flushall()

    asyncio.run(flush())
    return redis_url


def test_sessions_in_redis_survive_a_restart_of_the_gateway(tmp_path: Path, in_redis: str) -> None:
    assert in_redis
    with world(tmp_path, RULE, app, LIMITS) as w:
        person = signed_in(w, choice="full")
        w.gateway.restart()
        assert person.get("/private").status == 200
        assert w.seen()[-1].cookie == b"SID=signed-in"


def test_nothing_in_redis_shows_a_cookie_or_a_token(tmp_path: Path, in_redis: str) -> None:
    async def everything() -> bytes:
        async with Redis.from_url(in_redis) as client:
            return b"|".join([key + b"=" + (await client.dump(key) or b"") async for key in client.scan_iter()])

    with world(tmp_path, RULE, app, LIMITS) as w:
        person = signed_in(w, choice="full")
        dump = asyncio.run(everything())
        assert len(dump) > 100
        assert b"signed-in" not in dump
        for value in person.cookies.values():
            assert value.encode() not in dump


def test_a_frozen_redis_signs_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with redis_server() as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        monkeypatch.setattr(world_module, "YAML", YAML.replace("sessions: memory", f"sessions: {url}"))
        with world(tmp_path, RULE, app, LIMITS) as w:
            person = signed_in(w, choice="full")
            cookies = dict(person.cookies)
            with server.frozen():
                down = [person.get("/private") for _ in range(12)]
                # Within a second the last answer of Redis may still count; after that the answer is no.
                asyncio.run(asyncio.sleep(1.2))
                w.seen()
                refused = person.get("/private")
                assert refused.status == 503
                assert person.cookies == cookies
                assert w.seen() == []
                assert person.ask("POST", "/login", b"user=B0000011").status == 503
                assert {answer.status for answer in down} <= {200, 503}
            asyncio.run(asyncio.sleep(1.5))
            assert person.get("/private").status == 200
