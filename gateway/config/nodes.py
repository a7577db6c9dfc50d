"""YAML text as a tree of nodes that know their line, column and dotted path.

    text ─ parser events ─► Mapping / Sequence / Scalar        every scalar is still the text that was written

Nothing is resolved here: YAML 1.1 would turn `8:30` into 510, `off` into False and `0123` into 83. What a scalar
means is said by the shape that reads it. Anchors, aliases, merges and tags are refused: with them the line that a
person reads is not the line that counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from gateway.config.faults import Faults

MAX_DEPTH = 40
MAX_BYTES = 32 << 20

_SYNTAX = "Check indentation and colons here; a text with { } [ ] , or # needs quotes."
_TAB = "There is a tab: indent with spaces."
_FULL_WIDTH_SIGN = re.compile(r" *\u3000|[\s-]*[A-Za-z_][\w.]*(?:\s*：|:\u3000)")  # in an indent, or after a key
_YAML_TAG = "tag:yaml.org,2002:"
_PLAIN_KEY = re.compile(r"[\w.-]+")
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # the C one is missing where PyYAML lacks libyaml


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text as written. `plain`: without quotes, so it may also mean a number, a flag or null."""

    line: int
    column: int
    path: str
    text: str
    plain: bool

    @property
    def empty(self) -> bool:
        """Nothing was written, or one of YAML's words for nothing."""
        return self.plain and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    line: int
    column: int
    path: str
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with values, in file order; keys are unique."""

    line: int
    column: int
    path: str
    pairs: tuple[tuple[Scalar, Node], ...]

    def find(self, key: str) -> Node | None:
        """The value of a key."""
        return next((value for name, value in self.pairs if name.text == key), None)


Node = Scalar | Sequence | Mapping


def at(node: Node, *steps: str | int) -> Node:
    """The node below `node` along keys and indexes, or the last one that exists: for the line of a fault."""
    for step in steps:
        below: Node | None = None
        if isinstance(node, Mapping) and isinstance(step, str):
            below = node.find(step)
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            below = node.items[step]
        if below is None:
            return node
        node = below
    return node


def compose(data: bytes, faults: Faults) -> Mapping | None:
    """The tree of a file, or None when it is not even YAML; then `faults` says where and nothing more is said."""
    text = _decoded(data, faults)
    if text is None:
        return None
    try:
        root = _Composer(faults).document(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        began = error.context_mark
        context = error.context
        if context and began is not None and began.line + 1 < line and ("quoted" in context or "flow" in context):
            context += f" that begins on line {began.line + 1}"
        what = " ".join(part for part in (context, error.problem) if part)
        tab = mark is not None and text[mark.index : mark.index + 1] == "\t"
        remedy = _TAB if tab else _full_width(text, line) or _SYNTAX
        faults.put(line, column, "", "yaml-syntax", f"not YAML: {what}.", remedy)
        return None
    except yaml.YAMLError as error:
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1
        faults.put(line, 1, "", "yaml-syntax", "holds a character that YAML forbids.", "Remove control characters.")
        return None
    except _UnreadableError:
        return None
    if not isinstance(root, Mapping):
        faults.put(1, 1, "", "wrong-kind", "the file holds no settings.", "Write keys with values, first `version: 1`.")
        return None
    return root


def _full_width(text: str, line: int) -> str:
    """The remedy where somebody typed a sign of YAML with a Japanese keyboard, there or on the line before."""
    for number, written in enumerate(text.split("\n")[:line], 1):
        if number >= line - 1 and _FULL_WIDTH_SIGN.match(written):
            return f"Line {number} has a full-width colon or space: write it half-width."
    return ""


def _decoded(data: bytes, faults: Faults) -> str | None:
    if len(data) > MAX_BYTES:
        faults.put(1, 1, "", "too-large", "the file is larger than 32 MiB.", "Move people to a CSV file or a database.")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        faults.put(line, 1, "", "not-utf-8", "the file is not UTF-8 here.", "Save it as UTF-8.")
        return None


class _UnreadableError(Exception):
    """The fault is noted; the rest of the tree can't be trusted."""


class _Composer:
    """Builds nodes from parser events. Own recursion with a bound: a file of brackets must not end the process."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults

    def document(self, events: Iterator[yaml.Event]) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(event, "", "several-documents", "a second document begins.", "Keep one per file.")
                    raise _UnreadableError
                root = self._node(next(events), events, "", 0)
        return root

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], path: str, depth: int) -> Node:
        line, column = _place(event)
        self._plain_yaml_only(event, path, depth)
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(line, column, path, event.value, not event.style)
        if isinstance(event, yaml.SequenceStartEvent):
            return Sequence(line, column, path, self._items(events, path, depth))
        return Mapping(line, column, path, self._pairs(events, path, depth))

    def _items(self, events: Iterator[yaml.Event], path: str, depth: int) -> tuple[Node, ...]:
        items: list[Node] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._node(event, events, f"{path}[{len(items)}]", depth + 1))
        return tuple(items)

    def _pairs(self, events: Iterator[yaml.Event], path: str, depth: int) -> tuple[tuple[Scalar, Node], ...]:
        pairs: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._node(event, events, path, depth + 1)
            if not isinstance(key, Scalar):
                self._refuse(event, path, "wrong-kind", "a key is a list or a mapping.", "Write a word as the key.")
                raise _UnreadableError
            shown = key.text if _PLAIN_KEY.fullmatch(key.text) else json.dumps(key.text, ensure_ascii=False)
            below = f"{path}.{shown}" if path else shown
            value = self._node(next(events), events, below, depth + 1)
            if key.plain and key.text == "<<":
                self._refuse(event, path, "yaml-merge", "`<<` merges are refused.", "Write the keys out here.")
            elif key.text in pairs:
                first = pairs[key.text][0].line
                self._refuse(event, below, "duplicate-key", f"the key is also on line {first}.", "Keep one of the two.")
            else:
                pairs[key.text] = (key, value)
        return tuple(pairs.values())

    def _plain_yaml_only(self, event: yaml.Event, path: str, depth: int) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, path, "yaml-alias", f"`*{event.anchor}` is an alias.", "Write the value out here.")
            raise _UnreadableError
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor:
            self._refuse(event, path, "yaml-anchor", f"`&{anchor}` is an anchor.", "Remove it.")
        if tag and tag != "!":
            shown = tag.replace(_YAML_TAG, "!!")
            self._refuse(event, path, "yaml-tag", f"`{shown}` is a tag.", "Remove it; use quotes for text.")
        if depth > MAX_DEPTH:
            self._refuse(event, path, "too-deep", "nested too deeply.", "No setting is this deep.")
            raise _UnreadableError

    def _refuse(self, event: yaml.Event, path: str, code: str, message: str, remedy: str) -> None:
        line, column = _place(event)
        self.faults.put(line, column, path, code, message, remedy)


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
