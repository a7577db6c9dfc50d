"""Selectors of the configuration: one compound of a tag, `#id`, `.class` and attribute tests, as in CSS."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.core.html_scan import Tag

_TAG_NAME = re.compile(r"\*|[A-Za-z][A-Za-z0-9-]*")
_SIMPLE = re.compile(
    r"#(?P<id>[A-Za-z0-9_-]+)|\.(?P<class>[A-Za-z0-9_-]+)"
    r"|\[\s*(?P<name>[A-Za-z_:][A-Za-z0-9_:.-]*)\s*"
    r"(?:(?P<how>[\^*]?)=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s\"'\]]+))\s*)?\]"
)


@dataclass(frozen=True, slots=True)
class AttributeTest:
    """One attribute: `how` is "present", "=" (equal), "^" (begins), "*" (contains) or "." (a word of a list)."""

    name: str
    how: str
    value: str = ""

    def holds(self, attributes: dict[str, str]) -> bool:
        """Whether a tag with these attributes passes."""
        actual = attributes.get(self.name)
        if actual is None:
            return False
        match self.how:
            case "=":
                return actual == self.value
            case "^":
                return actual.startswith(self.value)
            case "*":
                return self.value in actual
            case ".":
                return self.value in actual.split()
        return True


@dataclass(frozen=True, slots=True)
class Selector:
    """A compound selector; `tag` is empty for any. `clue`: bytes that stand in every tag it finds, if no `&` does."""

    tag: bytes
    tests: tuple[AttributeTest, ...]
    clue: bytes = b""

    def finds(self, tag: Tag) -> bool:
        """Whether a start tag is of an element that is meant."""
        if self.tag and tag.name != self.tag:
            return False
        if not self.tests:
            return True
        if self.clue not in tag.text and b"&" not in tag.text:
            return False
        attributes = tag.attributes() if tag.text else {}
        return all(test.holds(attributes) for test in self.tests)


def parse_selector(text: str) -> Selector:
    """Read a selector. Raises ValueError, whose text says what is not understood."""
    text = text.strip()
    if not text.isascii():
        # The page may be in Shift_JIS, the configuration is in UTF-8: the bytes would never be equal.
        raise ValueError("a selector can't hold characters beyond ASCII: name the element by id, class or href")
    name = _TAG_NAME.match(text)
    position = name.end() if name else 0
    tests = []
    while position < len(text):
        simple = _SIMPLE.match(text, position)
        if simple is None:
            raise ValueError(
                f"{text[position:]!r} is not understood: write one of tag, #id, .class, [name], [name=value],"
                " [name^=value], [name*=value] or several together without spaces"
            )
        tests.append(_attribute_test(simple))
        position = simple.end()
    if not text:
        raise ValueError("a selector can't be empty")
    tag = name[0].lower().encode() if name and name[0] != "*" else b""
    return Selector(tag, tuple(tests), max((test.value.encode() for test in tests), key=len, default=b""))


def _attribute_test(simple: re.Match[str]) -> AttributeTest:
    if simple["id"]:
        return AttributeTest("id", "=", simple["id"])
    if simple["class"]:
        return AttributeTest("class", ".", simple["class"])
    value = simple["double"] or simple["single"] or simple["bare"] or ""
    if simple["how"] and not value:
        raise ValueError(
            f"[{simple['name']}{simple['how']}=] needs a value: an empty one would find every such element"
        )
    how = "present" if simple["how"] is None else simple["how"] or "="
    return AttributeTest(simple["name"].lower(), how, value)
