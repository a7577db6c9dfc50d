"""The cookie vault: which cookies stay in the gateway, and the Cookie header an app gets.

    app ── Set-Cookie ──► split_set_cookies ──► passed headers ──► browser
                                 └── vaulted values ──► Jar.store
    browser ── Cookie ──► outgoing_cookie(Jar, …) ──► one new Cookie header ──► app

Everything works on bytes. A Cookie line is split at `;` and stripped of space and tab, nothing else: parsers that know
quotes, commas or Unicode space disagree with each other, and every disagreement is a way to smuggle a session in.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from functools import lru_cache

from gateway.core.cookie_names import is_plain, name_folds
from gateway.core.jar import Jar, VaultedCookie
from gateway.core.messages import Headers

__all__ = [
    "CookieRules",
    "Duplicate",
    "Jar",
    "Pairs",
    "VaultedCookie",
    "cookie_for_app",
    "cookie_pairs",
    "outgoing_cookie",
    "own_cookie",
    "own_value",
    "split_set_cookies",
]

Pairs = list[tuple[bytes, bytes]]

_CACHED_NAMES = 1024
_CACHED_NAME_LENGTH = 64
_ODD_NAMES = 50  # of one request: each is read in every way that some parser might,
_LONGEST_ODD_NAME = 128  # and that takes its time

# A second pair inside a value. Old Tomcats split at commas, aiohttp at white space, RFC 2109 modes at quotes.
_HIDDEN_PAIR = re.compile(rb'[\x00-\x20,"\x7f-\xff]([^\x00-\x20,"=\x7f-\xff]++)[\x00-\x20"\x7f-\xff]*+=')
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++")  # RFC 6265 section 4.1.1, RFC 2616 section 2.2
_PLAIN_VALUE = re.compile(rb"[!#-+\--~]*+")


class Duplicate(enum.Enum):
    """A cookie of ours that came more than once: somebody tosses cookies, so none of them counts."""

    DUPLICATE = "duplicate"


def _glob(pattern: bytes, any_byte: bytes) -> re.Pattern[bytes]:
    return re.compile(any_byte.join(re.escape(part) for part in pattern.split(b"*")), re.DOTALL)


def _folded_globs(pattern: str) -> list[re.Pattern[bytes]]:
    stars = pattern.encode().split(b"*")
    if len(stars) == 1:
        return [_glob(fold, b"") for fold in name_folds(stars[0])]
    mangled = bytes(pattern.encode()).lower().translate(bytes.maketrans(b". [", b"___"))
    return [_glob(mangled, b".*")]


@lru_cache(maxsize=64)
def _own_folds(own_names: frozenset[bytes]) -> frozenset[bytes]:
    return frozenset(fold for name in own_names for fold in name_folds(name))


@dataclass(frozen=True, slots=True)
class CookieRules:
    """Which cookie names of an app stay in the vault; `*` stands for any run of bytes."""

    vault: tuple[str, ...] = ("*",)
    passed: tuple[str, ...] = ()
    _kept: tuple[re.Pattern[bytes], ...] = field(init=False, repr=False, compare=False)
    _let_through: tuple[re.Pattern[bytes], ...] = field(init=False, repr=False, compare=False)
    _verdicts: dict[frozenset[bytes], dict[bytes, bool]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        """Compile the globs once: `passed` for exact spellings of plain names, `vault` for every spelling."""
        kept = tuple(glob for pattern in self.vault for glob in _folded_globs(pattern))
        passed = tuple(_glob(pattern.encode(), rb"[A-Za-z0-9_.-]*") for pattern in self.passed)
        object.__setattr__(self, "_kept", kept)
        object.__setattr__(self, "_let_through", passed)

    def vaulted(self, name: bytes) -> bool:
        """Whether a cookie of this name never reaches a browser, and is not taken from one. A nameless one always."""
        return self.refuses(name, frozenset())

    def refuses(self, name: bytes, own_names: frozenset[bytes]) -> bool:
        """Whether a browser's cookie is kept from the app: a vaulted name or one of the gateway's, however spelled."""
        verdicts = self._verdicts.get(own_names)
        if verdicts is None:
            verdicts = self._verdicts[own_names] = {}
        verdict = verdicts.get(name)
        if verdict is None:
            verdict = self._judge(name) or not _own_folds(own_names).isdisjoint(name_folds(name))
            # Browsers choose names: what they can fill must be bounded.
            if len(verdicts) < _CACHED_NAMES and len(name) <= _CACHED_NAME_LENGTH:
                verdicts[name] = verdict
        return verdict

    def _judge(self, name: bytes) -> bool:
        if not name:
            return True
        if any(glob.fullmatch(name) for glob in self._let_through):
            return False
        return any(glob.fullmatch(fold) for glob in self._kept for fold in name_folds(name))


def cookie_pairs(headers: Headers) -> Pairs:
    """(name, value) of all Cookie lines in order. Pieces without `=` are no pairs; a name may be empty."""
    pairs = []
    for key, line in headers:
        if len(key) == 6 and key.lower() == b"cookie":
            for piece in line.split(b";"):
                name, equals, value = piece.strip(b" \t").partition(b"=")
                if equals:
                    pairs.append((name.rstrip(b" \t"), value.lstrip(b" \t")))
    return pairs


def own_cookie(headers: Headers, name: bytes) -> bytes | Duplicate | None:
    """The value of the gateway's own cookie, compared byte by byte over all Cookie lines."""
    return own_value(cookie_pairs(headers), name)


