"""A loop in a thread of its own, for the one thing that must not wait until the lane's loop has time.

While thousands of requests are ready the lane's loop comes to an answer of the registry only after all of them, and
several times for one query. What is asked here is answered meanwhile; the lane finds it when it looks.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any


class Beside:
    """Runs coroutines there. Nothing starts before the first one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self, work: Coroutine[Any, Any, None]) -> concurrent.futures.Future[None]:
        """Begin it there. What it changes must be of use to both threads."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name=self._name, daemon=True)
            self._thread.start()
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def close(self, last: Callable[[], Awaitable[None]]) -> None:
        """Do one last thing there, which closes what was opened there, and end. Nothing may be started any more."""

        async def finish() -> None:
            await last()

        if self._loop is None or self._thread is None:
            return
        await asyncio.wrap_future(self.start(finish()))
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()
        self._loop = None
