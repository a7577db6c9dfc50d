"""Dates as people type them."""

from __future__ import annotations

from datetime import date

import pytest

from gateway.core.typed_dates import typed_date


@pytest.mark.parametrize(
    "typed",
    [
        "2026-11-05",
        "2026/11/5",
        " 2026/11/05 ",
        "20261105",
        "2026年11月5日",
        "２０２６／１１／０５",
        "２０２６－１１－０５",
    ],
)
def test_every_common_spelling_is_the_same_day(typed: str) -> None:
    assert typed_date(typed) == date(2026, 11, 5)


@pytest.mark.parametrize(
    "typed",
    ["", "2026-02-30", "2026-13-01", "0000-01-01", "26/11/05", "令和8年11月5日", "2026-11", "2026-11/05", "20261105x",
     "٢٠٢٦-١١-٠٥", "2026-11-05T09:00"],
)  # fmt: skip
def test_what_is_no_day_is_none(typed: str) -> None:
    assert typed_date(typed) is None
