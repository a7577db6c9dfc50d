"""Working hours that the demo makes up: the same for the same person and day, so that pages can be compared."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

WEEKDAYS = "月火水木金土日"


@dataclass(frozen=True, slots=True)
class Day:
    """One line of an attendance sheet; times in minutes after midnight, None where nobody worked."""

    day: date
    start: int | None
    end: int | None

    @property
    def worked(self) -> int:
        """Minutes without the hour of lunch."""
        return 0 if self.start is None or self.end is None else self.end - self.start - 60


def clock_text(minutes: int | None) -> str:
    """`08:45`, or nothing."""
    return "" if minutes is None else f"{minutes // 60:02d}:{minutes % 60:02d}"


def month_days(login_id: str, month: str, today: date) -> Iterator[Day]:
    """Every day of YYYYMM; days from today on are empty."""
    year, number = int(month[:4]), int(month[4:])
    seed = sum(map(ord, login_id))
    for day in range(1, calendar.monthrange(year, number)[1] + 1):
        when = date(year, number, day)
        if when.weekday() >= 5 or when >= today:
            yield Day(when, None, None)
        else:
            late = (seed + day * 7 + number) % 11
            yield Day(when, 8 * 60 + 40 + late, 17 * 60 + 45 + (seed * day) % 75)


def day_label(day: date) -> str:
    """`03月05日 火`."""
    return f"{day:%m}月{day:%d}日 {WEEKDAYS[day.weekday()]}"
