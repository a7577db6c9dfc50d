"""Charts as numbers: scales are round, figures stand where they belong, nothing leaves the frame."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.charts import Plot, bar_chart, scale_of, step_chart

FIGURES = st.lists(st.integers(0, 2_000_000), max_size=100)
PLOT = Plot(width=100.0, height=100.0, left=20.0, right=0.0, top=0.0, bottom=0.0)


@pytest.mark.parametrize(
    ("largest", "scale"),
    [
        (0, (0, 1)),
        (1, (0, 1)),
        (3, (0, 1, 2, 3)),
        (4, (0, 1, 2, 3, 4)),
        (5, (0, 2, 4, 6)),
        (20, (0, 5, 10, 15, 20)),
        (21, (0, 10, 20, 30)),
        (40, (0, 10, 20, 30, 40)),
        (41, (0, 20, 40, 60)),
        (1234, (0, 500, 1000, 1500)),
    ],
)
def test_a_scale_has_a_few_round_numbers_and_reaches_the_largest_figure(largest: int, scale: tuple[int, ...]) -> None:
    assert scale_of(largest) == scale


@given(st.integers(0, 10**9))
def test_every_scale_is_even_short_and_not_much_longer_than_needed(largest: int) -> None:
    scale = scale_of(largest)
    assert 2 <= len(scale) <= 5
    assert len({after - before for before, after in itertools.pairwise(scale)}) == 1
    assert scale[-2] < max(largest, 1) <= scale[-1]


def test_bars_stand_on_zero_in_proportion_and_the_largest_has_its_number() -> None:
    chart = bar_chart([0, 10, 20, 40], PLOT)
    assert [(bar.y, bar.height) for bar in chart.bars] == [(75.0, 25.0), (50.0, 50.0), (0.0, 100.0)]
    assert [bar.x for bar in chart.bars] == [42.5, 62.5, 82.5]
    assert {bar.width for bar in chart.bars} == {15.0}
    assert chart.mark is not None
    assert (chart.mark.index, chart.mark.value, chart.mark.x, chart.mark.anchor) == (3, 40, 90.0, "end")
    assert [(tick.value, tick.at) for tick in chart.scale] == [(0, 100), (10, 75), (20, 50), (30, 25), (40, 0)]


@pytest.mark.parametrize(("values", "anchor"), [([9, 0, 0, 0, 0, 0, 0], "start"), ([0, 0, 9, 0, 0], "middle")])
def test_the_number_of_the_largest_bar_stays_inside(values: list[int], anchor: str) -> None:
    mark = bar_chart(values, PLOT).mark
    assert mark is not None
    assert mark.anchor == anchor


def test_nothing_happened_is_an_empty_plot_with_its_scale_and_dates() -> None:
    chart = bar_chart([0, 0, 0], PLOT)
    assert (chart.bars, chart.mark) == ((), None)
    assert [tick.value for tick in chart.scale] == [0, 1]
    assert [label.value for label in chart.labels] == [0, 1, 2]


def test_no_figures_at_all_draw_nothing() -> None:
    for chart in (bar_chart([]), step_chart([])):
        assert (chart.bars, chart.line, chart.area, chart.mark, chart.labels) == ((), "", "", None, ())


def test_a_level_holds_until_it_changes_and_the_area_ends_on_zero() -> None:
    chart = step_chart([0, 2, 4, 4], PLOT)
    assert chart.line == "M20 100H40V50H60V0H80V0H100"
    assert chart.area == chart.line + "V100H20Z"
    assert chart.mark is not None
    assert (chart.mark.index, chart.mark.value, chart.mark.x, chart.mark.anchor) == (3, 4, 100.0, "end")


@pytest.mark.parametrize(("count", "labelled"), [(1, [0]), (2, [0, 1]), (4, [0, 1, 2, 3]), (5, [0, 2, 4])])
def test_dates_are_spread_evenly_and_the_last_one_is_always_there(count: int, labelled: list[int]) -> None:
    assert [label.value for label in bar_chart([1] * count, PLOT).labels] == labelled


@given(FIGURES)
def test_thirty_days_or_a_hundred_have_at_most_four_dates_and_the_newest(values: list[int]) -> None:
    labels = [label.value for label in step_chart(values).labels]
    assert len(labels) <= 4
    assert labels[-1:] == ([len(values) - 1] if values else [])


@given(FIGURES)
def test_nothing_leaves_the_plot_and_bars_do_not_touch(values: list[int]) -> None:
    plot = Plot()
    bars = bar_chart(values).bars
    assert len(bars) == sum(1 for value in values if value)
    for bar in bars:
        assert plot.left <= bar.x
        assert bar.x + bar.width <= plot.end
        assert plot.top - 0.1 <= bar.y
        assert bar.y + bar.height == pytest.approx(plot.floor)
        assert bar.height >= 1
    for before, after in itertools.pairwise(bars):
        assert before.x + before.width < after.x
    numbers = [float(number) for number in re.findall(r"(?<=H)[0-9.]+", step_chart(values).line)]
    assert all(plot.left <= number <= plot.end + 0.1 for number in numbers)
