"""A person's tenants as last read: a pin in the file, else the registry, else the file's entry, else the default.

What was read counts for `max_age` seconds, and on for as long as the offices' revisions say that nothing has changed:
a tenant's change holds at the next request (C7) without a query for each. When the registry does not answer, open
sessions go on under the settings last read (rule 7); one that stands still holds them up for a second once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gateway.core.errors import StoreUnavailable
from gateway.core.policy import TenantFacts, TenantSettings
from gateway.core.subject import Subject
from gateway.stores.base import Registry
from gateway.stores.revisions import IN_SILENCE_SECONDS, Revisions


class Entry(Protocol):
    """What the configuration says of one tenant; `pinned`: the registry is not asked."""

    @property
    def settings(self) -> TenantSettings:
        """The settings."""

    @property
    def pinned(self) -> bool:
        """Whether the settings pages cannot change them."""


_MOST_TOGETHER = 8192  # each is of use for less than a second: few, close together in memory


@dataclass(slots=True)
class _Known:
    stored: TenantSettings | None
    read_at: float
    asked_at: float  # later than read_at when the registry did not answer since
    revision: int | None  # of the office, as known before this was read


Key = tuple[str, str | None]  # (office, None) or (office, establishment)


@dataclass(slots=True)
class TenantMemory:
    """What the registry said of tenants, and what it is being asked. It may outlive a configuration: while the registry
    does not answer, open sessions go on under a new one too."""

    known: dict[Key, _Known] = field(default_factory=dict)
    reads: dict[Key, asyncio.Task[TenantSettings | None]] = field(default_factory=dict)


class TenantReader:
    """Reads settings through a short memory. Keys of the mappings: office; (office, establishment)."""

    def __init__(
        self,
        registry: Registry,
        offices: Mapping[str, Entry],
        establishments: Mapping[tuple[str, str], Entry],
        office_default: TenantSettings,
        establishment_default: TenantSettings,
        clock: Callable[[], float],
        revisions: Revisions,
        max_age: float = 1.0,
        memory: TenantMemory | None = None,
    ) -> None:
        """`clock` gives seconds, the same as for `revisions`; `max_age` in seconds. `memory`: of a reader before."""
        self._registry = registry
        self._entries: dict[Key, Entry] = {(office, None): entry for office, entry in offices.items()}
        self._entries.update(establishments.items())
        self._office_default = office_default
        self._establishment_default = establishment_default
        self._clock = clock
        self._max_age = max_age
        memory = memory or TenantMemory()
        self._known = memory.known
        self._reads = memory.reads
        self._revisions = revisions
        self._together: dict[tuple[str, str], tuple[TenantFacts, float, float]] = {}  # what `peek` gave: from, until

    def peek(self, subject: Subject) -> TenantFacts | None:
        """The facts if they are known and fresh, without I/O. The same object for as long as nothing was read anew."""
        known = self._together.get((subject.office, subject.establishment))
        if known is not None and known[1] <= self._clock() <= known[2]:
            return known[0]
        return self._peek_both(subject)

    def _peek_both(self, subject: Subject) -> TenantFacts | None:
        """As `peek`; what is found is remembered while the older of both is not half as old as it may be. From then on
        the revisions are read beside the requests, so that those of a busy time find everything fresh."""
        keys = _keys(subject)
        office, establishment = (self._peek(key) for key in keys)
        if office is None or establishment is None:
            return None
        now = self._clock()
        read = [self._certain_at(key[0], known) for key in keys if (known := self._known.get(key)) is not None]
        since = min(read) if read else now
        until = since + self._max_age / 2
        if until < now:
            self._revisions.begin()
            until = now
        if len(self._together) >= _MOST_TOGETHER:
            self._together.clear()
        place = (subject.office, subject.establishment)
        before = self._together.get(place)
        same = before is not None and before[0].office is office and before[0].establishment is establishment
        facts = before[0] if before is not None and same else TenantFacts(office, establishment)
        self._together[place] = facts, since, until
        return facts

    async def read(self, subject: Subject) -> TenantFacts:
        """The facts. Raises StoreUnavailable when the registry does not answer and never did for these tenants."""
        office, establishment = [await self._read(key) for key in _keys(subject)]
        return TenantFacts(office, establishment)

    async def close(self) -> None:
        """Ask for nothing more. Nobody may read any longer."""
        await self._revisions.close()
        if self._reads:
            await asyncio.wait(tuple(self._reads.values()))

    def forget(self, office: str, establishment: str | None = None) -> None:
        """Ask the registry at the next request: these settings were just changed here."""
        self._together.clear()  # an office's settings are part of all its establishments' facts
        self._known.pop((office, establishment), None)
        self._reads.pop((office, establishment), None)  # a read under way may have seen the old ones

    def _peek(self, key: Key) -> TenantSettings | None:
        fixed = self._fixed(key)
        if fixed is not None:
            return fixed
        known = self._known.get(key)
        if known is None or not self._fresh(self._certain_at(key[0], known)):
            return None
        return self._told(key, known.stored)

    def _certain_at(self, office: str, known: _Known) -> float:
        """Up to when this is certainly what the registry held."""
        seen = self._revisions.seen
        unchanged = known.revision is not None and known.revision == seen.of(office)
        return max(known.read_at, seen.certain_at) if unchanged else known.read_at

    async def _read(self, key: Key) -> TenantSettings:
        settings = self._peek(key)
        if settings is None:
            await self._revisions.read()
            settings = self._peek(key)
        if settings is not None:
            return settings
        known = self._known.get(key)
        if known is not None and self._fresh(known.asked_at):
            return self._told(key, known.stored)
        read = self._reads.get(key)
        if read is None:
            read = self._reads[key] = asyncio.create_task(self._ask(key))
            read.add_done_callback(_retrieve)
        if known is not None and self._revisions.silent:
            await asyncio.wait((read,), timeout=IN_SILENCE_SECONDS)
            if not read.done():  # no answer: what is known holds, and nobody waits for it anew in the next second
                known.asked_at = self._clock()
                return self._told(key, known.stored)
        # Shared by everybody who waits: one who leaves does not end it.
        return self._told(key, await asyncio.shield(read))

    async def _ask(self, key: Key) -> TenantSettings | None:
        """One query for everybody who waits for this tenant."""
        this = asyncio.current_task()
        began, revision = self._clock(), self._revisions.seen.of(key[0])
        try:
            stored = await self._stored(key)
        except StoreUnavailable:
            known = self._known.get(key)
            if known is None:
                raise
            known.asked_at = self._clock()
            return known.stored
        else:
            if self._reads.get(key) is this:
                self._known[key] = _Known(stored, began, began, revision)
            return stored
        finally:
            if self._reads.get(key) is this:
                del self._reads[key]

    def _fresh(self, at: float) -> bool:
        """A time in the future is not fresh: the clock was set back."""
        return 0 <= self._clock() - at <= self._max_age

    async def _stored(self, key: Key) -> TenantSettings | None:
        office, establishment = key
        if establishment is None:
            return await self._registry.office_settings(office)
        return await self._registry.establishment_settings(office, establishment)

    def _fixed(self, key: Key) -> TenantSettings | None:
        """Settings that no registry can change: pinned, or of a person without such a tenant."""
        entry = self._entries.get(key)
        if entry is not None and entry.pinned:
            return entry.settings
        return self._unset(key) if "" in key else None

    def _told(self, key: Key, stored: TenantSettings | None) -> TenantSettings:
        return self._unset(key) if stored is None else stored

    def _unset(self, key: Key) -> TenantSettings:
        """What holds for a tenant that never set anything."""
        entry = self._entries.get(key)
        if entry is not None:
            return entry.settings
        return self._office_default if key[1] is None else self._establishment_default


def _keys(subject: Subject) -> tuple[Key, Key]:
    return (subject.office, None), (subject.office, subject.establishment)


def _retrieve(read: asyncio.Task[TenantSettings | None]) -> None:
    """A read that failed after everybody left has told nobody; that is no fault of the program."""
    if not read.cancelled():
        read.exception()
