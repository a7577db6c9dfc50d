"""The session stores proofs and choices with their times, never a level: the level is derived at each request."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from gateway.core.policy import Policy
from gateway.core.rollout import Rollout
from gateway.core.subject import Kind, Subject


@dataclass(frozen=True, slots=True)
class Session:
    """Proofs (password, TOTP) and the choice of a restricted session. Times are Unix seconds."""

    subject: Subject
    app: str  # the app whose form signed the person in: its sign-in page and sign-out address are this session's
    password_at: float
    seen_at: float
    totp_at: float | None = None
    restricted_at: float | None = None


class Level(enum.StrEnum):
    """Assurance level, lowest first. EXPIRED_* say which limit ended a session."""

    ANONYMOUS = "anonymous"
    EXPIRED_IDLE = "expired-idle"
    EXPIRED_ABSOLUTE = "expired-absolute"
    CHOICE_DUE = "choice-due"
    CODE_DUE = "code-due"
    RESTRICTED = "restricted"
    FULL = "full"


def assurance_level(session: Session | None, policy: Policy | None, now: float) -> Level:
    """Derive the level from proofs, the tenant's policy and the clock (architecture rule 4)."""
    if session is None or policy is None:
        return Level.ANONYMOUS
    if now >= session.password_at + policy.absolute_seconds:
        return Level.EXPIRED_ABSOLUTE
    if now >= session.seen_at + policy.idle_seconds:
        return Level.EXPIRED_IDLE
    if session.totp_at is not None:
        return Level.FULL
    if not policy.required:
        return Level.FULL
    if session.subject.kind is not Kind.ESTABLISHMENT or not policy.exempt:
        return Level.CODE_DUE
    if session.restricted_at is not None:
        return Level.RESTRICTED
    return Level.CHOICE_DUE


def level_holds_until(session: Session, policy: Policy, rollout: Rollout, now: float) -> float:
    """Until when neither level nor policy of this session changes by the clock alone, in Unix seconds."""
    return min(
        session.password_at + policy.absolute_seconds, session.seen_at + policy.idle_seconds, rollout.next_change(now)
    )
