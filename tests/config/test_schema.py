"""The JSON Schema: made from the types, true for the shipped file, and explaining every key."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config.schema import documented_keys, json_schema
from tests.config.sample import GOOD

ROOT = Path(__file__).parents[2]
KNOWN = {
    "$schema",
    "title",
    "description",
    "type",
    "enum",
    "const",
    "pattern",
    "minLength",
    "minimum",
    "maximum",
    "minItems",
    "items",
    "anyOf",
    "properties",
    "required",
    "additionalProperties",
}
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "null": type(None)
}  # fmt: skip


def faults(schema: dict[str, Any], value: object, path: str = "") -> list[str]:
    """What a JSON Schema validator would say, for the keywords that are used; an unused one fails loudly."""
    assert set(schema) <= KNOWN, set(schema) - KNOWN
    if "anyOf" in schema:
        branches = [faults(branch, value, path) for branch in schema["anyOf"]]
        return [] if any(not branch for branch in branches) else branches[0]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{path}: {value!r} is none of {schema['enum']}"]
    if schema.get("const", value) != value:
        return [f"{path}: {value!r} is not {schema['const']}"]
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or (kind == "integer" and isinstance(value, bool))):
        return [f"{path}: {value!r} is no {kind}"]
    if isinstance(value, str):
        fits = re.search(schema.get("pattern", ""), value) and len(value) >= schema.get("minLength", 0)
        return [] if fits else [f"{path}: {value!r} does not fit"]
    if isinstance(value, int):
        return [] if schema.get("minimum", value) <= value <= schema.get("maximum", value) else [f"{path}: {value}"]
    if isinstance(value, list):
        short = [f"{path}: too few"] if len(value) < schema.get("minItems", 0) else []
        return short + [
            fault for number, item in enumerate(value) for fault in faults(schema["items"], item, f"{path}[{number}]")
        ]
    return of_object(schema, value, path) if isinstance(value, dict) else []


def of_object(schema: dict[str, Any], value: dict[str, object], path: str) -> list[str]:
    found = [f"{path}: {name} is missing" for name in schema.get("required", ()) if name not in value]
    for name, below in value.items():
        rule = schema.get("properties", {}).get(name, schema["additionalProperties"])
        found += [f"{path}.{name}: unknown"] if rule is False else faults(rule, below, f"{path}.{name}")
    return found


class Yaml12(yaml.SafeLoader):
    """Scalars as editors resolve them: YAML 1.2's core schema."""


Yaml12.yaml_implicit_resolvers = {}
Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(true|false)$"), list("tf"))
Yaml12.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(null|~|)$"), ["n", "~", ""])
Yaml12.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?[0-9]+$"), list("-+0123456789"))


def as_json(text: str) -> object:
    return json.loads(json.dumps(yaml.load(text, Loader=Yaml12)))


FILES = sorted([ROOT / "routes.yaml", *ROOT.glob("deploy/examples/**/*.yaml")])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_shipped_files_are_right_by_the_schema(file: Path) -> None:
    assert faults(json_schema(), as_json(file.read_text("utf-8"))) == []


def test_the_sample_is_right_by_the_schema() -> None:
    assert faults(json_schema(), as_json(GOOD)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("limits:", "limts:"), ("lock: 30m", "lock: 30"), ("access: public", "access: open"), ("version: 1\n", "")],
)
def test_the_schema_refuses_what_check_refuses(old: str, new: str) -> None:
    assert faults(json_schema(), as_json(GOOD.replace(old, new, 1)))


def test_every_key_is_explained_in_words() -> None:
    keys = dict(documented_keys())
    assert len(keys) > 90
    assert [name for name, meaning in keys.items() if len(meaning) < 9] == []


def test_every_part_of_the_format_stands_in_the_shipped_file() -> None:
    """Operators begin with that file: a part that is not there would not be found."""
    text = (ROOT / "routes.yaml").read_text("utf-8")
    parts = [name for name in json_schema()["properties"] if not re.search(rf"^(# )?{name}:", text, re.MULTILINE)]
    assert parts == []
