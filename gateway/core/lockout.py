"""Lock-outs of a login ID's second factor: outcomes as values; the counting is one statement of the registry."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LockoutLimits:
    """B4, B5: tries before a lock, how long it lasts (seconds), wrong codes in a row before only a reset helps."""

    tries: int = 5
    lock_seconds: float = 1800
    stop_after: int | None = 20


@dataclass(frozen=True, slots=True)
class Reserved:
    """One attempt is counted and may be evaluated now. `left`: tries left if this one is wrong."""

    left: int
    locked_until: float | None  # set when this was the last try: the lock already stands
    stopped: bool  # set when this was the last try before only a reset helps


@dataclass(frozen=True, slots=True)
class Locked:
    """No code is evaluated before `until` (Unix seconds)."""

    until: float


@dataclass(frozen=True, slots=True)
class Stopped:
    """No code is evaluated until somebody resets this second factor."""


Attempt = Reserved | Locked | Stopped


@dataclass(frozen=True, slots=True)
class LockState:
    """What the registry knows of wrong codes: `failures` since the last lock or success, `total` in a row."""

    failures: int = 0
    total: int = 0
    locked_until: float | None = None
    stopped: bool = False
