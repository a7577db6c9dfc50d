"""A place that is always taken: when its process dies another one comes, when it is renewed nothing is lost between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from gateway.logs import IDLE_SECONDS
from gateway.workers.process import Process, ProcessFailed

START_SECONDS = 120.0  # the pages may have a million people to compare with those that the registry has
RETIRE_SECONDS = 3600.0  # for what is under way in a process that another one has followed
_SETTLED_SECONDS = 10.0  # whoever lives so long has not died at its start
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_EMPTY_SECONDS = 20.0  # for which who has connected waits for the next one; a start takes two, on a busy machine ten
_STORE_SILENT, _STORE_PAUSE = 3, 5.0  # exit code of who found a store silent: that is over when the store is back
_log = logging.getLogger("sekisho.workers")


class Place:
    """`fill` it first; `stop` before its processes are ended on purpose."""

    def __init__(
        self,
        name: str,
        start: Callable[[str], Awaitable[Process]],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        rest: Callable[[], None] = lambda: None,
        resume: Callable[[], None] = lambda: None,
    ) -> None:
        """`rest` is called when the place stays empty for longer than it takes to start somebody, `resume` when
        somebody is there."""
        self.name = name
        self.processes: set[Process] = set()  # all that have not ended: the one in place, and those that are leaving
        self._start_process = start
        self._sleep = sleep
        self._rest = rest
        self._resume = resume
        self._current: Process | None = None
        self._stopped = False
        self._died_early = 0  # one after the other
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def fill(self, instead_of: Process | None = None) -> None:
        """Put a new process in place; once it answers, the former one finishes what is under way and ends.

        `instead_of`: only while this one is in place. Raises ProcessFailed, also when the new one can't be started:
        then the former one stays.
        """
        async with self._turn:
            if self.stopped() or (instead_of is not None and self._current is not instead_of):
                return
            try:
                new = await self._start_process(self.name)
            except OSError as fault:
                raise ProcessFailed(f"{self.name} can't be started: {fault}", 1) from fault
            self.processes.add(new)
            self._spawn(self._watch(new))
            if self.stopped():
                new.kill()
            await new.ready(START_SECONDS)
            former, self._current = self._current, new
            self._resume()
            if former is not None:
                # Nobody is judged by another configuration for longer than it takes to finish what is under way.
                former.leave(RETIRE_SECONDS, None if former.text == new.text else IDLE_SECONDS)
                _log.info("%s is now process %d; process %d is leaving", self.name, new.pid, former.pid)

    async def take(self, text: str) -> str:
        """Have the process take a configuration; what hindered it, or nothing. One that is lost needs to take none."""
        async with self._turn:
            current = self._current
            if current is None or current.lost.is_set():
                return ""
            return await current.take(text)

    def stopped(self) -> bool:
        """Whether nobody is replaced any more."""
        return self._stopped

    def stop(self) -> None:
        """Replace nobody any more."""
        self._stopped = True

    def leave(self, seconds: float, idle_seconds: float | None) -> None:
        """Have every process finish what is under way and end."""
        for process in tuple(self.processes):
            process.leave(seconds, idle_seconds)

    async def emptied(self) -> None:
        """Return when no process is left."""
        for process in tuple(self.processes):
            await process.ended()

    def kill(self) -> None:
        """End every process now."""
        for process in tuple(self.processes):
            process.kill()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self, process: Process) -> None:
        await process.lost.wait()
        if process is self._current:
            self._spawn(self._replace(process))
        await process.ended()
        self.processes.discard(process)

    async def _replace(self, lost: Process) -> None:
        if asyncio.get_running_loop().time() - lost.began > _SETTLED_SECONDS:
            self._died_early = 0
        longest = _LONGEST_PAUSE
        asyncio.get_running_loop().call_later(_EMPTY_SECONDS, self._rest_without, lost)
        while self._current is lost and not self.stopped():
            pause = self._pause(longest)
            _log.error(
                "%s, process %d, %s; another one comes%s",
                self.name,
                lost.pid,
                lost.how,
                f" in {pause:g} s" * (pause > 0),
            )
            if pause:
                self._rest()
            await self._sleep(pause)
            try:
                await self.fill(lost)
            except ProcessFailed as fault:
                self._rest()
                longest = _LONGEST_PAUSE if fault.code != _STORE_SILENT else _STORE_PAUSE
                _log.error("%s is not replaced yet: %s", self.name, fault)
            else:
                _log.info("%s is replaced", self.name)

    def _rest_without(self, lost: Process) -> None:
        """A start may take long, too: it waits for stores."""
        if self._current is lost and not self.stopped():
            self._rest()

    def _pause(self, longest: float) -> float:
        """The first one that dies is replaced at once."""
        self._died_early += 1
        return 0.0 if self._died_early == 1 else min(longest, _FIRST_PAUSE * 2.0 ** (self._died_early - 2))
