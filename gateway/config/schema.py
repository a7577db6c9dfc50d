"""The JSON Schema for editors: made from the same shapes that read the file, so the two can't drift apart."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.config.blocks import Record
from gateway.config.model import FileBlock
from gateway.config.shapes import Schema


def json_schema() -> Schema:
    """The schema of the whole file. It may accept more than `check` does, never less."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sekisho",
        **Record(FileBlock).schema(),
    }


def documented_keys() -> Iterator[tuple[str, str]]:
    """Every key of the format with its meaning: (dotted path, sentence). `*` stands for a name of the operator's."""
    yield from dict(_keys(json_schema(), "")).items()  # a list that may be one item has the same keys twice


def _keys(schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    for name, below in schema.get("properties", {}).items():
        dotted = f"{path}.{name}" if path else name
        yield dotted, below.get("description", "")
        yield from _keys(below, dotted)
    for branch in schema.get("anyOf", ()):
        yield from _keys(branch, path)
    if isinstance(schema.get("items"), dict):
        yield from _keys(schema["items"], path)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _keys(schema["additionalProperties"], f"{path}.*")
