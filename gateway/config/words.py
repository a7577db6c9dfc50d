"""The words of the file: durations, sizes, dates, addresses, paths. Each is one shape with one remedy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from gateway.config.settings import ListenAddress
from gateway.config.shapes import Choice, Shape, Word
from gateway.core.subject import canonical_login_id

_DURATION = re.compile(r"([0-9]+)(ms|s|m|h|d)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"([0-9]+)(B|KiB|MiB)", re.ASCII)
_BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20}
_NUMBER = re.compile(r"0|[1-9][0-9]*", re.ASCII)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?", re.ASCII)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_METHOD = re.compile(r"[A-Z][A-Z-]{0,19}", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]+\]", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _text(text: str) -> str:
    if not text:
        raise ValueError("the text is empty")
    if _CONTROL.search(text):
        raise ValueError("it holds control characters")
    return text


def _any_text(text: str) -> str:
    return text


def matching(pattern: str, remedy: str) -> Word[str]:
    """A text that a regular expression matches as a whole."""
    compiled = re.compile(pattern, re.ASCII)

    def parse(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError("")
        return text

    return Word(parse, remedy, {"type": "string", "pattern": f"^({pattern})$"})


TEXT = Word(_text, "Write a text on one line.", {"type": "string", "minLength": 1})
LONG_TEXT = Word(_any_text, "Write a text.", {"type": "string"})
SECRET = Word(_text, "Write a URL.", {"type": "string", "minLength": 1}, secret=True)
HOST_NAME = matching(
    r"[a-z0-9]([a-z0-9-]{0,62})(\.[a-z0-9]([a-z0-9-]{0,62})){0,20}", "Write a host name alone, such as www.example.jp."
)
CODE = matching(r"[^\s/]{1,64}", "Write a code in quotes, leading zeros included.")
NAME = matching(r"[A-Za-z][A-Za-z0-9_-]{0,63}", "Begin with a letter; then letters, digits, - and _.")
FILE = Word(_text, "Write a path; one without a leading / is relative to this file.", {"type": "string"})
LOGIN_ID = Word(canonical_login_id, "Write a login ID in quotes.", {"type": "string", "minLength": 1})
TOKEN = matching(_TOKEN.pattern, "Write one name without spaces.")
COLOUR = matching(r"#[0-9A-Fa-f]{6}", 'Write a colour as "#0017c1" (in quotes: # begins a comment).')
FLAG = Word(
    lambda text: {"true": True, "false": False}[_one_of(text, "true", "false")],
    "Write true or false.",
    {"type": "boolean"},
    bare=True,
)


def _one_of(text: str, *words: str) -> str:
    if text not in words:
        raise ValueError("")
    return text


def count(low: int, high: int) -> Word[int]:
    """A whole number. Leading zeros and 8:30 are refused: elsewhere YAML reads them as other numbers."""

    def parse(text: str) -> int:
        if not _NUMBER.fullmatch(text) or not low <= int(text[:12]) <= high:
            raise ValueError("")
        return int(text)

    remedy = f"Write a whole number from {low} to {high}."
    return Word(parse, remedy, {"type": "integer", "minimum": low, "maximum": high}, bare=True)


def _version(text: str) -> int:
    return int(_one_of(text, "1"))


VERSION = Word(_version, "Write version: 1, the only one there is.", {"const": 1}, bare=True)


def duration(low: float, high: float) -> Word[float]:
    """A length of time with its unit, in seconds."""

    def parse(text: str) -> float:
        found = _DURATION.fullmatch(text)
        if found is None:
            raise ValueError("")
        seconds = int(found[1][:12]) * _SECONDS[found[2]]
        if not low <= seconds <= high:
            raise ValueError(f"it must lie between {_spoken(low)} and {_spoken(high)}")
        return seconds

    schema = {"type": "string", "pattern": f"^{_DURATION.pattern}$"}
    return Word(parse, "Write a number with a unit: 500ms, 30s, 30m, 12h or 1d.", schema)


def _spoken(seconds: float) -> str:
    for unit in ("d", "h", "m", "s"):
        if seconds >= _SECONDS[unit] and seconds % _SECONDS[unit] == 0:
            return f"{seconds / _SECONDS[unit]:.0f}{unit}"
    return f"{seconds * 1000:.0f}ms"


def size(low: int, high: int) -> Word[int]:
    """A number of bytes with its unit."""

    def parse(text: str) -> int:
        found = _SIZE.fullmatch(text)
        if found is None:
            raise ValueError("")
        number = int(found[1][:12]) * _BYTES[found[2]]
        if not low <= number <= high:
            raise ValueError(f"it must lie between {low} and {high} bytes")
        return number

    schema = {"type": "string", "pattern": f"^{_SIZE.pattern}$"}
    return Word(parse, "Write a number with a unit: 512B, 64KiB or 1MiB.", schema)


def _moment(text: str) -> datetime:
    if not _MOMENT.fullmatch(text):
        raise ValueError("")
    if len(text) == 10:
        return datetime.combine(date.fromisoformat(text), time())
    return datetime.fromisoformat(text)


MOMENT: Shape[datetime] = Word(
    _moment,
    "Write 2027-04-01 (midnight) or 2027-04-01T09:00, in service.time_zone.",
    {"type": "string", "pattern": f"^{_MOMENT.pattern}$"},
)


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (OSError, ValueError) as error:  # ZoneInfoNotFoundError is a KeyError; the others are odd file names
        raise ValueError("no such time zone") from error
    except KeyError:
        raise ValueError("no such time zone") from None


ZONE = Word(_zone, "Write a name of the IANA database such as Asia/Tokyo.", {"type": "string"})


def _method(text: str) -> bytes:
    if text.upper() != text and _METHOD.fullmatch(text.upper()):
        raise ValueError("methods are written in capitals")
    if not _METHOD.fullmatch(text) or text in ("CONNECT", "TRACE"):
        raise ValueError("")
    return text.encode("ascii")


METHOD = Word(_method, "Write GET, POST, PUT, PATCH, DELETE, OPTIONS or another method.", {"type": "string"})


def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text, strict=True)


NETWORK = Word(_network, "Write an address (192.0.2.10) or a network (192.0.2.0/24).", {"type": "string"})


def _listen(text: str) -> ListenAddress:
    host, colon, port = text.rpartition(":")
    if not colon or not _NUMBER.fullmatch(port) or not 1 <= int(port[:12]) <= 65535:
        raise ValueError("")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if bare != "localhost":
        ip_address(bare)
    return ListenAddress(bare, int(port))


LISTEN = Word(_listen, 'Write address:port, such as 127.0.0.1:8080 or "[::1]:8080".', {"type": "string"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of a URL that has nothing else."""

    scheme: str
    host: str
    port: int


