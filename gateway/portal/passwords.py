"""The password of the person at a page, asked for once more before a second factor is forgotten (E1).

    typed ──► reserve an attempt ──► ask the app ──► right: the count is forgotten
    empty:     locked: stop here      no answer:     wrong: stays counted
    not counted                       given back

Counted as wrong codes are, under a name of its own, so that a session left open on a desk is no place to guess a
password. What was typed is handed to the app and to nobody else: it is not kept, logged or shown again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from gateway.core.errors import UpstreamUnavailable
from gateway.core.lockout import Locked, LockoutLimits, Reserved, Stopped
from gateway.core.password_answer import PasswordAnswer
from gateway.portal.events import Event
from gateway.portal.second_factor import Standing
from gateway.portal.views import Message
from gateway.portal.visits import Portal, Visit

# An app that gives no answer to guesses but one to the right password would make them free: so not for ever.
UNANSWERED_TRIES = 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Right:
    """The app took it."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Nothing was typed: not counted."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """The app did not take it; tries are left."""


@dataclass(frozen=True, slots=True)
class Barred:
    """No password is checked now."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The app did not say: nobody knows whether it is right."""


Outcome = Right | Missing | Wrong | Barred | Unanswered
_WORDS = {Missing: "empty", Wrong: "wrong", Unanswered: "unanswered"}


async def check(portal: Portal, visit: Visit, typed: str) -> Outcome:
    """Whether `typed` is the password of the person at this page. Raises StoreUnavailable."""
    if not typed:
        return Missing()
    registry, limits = portal.offices.registry, portal.factors.limits
    attempt = await registry.reserve_attempt(_name(visit), portal.clock(), limits)
    if isinstance(attempt, Locked | Stopped):
        return Barred()
    try:
        answer = await portal.offices.check_password(visit.live, typed, visit.asker.address)
    except UpstreamUnavailable as fault:
        _log.warning("a password could not be checked: %s, reference %s", fault, visit.asker.reference)
        return await _unanswered(portal, visit, attempt)
    if answer is PasswordAnswer.RIGHT:
        await registry.clear_attempts(_name(visit))
        await registry.clear_attempts(_unanswered_name(visit))
        return Right()
    return await _refused(portal, visit, attempt)


async def standing(portal: Portal, visit: Visit) -> Standing:
    """How this person stands with wrong passwords, for showing."""
    return await portal.factors.standing(_name(visit))


def word_of(outcome: Outcome) -> str:
    """The word by which an outcome travels from POST to page."""
    return _WORDS.get(type(outcome), "")


def fault_of(word: str, now_at: Standing, limits: LockoutLimits) -> Message | None:
    """The sentence for the word. Counts come from the registry: nobody can put them into an address."""
    if word in ("empty", "unanswered"):
        return Message(f"reset.password.{word}")
    if word != "wrong" or now_at.failures == 0:
        return None
    if now_at.left <= 1:
        return Message("reset.password.wrong.last", (("length", limits.lock_seconds),))
    return Message("reset.password.wrong", (("left", str(now_at.left)), ("length", limits.lock_seconds)))


async def _refused(portal: Portal, visit: Visit, attempt: Reserved) -> Outcome:
    now = portal.clock()
    await portal.record(visit.asker.event(Event.PASSWORD_REFUSED, now, (("left", str(attempt.left)),)))
    if not attempt.stopped and attempt.locked_until is None:
        return Wrong()
    await portal.record(visit.asker.event(Event.PASSWORD_LOCKED, now))
    return Barred()


async def _unanswered(portal: Portal, visit: Visit, attempt: Reserved) -> Outcome:
    registry, limits = portal.offices.registry, portal.factors.limits
    patience = LockoutLimits(UNANSWERED_TRIES, limits.lock_seconds, None)
    spared = await registry.reserve_attempt(_unanswered_name(visit), portal.clock(), patience)
    if isinstance(spared, Reserved):
        await registry.give_back_attempt(_name(visit), attempt)
    return Unanswered()


def _name(visit: Visit) -> str:
    """No login ID is called so: canonical ones have no small letters."""
    return f"password:{visit.login_id}"


def _unanswered_name(visit: Visit) -> str:
    return f"password-unanswered:{visit.login_id}"
