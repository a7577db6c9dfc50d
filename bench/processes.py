"""Programs that a run starts: pinned to a core, on a free loopback port, gone with it."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from bench import accounts

_START_SECONDS = 30.0
_FIRST_PORT, _PORTS = 20_000, 12_000
_APART = 7_417  # the golden part of them: processes with neighbouring numbers begin far from each other
_ports = itertools.count()
ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "bench"


class Missing(Exception):
    """A program is not there; the message says how to get it."""


class Spoiled(Exception):
    """A run whose figures mean nothing: an answer was wrong, or something did not start."""


def free_port() -> int:
    """A loopback port that nobody uses, below those that the kernel gives to whoever connects: on a busy machine one of
    them would soon be somebody's."""
    while True:
        port = _FIRST_PORT + (os.getpid() * _APART + next(_ports)) % _PORTS
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue


def program(name: str) -> str:
    """Where a program is. Debian keeps servers where an ordinary user's PATH does not lead."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/go/bin:/usr/lib/go/bin")
    if found is None:
        raise Missing(f"{name} is missing: sh deploy/install-bench-programs.sh")
    return found


def cores() -> tuple[int, int]:
    """(core of the proxy under test, core of everything else): the same one where there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else (usable[0], usable[0])


def pinned(command: Sequence[str], core: int | None) -> list[str]:
    """The command on one core, ended with us."""
    ours = ["setpriv", "--pdeathsig", "TERM", *command]
    return ours if core is None else ["taskset", "-c", str(core), *ours]


class Process:
    """A program that runs. As a context manager it ends with the block."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        core: int | None = None,
        environment: Mapping[str, str] | None = None,
        ready: Callable[[], bool],
    ) -> None:
        """Start it and wait until `ready` says so. Raises Spoiled."""
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                pinned(command, core),
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        until = time.monotonic() + _START_SECONDS
        while not ready():
            if self._popen.poll() is not None or time.monotonic() > until:
                self.stop()
                raise Spoiled(f"{command[0]} did not start:\n{self.said()}")
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        """Of the program itself: setpriv and taskset become it."""
        return self._popen.pid

    def said(self) -> str:
        """Its output until now."""
        return self._log.read_text(errors="replace")[-4000:]

    def wait(self, seconds: float) -> int:
        """Its exit code, once it has ended by itself. Raises subprocess.TimeoutExpired."""
        return self._popen.wait(seconds)

    def cpu_seconds(self) -> float:
        """Spent until now, with its children."""
        return accounts.cpu_seconds(self.pid)

    def stop(self) -> None:
        """Ask it to end, then make it."""
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGTERM)
            try:
                self._popen.wait(5)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        with socket.create_connection(("127.0.0.1", port), 0.2):
            return True
    except OSError:
        return False


def answers_redis(port: int) -> bool:
    """Whether a Redis server answers there."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1.0) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64) == b"+PONG\r\n"
    except OSError:
        return False


def answers(port: int, path: str) -> bool:
    """Whether an HTTP server answers there with anything but a server's fault."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1.0) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(64).startswith(b"HTTP/1.1 2")
    except OSError:
        return False
