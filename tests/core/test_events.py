"""Audit events have names from one closed list; a name written by hand elsewhere would have no words on a page."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import gateway
from gateway.core.events import GROUPS, Event, EventGroup
from gateway.portal.words import CATALOGUES

PACKAGE = Path(gateway.__file__).parent
SHAPE = re.compile(r"(operator|portal|settings|sign_in)\.[a-z_]+\.[a-z_]+", re.ASCII)


def test_a_name_is_source_subject_action() -> None:
    assert [event.value for event in Event if not SHAPE.fullmatch(event.value)] == []


def test_no_module_but_the_list_writes_an_event_by_hand() -> None:
    """Sentences of the pages have keys of the same shape: those are none."""
    sentences = {key for words in CATALOGUES.values() for key in words}
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}: {node.value}"
        for path in PACKAGE.rglob("*.py")
        if path != PACKAGE / "core" / "events.py" and "words" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SHAPE.fullmatch(node.value)
        if node.value not in sentences
    ]
    assert found == []


def test_every_event_is_found_under_some_kind_and_every_kind_finds_something() -> None:
    assert {event for events in GROUPS.values() for event in events} == set(Event)
    assert list(GROUPS) == list(EventGroup)
    assert all(GROUPS.values())
