"""Declarations that others hold us to: the manual's numbers, and the words that programs read."""

from __future__ import annotations

import re

from gateway.core.lockout import Locked, LockoutLimits, LockState, Reserved, Stopped
from gateway.core.password_answer import PasswordAnswer
from gateway.core.problems import Problem


def test_five_wrong_codes_lock_for_thirty_minutes_and_twenty_need_a_reset() -> None:
    limits = LockoutLimits()
    assert (limits.tries, limits.lock_seconds, limits.stop_after) == (5, 30 * 60, 20)


def test_nobody_is_locked_before_the_first_wrong_code() -> None:
    assert LockState() == LockState(failures=0, total=0, locked_until=None, stopped=False)


def test_the_outcomes_of_an_attempt_differ_in_their_types() -> None:
    assert len({type(one) for one in (Reserved(4, None, stopped=False), Locked(1.0), Stopped())}) == 3


def test_every_problem_has_one_word_that_fits_into_a_log_and_an_address() -> None:
    words = [problem.value for problem in Problem]
    assert len(set(words)) == len(words)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", word) for word in words)


def test_a_password_is_right_or_wrong_and_nothing_between() -> None:
    assert {answer.value for answer in PasswordAnswer} == {"right", "wrong"}
