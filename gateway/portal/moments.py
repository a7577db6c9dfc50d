"""Times and lengths of time as people read them, in the operator's zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.core.calendar import spoken_date, spoken_time

_UNITS = (("時間", "hour", 3600), ("分", "minute", 60), ("秒", "second", 1))


def moment(seconds: float, zone: ZoneInfo, language: str) -> str:
    """Date and time: 2026年11月21日(土) 9:05."""
    when = datetime.fromtimestamp(seconds, zone)
    return f"{spoken_date(when, language)} {spoken_time(when)}"


def clock(seconds: float, now: float, zone: ZoneInfo, language: str) -> str:
    """The time alone, with the date when it lies on another day than `now`."""
    when = datetime.fromtimestamp(seconds, zone)
    if when.date() == datetime.fromtimestamp(now, zone).date():
        return spoken_time(when)
    return f"{spoken_date(when, language)} {spoken_time(when)}"


def length(seconds: float, language: str) -> str:
    """A length of time in its largest whole unit: 30分, 30 minutes."""
    whole = round(seconds)
    japanese, english, size = next((unit for unit in _UNITS if whole >= unit[2] and whole % unit[2] == 0), _UNITS[-1])
    count = whole // size
    if language == "ja":
        return f"{count}{japanese}"
    return f"{count} {english}" + ("" if count == 1 else "s")


def iso(seconds: float, zone: ZoneInfo) -> str:
    """For the `datetime` attribute of `<time>`."""
    return datetime.fromtimestamp(seconds, zone).isoformat(timespec="minutes")
