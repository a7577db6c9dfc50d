"""Keeping the roster: who exists, taken over from configuration, CSV files and the operator's database."""

from __future__ import annotations

from gateway.core.subject import Subject
from gateway.portal.visits import Freshness


class RosterKeeper:
    """Brings the registry's roster up to date."""

    async def establishments(self, office: str) -> Freshness:
        """See RefreshRoster."""
        return Freshness(True, None)

    async def people(self, office: str, establishment: str) -> Freshness:
        """See RefreshRoster."""
        return Freshness(True, None)

    def note(self, subject: Subject, at: float) -> None:
        """Remember somebody who signed in."""
