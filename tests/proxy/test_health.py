"""When an address is left alone, and when it is tried again."""

from __future__ import annotations

from gateway.proxy.health import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, Health


def failing(times: int, now: float = 0.0) -> Health:
    health = Health()
    for _ in range(times):
        health.bad(now)
    return health


def test_a_few_failures_are_forgotten_with_the_next_good_answer() -> None:
    health = failing(FAILURES - 1)
    assert health.usable(0)
    assert not health.good()
    assert health.bad(0) == 0
    assert health.usable(0)


def test_failures_in_a_row_take_an_address_out_for_a_pause() -> None:
    health = failing(FAILURES, now=100)
    assert not health.usable(100)
    assert not health.usable(100 + FIRST_PAUSE - 0.01)
    assert health.usable(100 + FIRST_PAUSE)


def test_after_the_pause_one_request_tries_and_nobody_follows_it() -> None:
    health = failing(FAILURES)
    health.chosen(50)
    assert not health.usable(50.5)
    assert health.good()
    assert health.usable(50.5)
    assert not health.out


def test_a_try_that_nobody_hears_of_again_does_not_keep_it_out() -> None:
    health = failing(FAILURES)
    health.chosen(50)
    assert health.usable(50 + LONGEST_PAUSE)


def test_pauses_grow_to_a_bound_and_are_short_again_after_a_good_answer() -> None:
    health = failing(FAILURES - 1)
    pauses = [health.bad(0) for _ in range(8)]
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert max(pauses) == pauses[-1] == LONGEST_PAUSE
    health.good()
    assert [health.bad(0) for _ in range(FAILURES)][-1] == FIRST_PAUSE
