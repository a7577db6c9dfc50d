"""An office's progress: what is counted on which day, and how many there were at the end of it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.progress import Bucket, Period, buckets, levels, summed

TODAY = 20_000
MONTH = buckets(TODAY, Period.MONTH)
YEAR = buckets(TODAY, Period.YEAR)


@pytest.mark.parametrize("period", list(Period))
def test_a_period_ends_today_without_gaps(period: Period) -> None:
    spans = buckets(TODAY, period)
    assert (spans[0].first, spans[-1].last) == (TODAY - period.days + 1, TODAY)
    assert len(spans) == period.days // period.step
    assert all(after.first == before.last + 1 for before, after in itertools.pairwise(spans))


def test_a_year_is_told_in_weeks_and_a_month_in_days() -> None:
    assert YEAR[-1] == Bucket(TODAY - 6, TODAY)
    assert MONTH[-1] == Bucket(TODAY, TODAY)


def test_what_happened_is_counted_where_it_belongs() -> None:
    figures = summed(MONTH, [(TODAY, 2), (TODAY, 1), (TODAY - 29, 5), (TODAY - 30, 100), (TODAY + 1, 100)])
    assert (figures[-1], figures[0], sum(figures)) == (3, 5, 8)
    weekly = summed(YEAR, [(TODAY, 2), (TODAY - 6, 1), (TODAY - 7, 4)])
    assert weekly[-2:] == (4, 3)


def test_levels_are_walked_back_from_the_present() -> None:
    figures = levels(MONTH, 10, [(TODAY, 3), (TODAY - 1, 2), (TODAY - 28, 4), (TODAY - 29, 1), (TODAY - 400, 1)])
    assert figures[-3:] == (5, 7, 10)
    assert figures[:3] == (1, 5, 5)


def test_a_change_of_a_moment_ago_counts_today_even_if_the_clocks_differ() -> None:
    assert levels(MONTH, 4, [(TODAY + 1, 4)])[-2:] == (0, 4)


def test_a_level_is_never_below_zero_but_finds_back() -> None:
    figures = levels(MONTH, 1, [(TODAY, 3), (TODAY - 1, -2)])
    assert figures[-3:] == (0, 0, 1)


@given(st.lists(st.tuples(st.integers(TODAY - 28, TODAY), st.integers(1, 5)), max_size=30))
def test_levels_agree_with_adding_up(changes: list[tuple[int, int]]) -> None:
    now = sum(difference for _, difference in changes)
    expected = tuple(sum(difference for day, difference in changes if day <= bucket.last) for bucket in MONTH)
    assert levels(MONTH, now, changes) == expected
