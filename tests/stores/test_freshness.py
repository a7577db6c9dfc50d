"""Rows known in this process count only as long as they are certainly current."""

from __future__ import annotations

import pytest

from gateway.core.errors import StoreUnavailable
from gateway.stores.base import Stored
from gateway.stores.circuit import Circuit
from gateway.stores.freshness import GONE, FreshRows
from tests.stores.clock import Clock

KEY = b"key"


def known(monotonic: Clock, version: int = 1) -> FreshRows:
    """Rows of which one was just read."""
    rows = FreshRows(Clock(1000.0), monotonic)
    with rows.reading(KEY) as reading:
        rows.keep(KEY, reading, Stored(version, b"data", expires_at=2000.0), monotonic())
    return rows


def test_a_row_counts_for_one_second_after_it_was_read() -> None:
    monotonic = Clock(0.0)
    rows = known(monotonic)
    monotonic.forward(1.0)
    assert rows.get(KEY) == Stored(1, b"data")
    monotonic.forward(0.01)
    assert rows.get(KEY) is None


def test_the_channel_keeps_rows_current_and_its_silence_does_not() -> None:
    monotonic = Clock(0.0)
    rows = known(monotonic)
    for _ in range(100):
        monotonic.forward(0.5)
        rows.certain(monotonic())
        assert rows.get(KEY) is not None
    monotonic.forward(1.01)
    assert rows.get(KEY) is None


def test_a_told_change_ends_older_rows_and_not_its_own() -> None:
    rows = known(Clock(0.0), version=2)
    rows.told(KEY, 2)
    assert rows.get(KEY) is not None
    rows.told(KEY, 3)
    assert rows.get(KEY) is None


@pytest.mark.parametrize(("told", "kept"), [(1, True), (2, False), (GONE, False)])
def test_a_change_told_during_a_read_counts_against_its_row(told: int, kept: bool) -> None:
    rows = FreshRows(Clock(0.0), Clock(0.0))
    with rows.reading(KEY) as reading:
        rows.told(KEY, told)
        rows.keep(KEY, reading, Stored(1, b"data", expires_at=60.0), 0.0)
    assert (rows.get(KEY) is not None) is kept


def test_a_read_that_comes_late_takes_nothing_newer_away() -> None:
    rows = known(Clock(0.0), version=2)
    with rows.reading(KEY) as reading:
        late = rows.keep(KEY, reading, Stored(1, b"data", expires_at=2000.0), 0.0)
    assert rows.get(KEY) == Stored(2, b"data")
    assert not rows.current(late)


def test_what_is_replaced_or_pushed_out_is_not_current_any_more() -> None:
    rows = FreshRows(Clock(0.0), Clock(0.0), known=1)
    kept: list[Stored] = []
    for key, version in ((KEY, 1), (KEY, 2), (b"other", 1)):
        with rows.reading(key) as reading:
            kept.append(rows.keep(key, reading, Stored(version, b"data", expires_at=60.0), 0.0))
    assert [rows.current(row) for row in kept] == [False, False, True], "nobody would be told of it"


def test_a_use_here_is_known_at_once_and_outlives_a_read_from_before_it() -> None:
    rows = known(Clock(0.0))
    rows.used(KEY, 500.0)
    rows.used(KEY, 400.0)
    rows.used(b"other", 400.0)
    with rows.reading(KEY) as reading:
        rows.keep(KEY, reading, Stored(1, b"data", 300.0, 2000.0), 0.0)
    assert rows.get(KEY) == Stored(1, b"data", 500.0)


def test_a_lost_channel_forgets_rows_and_reads_under_way() -> None:
    rows = known(Clock(0.0))
    with rows.reading(KEY) as reading:
        rows.forget_all()
        rows.keep(KEY, reading, Stored(1, b"data", expires_at=60.0), 0.0)
    assert rows.get(KEY) is None


def test_few_rows_are_kept() -> None:
    rows = FreshRows(Clock(0.0), Clock(0.0), known=10)
    for number in range(30):
        key = b"%d" % number
        with rows.reading(key) as reading:
            rows.keep(key, reading, Stored(1, b"data", expires_at=60.0), 0.0)
    assert [number for number in range(30) if rows.get(b"%d" % number)] == list(range(20, 30))
    assert not rows._under_way


def test_an_open_circuit_lets_one_caller_try_after_its_pause() -> None:
    monotonic = Clock(0.0)
    circuit = Circuit("sessions", 1.0, monotonic)
    circuit.check()
    circuit.failed("frozen")
    with pytest.raises(StoreUnavailable, match="frozen"):
        circuit.check()
    monotonic.forward(1.0)
    circuit.check()
    with pytest.raises(StoreUnavailable):
        circuit.check()
    circuit.answered()
    circuit.check()
    circuit.check()
