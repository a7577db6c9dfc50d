"""What every store guarantees. Each method says what an implementer must hold to; contract suites check it.

All times are Unix seconds. Every method raises StoreUnavailable when the store did not answer in time:
"not found" (None, False) and "did not answer" are never the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.core.lockout import Attempt, LockoutLimits, LockState, Reserved
from gateway.core.policy import TenantSettings
from gateway.stores.base_audit import AuditEvent, AuditTrail, Readiness
from gateway.stores.base_people import People
from gateway.stores.base_tenants import Drafts, Roster, Settings

__all__ = [
    "MOST_OF_ONE_OWNER",
    "AlreadyEnrolled",
    "AuditEvent",
    "PendingEnrolment",
    "Registry",
    "SecondFactor",
    "SessionStore",
    "Stored",
]


@dataclass(slots=True)
class Stored:
    """Bytes of a session with the version that a replacement must name.

    `seen_at` is when the session was last used as far as `touch` told (0: never told); it moves without a new version.
    `expires_at` is the row's end. `stands` goes False, for good, when this process learns that there is something
    newer. `read_at` (monotonic time) and `used` are the store's own.
    """

    version: int
    data: bytes = field(repr=False)
    seen_at: float = 0.0
    expires_at: float = field(default=0.0, compare=False)
    stands: bool = field(default=True, compare=False, repr=False)
    read_at: float = field(default=0.0, compare=False, repr=False)
    used: bool = field(default=False, compare=False, repr=False)


MOST_OF_ONE_OWNER = 100


class SessionStore(Protocol):
    """Bytes with a lifetime under a key; serialisation and encryption happen above (`stores.sessions`).

    The first two bytes of a key say where a store of several machines keeps it: `rotate` is one step because they are
    the same in both of its keys.
    """

    def peek(self, key: bytes) -> Stored | None:
        """What is known in this process without any I/O and still certain to be current; None otherwise."""

    def current(self, stored: Stored) -> bool:
        """Whether what `peek` gave is still certain to be current, its end apart. Without I/O, as cheap as can be."""

    def touch(self, key: bytes, seen_at: float) -> None:
        """Note that the session was used. Without I/O: written within about a second, many in one round trip.

        `seen_at` of the row moves forward only; nothing else changes, and nobody is told. A process that is killed, or
        a store that is away, loses the last of them.
        """

    async def get(self, key: bytes) -> Stored | None:
        """The stored bytes, or None when there are none or their time has come."""

    async def create(self, key: bytes, data: bytes, owner: str, expires_at: float) -> None:
        """Store under a new key (version 1), and remember it among the owner's keys.

        An owner has at most `MOST_OF_ONE_OWNER` keys: beyond, the one that ends soonest is forgotten (R-041). Offices
        share login IDs, so the bound is wide; it keeps one password from filling the store.
        """

    async def replace(self, key: bytes, version: int, data: bytes, expires_at: float) -> bool:
        """Compare and swap: False, and nothing written, unless `version` is still the stored one. It grows by 1."""

    async def rotate(self, old: bytes, new: bytes, version: int, data: bytes, owner: str, expires_at: float) -> bool:
        """In one step: `old` (at `version`) is gone, `new` exists, what was held under `old` is held under `new`.

        Both begin with the same two bytes.

        False, and nothing changed, when `old` is gone or at another version. Of two concurrent calls one wins.
        """

    async def remove(self, key: bytes) -> bool:
        """Forget the key and what is held under it; True when it was there."""

    async def owned(self, owner: str) -> list[bytes]:
        """The keys of this owner; some may be gone already."""

    async def remove_owner(self, owner: str) -> int:
        """Forget every key of this owner; how many there were."""

    async def present(self, owners: Sequence[str]) -> int:
        """How many of these owners have a key whose time has not come."""

    async def hold(self, key: bytes, data: bytes, expires_at: float) -> None:
        """Keep one large value beside a session (an answer or a form that waits). A second one replaces it."""

    async def take_held(self, key: bytes) -> bytes | None:
        """Claim what is held, once: of two concurrent calls one gets it, the other None."""

    async def mark(self, name: bytes, expires_at: float) -> bool:
        """Set a mark that ends by itself; False when it was already set. One operation, never read then write.

        It stands until `expires_at`, and is gone ten minutes later at the latest.
        """

    async def marked(self, name: bytes) -> bool:
        """Whether the mark stands."""

    async def ping(self) -> None:
        """Raise StoreUnavailable unless the store answers."""

    async def close(self) -> None:
        """Write what `touch` noted, release connections."""


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """A confirmed second factor. `secret` is sealed for this login ID."""

    login_id: str
    secret: bytes = field(repr=False)
    enrolled_at: float
    last_step: int


@dataclass(frozen=True, slots=True)
class PendingEnrolment:
    """A secret shown on an enrolment page and not yet confirmed. `nonce` must come back with the code."""

    login_id: str
    secret: bytes = field(repr=False)
    nonce: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class AlreadyEnrolled:
    """This login ID has a confirmed second factor: nothing was begun (R-023)."""


class Registry(Settings, Roster, Drafts, People, AuditTrail, Readiness, Protocol):
    """Durable records: second factors, lock-outs, tenants, people, audit. Every change is one transaction."""

    async def office_settings(self, office: str) -> TenantSettings | None:
        """What this office has set; None when it never set anything."""

    async def establishment_settings(self, office: str, establishment: str) -> TenantSettings | None:
        """What was set for this establishment of this office; None when nothing ever was."""

    async def second_factor(self, login_id: str) -> SecondFactor | None:
        """The confirmed second factor or None."""

    async def begin_enrolment(
        self, login_id: str, secret: bytes, owner: str, now: float, expires_at: float
    ) -> PendingEnrolment | AlreadyEnrolled:
        """Begin or go on. The same `owner` (a session) within its time gets its earlier secret back, with the end
        moved to `expires_at`; anybody else's pending secret is replaced, so only the last one shown counts."""

    async def confirm_enrolment(
        self, login_id: str, nonce: str, step: int, now: float, *, address: str = "", code: bytes | None = None
    ) -> bool:
        """The pending secret with this nonce, if not ended, becomes the second factor with `step` as last used;
        failures are cleared. One statement decides: of two concurrent calls one is True.

        `address` is where it was done from. `code`: the sealed registration code that allowed it, which must be the
        one that is good now and is spent with it; otherwise False, and the pending secret stays. None: none is asked.
        """

    async def pending_enrolment(self, login_id: str, nonce: str, now: float) -> PendingEnrolment | None:
        """The pending secret with this nonce, unless it ended or was replaced."""

    async def reserve_attempt(self, login_id: str, now: float, limits: LockoutLimits) -> Attempt:
        """Count one attempt before it is evaluated, in one statement, so that a thousand at once get `tries` places.

        The reservation that uses the last place sets the lock itself. A lock whose time has come begins a new count
        of `failures`; `total` goes on until a success or a reset.
        """

    async def clear_attempts(self, login_id: str) -> None:
        """Forget what `reserve_attempt` counted: the attempt was right (a password; codes are cleared by
        `accept_step`)."""

    async def give_back_attempt(self, login_id: str, attempt: Reserved) -> None:
        """Undo this reservation: it was evaluated by nobody (the app did not answer). A lock that it set is lifted;
        what other attempts counted stays."""

    async def lock_state(self, login_id: str) -> LockState:
        """The counters as they stand; a LockState of zeros when there are none."""

    async def accept_step(self, login_id: str, step: int, now: float) -> bool:
        """Claim a TOTP step and clear the failures in one transaction: True only if `step` is later than every step
        accepted before. On False the counters stay."""

    async def reset(self, login_id: str) -> bool:
        """Forget second factor, pending secret and lock-out; True when there was something."""

    async def record(self, event: AuditEvent) -> None:
        """Append to the audit record."""

    async def audit_events(self, reference: str) -> list[AuditEvent]:
        """Every event with this reference, oldest first."""

    async def ping(self) -> None:
        """Raise StoreUnavailable unless the database answers."""

    async def close(self) -> None:
        """Release connections."""
