"""What is picked from a list: a model of sets says what must come out, whatever was pressed in which order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.selection import ALL, Conditions, Picked

ROWS = (
    ("000001", "株式会社MKS", "エムケイエス", True),
    ("000006", "株式会社エムゲーシステム", "エムゲーシステム", False),
    ("000011", "株式会社顧問", "コモン", False),
    ("000012", "有限会社eNEN", "イーネン", True),
)
EVERYBODY = frozenset(row[0] for row in ROWS)
SEARCHES = (
    ALL,
    Conditions("000006"),
    Conditions(name="株式会社"),
    Conditions(uses=False),
    Conditions(code_to="000006"),
)


def found(conditions: Conditions) -> frozenset[str]:
    return frozenset(code for code, name, kana, uses in ROWS if conditions.find(code, name, kana, uses=uses))


def held(picked: Picked) -> frozenset[str]:
    return frozenset(code for code, name, kana, uses in ROWS if picked.holds(code, name, kana, uses=uses))


@pytest.mark.parametrize(
    ("conditions", "codes"),
    [
        (ALL, EVERYBODY),
        (Conditions("000006", "000011"), {"000006", "000011"}),
        (Conditions("000007"), {"000011", "000012"}),
        (Conditions(code_to="000006"), {"000001", "000006"}),
        (Conditions(name="ｅｎｅｎ"), {"000012"}),
        (Conditions(name="％"), set()),
        (Conditions(kana="えむ"), {"000001", "000006"}),
        (Conditions(kana="ｺﾓﾝ"), {"000011"}),
        (Conditions(uses=True), {"000001", "000012"}),
        (Conditions("000006", name="株式会社", uses=False), {"000006", "000011"}),
    ],
)
def test_all_conditions_that_are_given_must_hold(conditions: Conditions, codes: set[str]) -> None:
    assert found(conditions) == codes


step = st.one_of(
    st.tuples(st.just("on"), st.sampled_from(SEARCHES)),
    st.tuples(st.just("off"), st.sampled_from(SEARCHES)),
    st.tuples(st.just("tick"), st.sets(st.sampled_from(sorted(EVERYBODY)))),
    st.tuples(st.just("untick"), st.sets(st.sampled_from(sorted(EVERYBODY)))),
)


@given(st.lists(step, max_size=8))
def test_whatever_is_pressed_the_pick_is_what_sets_say(steps: list[tuple[str, object]]) -> None:
    picked, model = Picked(), frozenset[str]()
    for kind, what in steps:
        if isinstance(what, Conditions):
            result = found(what)
            after = picked.with_all(what) if kind == "on" else picked.without_all(what)
            model = model | result if kind == "on" else model - result
        else:
            codes = frozenset(str(code) for code in what) if isinstance(what, set) else frozenset[str]()
            added, removed = (codes - model, frozenset[str]()) if kind == "tick" else (frozenset[str](), codes & model)
            after = picked.changed(added, removed)
            model = (model | added) - removed
        picked = Picked(None, model) if after is None else after
        assert held(picked) == model


def test_one_that_a_search_did_not_find_cannot_join_it() -> None:
    picked = Picked(Conditions(uses=True), frozenset({"000012"}))
    assert picked.changed(frozenset({"000006"}), frozenset()) is None
    assert picked.changed(frozenset({"000012"}), frozenset({"000001"})) == Picked(
        Conditions(uses=True), frozenset({"000001"})
    )


def test_two_searches_are_no_one_search() -> None:
    picked = Picked(Conditions("000006"))
    assert picked.with_all(Conditions(uses=True)) is None
    assert picked.without_all(Conditions(uses=True)) is None
    assert picked.without_all(ALL) == Picked()
    assert picked.with_all(ALL) == Picked(ALL)
    assert Picked().nothing
    assert not Picked(ALL).nothing