def own_value(pairs: Pairs, name: bytes) -> bytes | Duplicate | None:
    """As `own_cookie`, from pairs that have been read already."""
    found = [value for other, value in pairs if other == name]
    if len(found) > 1:
        return Duplicate.DUPLICATE
    return found[0] if found else None


def _hides_kept(text: bytes, rules: CookieRules, own_names: frozenset[bytes]) -> bool:
    """Whether some parser would find a second pair in `text` whose name we keep back."""
    return any(rules.refuses(name, own_names) for name in _HIDDEN_PAIR.findall(text))


def split_set_cookies(headers: Headers, rules: CookieRules, own_names: frozenset[bytes]) -> tuple[Headers, list[bytes]]:
    """An answer's headers without what the vault keeps, and the kept Set-Cookie values in order (R-053).

    An app that sets a cookie of ours is ignored altogether; `Set-Cookie2` never passes.
    """
    passed: list[tuple[bytes, bytes]] = []
    vaulted: list[bytes] = []
    own_folds = _own_folds(own_names)
    for header in headers:
        if len(header[0]) not in (10, 11) or not header[0].lower().startswith(b"set-cookie"):
            passed.append(header)
        elif len(header[0]) == 10:
            name = _set_cookie_name(header[1])
            if not own_folds.isdisjoint(name_folds(name)):
                continue
            # RFC 2109 joined several cookies by commas: a passed one may carry a vaulted one in its tail.
            if rules.vaulted(name) or any(
                _hides_kept(piece.strip(b" \t"), rules, own_names) for piece in header[1].split(b";")
            ):
                vaulted.append(header[1])
            else:
                passed.append(header)
    return tuple(passed), vaulted


def _set_cookie_name(value: bytes) -> bytes:
    name, equals, _ = value.partition(b";")[0].partition(b"=")
    return name.strip(b" \t") if equals else b""


def outgoing_cookie(
    jar: Jar, request_headers: Headers, path: bytes, rules: CookieRules, own_names: frozenset[bytes], now: float
) -> bytes | None:
    """The Cookie header an app gets, built from nothing (R-051): the vault first, then what is the browser's own."""
    return cookie_for_app(jar, cookie_pairs(request_headers), path, rules, own_names, now)


def cookie_for_app(
    jar: Jar, browsers: Pairs, path: bytes, rules: CookieRules, own_names: frozenset[bytes], now: float
) -> bytes | None:
    """As `outgoing_cookie`, from the browser's pairs that have been read already.

    `$Version` and its like would switch Tomcat to RFC 2109 quoting, in which one value may swallow the next pair. A
    name that is no token has as many readings as there are parsers, and working them out costs time: it goes unread,
    and so do names with escapes beyond the first few.
    """
    pairs = [cookie.name + b"=" + cookie.value for cookie in jar.for_path(path, now)] if jar.cookies else []
    odd_left = _ODD_NAMES
    for name, value in browsers:
        if is_plain(name) and _PLAIN_VALUE.fullmatch(value):  # nearly every cookie there is
            if not rules.refuses(name, own_names):
                pairs.append(name + b"=" + value)
            continue
        if not _TOKEN.fullmatch(name) or name[:1] == b"$":
            continue
        names = (name,) if _PLAIN_VALUE.fullmatch(value) else (name, *_HIDDEN_PAIR.findall(value))
        odd = sum(not is_plain(each) for each in names)
        if odd > odd_left or (odd and max(map(len, names)) > _LONGEST_ODD_NAME):
            continue
        odd_left -= odd
        if not any(rules.refuses(each, own_names) for each in names):
            pairs.append(name + b"=" + value)
    return b"; ".join(pairs) if pairs else None
