"""Shapes: what a node must look like, how it is read, and how an editor's JSON Schema says the same.

    node ── shape.read ──► value or BROKEN (the fault is noted)        shape.schema() ──► JSON Schema

A shape never stops at its first fault: it reads what can be read and goes on.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Callable
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from gateway.config.faults import Faults, did_you_mean
from gateway.config.nodes import Mapping, Node, Scalar, Sequence

T_co = TypeVar("T_co", covariant=True)
Schema = dict[str, Any]


class Broken(enum.Enum):
    """A value that could not be read; its fault is noted already."""

    BROKEN = "broken"


BROKEN = Broken.BROKEN


class Shape(ABC, Generic[T_co]):
    """Reads one node."""

    @abstractmethod
    def read(self, node: Node, faults: Faults) -> T_co | Broken:
        """The value; BROKEN after noting at least one fault. Never raises."""

    @abstractmethod
    def schema(self) -> Schema:
        """The same rule for editors. May accept more than `read`, never less."""


@dataclass(frozen=True)
class Word(Shape[T_co]):
    """A scalar. `parse` raises ValueError with what is wrong; `remedy` says what would be right.

    `bare`: numbers and flags, which stand without quotes. `secret`: the text is never repeated in a message.
    """

    parse: Callable[[str], T_co]
    remedy: str
    json: Schema
    bare: bool = False
    secret: bool = False

    def read(self, node: Node, faults: Faults) -> T_co | Broken:
        """Parse the text."""
        if not isinstance(node, Scalar):
            faults.add(node, "wrong-kind", f"got {kind_of(node)}.", self.remedy)
        elif node.empty:
            faults.add(node, "empty", "nothing is written here.", self.remedy)
        elif self.bare and not node.plain:
            faults.add(node, "quoted", f"got the text {_shown(node.text)}.", f"{self.remedy} Leave the quotes out.")
        else:
            try:
                return self.parse(node.text)
            except ValueError as error:
                got = "" if self.secret else f"got {_shown(node.text)}"
                reason = str(error)
                what = f"{got}: {reason}" if got and reason else got or reason
                faults.add(node, "bad-value", f"{what}.", self.remedy)
        return BROKEN

    def schema(self) -> Schema:
        """What the text may be."""
        return dict(self.json)


@dataclass(frozen=True)
class Choice(Shape[T_co]):
    """One of a few words."""

    words: Dict[str, T_co]

    def read(self, node: Node, faults: Faults) -> T_co | Broken:
        """Look the word up."""
        if not isinstance(node, Scalar):
            faults.add(node, "wrong-kind", f"got {kind_of(node)}.", f"Write one of: {', '.join(self.words)}.")
            return BROKEN
        if node.text in self.words:
            return self.words[node.text]
        faults.add(node, "unknown-word", f"got {_shown(node.text)}.", did_you_mean(node.text, self.words))
        return BROKEN

    def schema(self) -> Schema:
        """The words."""
        return {"enum": list(self.words)}


@dataclass(frozen=True)
class ListOf(Shape[tuple[T_co, ...]]):
    """A list; with `one`, a single value may stand without brackets. `few`: at least so many good items."""

    item: Shape[T_co]
    one: bool = False
    few: int = 0

    def read(self, node: Node, faults: Faults) -> tuple[T_co, ...] | Broken:
        """Read every item; broken ones are left out."""
        if not isinstance(node, Sequence):
            if self.one:
                single = self.item.read(node, faults)
                return BROKEN if isinstance(single, Broken) else (single,)
            faults.add(node, "wrong-kind", f"got {kind_of(node)}.", "Write a list: one line per item, each with `- `.")
            return BROKEN
        if len(node.items) < self.few:
            faults.add(node, "too-few", "the list is empty.", "Write at least one item.")
            return BROKEN
        values = [self.item.read(item, faults) for item in node.items]
        kept = tuple(value for value in values if not isinstance(value, Broken))
        return kept if len(kept) >= self.few else BROKEN

    def schema(self) -> Schema:
        """A list, or one item."""
        listed: Schema = {"type": "array", "items": self.item.schema()}
        if self.few:
            listed["minItems"] = self.few
        return {"anyOf": [self.item.schema(), listed]} if self.one else listed


@dataclass(frozen=True)
class MapOf(Shape[tuple[tuple[str, T_co], ...]]):
    """Keys chosen by the operator, each with a value; `key` checks a key as if it were a value."""

    value: Shape[T_co]
    key: Shape[str]

    def read(self, node: Node, faults: Faults) -> tuple[tuple[str, T_co], ...] | Broken:
        """Read every pair; broken ones are left out."""
        if not isinstance(node, Mapping):
            faults.add(node, "wrong-kind", f"got {kind_of(node)}.", "Write keys with values.")
            return BROKEN
        found: list[tuple[str, T_co]] = []
        for name, below in node.pairs:
            key = self.key.read(name, faults)
            value = self.value.read(below, faults)
            if not isinstance(key, Broken) and not isinstance(value, Broken):
                found.append((key, value))
        return tuple(found)

    def schema(self) -> Schema:
        """Any keys with such values."""
        return {"type": "object", "additionalProperties": self.value.schema()}


@dataclass(frozen=True)
class OrNull(Shape[T_co | None]):
    """A value, or `null`."""

    value: Shape[T_co]

    def read(self, node: Node, faults: Faults) -> T_co | Broken | None:
        """None for null."""
        return None if isinstance(node, Scalar) and node.empty else self.value.read(node, faults)

    def schema(self) -> Schema:
        """The value or null."""
        return {"anyOf": [self.value.schema(), {"type": "null"}]}


@dataclass(frozen=True)
class ShortOrLong(Shape[T_co]):
    """A scalar as the short form of a mapping."""

    short: Shape[T_co]
    long: Shape[T_co]

    def read(self, node: Node, faults: Faults) -> T_co | Broken:
        """By the kind of the node."""
        return (self.short if isinstance(node, Scalar) else self.long).read(node, faults)

    def schema(self) -> Schema:
        """Both."""
        return {"anyOf": [self.short.schema(), self.long.schema()]}


def kind_of(node: Node) -> str:
    """What a node is, for messages."""
    match node:
        case Scalar(empty=True):
            return "nothing"
        case Scalar(text=text):
            return f"the text {_shown(text)}"
        case Sequence():
            return "a list"
        case Mapping():
            return "a mapping"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "…")
