"""A gateway of its own for a test: YAML text → temporary folder → `gateway.app.start` on an event loop in a thread.

Tests stay ordinary blocking code, and the gateway is the composed one with real sockets, stores and keys.
"""

from __future__ import annotations

import asyncio
import functools
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from time import time as wall_clock  # noqa: TID251 - tests give the gateway its clock, as app.py does
from typing import Self

import uvloop

from bench.processes import free_port
from gateway.app import start
from gateway.config.loading import load
from gateway.stores.registry import migrate
from gateway.stores.sealing import KeyRing


class MovableClock:
    """The wall clock plus an offset: a test moves time on instead of waiting for the next code."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return wall_clock() + self.offset

    def forward(self, seconds: float) -> None:
        """Move on."""
        self.offset += seconds


@functools.cache
def _migrated() -> bytes:
    """An SQLite file with the schema and no rows: migrating is half of what a start costs."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as elsewhere:  # a loop may run in this thread
        elsewhere.submit(lambda: asyncio.run(migrate(f"sqlite:///{folder}/registry.db"))).result()
        return (Path(folder) / "registry.db").read_bytes()


class GatewayThread:
    """Starts and stops a gateway; `port` stays the same over a restart."""

    def __init__(self, folder: Path, yaml: str, clock: Callable[[], float] = wall_clock) -> None:
        self.port = free_port()
        self._folder = folder
        self._clock = clock
        self._file = folder / "routes.yaml"
        (folder / "var").mkdir(parents=True, exist_ok=True)
        if not (folder / "var" / "keys").exists():
            KeyRing.generate_file(folder / "var" / "keys")
        registry = folder / "var" / "registry.db"
        if "sqlite:///var/registry.db" in yaml and not registry.exists():
            registry.write_bytes(_migrated())
        self._file.write_text(yaml.replace("{PORT}", str(self.port)), encoding="utf-8")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._started: Future[None] = Future()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Load the file, start, and return when the port is open; what start raises is raised here."""
        self._started = Future()
        self._thread = threading.Thread(target=uvloop.run, args=(self._live(),), daemon=True)
        self._thread.start()
        self._started.result(30)

    async def _live(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        try:
            running = await start(load(self._file), clock=self._clock)
        except BaseException as fault:  # noqa: BLE001 - goes to the thread that waits for it
            self._started.set_exception(fault)
            return
        self._started.set_result(None)
        await self._ended.wait()
        await running.close()
        await asyncio.sleep(0.05)  # closed sockets leave the loop on its next turns

    def stop(self) -> None:
        """Close everything; a second call does nothing."""
        loop, self._loop = self._loop, None
        if loop is not None and self._ended is not None and self._thread is not None:
            loop.call_soon_threadsafe(self._ended.set)
            self._thread.join(30)

    def restart(self) -> None:
        """Stop and start with the same file, keys and registry."""
        self.stop()
        self.start()
