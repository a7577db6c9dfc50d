"""Times and lengths of time as people read them, in the operator's zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

_DAYS_JA = "月火水木金土日"
_DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_UNITS = (("時間", "hour", 3600), ("分", "minute", 60), ("秒", "second", 1))


def moment(seconds: float, zone: ZoneInfo, language: str) -> str:
    """Date and time: 2026年11月21日(土) 9:05."""
    when = datetime.fromtimestamp(seconds, zone)
    return f"{_date(when, language)} {_time(when)}"


def clock(seconds: float, now: float, zone: ZoneInfo, language: str) -> str:
    """The time alone, with the date when it lies on another day than `now`."""
    when = datetime.fromtimestamp(seconds, zone)
    if when.date() == datetime.fromtimestamp(now, zone).date():
        return _time(when)
    return f"{_date(when, language)} {_time(when)}"


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


def _date(when: datetime, language: str) -> str:
    if language == "ja":
        return f"{when.year}年{when.month}月{when.day}日({_DAYS_JA[when.weekday()]})"
    return f"{_DAYS_EN[when.weekday()]} {when.day} {_MONTHS_EN[when.month - 1]} {when.year}"


def _time(when: datetime) -> str:
    return f"{when.hour}:{when.minute:02d}"
