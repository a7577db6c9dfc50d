"""What the pages ask of whoever keeps the roster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Freshness:
    """Whether a list from the operator's database is up to date. `read_at` None: it was never read."""

    current: bool
    read_at: float | None


class RefreshRoster(Protocol):
    """Brings the roster up to date from the operator's database where one is configured; else does nothing."""

    async def establishments(self, office: str) -> Freshness:
        """An office's establishments. A database that does not answer leaves what was read before."""

    async def people(self, office: str, establishment: str) -> Freshness:
        """The people of one establishment; with an empty code the office's own staff."""
