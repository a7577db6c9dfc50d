"""Servers for sessions and records: Redis without files, PostgreSQL in a cluster of its own."""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Missing, Process, answers_redis, free_port, listens, program


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
