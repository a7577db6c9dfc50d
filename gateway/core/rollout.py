"""The three dates of a rollout, as Unix seconds already resolved in the operator's time zone."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass


class Phase(enum.StrEnum):
    """Where the rollout stands."""

    BEFORE = "before"  # nobody is asked yet
    OPTIONAL = "optional"  # tenants decide
    ANNOUNCED = "announced"  # tenants decide, clients see a notice
    MANDATORY = "mandatory"  # everybody, whatever the settings say


@dataclass(frozen=True, slots=True)
class Rollout:
    """Dates from which each phase holds; None means that the phase never begins (optional: always began)."""

    optional_from: float | None = None
    announced_from: float | None = None
    mandatory_from: float | None = None

    def phase(self, now: float) -> Phase:
        """The phase at `now`. The latest phase whose date has come wins."""
        if self.mandatory_from is not None and now >= self.mandatory_from:
            return Phase.MANDATORY
        if self.announced_from is not None and now >= self.announced_from:
            return Phase.ANNOUNCED
        if self.optional_from is not None and now < self.optional_from:
            return Phase.BEFORE
        return Phase.OPTIONAL

    def next_change(self, now: float) -> float:
        """When the phase may change next, in Unix seconds; infinity when it stays."""
        dates = (self.optional_from, self.announced_from, self.mandatory_from)
        return min((date for date in dates if date is not None and date > now), default=math.inf)
