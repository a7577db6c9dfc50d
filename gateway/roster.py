"""Keeping the roster: who exists, taken over from configuration, CSV files and the operator's database.

    configuration, CSV ── at the start, when they are others ───────┐
    operator's database ── a tenant at a time, when a page asks ────┼──► stores.base_tenants.Roster
    people who sign in ── at most once a day each ──────────────────┘

Nothing here ever keeps a person from signing in, and nobody waits longer than a page may take.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine
from typing import Any

from gateway.config.settings import Configuration
from gateway.core.errors import StoreUnavailable
from gateway.core.subject import Kind, Subject
from gateway.directory.base import Directory
from gateway.portal.refreshing import Freshness
from gateway.roster_lists import configured_lists, establishment_line, person_line
from gateway.stores.base_tenants import PersonLine, Roster

START_SECONDS = 5.0  # so long a start waits for the lists of the configuration
WAIT_SECONDS = 10.0  # so long a page waits for the operator's database; what is under way then goes on
GATHER_SECONDS = 0.25  # who signs in within that is written together: a transaction each costs as much as a page
PAUSE_SECONDS = 5.0  # so long a database that did not answer is not asked again
DAY_SECONDS = 86400.0
_AT_ONCE = 4  # lists read at the same time: the database answers sign-ins too
_NOTED_PEOPLE = 50_000
_UNWRITTEN_PEOPLE = 1000
_TOGETHER = 100
_LAST_SECONDS = 1.0  # so long an end waits for who was not written yet
_log = logging.getLogger("sekisho.roster")

Clock = Callable[[], float]
Key = tuple[str, str | None]  # (office, None): its establishments; (office, establishment): people


class RosterKeeper:
    """Brings the registry's roster up to date (`portal.refreshing.RefreshRoster`)."""

    def __init__(
        self, registry: Roster, directory: Directory, configuration: Configuration, clock: Clock, monotonic: Clock
    ) -> None:
        """`clock`: Unix seconds; `monotonic`: seconds that never go back."""
        self._registry = registry
        self._directory = directory
        self._configuration = configuration
        self._clock = clock
        self._monotonic = monotonic
        sql = configuration.directory.sql
        self._kept_seconds = sql.cache_seconds if sql is not None else 0.0
        self._lists_establishments = sql is not None and bool(sql.establishments_query)
        self._lists_people = sql is not None and bool(sql.people_query)
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._reads: dict[Key, asyncio.Task[float | None]] = {}
        self._failed_at: dict[Key, float] = {}
        self._noted: OrderedDict[str, float] = OrderedDict()
        self._unwritten: deque[tuple[PersonLine, float]] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._taking_over: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    async def begin(self) -> None:
        """Take over what the configuration lists. A long list may go on after this."""
        self._taking_over = self._start(self._take_over())
        await asyncio.wait({self._taking_over}, timeout=START_SECONDS)

    def leave_off(self) -> None:
        """Another configuration is in force: take over nothing more from this one."""
        if self._taking_over is not None:
            self._taking_over.cancel()

    async def close(self) -> None:
        """Leave off whatever is under way; who signed in a moment ago is still noted, if that is quick."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                while self._unwritten:
                    await self._write_some()

    async def establishments(self, office: str) -> Freshness:
        """See RefreshRoster. Raises StoreUnavailable when the registry does not answer."""
        if not (self._lists_establishments and office):
            return Freshness(True, None)
        return await self._fresh((office, None))

    async def people(self, office: str, establishment: str) -> Freshness:
        """See RefreshRoster. Raises StoreUnavailable when the registry does not answer."""
        if not (self._lists_people and office):
            return Freshness(True, None)
        return await self._fresh((office, establishment))

    def note(self, subject: Subject, at: float) -> None:
        """Remember somebody who signed in, soon and if nothing hinders it. Never waits, never fails."""
        if not subject.office or subject.kind is Kind.UNKNOWN:
            return
        last = self._noted.get(subject.login_id)
        if (last is not None and 0 <= at - last < DAY_SECONDS) or len(self._unwritten) >= _UNWRITTEN_PEOPLE:
            return
        self._noted[subject.login_id] = at
        self._noted.move_to_end(subject.login_id)
        if len(self._noted) > _NOTED_PEOPLE:
            self._noted.popitem(last=False)
        self._unwritten.append((person_line(subject), at))
        if self._writer is None or self._writer.done():
            self._writer = self._start(self._write())

    def _start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            _log.error("the roster is not kept: %r", fault, exc_info=fault)

    async def _take_over(self) -> None:
        """In a thread as far as it is work: a million people take seconds. Until the registry has them."""
        lists = await asyncio.to_thread(configured_lists, self._configuration, self._directory)
        while True:
            try:
                await self._registry.replace_configured(lists.digest, lists.establishments, lists.entries, lists.people)
            except StoreUnavailable as fault:
                _log.warning("the lists of the configuration wait: %s", fault)
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                return

    async def _fresh(self, key: Key) -> Freshness:
        """One read at a time for each key, shared by everybody who waits for it."""
        read_at = await self._registry.read_at(*key)
        if read_at is not None and 0 <= self._clock() - read_at < self._kept_seconds:
            return Freshness(True, read_at)
        failed_at = self._failed_at.get(key)
        if failed_at is not None and self._monotonic() - failed_at < PAUSE_SECONDS:
            return Freshness(False, read_at)
        read = self._reads.get(key)
        if read is None:
            read = self._reads[key] = self._start(self._read(key))
        await asyncio.wait({read}, timeout=WAIT_SECONDS)
        at = read.result() if read.done() and not read.cancelled() and read.exception() is None else None
        return Freshness(False, read_at) if at is None else Freshness(True, at)

    async def _read(self, key: Key) -> float | None:
        """When the list was taken over; None when it was not."""
        try:
            async with self._places:
                at = self._clock()
                await self._replace(key, at)
        except StoreUnavailable as fault:
            _log.warning("a list is not brought up to date: %s", fault)
            self._failed_at = {one: when for one, when in self._failed_at.items() if self._recent(when)}
            self._failed_at[key] = self._monotonic()
            return None
        finally:
            del self._reads[key]
        self._failed_at.pop(key, None)
        return at

    def _recent(self, when: float) -> bool:
        return self._monotonic() - when < PAUSE_SECONDS

    async def _replace(self, key: Key, at: float) -> None:
        office, establishment = key
        if establishment is None:
            listed = await self._directory.establishments(office)
            if listed is not None:
                await self._registry.replace_establishments(office, map(establishment_line, listed), at)
            return
        people = await self._directory.people(office, establishment)
        if people is not None:
            await self._registry.replace_people(office, establishment, map(person_line, people), at)

    async def _write(self) -> None:
        while self._unwritten:
            await asyncio.sleep(GATHER_SECONDS)
            await self._write_some()

    async def _write_some(self) -> None:
        """Some together. A registry that does not answer is left alone: they will come again."""
        some = [self._unwritten.popleft() for _ in range(min(_TOGETHER, len(self._unwritten)))]
        try:
            await self._registry.note_people(some)
        except StoreUnavailable as fault:
            _log.info("nobody who signed in is noted: %s", fault)
            for missed, _ in (*some, *self._unwritten):
                self._noted.pop(missed.login_id, None)
            self._unwritten.clear()
