"""A gateway of its own for a test: YAML text → temporary folder → `gateway.app.start` on an event loop in a thread.

Tests stay ordinary blocking code, and the gateway is the composed one with real sockets, stores and keys.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from time import time as wall_clock  # noqa: TID251 - tests give the gateway its clock, as app.py does
from typing import Any, Self

from gateway.app import start

from gateway.config.loading import load
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


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


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
        self._file.write_text(yaml.replace("{PORT}", str(self.port)), encoding="utf-8")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._running: Any = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Load the file, start, and return when the port is open."""
        loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=loop.run_forever, daemon=True)
        self._thread.start()
        self._loop = loop
        configuration = load(self._file)
        self._running = asyncio.run_coroutine_threadsafe(start(configuration, self._clock), loop).result(30)

    def stop(self) -> None:
        """Close everything; a second call does nothing."""
        if self._loop is None:
            return
        loop, self._loop = self._loop, None
        asyncio.run_coroutine_threadsafe(self._running.close(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        if self._thread is not None:
            self._thread.join(10)
        loop.close()

    def restart(self) -> None:
        """Stop and start with the same file, keys and registry."""
        self.stop()
        self.start()
