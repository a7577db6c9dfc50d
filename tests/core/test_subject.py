"""Login IDs: the spellings of one person are one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.subject import canonical_login_id


@pytest.mark.parametrize("typed", ["b0000011", " B0000011", "B0000011\n", "Ｂ００００011", "ｂ0000011　"])
def test_width_case_and_space_do_not_make_another_person(typed: str) -> None:
    assert canonical_login_id(typed) == "B0000011"


@pytest.mark.parametrize("typed", ["", "  ", "\u3000", "B\x0000011", "B\u200b1", "B1\u202e", "x" * 129])
def test_what_is_no_login_id(typed: str) -> None:
    with pytest.raises(ValueError, match="login ID"):
        canonical_login_id(typed)


@given(st.text(max_size=30))
def test_folding_twice_changes_nothing(typed: str) -> None:
    try:
        once = canonical_login_id(typed)
    except ValueError:
        return
    assert canonical_login_id(once) == once
