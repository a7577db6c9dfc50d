"""Login IDs: the spellings of one person are one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.subject import canonical_login_id


@pytest.mark.parametrize("typed", ["b0000011", " B0000011", "B0000011\n", "Ｂ００００011", "ｂ0000011　"])
def test_width_case_and_space_do_not_make_another_person(typed: str) -> None:
    assert canonical_login_id(typed) == "B0000011"


@pytest.mark.parametrize(
    "typed", ["B\u03010000011", "B0000011\u0301", "B\u20dd0000011", "b\u0307\u032300000\ufe0f11", "\u1e020000011"]
)
def test_marks_that_a_database_does_not_see_do_not_make_another_person(typed: str) -> None:
    assert canonical_login_id(typed) == "B0000011"


@pytest.mark.parametrize("typed", ["\u01f0", "\u0390", "\u0149", "\u1e96", "\ufb03", "\u0130", "\u00df"])
def test_capitals_that_bring_a_mark_or_more_letters_fold_the_same_twice(typed: str) -> None:
    once = canonical_login_id(typed)
    assert canonical_login_id(once) == once


@pytest.mark.parametrize("typed", ["", "\u0301", "  ", "\u3000", "B\x0000011", "B\u200b1", "B1\u202e", "x" * 129])
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
