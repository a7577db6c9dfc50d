"""The supervisor: starts the processes, replaces those that die, tells them what the operator's signals say.

INT, TERM  everybody finishes what is under way, then all end; a second one ends them at once
HUP        a new configuration: taken by each process as it runs, or by new ones where only those can
USR2       new processes, one after the other: an upgraded package takes effect
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from gateway.config.changes import opened_once
from gateway.config.settings import Configuration
from gateway.core.errors import ConfigRefused, GatewayError
from gateway.logs import IDLE_SECONDS, STOP_SECONDS, notify, say_ready, set_up_log
from gateway.workers.listeners import Listeners
from gateway.workers.order import Order, refuse_unshared, text_of
from gateway.workers.place import Place
from gateway.workers.process import Process, ProcessFailed

PAGES = "pages"
_TAKEN_SECONDS = 0.5  # for the workers to hear that they take no more connections
_LAST_SECONDS = 5.0  # beyond what processes were given; then they are ended
_log = logging.getLogger("sekisho.workers")


def supervise(file: Path, configuration: Configuration, workers: int) -> None:
    """Run until INT or TERM. Raises NotShared, OSError; ProcessFailed when a process can't start at the beginning."""
    refuse_unshared(configuration)
    set_up_log("supervisor")
    asyncio.run(Supervisor(Order(file, text_of(file), configuration), workers).run())


class Supervisor:
    """Of one gateway."""

    def __init__(self, order: Order, workers: int) -> None:
        self._order = order
        self._listeners = Listeners(workers)
        rest, resume = self._listeners.rest_pages, self._listeners.resume_pages
        self._pages = Place(PAGES, self._start_pages, rest=rest, resume=resume)
        self._lanes = [self._lane(number) for number in range(1, workers + 1)]
        self._stop = asyncio.Semaphore(0)  # how often it was asked for
        self._asked: asyncio.Queue[signal.Signals] = asyncio.Queue()

    async def run(self) -> None:
        """Until INT or TERM."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.release)
        for number in (signal.SIGHUP, signal.SIGUSR2):
            loop.add_signal_handler(number, self._asked.put_nowait, number)
        try:
            self._listeners.bind(self._order.configuration.listen)
            await self._until_stop(self._work())
            notify("STOPPING=1")
            await self._until_stop(self._end())
        finally:
            await self._end_now()
            self._listeners.close()

    async def _until_stop(self, work: Coroutine[Any, Any, None]) -> None:
        """Work until it is done or somebody asks to stop (once more). Raises what the work does."""
        working, stopping = asyncio.create_task(work), asyncio.create_task(self._stop.acquire())
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not working.done():
            working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working

    async def _work(self) -> None:
        """Start, then do what signals ask for, one after the other."""
        await self._pages.fill()  # it brings the registry up to date, then the others find it so
        await asyncio.gather(*(lane.fill() for lane in self._lanes))
        say_ready(self._order.configuration.public.origin)
        _log.info("%d workers and the pages answer", len(self._lanes))
        while True:
            asked = await self._asked.get()
            if asked == signal.SIGHUP:
                await self._reload()
            elif await self._renew(self._order):
                _log.info("every process is a new one")

    @property
    def _places(self) -> Sequence[Place]:
        return self._pages, *self._lanes

    def _lane(self, number: int) -> Place:
        rest, resume = partial(self._listeners.rest, number), partial(self._listeners.resume, number)
        return Place(f"worker {number}", partial(self._start_lane, number), rest=rest, resume=resume)

    async def _start_pages(self, name: str) -> Process:
        return await Process.start(name, self._order, self._listeners.pages, None)

    async def _start_lane(self, number: int, name: str) -> Process:
        sockets = self._listeners.of(number, self._order.configuration.listen)
        return await Process.start(name, self._order, self._listeners.pages, sockets)

    async def _reload(self) -> None:
        """Take the file as it stands. Whatever is wrong with it, the gateway goes on as it is (H3)."""
        file = self._order.file
        try:
            order = await asyncio.to_thread(lambda: Order.of(file, text_of(file)))
            refuse_unshared(order.configuration)
            self._listeners.bind(order.configuration.listen)
        except ConfigRefused as refused:
            _log.error("%s is refused, the running configuration stays:\n%s", file, refused)
            return
        except (GatewayError, OSError) as fault:
            _log.error("%s is not taken, the running configuration stays: %s", file, fault)
            return
        if opened_once(self._order.configuration, order.configuration):
            taken = await self._renew(order)
        else:
            taken = await self._take(order)
        self._listeners.keep_only(self._order.configuration.listen)
        if taken:
            _log.info("%s is in force", file)

    async def _take(self, order: Order) -> bool:
        """Have each process take a configuration. What hinders the first leaves everything as it is; another one that
        is hindered is replaced."""
        before, self._order = self._order, order  # whoever is replaced from here on begins with the new one
        for place in self._places:
            trouble = await place.take(order.text)
            if trouble and place is self._pages:
                self._order = before
                _log.error("%s is not taken, the running configuration stays: %s", order.file, trouble)
                return False
            if trouble:
                _log.error("%s does not take %s and is replaced: %s", place.name, order.file, trouble)
                with contextlib.suppress(ProcessFailed):
                    await place.fill()
        return True

    async def _renew(self, order: Order) -> bool:
        """Put a new process in each place. The first that can't start leaves the others, and what came before it goes
        back to the configuration that it had."""
        before, self._order = self._order, order
        for number, place in enumerate(self._places):
            try:
                await place.fill()
            except ProcessFailed as fault:
                self._order = before
                _log.error("no new %s, everything stays as it was: %s", place.name, fault)
                for changed in self._places[:number] if order is not before else ():
                    with contextlib.suppress(ProcessFailed):
                        await changed.fill()
                return False
        return True

    async def _end(self) -> None:
        """Everybody finishes what is under way: the workers, then the pages that they may be waiting for."""
        for place in self._places:
            place.stop()
        asyncio.get_running_loop().call_later(_TAKEN_SECONDS, self._listeners.refuse)
        for places in (self._lanes, [self._pages]):
            for place in places:
                place.leave(STOP_SECONDS, IDLE_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS + _LAST_SECONDS):
                    for place in places:
                        await place.emptied()

    async def _end_now(self) -> None:
        for place in self._places:
            place.stop()
            place.kill()
        for place in self._places:
            await place.emptied()
