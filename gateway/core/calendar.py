"""The operator's calendar: today's date in their time zone, worked out once a day instead of once a request."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


class Calendar:
    """Turns Unix seconds into the date in one time zone; remembers the day that it found last."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._today = date.min
        self._from = self._until = 0.0

    def today(self, now: float) -> date:
        """The date at `now`. A clock that goes back is answered rightly too."""
        if not self._from <= now < self._until:
            self._today = datetime.fromtimestamp(now, self._zone).date()
            midnight = datetime.combine(self._today, time.min, self._zone)
            next_midnight = datetime.combine(self._today + timedelta(days=1), time.min, self._zone)
            self._from, self._until = midnight.timestamp(), next_midnight.timestamp()
        return self._today
