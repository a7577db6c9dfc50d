"""Reads forms out of a page as browsers do, and what they send of them (WHATWG HTML 4.10.21).

    page ──► tags ──► forms with their fields ──► filled ──► (name, value) pairs ──► body of a request

It knows what sign-in forms are made of: inputs, selects, buttons. Text areas, files and scripts it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.entities import html5
from urllib.parse import quote_plus

from gateway.core.html_scan import Tag, tags

Pairs = tuple[tuple[str, str], ...]

_PRESSED = ("submit", "image")
_NEVER_SENT = frozenset(("button", "reset", "file"))
_SPACES = re.compile(r"[\t\n\f\r ]+")
_REFERENCE = re.compile(r"&(?:#[xX]([0-9a-fA-F]{1,8});?|#([0-9]{1,8});?|([A-Za-z][A-Za-z0-9]*+;?)(?!=))")
_SAFE = "*-._"  # stay as they are in application/x-www-form-urlencoded, with letters and digits
# What the web calls by these names is Microsoft's larger set; Python's own codecs lack its characters.
_CODECS = {"shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932"}


@dataclass(frozen=True, slots=True)
class FormField:
    """One field that a browser would send. `kind` is an input's type, else `select`; buttons count when pressed."""

    name: str
    value: str = field(repr=False)
    kind: str


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a page. `action` as it stands, empty for the page's own address."""

    action: str
    multipart: bool
    fields: tuple[FormField, ...]

    def has(self, name: str) -> bool:
        """Whether it has a field of this name that a person could fill."""
        return any(each.name == name and each.kind not in _PRESSED for each in self.fields)

    def password_field(self) -> str:
        """The name of its first password field, or nothing."""
        return next((each.name for each in self.fields if each.kind == "password" and each.name), "")

    def filled(self, values: Mapping[str, str]) -> Pairs:
        """What a browser sends when these fields are typed into and the form's button is pressed."""
        pressed = self._button()
        pairs: list[tuple[str, str]] = []
        for number, each in enumerate(self.fields):
            if each.kind in _PRESSED:
                pairs += _press(each) if number == pressed else ()
            elif each.name:
                pairs.append((each.name, values.get(each.name, each.value)))
        sent = {name for name, _ in pairs}
        return (*pairs, *((name, value) for name, value in values.items() if name not in sent))

    def _button(self) -> int:
        """The button that people press: the first one below the password, else the first."""
        buttons = [number for number, each in enumerate(self.fields) if each.kind in _PRESSED]
        secret = next((number for number, each in enumerate(self.fields) if each.kind == "password"), -1)
        return next((number for number in buttons if number > secret), buttons[0] if buttons else -1)


def _press(button: FormField) -> Pairs:
    if button.kind == "image":  # says where it was pressed
        prefix = f"{button.name}." if button.name else ""
        return ((f"{prefix}x", "1"), (f"{prefix}y", "1"))
    return ((button.name, button.value),) if button.name else ()


def read_forms(page: bytes, charset: str) -> tuple[Form, ...]:
    """The forms of a page, in order."""
    reader = _Reader(page, codec_of(charset))
    for tag in tags(page):
        reader.take(tag)
    return reader.end()


def codec_of(charset: str) -> str:
    """Python's name for what browsers mean by a charset."""
    return _CODECS.get(charset.lower(), charset)


def urlencoded(pairs: Sequence[tuple[str, str]], charset: str) -> bytes:
    """As application/x-www-form-urlencoded. What the charset lacks becomes a character reference, as in browsers."""
    return b"&".join(
        b"=".join(quote_plus(_encoded(text, charset), safe=_SAFE).encode() for text in pair) for pair in pairs
    )


def multipart(pairs: Sequence[tuple[str, str]], charset: str, boundary: bytes) -> bytes:
    """As multipart/form-data; the boundary must occur in no value."""
    parts = [
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
        % (boundary, _encoded(_one_line(name), charset), _encoded(value, charset))
        for name, value in pairs
    ]
    return b"".join(parts) + b"--%b--\r\n" % boundary


def _encoded(text: str, charset: str) -> bytes:
    return text.encode(codec_of(charset), "xmlcharrefreplace")


def _one_line(name: str) -> str:
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


@dataclass(slots=True)
class _Draft:
    """A form while the page goes by."""

    action: str
    multipart: bool
    fields: list[FormField]


@dataclass(slots=True)
class _Option:
    value: str | None  # None: its text, which ends at the next tag
    start: int
    selected: bool
    disabled: bool


