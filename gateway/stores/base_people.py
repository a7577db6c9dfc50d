"""People and their second factors, as administrators see them; registration codes; notices of an enrolment."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.stores.base_tenants import Stamp


class FactorState(enum.StrEnum):
    """How a person stands. A lock or stop is shown before the enrolment behind it."""

    NOT_ENROLLED = "not-enrolled"
    ENROLLED = "enrolled"
    LOCKED = "locked"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class PeopleQuery:
    """Which people of one office (or of one of its establishments) are meant.

    `establishment`: None: all of the office; a code: its people; "": the office's own staff. `text`: a part of ID or
    name, folded on both sides. `enrolled_since`: enrolled at or after (Unix seconds).
    """

    office: str
    establishment: str | None = None
    text: str = ""
    state: FactorState | None = None
    enrolled_since: float | None = None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person with the state of their second factor. `locked_until` only while it lies ahead."""

    login_id: str
    kind: str
    office: str
    establishment: str
    establishment_name: str
    employee: str
    role: str
    name: str
    state: FactorState
    enrolled_at: float | None
    enrolled_from: str
    locked_until: float | None
    code_until: float | None  # an unused registration code is good until then


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Some rows by establishment and login ID, and how many there are in all."""

    rows: tuple[PersonRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a reset is for, as the directory or roster knows them: goes into the audit event."""

    login_id: str
    office: str
    establishment: str


@dataclass(frozen=True, slots=True)
class FactorNotice:
    """An enrolment that its owner must be told of: when, and from which client address."""

    enrolled_at: float
    enrolled_from: str


@dataclass(frozen=True, slots=True)
class RegistrationCode:
    """A code that allows one enrolment. `code` is sealed for this login ID."""

    login_id: str
    code: bytes = field(repr=False)
    issued_at: float
    expires_at: float


class People(Protocol):
    """The people part of a Registry."""

    async def find_people(self, query: PeopleQuery, now: float, offset: int, limit: int) -> PeoplePage:
        """By establishment, then login ID."""

    async def person_row(self, login_id: str, now: float) -> PersonRow | None:
        """One person of the roster."""

    async def login_ids(self, office: str, establishments: Sequence[str]) -> tuple[str, ...]:
        """Login IDs of these establishments' people."""

    async def reset_all(
        self, targets: Sequence[Target], stamp: Stamp, event: str, detail: tuple[tuple[str, str], ...] = ()
    ) -> int:
        """Forget second factor, pending secret, lock-outs (also of wrong passwords) and registration code of each, in
        one transaction with one audit event of this name each and a notice for every process to end their sessions;
        how many had something to forget."""

    async def ended_sessions(self, after: int) -> tuple[int, tuple[str, ...]]:
        """Login IDs whose sessions a reset ended, noted after the number `after`; and the newest number."""

    async def forget_ended_sessions(self, before: float) -> None:
        """Notices older than this moment are of no use: no session is that old."""

    async def enrolment_notice(self, login_id: str, kind: str) -> FactorNotice | None:
        """The enrolment that the next session of this kind (`restricted` or `full`) must show."""

    async def notice_seen(self, login_id: str, kind: str, enrolled_at: float, now: float) -> None:
        """The person has seen it in a session of this kind."""

    async def issue_codes(self, codes: Sequence[RegistrationCode], stamp: Stamp) -> None:
        """Give each of these people a code in place of an earlier one, with an audit event each."""

    async def registration_code(self, login_id: str, now: float) -> RegistrationCode | None:
        """The code that is good now."""

    async def registration_codes(
        self, query: PeopleQuery, now: float
    ) -> tuple[tuple[PersonRow, RegistrationCode], ...]:
        """Everybody of the query who has a code that is good now, for printing and exporting."""
