"""Enrolling a second factor and checking codes: the rules of R-001 to R-023 in the order in which they must hold.

    typed ── normalise ──► reserve an attempt ──► evaluate ──► claim the step
             not counted    locked: stop here     wrong         used before

What cannot be a code is answered without counting. The attempt is counted before the code is looked at, so that a
thousand requests at once get five evaluations; the step is claimed by the registry, so that a code counts once.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.core.lockout import Locked, LockoutLimits, Reserved, Stopped
from gateway.core.normal_forms import normal_form
from gateway.core.totp import SECRET_BYTES, Window, clock_offset_steps, matching_step, normalise_code
from gateway.portal.events import Asker, Event
from gateway.stores.base import AlreadyEnrolled, Registry

PENDING_SECONDS = 600.0  # an unconfirmed secret lives ten minutes at most
_GAPS = re.compile(r"[\s\-‐-―−ー]")


class Seals(Protocol):
    """The part of a key ring that seals secrets for their owner."""

    def seal(self, data: bytes, owner: bytes) -> bytes:
        """Encrypt for this owner."""

    def open(self, sealed: bytes, owner: bytes) -> bytes:
        """Decrypt; raises SealBroken when it was sealed for somebody else."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The code is right and was not used before."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What was typed cannot be a code: not evaluated, not counted. `fault` is `empty`, `letters` or `length-N`."""

    fault: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """The code is not right; tries are left."""


@dataclass(frozen=True, slots=True)
class Used:
    """The code was right once, and once is how often it counts."""


@dataclass(frozen=True, slots=True)
class LockedOut:
    """No code is evaluated now. `imposed`: since this very attempt."""

    imposed: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """The secret that the page showed is not pending any more: ended, or replaced from another browser."""


@dataclass(frozen=True, slots=True)
class NotEnrolled:
    """There is nothing to check a code against."""


@dataclass(frozen=True, slots=True)
class Unregistered:
    """The registration code that this enrolment needs is not good any more. The secret stays pending."""


Outcome = Accepted | Unreadable | Wrong | Used | LockedOut | Ended | NotEnrolled | Unregistered


@dataclass(frozen=True, slots=True)
class Standing:
    """How a login ID stands with wrong codes. `locked_until` is set only while it lies ahead."""

    left: int
    failures: int
    locked_until: float | None
    stopped: bool

    @property
    def locked(self) -> bool:
        """Whether no code is taken now."""
        return self.stopped or self.locked_until is not None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret to show, in base32, until `ends_at`."""

    secret: str = field(repr=False)
    nonce: str
    ends_at: float


