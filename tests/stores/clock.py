"""A clock that stands until a test moves it."""

from __future__ import annotations


class Clock:
    """Gives seconds; `forward` moves it."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
