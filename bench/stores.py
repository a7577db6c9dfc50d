"""Servers for sessions and records: Redis without files, PostgreSQL in a cluster of its own."""

from __future__ import annotations

import asyncio
import os
import pwd
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from redis import Redis

from bench.processes import Missing, Process, answers_redis, free_port, listens, program

_LAG_SECONDS = 2.0
_COUNTED = """
SELECT xact_commit AS transactions, tup_inserted + tup_updated + tup_deleted AS "rows written",
       pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS "log bytes"
FROM pg_stat_database WHERE datname = current_database()
"""


@dataclass(frozen=True, slots=True)
class Store:
    """A server that runs."""

    url: str
    process: Process


@contextmanager
def redis(core: int | None) -> Iterator[Store]:
    """Redis that keeps nothing on disk."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="sekisho-bench-redis-") as folder:
        command = [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with Process(command, Path(folder) / "log", core=core, ready=lambda: answers_redis(port)) as process:
            yield Store(f"redis://127.0.0.1:{port}/0", process)


@contextmanager
def postgresql(core: int | None) -> Iterator[Store]:
    """A fresh cluster with Debian's settings that trusts loopback; as user postgres when we are root."""
    programs, port = _programs(), free_port()
    with tempfile.TemporaryDirectory(prefix="sekisho-bench-postgresql-") as name:
        folder, user = Path(name), None
        if os.getuid() == 0:
            user = "postgres"
            entry = pwd.getpwnam(user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        data = folder / "data"
        initialise = [str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "-N"]
        done = subprocess.run(
            [*initialise, "--locale=C.UTF-8"], capture_output=True, text=True, user=user, cwd=folder, check=False
        )
        if done.returncode:
            raise Missing(f"PostgreSQL could not make a cluster: {done.stderr[-500:]}")
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder}
        command = [str(programs / "postgres"), "-D", str(data)]
        command += [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]

        def is_ready() -> bool:
            return listens(port) and subprocess.run(ready, capture_output=True, check=False).returncode == 0

        with Process(_as_user(user, command), Path(name) / "log", core=core, ready=is_ready) as process:
            yield Store(f"postgresql://postgres@127.0.0.1:{port}/postgres", process)


def _as_user(user: str | None, command: list[str]) -> list[str]:
    if user is None:
        return command
    entry = pwd.getpwnam(user)
    return [
        "setpriv",
        "--pdeathsig",
        "INT",
        f"--reuid={entry.pw_uid}",
        f"--regid={entry.pw_gid}",
        "--clear-groups",
        *command,
    ]


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise Missing("PostgreSQL is missing: sh deploy/install-bench-programs.sh")
    return found[-1].parent


class Counters:
    """What Redis (unless its URL is empty) and PostgreSQL have counted since this was made."""

    def __init__(self, redis_url: str, postgresql_url: str) -> None:
        self._redis_url = redis_url
        self._postgresql_url = postgresql_url
        self._before = self._now()

    def since(self) -> dict[str, float]:
        """By name. PostgreSQL's own figures lag a little: ask once everything has been still for a second."""
        time.sleep(_LAG_SECONDS)
        now = self._now()
        return {name: now[name] - self._before[name] for name in now}

    def _now(self) -> dict[str, float]:
        return {**self._of_redis(), **asyncio.run(self._of_postgresql())}

    def _of_redis(self) -> dict[str, float]:
        if not self._redis_url:
            return {}
        with Redis.from_url(self._redis_url) as client:
            found: dict[str, Any] = client.info()
            calls: dict[str, Any] = client.info("commandstats")
        return {
            "redis commands": found["total_commands_processed"],
            "redis bytes in": found["total_net_input_bytes"],
            "redis bytes out": found["total_net_output_bytes"],
            "changes told": calls.get("cmdstat_publish", {}).get("calls", 0),
        }

    async def _of_postgresql(self) -> dict[str, float]:
        connection = await asyncpg.connect(self._postgresql_url)
        try:
            row = await connection.fetchrow(_COUNTED)
        finally:
            await connection.close()
        return {f"postgresql {name}": float(value) for name, value in row.items()}
