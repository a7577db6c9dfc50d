"""The operator's calendar: today's date in their time zone, worked out once a day, and dates as people read them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAYS_JA = "月火水木金土日"
_DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


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


def spoken_date(day: date, language: str) -> str:
    """2026年11月21日(土) in `ja`; Sat 21 Nov 2026 in any other language."""
    if language == "ja":
        return f"{day.year}年{day.month}月{day.day}日({_DAYS_JA[day.weekday()]})"
    return f"{_DAYS_EN[day.weekday()]} {day.day} {_MONTHS_EN[day.month - 1]} {day.year}"


def spoken_time(moment: datetime) -> str:
    """9:05."""
    return f"{moment.hour}:{moment.minute:02d}"
