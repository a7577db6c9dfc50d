"""Blocks: mappings with known keys. A block is a frozen dataclass whose fields carry shape, default and meaning.

    class Support(Block):
        phone: str = key(TEXT, "The number people may call.", default="")

The same declaration reads the file, names unknown keys, and becomes the editor's JSON Schema.
"""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar, cast, dataclass_transform

from gateway.config.faults import Faults, did_you_mean, nearest
from gateway.config.nodes import Mapping, Node, at
from gateway.config.shapes import BROKEN, Broken, Schema, Shape, kind_of

T = TypeVar("T")
B = TypeVar("B", bound="Block")


class Required(enum.Enum):
    """A key that must be written."""

    REQUIRED = "required"


REQUIRED = Required.REQUIRED


def key(shape: Shape[T], doc: str, *, default: T | Required = REQUIRED, name: str = "", must: bool = False) -> T:
    """Declare a key. `doc` is one or two sentences for editors and the manual; `name` if it isn't the field's.

    Without a default a missing key breaks the block. `must`: it is a fault as well, but the block is made with the
    default all the same, so that the rest of the file is checked too.
    """
    metadata = {"shape": shape, "doc": doc, "name": name, "must": must or default is REQUIRED}
    if isinstance(default, Required):
        return cast(T, field(metadata=metadata))
    return field(default=default, metadata=metadata)


def optional(shape: Shape[T], doc: str, *, name: str = "", must: bool = False) -> T | None:
    """Declare a key that is None when it is not written."""
    return cast("T | None", field(default=None, metadata={"shape": shape, "doc": doc, "name": name, "must": must}))


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(key, optional))
def block(cls: type[T]) -> type[T]:
    """A frozen, keyword-only dataclass."""
    return dataclass(frozen=True, kw_only=True)(cls)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A mapping that was read, with its node for later faults. Subclasses are made by `@block`."""

    node: Mapping = field(repr=False, compare=False)

    def at(self, *steps: str | int) -> Node:
        """The node of a key, for faults and warnings about it."""
        return at(self.node, *steps)

    def check(self, faults: Faults) -> None:
        """Rules between the keys of this one block."""


@dataclass(frozen=True)
class Record(Shape[B], Generic[B]):
    """Reads a mapping into a block."""

    block: type[B]

    def read(self, node: Node, faults: Faults) -> B | Broken:
        """Read every known key, name every unknown one, then let the block check itself."""
        if not isinstance(node, Mapping):
            names = ", ".join(self._fields)
            faults.add(node, "wrong-kind", f"got {kind_of(node)}.", f"Write keys with values: {names}.")
            return BROKEN
        values: dict[str, Any] = {}
        whole = True
        fields = self._fields
        for name, value_node in node.pairs:
            known = fields.get(name.text)
            if known is None:
                path, remedy = _below(node, name.text), did_you_mean(name.text, fields)
                faults.put(name.line, name.column, path, "unknown-key", "unknown key.", remedy)
                continue
            value = known.metadata["shape"].read(value_node, faults)
            if isinstance(value, Broken):
                whole = whole and known.default is not dataclasses.MISSING
            else:
                values[known.name] = value
        whole = self._missing(node, fields, faults) and whole
        if not whole:
            return BROKEN
        made = self.block(node=node, **values)
        made.check(faults)
        return made

    def _missing(self, node: Mapping, fields: dict[str, dataclasses.Field[Any]], faults: Faults) -> bool:
        """Whether nothing is missing that the block can't do without. A misspelt key is one fault, not two."""
        complete = True
        misspelt = {nearest(written.text, fields) for written, _ in node.pairs if written.text not in fields}
        for name, known in fields.items():
            if known.metadata["must"] and node.find(name) is None:
                if name not in misspelt:
                    doc = known.metadata["doc"]
                    faults.put(node.line, node.column, _below(node, name), "missing-key", "this key is missing.", doc)
                complete = complete and known.default is not dataclasses.MISSING
        return complete

    @cached_property
    def _fields(self) -> dict[str, dataclasses.Field[Any]]:
        fields = [known for known in dataclasses.fields(self.block) if "shape" in known.metadata]
        return {known.metadata["name"] or known.name: known for known in fields}

    def schema(self) -> Schema:
        """The keys with their meanings."""
        fields = self._fields
        properties = {
            name: {"description": known.metadata["doc"], **known.metadata["shape"].schema()}
            for name, known in fields.items()
        }
        required = [name for name, known in fields.items() if known.metadata["must"]]
        schema: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
        return {**schema, "required": required} if required else schema


def _below(node: Node, name: str) -> str:
    return f"{node.path}.{name}" if node.path else name
