"""How long something that has come waits for the loop: a byte on a socket of our own, sent by a thread of its own.

A timer would not do: while more than a thousand connections are ready the loop goes on with those before it looks at
its timers, for seconds (libuv serves up to 48 rounds of 1024). The byte stands in the kernel's queue behind all that
became ready before it, as a request does.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable

Waited = Callable[[float, float], None]


class Probe:
    """Calls `waited(lag, elapsed)` in the loop about every `seconds`: how long the byte waited, and the time since the
    byte before. `clock` gives seconds that never go back."""

    def __init__(self, seconds: float, waited: Waited, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._waited = waited
        self._clock = clock
        self._near: socket.socket | None = None
        self._ended = threading.Event()
        self._sent: float | None = None  # when the byte that is under way was sent
        self._at = 0.0

    def start(self) -> None:
        """Begin; needs a running loop."""
        near, far = socket.socketpair()
        near.setblocking(False)
        self._near = near
        self._at = self._clock()
        asyncio.get_running_loop().add_reader(near, self._arrived)
        threading.Thread(target=self._send, args=(far,), name="probe", daemon=True).start()

    def stop(self) -> None:
        """End. A second call does nothing."""
        self._ended.set()
        near, self._near = self._near, None
        if near is not None:
            asyncio.get_running_loop().remove_reader(near)
            near.close()

    def _send(self, far: socket.socket) -> None:
        with far, contextlib.suppress(OSError):  # the loop has closed its end
            while not self._ended.wait(self._seconds):
                if self._sent is None:
                    self._sent = self._clock()
                    far.send(b".")

    def _arrived(self) -> None:
        near, sent = self._near, self._sent
        if near is None or sent is None:
            return
        near.recv(16)
        now = self._clock()
        elapsed, self._at, self._sent = now - self._at, now, None
        self._waited(now - sent, elapsed)