def _origin(text: str) -> Origin:
    parts = _split(text)
    if parts.scheme not in ("http", "https"):
        raise ValueError("the scheme is neither http nor https")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("only scheme, host and port belong here")
    host = parts.hostname or ""
    if not _HOST.fullmatch(f"[{host}]" if ":" in host else host):
        raise ValueError("the host is missing or malformed")
    port = parts.port if parts.port is not None else {"http": 80, "https": 443}[parts.scheme]
    if port == 0:
        raise ValueError("port 0 is no port")
    return Origin(parts.scheme, host, port)


def _split(text: str) -> SplitResult:
    if any(character <= " " or character >= "\x7f" for character in text):
        raise ValueError("it holds spaces or characters that are not ASCII")
    parts = urlsplit(text)
    _ = parts.port  # raises ValueError by itself
    return parts


ORIGIN = Word(_origin, "Write http://host:port or https://host.", {"type": "string", "pattern": "^https?://"})


def _path(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("a path begins with /")
    if any(character in text for character in "?#\\; ") or _CONTROL.search(text):
        raise ValueError("a path holds no ?, #, ;, backslash or space")
    if "//" in text or any(part in (".", "..") for part in text.split("/")):
        raise ValueError("a path holds no // and no dot segments")
    return text


PATH = Word(_path, "Write a path from the root, such as /login.", {"type": "string", "pattern": "^/"})


def _page(text: str) -> str:
    path, mark, query = text.partition("?")
    if not re.fullmatch(r"[!\"$-~]*", query):
        raise ValueError("a query holds no #, no space and no other than ASCII letters: write %E6%97%A5 for 日")
    return _path(path) + mark + query


PAGE = Word(_page, "Write a path from the root, such as /login.", {"type": "string", "pattern": "^/"})


def _status(text: str) -> int:
    if not re.fullmatch(r"[1-5][0-9][0-9]", text, re.ASCII):
        raise ValueError("")
    return int(text)


STATUS = Word(_status, "Write a status such as 302.", {"type": "integer", "minimum": 100, "maximum": 599}, bare=True)


def _charset(text: str) -> str:
    try:
        "".encode(text)
    except (LookupError, ValueError):
        raise ValueError("no such charset") from None
    return text


CHARSET = Word(_charset, "Write utf-8, cp932 or euc-jp.", {"type": "string"})


def words(*names: str) -> Choice[str]:
    """One of a few words, as it is."""
    return Choice({name: name for name in names})
