"""Days without a time, as people read them, in the operator's zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.core.calendar import spoken_date

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(seconds: float, zone: ZoneInfo, language: str) -> str:
    """2026年11月21日(土)."""
    return spoken_date(datetime.fromtimestamp(seconds, zone).date(), language)


def short_day(seconds: float, zone: ZoneInfo, language: str) -> str:
    """11/21 in Japanese, 21 Nov in English: where there is little room and the year is clear."""
    found = datetime.fromtimestamp(seconds, zone)
    return f"{found.month}/{found.day}" if language == "ja" else f"{found.day} {_MONTHS[found.month - 1]}"
