"""How many requests a busy process takes, on a simulated one: rounds of a loop that serves whatever has come."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.proxy.valve import FORGIVEN, PATIENCE, TICK_SECONDS, Valve

TARGET = 0.1
COST = 200e-6  # seconds of work
CHEAP, DEAR = 20e-6, 100e-6  # the same for turning one away
CAPACITY = 1 / COST


@dataclass
class Process:
    """Requests of both kinds come at a rate, once a second from each browser that does not rest; each waits for the
    round in which it is looked at."""

    valve: Valve = field(default_factory=lambda: Valve(TARGET))
    refusal: float = DEAR
    cost: dict[bool, float] = field(default_factory=lambda: {True: COST, False: COST})
    behind: bool = False  # served by an app; the valve is told of each
    now: float = 0.0
    ticked: float = 0.0
    worked: float = 0.0
    told: int = 0
    round_began: float = 0.0
    resting: deque[tuple[float, bool]] = field(default_factory=deque)  # until when, of which kind
    away: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})  # how many of those
    waits: list[float] = field(default_factory=list)
    served: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    refused: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})

    def run(self, seconds: float, known: float, strangers: float, *, stolen: float = 0.0) -> None:
        """Rates per second. `stolen`: of the time, when the machine runs something else."""
        self.waits = []
        self.served, self.refused = {True: 0, False: 0}, {True: 0, False: 0}
        end = self.now + seconds
        due = {True: 0.0, False: 0.0}
        while self.now < end:
            passed = max(self.now - self.round_began, 1e-3)
            self.round_began = self.now
            work = 0.0
            while self.resting and self.resting[0][0] <= self.now:
                self.away[self.resting.popleft()[1]] -= 1
            for kind, rate in ((True, known), (False, strangers)):
                due[kind] += max(0, rate - self.away[kind]) * min(passed, 1.0)
                while due[kind] >= 1:
                    due[kind] -= 1
                    if not self.valve.turning_away or self.valve.takes(known=kind):
                        self.served[kind] += 1
                        self.told += self.behind
                        work += self.cost[kind]
                        self.waits.append(passed / 2 + work)
                    else:
                        self.refused[kind] += 1
                        work += self.refusal
                        if self.valve.rest:
                            self.resting.append((self.now + work + self.valve.rest, kind))
                            self.away[kind] += 1
            self.worked += work
            self.now += max(work / (1 - stolen), 1e-3)
            if self.now - self.ticked >= TICK_SECONDS:
                elapsed = self.now - self.ticked
                self.valve.tick(elapsed - TICK_SECONDS, elapsed, self.worked, 0, self.told)
                self.ticked, self.worked, self.told = self.now, 0.0, 0

    @property
    def longest(self) -> float:
        """What 99 of 100 of those who were served have waited at most."""
        return sorted(self.waits)[len(self.waits) * 99 // 100]


def test_a_process_with_time_to_spare_turns_nobody_away() -> None:
    process = Process()
    process.run(10, known=CAPACITY * 0.6, strangers=CAPACITY * 0.3)
    assert process.refused == {True: 0, False: 0}
    assert process.longest < 0.02


@pytest.mark.parametrize("refusal", [CHEAP, DEAR])
@pytest.mark.parametrize("times", [1.1, 1.2, 1.5, 2.0])
def test_at_more_than_it_can_carry_the_rest_stays_quick_and_the_process_busy(times: float, refusal: float) -> None:
    process = Process(refusal=refusal)
    for seconds in (5, 10):
        process.run(seconds, known=CAPACITY * times / 2, strangers=CAPACITY * times / 2)
    assert process.longest < TARGET
    left = 1 - sum(process.refused.values()) * refusal / 10  # of its time, for those it serves
    assert sum(process.served.values()) > 0.8 * left * CAPACITY * 10


@pytest.mark.parametrize("refusal", [CHEAP, DEAR])
def test_where_turning_away_is_all_the_work_a_few_are_served_all_the_same(refusal: float) -> None:
    process = Process(refusal=refusal)
    for seconds in (5, 10):
        process.run(seconds, known=CAPACITY * 2, strangers=CAPACITY * 2)
    assert process.valve.rest > 0
    assert sum(process.served.values()) > 0.1 * CAPACITY * 10


def test_without_the_valve_nobody_would_be_served_in_time() -> None:
    process = Process(Valve(1e9))
    process.run(5, known=CAPACITY, strangers=CAPACITY)
    assert process.longest > 10 * TARGET


def test_those_with_a_session_come_first_and_strangers_are_not_shut_out() -> None:
    process = Process()
    process.run(5, known=CAPACITY * 0.4, strangers=CAPACITY * 2)
    process.run(10, known=CAPACITY * 0.4, strangers=CAPACITY * 2)
    assert process.refused[True] < 0.4 * process.served[True]
    assert process.refused[False] > 2 * process.served[False]
    process.run(10, known=CAPACITY * 3, strangers=CAPACITY * 0.2)
    assert process.served[False] > 0


def test_it_opens_again_when_the_crowd_has_gone() -> None:
    process = Process()
    process.run(5, known=0, strangers=CAPACITY * 2)
    assert process.valve.turning_away
    process.run(10, known=0, strangers=CAPACITY * 0.5)
    assert [process.valve.turning_away] == [False]
    process.run(5, known=0, strangers=CAPACITY * 0.5)
    assert process.refused == {True: 0, False: 0}


def test_a_machine_that_gives_it_no_time_is_no_crowd() -> None:
    process = Process()
    process.run(10, known=CAPACITY * 0.02, strangers=CAPACITY * 0.02, stolen=0.9)
    assert process.refused == {True: 0, False: 0}


def test_one_late_round_is_no_overload_and_a_few_requests_always_pass() -> None:
    valve = Valve(TARGET)
    for lag in [1.0, *[0.0] * int(FORGIVEN / TICK_SECONDS + 1)] * 5 + [1.0] * (PATIENCE - 1):
        valve.tick(lag, lag + TICK_SECONDS, lag)
        assert not valve.turning_away
    for _ in range(100):
        valve.tick(1.0, 1.1, 1.1)
    assert valve.turning_away
    assert sum(valve.takes(known=False) for _ in range(1000)) == 20


def test_long_rounds_count_though_a_byte_that_comes_late_in_one_waits_little() -> None:
    valve = Valve(TARGET)
    for lag, turns in [(0.05, False), (0.2, False), (0.05, False), (0.05, False), (0.2, True)]:
        valve.tick(lag, lag + TICK_SECONDS, lag)
        assert valve.turning_away is turns


def test_from_the_first_moment_nearly_as_many_are_taken_as_were_managed() -> None:
    valve = Valve(TARGET)
    for _ in range(20):
        valve.tick(0.0, TICK_SECONDS, TICK_SECONDS, 0, 500)
    for _ in range(PATIENCE):
        assert not valve.turning_away
        valve.tick(2 * TARGET, TICK_SECONDS, TICK_SECONDS, 0, 500)
    assert valve.turning_away
    assert 400 < sum(valve.takes(known=True) for _ in range(2000)) < 500


def test_what_waits_for_apps_counts_by_the_time_that_it_will_take() -> None:
    valve = Valve(TARGET)
    for _ in range(PATIENCE):
        valve.tick(0.0, TICK_SECONDS, TICK_SECONDS, 100, 500)
        assert not valve.turning_away, "a hundred are gone in a moment"
    for _ in range(10):
        valve.tick(0.0, TICK_SECONDS, TICK_SECONDS, 2000, 500)
    assert valve.turning_away


def test_a_crowd_that_pauses_finds_it_open_again_soon() -> None:
    process = Process()
    process.run(5, known=CAPACITY * 2, strangers=0)
    process.run(0.5, known=CAPACITY * 0.5, strangers=0)
    process.run(0.5, known=CAPACITY * 0.5, strangers=0)
    assert process.refused[True] < 0.05 * process.served[True]


@pytest.mark.parametrize(("lag", "busy", "turns"), [(0.2, 0.05, False), (0.2, 0.25, True), (1.2, 0.1, True)])
def test_lateness_counts_when_it_is_the_processs_own_or_far_beyond(lag: float, busy: float, turns: bool) -> None:
    valve = Valve(TARGET)
    for _ in range(PATIENCE):
        valve.tick(lag, lag + TICK_SECONDS, busy)
    assert valve.turning_away is turns


@pytest.mark.parametrize("refusal", [CHEAP, DEAR])
@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("dearer", [{True: 20 * COST, False: 20 * COST}, {True: COST, False: 100 * COST}])
def test_what_was_dear_for_a_while_does_not_keep_it_closed(
    dearer: dict[bool, float], behind: bool, refusal: float
) -> None:
    """Refusing most leaves it with little to do, and yet it must find out that there is time for more."""
    process = Process(refusal=refusal, behind=behind, cost=dict(dearer))
    process.run(10, known=CAPACITY * 0.16, strangers=CAPACITY * 0.04)
    assert process.valve.turning_away
    process.cost = {True: COST, False: COST}
    process.run(5, known=CAPACITY * 0.16, strangers=CAPACITY * 0.04)
    process.run(5, known=CAPACITY * 0.16, strangers=CAPACITY * 0.04)
    assert process.refused == {True: 0, False: 0}
    assert not process.valve.turning_away


@pytest.mark.parametrize(("seconds", "times"), [(1, 2), (0.5, 8), (2, 8)])
def test_a_crowd_that_is_answered_without_any_app_leaves_an_open_process(seconds: float, times: float) -> None:
    """Before people are turned away nobody counts those: it begins to without any notion of what it can do."""
    process = Process(refusal=CHEAP / 2)
    process.run(seconds, known=0, strangers=CAPACITY * times)
    for _ in range(2):
        process.run(5, known=CAPACITY * 0.5, strangers=CAPACITY * 0.1)
    assert process.refused == {True: 0, False: 0}
    assert not process.valve.turning_away


def _closed(served: int) -> Valve:
    """At work all the time, with as many that get a connection in a tick."""
    valve = Valve(TARGET)
    for lag in [0.0] * 20 + [2 * TARGET] * PATIENCE:
        valve.tick(lag, TICK_SECONDS, TICK_SECONDS, 0, served)
    assert valve.turning_away
    return valve


def _places(valve: Valve) -> int:
    """A crowd comes."""
    return sum(valve.takes(known=True) for _ in range(1000))


def test_an_app_that_pauses_for_a_moment_does_not_close_it_for_seconds() -> None:
    valve = _closed(500)
    for _ in range(5):
        _places(valve)
        valve.tick(0.0, TICK_SECONDS, TICK_SECONDS, 0, 500)
    before = _places(valve)
    valve.tick(0.0, TICK_SECONDS, TICK_SECONDS / 2, before, 2)
    _places(valve)
    valve.tick(0.0, TICK_SECONDS, TICK_SECONDS, 0, before)
    assert _places(valve) > before / 2 > 50


def test_those_who_give_up_waiting_for_an_app_were_not_served() -> None:
    valve = _closed(100)
    paces = []
    for queued in (3000, 0, 3000, 0):
        for _ in range(50):
            valve.takes(known=True)
        valve.tick(0.0, TICK_SECONDS, TICK_SECONDS, queued, 100)
        paces.append(valve._pace)
    assert max(paces) < 2 * 1000


def test_a_long_tick_tells_as_much_as_the_short_ones_in_its_time() -> None:
    short, long = _closed(500), _closed(500)
    for _ in range(10):
        short.tick(0.0, TICK_SECONDS, TICK_SECONDS, 0, 50)
    long.tick(0.9, 10 * TICK_SECONDS, 10 * TICK_SECONDS, 0, 500)
    assert long._pace == pytest.approx(short._pace)


def test_who_is_taken_anyway_takes_nobodys_place_and_is_work_all_the_same() -> None:
    valve = _closed(500)
    for _ in range(3):
        assert valve.takes(known=True, anyway=True)
    before = valve._taken
    places = _places(valve)
    assert valve.takes(known=True, anyway=True)
    assert (valve._taken - before, places) == (places + 1, _places(_closed(500)))


_RATES = st.sampled_from([0.0, 0.1, 0.5, 1.0, 3.0])


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.tuples(_RATES, _RATES, st.sampled_from([0.2, 1, 10]), st.sampled_from([0, 0, 0.5, 0.8])), max_size=4)
)
def test_whatever_came_half_of_what_it_carries_is_served_soon_after(
    phases: list[tuple[float, float, float, float]],
) -> None:
    process = Process(refusal=CHEAP)
    for known, strangers, times, stolen in phases:
        process.cost = {True: COST, False: COST * times}
        process.run(1, known=CAPACITY * known, strangers=CAPACITY * strangers, stolen=stolen)
    process.cost = {True: COST, False: COST}
    for seconds in (6, 1):
        process.run(seconds, known=CAPACITY * 0.4, strangers=CAPACITY * 0.1)
    assert process.refused == {True: 0, False: 0}
    assert not process.valve.turning_away


_SECONDS = st.sampled_from([0.0, 1e-6, 0.01, 0.1, 1.0, 1000.0, 1e6])
_COUNTS = st.sampled_from([0, 1, 50, 5000, 10**6])
_TICKS = st.tuples(_SECONDS, _SECONDS, _SECONDS, _COUNTS, _COUNTS, st.booleans(), st.integers(0, 300))


@settings(deadline=None)
@given(st.lists(_TICKS, max_size=30))
def test_no_tick_leaves_it_without_places_or_sense(
    ticks: list[tuple[float, float, float, int, int, bool, int]],
) -> None:
    """A process may be stopped for an hour, too."""
    valve = Valve(TARGET)
    for lag, elapsed, busy, queued, served, known, asked in ticks:
        valve.tick(lag, max(elapsed, TICK_SECONDS), min(busy, elapsed), queued, served)
        assert math.isfinite(valve._pace)
        assert valve._pace >= 0
        assert 0 <= valve.rest <= 2
        if valve.turning_away:
            places = sum(valve.takes(known=known) for _ in range(asked))
            places += sum(valve.takes(known=kind) for kind in (known, not known) for _ in range(20))
            assert places >= 19
