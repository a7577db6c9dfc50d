"""`sekisho demo`: the legacy apps and a gateway in front of them in one process, under the routes.yaml at the root.

What routes.yaml says of ports and files is replaced by what the command line says, nothing else.
"""

from __future__ import annotations

import asyncio
import errno
import secrets
import signal
import sqlite3
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import uvloop

from gateway import app
from gateway.config.loading import load
from gateway.config.settings import Configuration, DirectorySettings, ListenAddress, PublicOrigin
from gateway.core.apps import UpstreamAddress
from gateway.core.errors import ConfigRefused, GatewayError
from gateway.demo.apps import HOST, DemoApps, start_apps
from gateway.demo.people import FIRST_PASSWORD
from gateway.demo.people_file import write_people
from gateway.stores.sealing import KeyRing

ROUTES = Path(__file__).resolve().parents[2] / "routes.yaml"
DATA = Path("var")

PEOPLE_FILE = "people.db"

USERS = (
    ("A00010001", "office 0001, its head: a code at every sign-in; settings, people, progress"),
    ("A00010002", "office 0001, staff: the same, but resets no other staff"),
    ("A00020001", "office 0002, its head: no 2FA until it is set"),
    ("A99990001", "the operator: every office's record, and who a date would stop"),
    ("B00000101", "establishment 000001, employee: 2FA, punch and own payslip without a code"),
    ("B00000199", "establishment 000001, administrator: the same, managers too"),
    ("B00001101", "establishment 000011: 2FA, punch and notifications without a code, payslips not"),
    ("B00001201", "establishment 000012: 2FA, nothing without a code"),
    ("B00000601", "establishment 000006: no 2FA"),
    ("B00000301", "establishment 000003, of office 0002: no 2FA"),
)


class DemoStopped(Exception):
    """The demo can't run; the message says why and what to do, in plain words."""


class Demo:
    """A running demo. `url` is what a browser opens."""

    def __init__(self, url: str, running: app.Running, apps: DemoApps) -> None:
        self.url = url
        self._running = running
        self._apps = apps

    async def close(self) -> None:
        """End the gateway, then the apps."""
        await self._running.close()
        await self._apps.close()


async def start(port: int, data_dir: Path, routes: Path = ROUTES) -> Demo:
    """Start everything; raises DemoStopped. Apps whose usual port is taken get another one."""
    configuration = load_for_demo(port, data_dir, routes)
    apps = await _start_apps()
    strange = sorted({one.name for one in configuration.apps} - set(apps.ports))
    if strange:
        await apps.close()
        message = (
            f"{routes} is not the demo's: the demo has no app '{strange[0]}'. Keep your file in a folder of your own, "
            "and put the demo's back: git checkout routes.yaml"
        )
        raise DemoStopped(message)
    addresses = tuple(
        replace(one, address=UpstreamAddress("http", HOST, apps.ports[one.name])) for one in configuration.apps
    )
    try:
        running = await app.start(replace(configuration, apps=addresses), clock=time.time)
    except (OSError, GatewayError) as error:
        await apps.close()
        trouble = _listen_trouble(error, port) if isinstance(error, OSError) else str(error)
        raise DemoStopped(trouble) from error
    return Demo(f"http://{HOST}:{port}/", running, apps)


def load_for_demo(port: int, data_dir: Path, routes: Path) -> Configuration:
    """The file with the demo's port and folder; keys are made once."""
    if not routes.exists():
        message = f"{routes} is missing: the demo runs in a clone of the project."
        raise DemoStopped(message)
    try:
        configuration = load(routes)
    except ConfigRefused as error:
        raise DemoStopped(f"{routes} is refused:\n{error}") from error
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys_file = data_dir.resolve() / "keys"
        if not keys_file.exists():
            KeyRing.generate_file(keys_file)
        write_people(data_dir / PEOPLE_FILE)
    except OSError as error:
        message = f"The demo can't write to its folder {data_dir}: {error.strerror}."
        raise DemoStopped(message) from error
    except sqlite3.Error as error:
        message = f"The demo can't write {data_dir / PEOPLE_FILE}: {error}."
        raise DemoStopped(message) from error
    registry = f"sqlite:///{data_dir.resolve() / 'registry.db'}"
    return replace(
        configuration,
        listen=(ListenAddress(HOST, port),),
        public=PublicOrigin("http", HOST, port),
        stores=replace(configuration.stores, sessions="memory", registry=registry),
        directory=_with_people_of(data_dir, configuration.directory),
        keys_file=keys_file,
    )


def _with_people_of(data_dir: Path, directory: DirectorySettings) -> DirectorySettings:
    """The demo's own file is in the demo's folder; a database that somebody put there instead stays."""
    sql = directory.sql
    if sql is None or not sql.url.startswith("sqlite:///") or Path(sql.url).name != PEOPLE_FILE:
        return directory
    return replace(directory, sql=replace(sql, url=f"sqlite:///{data_dir.resolve() / PEOPLE_FILE}"))


async def _start_apps() -> DemoApps:
    """On the ports of routes.yaml, or on free ones when somebody else has these."""
    zone = ZoneInfo("Asia/Tokyo")

    def clock() -> datetime:
        return datetime.now(zone).replace(tzinfo=None)

    def tokens() -> str:
        return secrets.token_hex(16).upper()

    try:
        return await start_apps(clock, tokens)
    except OSError:
        return await start_apps(clock, tokens, (0, 0, 0))


def _listen_trouble(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Choose another one: make demo PORT={port + 1}"
    if error.errno == errno.EACCES:
        return f"Port {port} is reserved for root. Choose one from 1024 up: make demo PORT=8080"
    return f"The demo can't listen on {HOST}:{port}: {error.strerror or error}."


async def _answers(port: int) -> bool:
    """Whether the sign-in page of the legacy portal comes through the gateway."""
    try:
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(b"GET /login HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n\r\n" % (HOST.encode(), port))
            line = await reader.readline()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return line.startswith(b"HTTP/1.1 200 ")


async def _serve(port: int, data_dir: Path) -> None:
    """Run until Ctrl-C or TERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    demo = await start(port, data_dir)
    try:
        if not await _answers(port):
            message = "The gateway has started but does not answer: please report this with what stands above."
            raise DemoStopped(message)
        print(f"ready {demo.url}")
        print(f"\nUsers (password: {FIRST_PASSWORD}); phones sign in at {demo.url}sp/login")
        for login_id, sentence in USERS:
            print(f"  {login_id}  {sentence}")
        print(f"\nCtrl-C ends it; its data stays in {data_dir} until `make clean`.", flush=True)
        await stop.wait()
    finally:
        await demo.close()


def main(port: int = 8080, data_dir: Path = DATA) -> int:
    """Run the demo until it is ended; the exit status. Every wrong turn is one plain sentence on stderr."""
    try:
        uvloop.run(_serve(port, data_dir))
    except DemoStopped as stopped:
        print(stopped, file=sys.stderr)
        return 1
    return 0