class SecondFactors:
    """Everything that the pages do with second factors. Every method may raise StoreUnavailable."""

    def __init__(
        self,
        registry: Registry,
        keys: Seals,
        limits: LockoutLimits,
        window: Window,
        issuer: str,
        clock: Callable[[], float],
    ) -> None:
        self._registry = registry
        self._keys = keys
        self.limits = limits
        self._window = window
        self.issuer = issuer
        self._clock = clock

    async def enrolled(self, login_id: str) -> bool:
        """Whether this login ID has a confirmed second factor."""
        return await self._registry.second_factor(login_id) is not None

    async def standing(self, login_id: str) -> Standing:
        """The lock-out as it stands now, for showing."""
        state = await self._registry.lock_state(login_id)
        now, limits = self._clock(), self.limits
        lock_over = state.locked_until is not None and state.locked_until <= now
        failures = 0 if lock_over else state.failures
        left = limits.tries - failures
        if limits.stop_after is not None:
            left = min(left, limits.stop_after - state.total)
        stopped = state.stopped and limits.stop_after is not None
        return Standing(max(left, 0), failures, None if lock_over else state.locked_until, stopped)

    async def begin(self, asker: Asker, owner: str) -> Enrolment | AlreadyEnrolled:
        """Begin an enrolment or go on with this owner's: a reload shows the same secret and moves its end."""
        login_id = asker.subject.login_id
        now = self._clock()
        fresh = self._keys.seal(base64.b32encode(secrets.token_bytes(SECRET_BYTES)), login_id.encode())
        pending = await self._registry.begin_enrolment(login_id, fresh, owner, now, now + PENDING_SECONDS)
        if isinstance(pending, AlreadyEnrolled):
            return pending
        if pending.secret == fresh:
            await self._registry.record(asker.event(Event.ENROLMENT_BEGUN, now))
        return Enrolment(self._opened(pending.secret, login_id), pending.nonce, pending.expires_at)

    async def confirm(self, asker: Asker, nonce: str, typed: str, registration: bytes | None = None) -> Outcome:
        """Make the pending secret with this nonce the second factor, if `typed` is a code of it (R-022).

        `registration`: the sealed registration code that allows it and is spent with it, where one is demanded.
        """
        login_id = asker.subject.login_id
        code = normalise_code(typed)
        if code is None:
            return Unreadable(what_is_wrong(typed))
        pending = await self._registry.pending_enrolment(login_id, nonce, self._clock())
        if pending is None:
            return Ended()
        found = await self._evaluate(asker, self._opened(pending.secret, login_id), code)
        if not isinstance(found, int):
            return found
        now = self._clock()
        confirmed = await self._registry.confirm_enrolment(
            login_id, nonce, found, now, address=asker.address, code=registration
        )
        if not confirmed:
            return Ended() if registration is None else await self._unspent(login_id, registration)
        await self._registry.record(asker.event(Event.ENROLMENT_CONFIRMED, now))
        return Accepted()

    async def _unspent(self, login_id: str, registration: bytes) -> Ended | Unregistered:
        """What was in the way of an enrolment: its registration code, or the secret."""
        good = await self._registry.registration_code(login_id, self._clock())
        return Ended() if good is not None and good.code == registration else Unregistered()

    async def verify(self, asker: Asker, typed: str) -> Outcome:
        """Check one code against the confirmed second factor and claim it."""
        login_id = asker.subject.login_id
        code = normalise_code(typed)
        if code is None:
            return Unreadable(what_is_wrong(typed))
        factor = await self._registry.second_factor(login_id)
        if factor is None:
            return NotEnrolled()
        found = await self._evaluate(asker, self._opened(factor.secret, login_id), code)
        if not isinstance(found, int):
            return found
        now = self._clock()
        if not await self._registry.accept_step(login_id, found, now):
            await self._registry.record(asker.event(Event.CODE_REPLAYED, now))
            return LockedOut() if (await self.standing(login_id)).locked else Used()
        await self._registry.record(asker.event(Event.CODE_ACCEPTED, now))
        return Accepted()

    async def _evaluate(self, asker: Asker, secret: str, code: str) -> int | Wrong | LockedOut:
        """The step that `code` belongs to, after the attempt was counted."""
        now = self._clock()
        attempt = await self._registry.reserve_attempt(asker.subject.login_id, now, self.limits)
        if isinstance(attempt, Locked | Stopped):
            return LockedOut()
        step = matching_step(secret, code, now, self._window)
        if step is not None:
            return step
        return await self._refused(asker, attempt, clock_offset_steps(secret, code, now), now)

    async def _refused(self, asker: Asker, attempt: Reserved, offset: int | None, now: float) -> Wrong | LockedOut:
        """Record a wrong code; how far off the device's clock seems to be is for the operator only."""
        detail = (("left", str(attempt.left)),) + ((("clock_offset_steps", str(offset)),) if offset is not None else ())
        await self._registry.record(asker.event(Event.CODE_REFUSED, now, detail))
        if attempt.stopped:
            await self._registry.record(asker.event(Event.FACTOR_STOPPED, now))
        elif attempt.locked_until is not None:
            await self._registry.record(asker.event(Event.FACTOR_LOCKED, now))
        else:
            return Wrong()
        return LockedOut(imposed=True)

    def _opened(self, sealed: bytes, login_id: str) -> str:
        return self._keys.open(sealed, login_id.encode()).decode("ascii")


def what_is_wrong(typed: str) -> str:
    """Why this cannot be a code: `empty`, `letters`, or `length-N` for N digits."""
    folded = _GAPS.sub("", normal_form("NFKC", typed[:200]))
    if not folded:
        return "empty"
    if folded.isascii() and folded.isdigit():
        return f"length-{len(folded)}"
    return "letters"
