"""Cells that spreadsheets must not compute."""

from __future__ import annotations

import pytest

from gateway.core.spreadsheets import guarded


@pytest.mark.parametrize("cell", ["=1+1", "+81", "-12", "@x", "\tx", "\0x", "\rx", "\nx", "＝1", "＋1", "－1", "＠x"])
def test_what_would_be_computed_becomes_text(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "000001", "a=b", "株式会社", "'x", " =1"])
def test_everything_else_stays(cell: str) -> None:
    assert guarded(cell) == cell