@dataclass(slots=True)
class _Select:
    name: str
    multiple: bool
    fields: list[FormField]
    options: list[_Option]

    def chosen(self) -> list[str]:
        """What is selected when nobody has touched it."""
        usable = [option for option in self.options if not option.disabled]
        selected = [option.value or "" for option in usable if option.selected]
        if self.multiple:
            return selected
        return (selected or [option.value or "" for option in usable[:1]])[-1:]


class _Reader:
    """Takes the tags of a page one by one. Fields outside of any form are nobody's."""

    def __init__(self, page: bytes, codec: str) -> None:
        self._page = page
        self._codec = codec
        self._forms: list[_Draft] = []
        self._open: _Draft | None = None
        self._by_id: dict[str, _Draft] = {}
        self._elsewhere: list[tuple[str, list[FormField]]] = []  # fields that name their form by its id
        self._select: _Select | None = None

    def take(self, tag: Tag) -> None:
        """The next tag."""
        self._end_option(tag.start)
        if tag.closing:
            if tag.name == b"form":
                self._end_select()
                self._open = None
            elif tag.name == b"select":
                self._end_select()
            return
        match tag.name:
            case b"form":
                self._form(self._attributes(tag))
            case b"input" | b"button":
                self._end_select()
                self._control(tag.name, self._attributes(tag))
            case b"select":
                self._end_select()
                self._begin_select(self._attributes(tag))
            case b"option":
                self._option(tag)

    def end(self) -> tuple[Form, ...]:
        """The page has ended."""
        self._end_option(len(self._page))
        self._end_select()
        for name, fields in self._elsewhere:
            if name in self._by_id:
                self._by_id[name].fields += fields
        return tuple(Form(draft.action, draft.multipart, tuple(draft.fields)) for draft in self._forms)

    def _form(self, attributes: dict[str, str]) -> None:
        if self._open is not None:
            return  # a form in a form is ignored
        encoding = attributes.get("enctype", "").strip().lower()
        self._open = _Draft(attributes.get("action", "").strip(), encoding == "multipart/form-data", [])
        self._forms.append(self._open)
        if attributes.get("id"):
            self._by_id.setdefault(attributes["id"], self._open)

    def _control(self, element: bytes, attributes: dict[str, str]) -> None:
        usual = "submit" if element == b"button" else "text"
        kind = attributes.get("type", usual).strip().lower() or usual
        value = attributes.get("value", "")
        if kind in _NEVER_SENT or "disabled" in attributes:
            return
        if kind in ("checkbox", "radio"):
            if "checked" not in attributes:
                return
            value = attributes.get("value", "on")
        self._fields_for(attributes).append(FormField(attributes.get("name", ""), value, kind))

    def _fields_for(self, attributes: dict[str, str]) -> list[FormField]:
        if "form" in attributes:
            self._elsewhere.append((attributes["form"], []))
            return self._elsewhere[-1][1]
        return self._open.fields if self._open is not None else []

    def _begin_select(self, attributes: dict[str, str]) -> None:
        fields = [] if "disabled" in attributes else self._fields_for(attributes)
        self._select = _Select(attributes.get("name", ""), "multiple" in attributes, fields, [])

    def _option(self, tag: Tag) -> None:
        if self._select is not None:
            attributes = self._attributes(tag)
            flags = ("selected" in attributes, "disabled" in attributes)
            self._select.options.append(_Option(attributes.get("value"), tag.end, *flags))

    def _end_option(self, end: int) -> None:
        if self._select is not None and self._select.options and self._select.options[-1].value is None:
            option = self._select.options[-1]
            option.value = _SPACES.sub(" ", self._text(self._page[option.start : end])).strip()

    def _end_select(self) -> None:
        select, self._select = self._select, None
        if select is not None and select.name:
            select.fields += [FormField(select.name, value, "select") for value in select.chosen()]

    def _attributes(self, tag: Tag) -> dict[str, str]:
        return {name: self._text(value) for name, value in tag.raw_attributes().items()}

    def _text(self, raw: bytes) -> str:
        return _REFERENCE.sub(_referred, raw.decode(self._codec, "replace"))


def _referred(found: re.Match[str]) -> str:
    """One character reference as it counts in an attribute: `&copy=1` and `&copyright` in an address are none."""
    if found[3] is not None:
        return html5.get(found[3], found[0])
    number = int(found[1], 16) if found[1] is not None else int(found[2])
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
