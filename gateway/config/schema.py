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


def documented_keys(schema: Schema | None = None, path: str = "") -> Iterator[tuple[str, str]]:
    """Every key of the format with its meaning: (dotted path, sentence). `*` stands for a name of the operator's."""
    schema = json_schema() if schema is None else schema
    for name, below in schema.get("properties", {}).items():
        dotted = f"{path}.{name}" if path else name
        yield dotted, below.get("description", "")
        yield from documented_keys(below, dotted)
    for branch in schema.get("anyOf", ()):
        yield from documented_keys(branch, path)
    if isinstance(schema.get("items"), dict):
        yield from documented_keys(schema["items"], path)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from documented_keys(schema["additionalProperties"], f"{path}.*")
