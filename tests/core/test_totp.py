"""Codes by RFC 6238: the standard's vectors, an independent program, and what people type."""

from __future__ import annotations

import base64
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.totp import Window, clock_offset_steps, current_step, matching_step, normalise_code

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
# RFC 6238 appendix B, SHA-1; the last six of its eight digits.
VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]
ONE = Window(1, 1)


@pytest.mark.parametrize(("now", "code"), VECTORS)
def test_the_vectors_of_the_standard(now: float, code: str) -> None:
    assert matching_step(RFC_SECRET, code, now, Window(0, 0)) == now // 30


@pytest.mark.parametrize("now", [1_700_000_000, 1_700_000_029, 2_100_000_001])
def test_an_independent_program_agrees(now: int) -> None:
    command = ["oathtool", "--totp", "-b", RFC_SECRET, "-N", f"@{now}"]
    code = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert matching_step(RFC_SECRET, code, now, Window(0, 0)) == current_step(now)


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_one_step_either_way_and_no_more(steps: int, accepted: bool) -> None:
    moved = 1111111109 + 30 * steps
    assert matching_step(RFC_SECRET, "081804", moved, ONE) == (1111111109 // 30 if accepted else None)


def test_the_window_may_be_lopsided() -> None:
    assert matching_step(RFC_SECRET, "081804", 1111111109 + 30, Window(1, 0)) == 1111111109 // 30
    assert matching_step(RFC_SECRET, "081804", 1111111109 - 30, Window(1, 0)) is None


def test_a_clock_that_is_off_is_measured_and_not_accepted() -> None:
    assert clock_offset_steps(RFC_SECRET, "287082", 59 + 300) == -10
    assert clock_offset_steps(RFC_SECRET, "081804", 1111111109 - 60) == 2
    assert clock_offset_steps(RFC_SECRET, "000000", 59, reach=5) is None


@pytest.mark.parametrize(
    "typed",
    ["123456", "123 456", " 123456 ", "１２３４５６", "１２３　４５６", "123-456", "12\u201034\u201356", "1 2 3 4 5 6"],
)
def test_what_people_type_is_forgiven(typed: str) -> None:
    assert normalise_code(typed) == "123456"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "1234567",
        "+12345",
        "1_2345",
        "12345a",
        "123456\x00",
        "\u0661\u0662\u0663\u0664\u0665\u0666",
        "১২৩৪৫৬",
        "0x1234",
    ],
)
def test_anything_else_is_no_code(typed: str) -> None:
    assert normalise_code(typed) is None


@given(st.text(max_size=20))
def test_a_normal_code_is_six_ascii_digits(typed: str) -> None:
    code = normalise_code(typed)
    assert code is None or (len(code) == 6 and code.isascii() and code.isdigit())
