"""The morning on paper: how many come when, how long they wait, what they need."""

from __future__ import annotations

import pytest

from bench import capacity, simulation
from bench.simulation import MINUTES, share, simulate

TEN = [0.02] * 10  # seconds


def test_everybody_comes_between_half_past_eight_and_nine_and_most_of_them_late() -> None:
    parts = [share(minute) for minute in range(MINUTES)]
    assert sum(parts) == pytest.approx(1.0)
    assert max(parts) == max(parts[26:28]) == pytest.approx(1 / 8, rel=0.1)
    assert sum(parts[25:]) > 0.5


def test_a_simulation_is_the_same_for_the_same_seed() -> None:
    first = simulate(2_000, 4, TEN, seed=1)
    assert simulate(2_000, 4, TEN, seed=1) == first
    assert simulate(2_000, 4, TEN, seed=2) != first


def test_work_is_neither_lost_nor_made() -> None:
    minutes = simulate(2_000, 3, TEN)
    assert sum(minute.rate for minute in minutes) * 60 == pytest.approx(2_000, rel=0.1)
    assert sum(minute.utilisation for minute in minutes) * 60 * 3 == pytest.approx(2_000 * sum(TEN), rel=0.1)


def test_few_workers_make_people_wait() -> None:
    enough, few = simulate(3_000, 3, TEN), simulate(3_000, 1, TEN)
    assert max(minute.utilisation for minute in enough) < 0.5
    assert max(minute.p99 for minute in enough) < 0.2
    assert max(minute.utilisation for minute in few) > 0.95
    assert max(minute.p99 for minute in few) > 1.0


def test_workers_grow_with_the_crowd_and_never_below_two() -> None:
    one = capacity.person({})
    few, many = capacity.needs(1_000, one), capacity.needs(400_000, one)
    assert few.workers == 2
    assert many.rate == pytest.approx(400 * few.rate)
    assert many.workers * capacity.TARGET >= many.rate * one.gateway
    assert many.connections == 11 * many.workers


def test_what_was_measured_counts_before_what_was_assumed() -> None:
    measured = {"journeys": {"servers": {"milliseconds": {"gateway": 1.0}, "counted": {"changes told": 2}}}}
    one = capacity.person(measured)
    assert one.gateway == 0.001
    assert one.counted["changes told"] == 2
    assert one.redis == capacity.person({}).redis


def test_one_installation_for_ten_million_gives_way_and_its_cells_do_not() -> None:
    one = capacity.person({"records": {"4": {"turn_ms": 5.0}}})
    assert any("audit chain" in reason for reason in capacity.gives_way(capacity.needs(10_000_000, one)))
    assert capacity.gives_way(capacity.needs(10_000, one)) == []
    assert [capacity.cells(crowd, one) for crowd in capacity.CROWDS] == [1, 2, 20]


def test_a_slow_disk_makes_cells_smaller() -> None:
    slow = capacity.person({"records": {"4": {"turn_ms": 40.0}}})
    need = capacity.needs(capacity.cell_of(slow), slow)
    assert capacity.cell_of(slow) < capacity.LARGEST_CELL
    assert need.chain <= capacity.LONGEST_TURN
    assert capacity.cells(10_000_000, slow) > 20


def test_every_step_of_the_journey_has_a_service_time() -> None:
    from bench.journeys import STEPS

    assert tuple(simulation.DEFAULTS) == tuple(name for name, _, _ in STEPS)
    steps = {"journeys": {"servers": {"steps": {"punch": {"gateway": 2.5}}}}}
    assert simulation.services(steps)[7] == 0.0025
