"""How many audit events strangers may cause: a flood of wrong passwords must not fill the registry (R-019, rule 10)."""

from __future__ import annotations

from collections import Counter

WINDOW_SECONDS = 60.0


class Budget:
    """Counts per key and in all, in windows of a minute. Memory is bounded by `total`."""

    def __init__(self, per_key: int = 20, total: int = 600) -> None:
        self._per_key = per_key
        self._total = total
        self._began = float("-inf")
        self._spent: Counter[str] = Counter()

    def spend(self, key: str, now: float) -> bool:
        """Whether one more is within the budget at `now` (seconds); counts it if so."""
        if not 0 <= now - self._began < WINDOW_SECONDS:
            self._began = now
            self._spent.clear()
        if self._spent[key] >= self._per_key or self._spent.total() >= self._total:
            return False
        self._spent[key] += 1
        return True
