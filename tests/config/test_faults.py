"""Every kind of fault, made by one change to a right file: the exact line, column and remedy that people read."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.faults import Fault, Faults
from gateway.config.loading import load_bytes
from gateway.core.errors import ConfigRefused
from tests.config.sample import changed

Case = tuple[str, str, list[str]]


def read_cases() -> dict[str, Case]:
    """Cases of `faulty.txt` by name."""
    cases: dict[str, Case] = {}
    for block in (Path(__file__).parent / "faulty.txt").read_text("utf-8").split("\n=== ")[1:]:
        name, *lines = block.rstrip("\n").split("\n")
        parts = {mark: [line[1:] for line in lines if line.startswith(mark)] for mark in "-+!"}
        assert sum(len(part) for part in parts.values()) == len(lines), name
        cases[name] = ("\n".join(parts["-"]), "\n".join(parts["+"]), parts["!"])
    return cases


CASES = read_cases()


@pytest.mark.parametrize(("old", "new", "faults"), CASES.values(), ids=CASES)
def test_each_fault_is_named_with_its_place_and_what_would_be_right(old: str, new: str, faults: list[str]) -> None:
    with pytest.raises(ConfigRefused) as refused:
        load_bytes(changed(old, new), Path("/nonexistent"), Faults("f.yaml"))
    assert faults
    assert str(refused.value).splitlines() == faults


def test_all_faults_of_a_file_come_at_once_in_file_order() -> None:
    text = changed("lock: 30m", "lock: 30").decode()
    text = text.replace("Asia/Tokyo", "Asia/Tokio").replace("paths: [/meisai]", "paths: [/meisai, /]")
    text = text.replace("feature: payslip.own", "feature: payslip").replace("limits:", "limts:")
    with pytest.raises(ConfigRefused) as refused:
        load_bytes(text.encode(), Path("/nonexistent"), Faults("f.yaml"))
    places = [(fault.line, fault.code) for fault in refused.value.faults if isinstance(fault, Fault)]
    assert places == [
        (6, "bad-value"),
        (7, "bad-value"),
        (24, "duplicate-prefix"),
        (31, "unknown-word"),
        (49, "unknown-key"),
    ]


def test_a_url_with_a_password_is_never_repeated_in_a_message() -> None:
    url = "postgres" + "://someone:hidden@db/name"
    with pytest.raises(ConfigRefused) as refused:
        load_bytes(changed("limits: {head", f"stores: {{registry: {url!r}}}\nlimits: {{head"), Path(), Faults("f.yaml"))
    assert "hidden" not in str(refused.value)
    assert "stores.registry" in str(refused.value)
