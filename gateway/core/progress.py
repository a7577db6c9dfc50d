"""An office's progress in figures: days gathered into buckets, events counted, levels walked back from the present.

A day is its number since 1970-01-01 in the operator's zone.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class Period(enum.Enum):
    """How far back: (days, days in one figure)."""

    MONTH = (30, 1)
    QUARTER = (90, 1)
    YEAR = (364, 7)  # 52 whole weeks

    @property
    def days(self) -> int:
        """Days in all."""
        return self.value[0]

    @property
    def step(self) -> int:
        """Days in one figure."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Bucket:
    """The days of one figure, both included."""

    first: int
    last: int


def buckets(today: int, period: Period) -> tuple[Bucket, ...]:
    """The figures of a period that ends with `today`, oldest first."""
    begin = today - period.days + 1
    return tuple(Bucket(day, day + period.step - 1) for day in range(begin, today + 1, period.step))


def summed(spans: Sequence[Bucket], counts: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    """How much happened in each bucket, of `counts` as (day, count). Days outside of all buckets count nowhere."""
    found = dict.fromkeys(range(len(spans)), 0)
    begin, step = spans[0].first, spans[0].last - spans[0].first + 1
    for day, count in counts:
        index = (day - begin) // step
        if index in found:
            found[index] += count
    return tuple(found.values())


def levels(spans: Sequence[Bucket], now: int, changes: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    """How many there were at the end of each bucket, walked back from `now`, of `changes` as (day, difference).

    Changes that nobody recorded (an establishment that left the roster) could lead below zero: it is never less.
    """
    undone = dict.fromkeys(range(len(spans)), 0)
    begin, step = spans[0].first, spans[0].last - spans[0].first + 1
    for day, difference in changes:
        index = min((day - begin) // step, len(spans) - 1)
        if index > 0:
            undone[index] += difference
    found: list[int] = []
    level = now
    for index in reversed(range(len(spans))):
        found.append(max(0, level))
        level -= undone[index]
    return tuple(reversed(found))
