"""Real servers for tests: started on free loopback ports in folders of their own, stopped by their process."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.processes import free_port

_START_SECONDS = 60.0
_REMEDY = "apt-get install redis-server postgresql"


class MissingServer(Exception):
    """A server's program is not installed; the message names the one line that installs all of them."""


class Server:
    """One server process. It can be stopped, frozen, thawed and started again on the same port and files."""

    def __init__(
        self, command: list[str], port: int, folder: Path, user: str | None = None, ready: list[str] | None = None
    ) -> None:
        """`ready`: a command that succeeds once the server answers; without it, listening is enough."""
        self.port = port
        self._ready_command = ready
        self._command = command
        self._folder = folder
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it takes connections."""
        log = self._folder / "server.log"
        # A run that is killed takes its servers along.
        command = ["setpriv", "--pdeathsig", "QUIT", *_as_user(self._user), *self._command]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, cwd=self._folder, stdout=output, stderr=output, start_new_session=True
            )
        until = time.monotonic() + _START_SECONDS
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self._command[0]} did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.02)

    def _ready(self) -> bool:
        if self._ready_command is not None:
            return subprocess.run(self._ready_command, capture_output=True, check=False).returncode == 0
        return _listens(self.port)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to this server only."""
        if self._process is not None:
            self._process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop and wait."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """The process stands still: it holds its connections and answers nothing."""
        self.send(signal.SIGSTOP)
        try:
            yield
        finally:
            self.send(signal.SIGCONT)


def _as_user(user: str | None) -> list[str]:
    if user is None:
        return []
    entry = pwd.getpwnam(user)
    return [f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


@contextlib.contextmanager
def redis_server() -> Iterator[Server]:
    """Redis without persistence."""
    program = shutil.which("redis-server")
    if program is None:
        raise MissingServer(f"redis-server is missing: {_REMEDY}")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="sekisho-redis-") as folder:
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        server = Server(command, port, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def postgresql_server() -> Iterator[Server]:
    """PostgreSQL in a fresh cluster that trusts loopback; as user postgres when we are root, which it refuses to be."""
    programs = _postgresql_programs()
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="sekisho-postgresql-") as name:
        folder = Path(name)
        user = None
        if os.getuid() == 0:
            user = "postgres"
            entry = pwd.getpwnam(user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        data = folder / "data"
        initialise = [str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "-N"]
        subprocess.run([*initialise, "--locale=C.UTF-8"], check=True, capture_output=True, user=user, cwd=folder)
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder, "fsync": "off"}
        options = [text for key, value in settings.items() for text in ("-c", f"{key}={value}")]
        ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        server = Server([str(programs / "postgres"), "-D", str(data), *options], port, folder, user, ready)
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)


def _postgresql_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise MissingServer(f"PostgreSQL is missing: {_REMEDY}")
    return found[-1].parent
