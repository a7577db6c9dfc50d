"""Parameters of a query or a form, read only where every app reads the same (security rules "own record only").

Tomcat takes the first of two, PHP the last, ASP.NET joins them; PHP folds `user.id` into `user_id`; Jetty prefers the
query to the body. So nothing is chosen: a name that occurs twice in any spelling is DOUBT, and what some parser reads
differently as a whole (a bad escape, another charset, a `;`) gives no parameters at all.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import unquote_to_bytes

from gateway.core.foreign_names import readings
from gateway.core.multipart import multipart_boundary, split_multipart
from gateway.core.normal_forms import normal_form

_MOST_FIELDS = 1000  # PHP's max_input_vars: it drops what comes later
_LONGEST_NAME = 1000  # characters, and of all names together; no page has them, and to fold a megabyte holds the loop
_MOST_OF_NAMES = 100_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SPLIT = re.compile("[&;]")
_SIMPLE = re.compile("[A-Za-z0-9_-]+")  # most names: there is nothing to fold but capitals
_MANGLED = re.compile(r"[.\[ ]")
_FORM_TYPE = re.compile(rb"application/x-www-form-urlencoded(?:; ?charset=(?:utf-8|UTF-8))?")
_ENCODED = re.compile(rb"(?:[!$&'()*+,\-./0-9:=@A-Z_a-z~\[\]{}|^`]|%[0-9A-Fa-f]{2})*+")
_NAME_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f=&;]")
_VALUE_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Missing(enum.Enum):
    """Why a parameter has no value."""

    ABSENT = "absent"
    DOUBT = "doubt"


@dataclass(frozen=True, slots=True)
class Field:
    """One decoded field. `value` is None where apps read it in different ways (`id` without `=`, a file, a `+`,
    what is not UTF-8); `data` is what a form parser makes of it, before any charset. A name that is not UTF-8 is empty
    here: its bytes are in `raw`, and what apps may make of them in `read_as`."""

    name: str
    value: str | None
    data: bytes | None = None
    raw: bytes = b""
    read_as: frozenset[str] = frozenset()


class Parameters:
    """The fields of one query or one form."""

    __slots__ = ("_fields", "_hidden", "legible")

    def __init__(self, fields: Iterable[Field], hidden: Iterable[str] = ()) -> None:
        """`hidden`: names that appear in values when an app decodes before it splits."""
        self._fields: dict[str, list[Field]] = {}
        self._hidden = {fold for name in hidden for fold in name_folds(name)}
        self.legible = True  # every name is UTF-8; where not, no condition is believed
        for field in fields:
            self.legible &= not field.raw
            for name in field.read_as or (field.name,):
                for fold in name_folds(name):
                    self._fields.setdefault(fold, []).append(field)

    def only(self, name: str) -> str | Missing:
        """The value of the one field of this name; DOUBT when it came twice or in another spelling (R-091)."""
        field = self._one(name)
        if isinstance(field, Missing):
            return field
        return Missing.DOUBT if field.value is None else field.value

    def data(self, name: str, charset: str = "utf-8") -> bytes | Missing:
        """As `only`, but the bytes that every form parser makes of the value: `+` is a space, its charset is open.
        `charset`: that of the page; a name beyond ASCII comes in it."""
        try:
            field = self._one(name, name.encode(charset))
        except (LookupError, UnicodeEncodeError):
            return Missing.DOUBT
        if isinstance(field, Missing):
            return field
        return Missing.DOUBT if field.data is None else field.data

    def _one(self, name: str, raw: bytes = b"") -> Field | Missing:
        spelled = raw.decode(errors="replace") if raw else name
        folds = _sought(name) if spelled == name else _sought(name) | _sought(spelled)
        found = {id(field): field for fold in folds for field in self._fields.get(fold, ())}
        if not folds.isdisjoint(self._hidden) or len(found) > 1:
            return Missing.DOUBT
        for field in found.values():
            return field if spelled == field.name or (field.raw and raw == field.raw) else Missing.DOUBT
        return Missing.ABSENT


def name_folds(name: str) -> frozenset[str]:
    """Every name an app may make of this one: case, width, accents, PHP's `_` for `.`, space and `[`, Zope's types
    after a colon. A name that is part of a structure (`user[mail]`) is found under each part of it, too."""
    if _SIMPLE.fullmatch(name):
        return frozenset((name.lower(), name.lower() + "["))
    bare = _bare(name)
    base, *keys = bare.split("[")
    found = {_whole_name(bare)}
    if ":" in bare:
        found.add(_whole_name(bare.partition(":")[0]))
    part = _MANGLED.sub("_", base.strip(" ."))
    found.add(part)
    for key in keys:
        if not key.strip("] ."):
            break
        part += "[" + key.partition("]")[0]
        found.add(part)
    return frozenset((*found, part + "["))


def _sought(name: str) -> frozenset[str]:
    """The folds under which whatever could be this name is found: the same name, what lies within it, and what takes
    the place of all that it is part of (`user` for `user[mail]`), but not what stands beside it (`user[password]`)."""
    bare = _bare(name)
    if "[" not in bare:
        return frozenset((_whole_name(bare),))
    base, *keys = bare.split("[")
    found, part = {_whole_name(bare)}, _MANGLED.sub("_", base.strip(" ."))
    for key in keys:
        found.add(part + "[")
        part += "[" + key.partition("]")[0]
    return frozenset((*found, part))


def _whole_name(bare: str) -> str:
    return _MANGLED.sub("_", bare).replace("]", "")


def _bare(name: str) -> str:
    spread = normal_form("NFKD", normal_form("NFKC", name).upper()).lower()
    if spread.isascii():
        bare = _CONTROL.sub("", spread)
    else:
        bare = "".join(char for char in spread if unicodedata.category(char) not in ("Mn", "Cf", "Cc"))
    return bare.strip(" .\u3000")


def hidden_names(value: str) -> list[str]:
    """Names that appear when an app decodes before it splits: `x=1%26id=2` is then two fields."""
    if "&" not in value and ";" not in value:
        return []
    return [name for name, equals, _ in (piece.partition("=") for piece in _SPLIT.split(value)[1:]) if equals]


def parse_query(raw: bytes | None) -> Parameters | None:
    """The parameters of a query (None: there is no `?`); None when some app could read the whole another way."""
    return _parse_urlencoded(raw or b"")


def parse_form(content_type_headers: list[bytes], content_encoding: list[bytes], body: bytes) -> Parameters | None:
    """The parameters of a body whose type is spelled exactly as browsers spell it (R-092); else None."""
    if len(content_type_headers) != 1 or content_encoding:
        return None
    content_type = content_type_headers[0]
    if _FORM_TYPE.fullmatch(content_type):
        return _parse_urlencoded(body)
    boundary = multipart_boundary(content_type)
    parts = None if boundary is None else split_multipart(boundary, body, _MOST_FIELDS)
    if parts is None:
        return None
    return _checked(_decoded(part.name, part.value) for part in parts)


def _parse_urlencoded(raw: bytes) -> Parameters | None:
    if _ENCODED.fullmatch(raw) is None:
        return None
    pieces = [piece for piece in raw.split(b"&") if piece]
    return _checked(_urlencoded_field(piece) for piece in pieces) if len(pieces) <= _MOST_FIELDS else None


def _urlencoded_field(piece: bytes) -> Field | None:
    name, equals, value = piece.partition(b"=")
    field = _decoded(unquote_to_bytes(name.replace(b"+", b" ")), unquote_to_bytes(value.replace(b"+", b" ")))
    if field is None or (equals and b"+" not in value):
        return field
    # Scripts that split a query themselves leave `+` alone; ASP.NET takes a bare `id` for a value.
    return replace(field, value=None, data=field.data if equals else None)


def _decoded(name: bytes, data: bytes | None) -> Field | None:
    """A field whose name every app reads alike. Its value may be in the page's own charset (Shift_JIS): then it
    satisfies nothing, but takes nothing from the fields beside it either. Its name may be so too."""
    if not 0 < len(name) <= _LONGEST_NAME * 4 or _VALUE_CONTROL.search((data or b"").decode("latin-1")):
        return None
    try:
        decoded = name.decode()
    except UnicodeDecodeError:
        read_as = readings(name)
        return Field("", None, data, name, read_as) if read_as else None
    if len(decoded) > _LONGEST_NAME or _NAME_CONTROL.search(decoded):
        return None
    if "_charset_" in name_folds(decoded):  # tells some parsers to decode every other field anew
        return None
    try:
        return Field(decoded, None if data is None else data.decode(), data)
    except UnicodeDecodeError:
        return Field(decoded, None, data)


def _checked(fields: Iterable[Field | None]) -> Parameters | None:
    """None where some app could read another whole, and for more names than a page has: each costs its folding."""
    known: list[Field] = []
    hidden: list[str] = []
    for field in fields:
        if field is None:
            return None
        known.append(field)
        data = field.data or b""
        if data.count(b"=") > _MOST_FIELDS and data.count(b"&") + data.count(b";") > _MOST_FIELDS:
            return None
        hidden += hidden_names(data.decode("latin-1"))
    names = (name for field in known for name in field.read_as or (field.name,))
    length = sum(map(len, names)) + sum(map(len, hidden))
    return Parameters(known, hidden) if length <= _MOST_OF_NAMES and len(hidden) <= _MOST_FIELDS else None
