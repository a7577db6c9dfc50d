"""Request targets: the bytes a decision is made on are the bytes that are sent; what could mean two paths is doubt.

Tomcat cuts `;params`, Jetty decodes `%2f` and `%u002e`, php -S walks above the root, IIS folds case, dots and streams.
Nobody can out-normalise all of them, so nothing is normalised: a target either has one reading for every app (`doubt`
is None), or it names why not and then matches no public route and no exemption. The grammar of a plain path:

    path    = "/" [ segment *( "/" segment ) [ "/" ] ]
    segment = ASCII letters, digits, - _ ! $ & ' , = @ ~ and dots, but no dot at the end and no ~digit (8.3 names),
              and %XX only for Japanese letters in UTF-8, in upper-case hex: one path has one spelling; a colon
              between letters or digits (MediaWiki's /Special:Login) where the app does not run on Windows; one or
              two `+` between them, and `++` before two more (Plone's /++theme++x): spaces to careless apps, but even
              cut off at the ends they leave one within, and no path of a rule has any
"""

from __future__ import annotations

import re

from gateway.core.escapes import unescape
from gateway.core.path_folding import folded_path
from gateway.core.values import fast_frozen

__all__ = ["Target", "folded_path", "parse_target"]

_LONGEST_PATH = 4096

_SEGMENT = rb"(?:\.*+[A-Za-z0-9_!$&',=@-]++)++"
_PLAIN = re.compile(rb"(/(?:%b(?:/%b)*+/?+)?+)(?:\?([!-\"$-~]*+))?+" % (_SEGMENT, _SEGMENT))

# A colon that could name a stream of the same file (`x.aspx::$DATA`, `x:`) or a drive is none of these.
_PLUS = rb"(?<=\w)\+{1,2}(?=\w)|(?<=/)\+\+(?=\w+\+\+\w)"
_RARER_SEGMENT = rb"(?:\.*+(?:[A-Za-z0-9_!$&',=@-]|~(?![0-9])|(?:%%[89A-F][0-9A-F])++|(?<=\w):(?=[\w%%])|%b))++" % _PLUS
_RARER = re.compile(rb"/(?:%b(?:/%b)*+/?+)?+" % (_RARER_SEGMENT, _RARER_SEGMENT))

# Letters that no code page turns into ASCII: kana, kanji and their iteration marks. Full-width forms, the yen sign,
# U+2215 and accented letters are left out: a best-fit mapping makes `/`, `\` or plain letters of them. NFC by nature.
_JAPANESE = re.compile("[!-~\u3005-\u3007\u3041-\u3096\u309d\u309e\u30a1-\u30fa\u30fc-\u30fe\u3400-\u4dbf\u4e00-\u9fff"
                       "\U00020000-\U0002a6df\U0002a700-\U0002ebe0]*+")  # fmt: skip

# The first that is found names the doubt; the words stand in logs and `explain`. Whatever is left is "character".
_DOUBTS = tuple(
    (word, re.compile(pattern, re.DOTALL))
    for word, pattern in (
        ("form", rb"\A(?!/)"),
        ("byte", rb"[^!-~]"),
        ("fragment", rb"#"),
        ("path-parameter", rb";|%3[Bb]"),
        ("backslash", rb"\\|%5[Cc]"),
        ("encoded-slash", rb"%2[Ff]"),
        ("double-encoding", rb"%25"),
        ("unicode-escape", rb"%[Uu]"),
        ("bad-escape", rb"%(?![0-9A-Fa-f]{2})"),
        ("control", rb"%(?:[01]|7[Ff])"),
        ("dot-segment", rb"/(?:\.|%2[Ee]){1,2}(?:/|\Z)"),
        ("trailing-dot", rb"(?:\.|%2[Ee]|%20|\+)(?:/|\Z)"),
        ("empty-segment", rb"//"),
        ("encoded-ascii", rb"%[0-7]"),
        ("escape-case", rb"%(?:[a-f]|.[a-f])"),
        ("short-name", rb"~[0-9]"),
        ("stream", rb":"),
        ("cookieless-session", rb"\("),
    )
)
_DEVICE = re.compile(rb"/(?:con|prn|aux|nul|clock\$|com[0-9]|lpt[0-9])(?:\.[^/]*)?(?:/|\Z)", re.IGNORECASE)


@fast_frozen
class Target:
    """A request target as it came. `query` is None without `?`; `doubt` says why the path has no single meaning."""

    raw: bytes
    path: bytes
    query: bytes | None
    doubt: str | None


def parse_target(raw: bytes, *, case_insensitive: bool = False) -> Target:
    """Split an origin-form target and judge its path. `case_insensitive`: the app runs where names fold case (IIS):
    its routes are found in any case, and some names are devices."""
    plain = _PLAIN.fullmatch(raw)
    if plain is not None and not case_insensitive and len(raw) <= _LONGEST_PATH:
        return Target(raw, plain[1], plain[2], None)
    path, mark, query = raw.partition(b"?")
    return Target(raw, path, query if mark else None, _query_doubt(query) or _path_doubt(path, case_insensitive))


def _query_doubt(query: bytes) -> str | None:
    """A query never moves a path, unless the target is cut elsewhere: at `#`, at a control or at an 8-bit byte."""
    if b"#" in query:
        return "fragment"
    return "byte" if re.search(rb"[^!-~]", query) else None


def _path_doubt(path: bytes, case_insensitive: bool) -> str | None:
    if len(path) > _LONGEST_PATH:
        return "length"
    if _RARER.fullmatch(path) is None:
        return next((word for word, pattern in _DOUBTS if pattern.search(path)), "character")
    if b"%" in path and not _is_japanese(path):
        return "character"
    if case_insensitive and b":" in path:
        return "stream"
    return "device-name" if case_insensitive and _DEVICE.search(path) else None


def _is_japanese(path: bytes) -> bool:
    try:
        return _JAPANESE.fullmatch(unescape(path).decode()) is not None
    except UnicodeDecodeError:
        return False
