"""Whatever a file holds: a configuration or its faults, nothing else, and no fault without a place."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config.faults import Fault, Faults
from gateway.config.loading import load_bytes
from gateway.core.errors import ConfigRefused
from tests.config.sample import GOOD

# Traps of YAML 1.1, of each kind of word, and of those who read numbers.
WORDS = st.sampled_from(
    [
        "8:30",
        "off",
        "0123",
        "~",
        "",
        "30m",
        "1e9999m",
        "64KiB",
        "/a",
        "/{",
        "/**/b",
        "http://[",
        "http://a:b",
        "(?P<",
        "[::1]:1",
        "0001-01-01",
        "9999-12-31T23:59",
        "payslip.own",
        "subject.employee",
        "../..",
        "日本",
        "<<",
        "*",
        "\0",
        "9" * 400 + "d",
        "a" * 300,
    ]
)
SCALARS = st.one_of(WORDS, st.text(max_size=20), st.integers(), st.booleans(), st.none(), st.floats())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=12,
)


def outcome(data: bytes) -> tuple[Fault, ...]:
    """The faults, or none; any other exception fails the test."""
    faults: tuple[Fault, ...] | None = None
    try:
        load_bytes(data, Path("/nonexistent"), Faults("f.yaml"))
    except ConfigRefused as refused:
        faults = tuple(fault for fault in refused.faults if isinstance(fault, Fault))
    assert faults is None or faults, "refused without saying why"
    assert all(fault.line >= 1 and fault.column >= 1 and fault.message for fault in faults or ())
    return faults or ()


@settings(deadline=None, max_examples=60)  # a busy machine is no fault of the file
@given(st.binary(max_size=200))
def test_random_bytes_are_refused_with_reasons(data: bytes) -> None:
    assert outcome(data)


@settings(deadline=None, max_examples=60)  # a busy machine is no fault of the file
@given(st.text(alphabet="ab:- \n\t[]{}&*!|>'\"%@`#,?<0", max_size=60))
def test_random_yaml_is_refused_with_reasons(text: str) -> None:
    assert outcome(text.encode())


@settings(deadline=None, max_examples=60)  # a busy machine is no fault of the file
@given(st.data())
def test_any_value_at_any_key_gives_a_configuration_or_faults(data: st.DataObject) -> None:
    tree = yaml.load(GOOD, Loader=yaml.BaseLoader)
    node = tree
    while isinstance(node, dict | list) and node:
        key = data.draw(st.sampled_from(list(node) if isinstance(node, dict) else range(len(node))))
        if data.draw(st.booleans()) or not isinstance(node[key], dict | list):
            node[key] = data.draw(VALUES)
            break
        node = node[key]
    outcome(yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "replace"))


@settings(deadline=None, max_examples=60)  # a busy machine is no fault of the file
@given(st.integers(0, len(GOOD.encode())), st.binary(max_size=4), st.integers(0, 4))
def test_any_damage_to_a_right_file_gives_a_configuration_or_faults(at: int, put: bytes, cut: int) -> None:
    good = GOOD.encode()
    outcome(good[:at] + put + good[at + cut :])


def test_a_file_of_brackets_is_refused_and_ends_nothing() -> None:
    assert outcome(b"[" * 100_000)
    assert [fault.code for fault in outcome(b"a: " + b"[" * 60 + b"]" * 60)] == ["too-deep"]


@pytest.mark.parametrize("written", [[], ["8:30"], [{"a": "b"}], [None, 5]])
def test_an_app_without_one_good_address_is_refused_by_name(written: list[object]) -> None:
    tree = yaml.safe_load(GOOD)
    tree["apps"]["portal"]["upstream"] = written
    assert any("upstream" in fault.path for fault in outcome(yaml.safe_dump(tree).encode()))
