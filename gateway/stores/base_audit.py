"""The audit record as it is read: search, chain, figures for charts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Who did what to whom, when, from where. `name` is `source.subject.action`; `detail` is small JSON-able data."""

    at: float
    name: str
    reference: str
    actor: str
    subject: str
    office: str
    establishment: str
    address: str
    detail: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which events are meant. `office` None: of every office (operators only). `names`: exact event names; empty: all.

    `text`: a login ID (as actor or subject), an establishment code, or a reference: exact, canonical.
    """

    office: str | None
    since: float | None = None
    until: float | None = None
    names: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class NumberedEvent:
    """An event with its number in the chain, counted from 1 without gaps."""

    number: int
    event: AuditEvent


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Newest first. `older`: whether there are more before the last one; pages go on by number, not by offset."""

    events: tuple[NumberedEvent, ...]
    older: bool


@dataclass(frozen=True, slots=True)
class ChainFault:
    """Where the chain does not hold, and how: `changed` (a record, its place, or the head that it followed), `missing`
    (from here on), `head` (the end is forged, or not the one that was noted), `base` (the beginning is forged)."""

    number: int
    what: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What verifying found. `head` (number and digest) may be noted elsewhere: with it a later run tells whether the
    end was cut off and set back."""

    first: int
    last: int
    count: int
    unchained: int  # records of a version without a chain, before `first`
    head: str
    faults: tuple[ChainFault, ...]


@dataclass(frozen=True, slots=True)
class DayCount:
    """How often an event happened on a day (days since 1970-01-01 in the operator's zone)."""

    day: int
    name: str
    count: int


class AuditTrail(Protocol):
    """The audit part of a Registry."""

    async def find_events(self, query: AuditQuery, before: int | None, limit: int) -> AuditPage:
        """Events with a number below `before` (None: the newest), newest first."""

    def every_event(self, query: AuditQuery) -> AsyncIterator[tuple[NumberedEvent, ...]]:
        """All of them, oldest first, some hundreds at a time: an export holds neither memory nor loop."""

    async def verify_chain(self, expected_head: str = "") -> ChainReport:
        """Walk the whole chain, while others append to it. `expected_head`: a head noted earlier, which must be part of
        it. Raises SealBroken when the ring does not open the chain's key, ValueError for what is no head."""

    async def prune_events(self, before: float, at_most: int) -> int:
        """Forget the oldest events from before this moment, at most so many; how many. The chain stays verifiable."""

    async def daily_counts(
        self, office: str, names: tuple[str, ...], since: float, offset_seconds: int
    ) -> tuple[DayCount, ...]:
        """How often each event happened per day; a day begins `offset_seconds` before midnight UTC (+9 h: 32400)."""

    async def setting_history(self, office: str, since: float) -> tuple[tuple[float, int], ...]:
        """Moments at which the number of establishments that use the second factor changed, and by how much, oldest
        first, from the audit record's before and after."""


@dataclass(frozen=True, slots=True)
class OfficeReadiness:
    """An office's people before a date. `stopped`: they can do nothing without a code and have none to give;
    `restricted_only`: not enrolled, but what their establishment exempts goes on working; `barred`: enrolled and
    needing a code, but locked then, or stopped."""

    office: str
    people: int
    enrolled: int
    not_enrolled: int
    stopped: int
    restricted_only: int
    barred: int
    unaffected: int  # need no code at that moment


@dataclass(frozen=True, slots=True)
class UnreadyPerson:
    """Somebody who is not enrolled and will need a code; `exempt` False: stopped altogether."""

    login_id: str
    office: str
    establishment: str
    name: str
    exempt: bool


class Readiness(Protocol):
    """The question before a date: who will be stopped on it (F4)?"""

    async def readiness(self, rules: ReadinessRules, office: str | None = None) -> tuple[OfficeReadiness, ...]:
        """By office, for everybody in the roster; of one office alone when it is given."""

    def unready_people(
        self, rules: ReadinessRules, office: str | None = None
    ) -> AsyncIterator[tuple[UnreadyPerson, ...]]:
        """Who they are, by office, establishment and login ID, some hundreds at a time."""


@dataclass(frozen=True, slots=True)
class ReadinessRules:
    """What holds at the moment that is asked for. `mandatory`: settings do not count any more; `nobody`: before the
    optional date. The defaults are those of the configuration; entries and pins are in the registry."""

    at: float
    mandatory: bool
    nobody: bool
    office_uses: bool
    establishment_uses: bool
    establishment_exempts: bool
