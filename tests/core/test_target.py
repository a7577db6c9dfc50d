"""A target has one reading for every app, or it names its doubt."""

from __future__ import annotations

import posixpath
import unicodedata
from urllib.parse import quote, unquote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.target import folded_path, parse_target

PLAIN = (
    b"/",
    b"/pub/x",
    b"/pub/",
    b"/pub/x?",
    b"/pub/x?/../../admin/x",
    b"/pub/x?a=%zz&b=%2f",
    b"/kintai/punch.php?id=1&month=202611",
    b"/a.b/..c/.css",
    b"/~user/x~",
    b"/a,b=c&d!$'@/x_-9",
    b"/%E5%8B%A4%E6%80%A0/%E3%81%82.html?x=1",
    b"/%F0%A0%AE%B7",
    b"/index.php/Special:UserLogin",
    b"/Plone/++webresource++6aa4c841-faf5/++plone++static/b.js",
    b"/a+b/c++d.css",
    b"/wiki/%E7%89%B9%E5%88%A5:%E3%83%AD%E3%82%B0",
)

DOUBTFUL = (
    (b"", "form"),
    (b"admin/x", "form"),
    (b"*", "form"),
    (b"http://app.test/admin/x", "form"),
    (b"/admin /x", "byte"),
    (b"/admin/\xff", "byte"),
    (b"/pub/x?a=\xe3", "byte"),
    (b"/pub/x#/../admin", "fragment"),
    (b"/pub/x?a=1#/../../admin/x", "fragment"),
    (b"/pub/..;/admin/x", "path-parameter"),
    (b"/admin%3bx", "path-parameter"),
    (b"/pub\\..\\admin", "backslash"),
    (b"/pub/..%5cadmin", "backslash"),
    (b"/pub/a%2Fb", "encoded-slash"),
    (b"/pub/%252e", "double-encoding"),
    (b"/%u0061dmin/x", "unicode-escape"),
    (b"/admin/x%", "bad-escape"),
    (b"/admin/%zz", "bad-escape"),
    (b"/admin%00", "control"),
    (b"/admin%7f/x", "control"),
    (b"/pub/../admin/x", "dot-segment"),
    (b"/pub/.", "dot-segment"),
    (b"/pub/%2e%2e/admin/x", "dot-segment"),
    (b"/pub/...", "trailing-dot"),
    (b"/admin/index.php.", "trailing-dot"),
    (b"/admin%20/x", "trailing-dot"),
    (b"/admin+/x", "trailing-dot"),
    (b"/pub/+admin", "character"),
    (b"/pub/++admin", "character"),
    (b"/pub/++admin++", "trailing-dot"),
    (b"/pub/++admin++/x", "trailing-dot"),
    (b"/pub/a+++b", "character"),
    (b"/pub/+../admin", "trailing-dot"),
    (b"/pub/a+.css", "character"),
    (b"//admin/x", "empty-segment"),
    (b"/pub//", "empty-segment"),
    (b"/%61dmin/x", "encoded-ascii"),
    (b"/admin/x%3f.css", "encoded-ascii"),
    (b"/%e5%8b%a4", "escape-case"),
    (b"/ADMIN~1/x", "short-name"),
    (b"/admin/x.aspx::$DATA", "stream"),
    (b"/admin:$I30:$INDEX_ALLOCATION/x", "stream"),
    (b"/admin/x.aspx:", "stream"),
    (b"/pub/C:/x", "stream"),
    (b"/pub/:x", "stream"),
    (b"/pub/x:.jpg", "stream"),
    (b"/pub/a:b(x)", "stream"),
    (b"/admin%3Ax", "encoded-ascii"),
    (b"/(S(x))/admin/x.aspx", "cookieless-session"),
    (b"/admin/x|", "character"),
    (b"/pub/x*", "character"),
    (b"/pub/..%C0%AFadmin/x", "character"),
    (b"/pub/..%EF%BC%8Fadmin/x", "character"),
    (b"/pub/..%E2%88%95admin/x", "character"),
    (b"/admin%C2%A0/x", "character"),
    (b"/admin/x.j%C5%BF", "character"),
    (b"/%E3%81%8B%E3%82%99", "character"),
    (b"/" + b"a" * 4096, "length"),
)

PIECES = st.sampled_from(
    [
        "/",
        ".",
        "..",
        ";",
        "%2e",
        "%2f",
        "%5c",
        "%00",
        "%25",
        "%u002e",
        "\\",
        "//",
        "a",
        "B",
        "admin",
        "pub",
        "~1",
        "~",
        " ",
        "%E3%81%82",
        "%e3%81%82",
        "(S(x))",
        ":",
        "+",
        "%20",
        "#",
        "?",
        "%C0%AE",
        "%EF%BC%8E",
        "x.css",
        "*",
        "%",
    ]
)
TARGETS = st.one_of(
    st.lists(PIECES, max_size=12).map(lambda pieces: ("/" + "".join(pieces)).encode()),
    st.binary(max_size=60).map(lambda tail: b"/" + tail),
)


@pytest.mark.parametrize("raw", PLAIN)
def test_a_plain_target_has_no_doubt_and_keeps_its_bytes(raw: bytes) -> None:
    target = parse_target(raw)
    assert target.doubt is None
    assert target.raw == raw
    assert raw == target.path + (b"" if target.query is None else b"?" + target.query)


@pytest.mark.parametrize(("raw", "word"), DOUBTFUL)
def test_a_target_with_two_readings_names_its_doubt(raw: bytes, word: str) -> None:
    assert parse_target(raw).doubt == word


def test_a_query_is_none_only_without_a_question_mark() -> None:
    assert parse_target(b"/a").query is None
    assert parse_target(b"/a?").query == b""
    assert parse_target(b"/a;x").query is None
    assert parse_target(b"/a;x?b?c").query == b"b?c"


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"/admin/x", None),
        (b"/ADMIN/x", None),
        (b"/%E5%8B%A4/x", None),
        (b"/%E5%8B%A4/X", None),
        (b"/pub/x:y", "stream"),
        (b"/pub/con", "device-name"),
        (b"/pub/aux.txt/x", "device-name"),
        (b"/pub/conx", None),
    ],
)
def test_an_app_that_folds_names_has_more_doubts(raw: bytes, word: str | None) -> None:
    assert parse_target(raw, case_insensitive=True).doubt == word


@given(TARGETS)
def test_plain_implies_that_normalising_changes_nothing(raw: bytes) -> None:
    target = parse_target(raw)
    if target.doubt is None:
        path = unquote(target.path.decode("ascii"), errors="strict")
        assert posixpath.normpath(path) == (path.rstrip("/") or "/")
        assert unicodedata.normalize("NFC", path) == path  # noqa: TID251


@given(TARGETS)
def test_another_spelling_of_a_path_gets_doubt(raw: bytes) -> None:
    """Encoding one more byte, decoding, or upper-casing the escapes: never two plain spellings of one path."""
    target = parse_target(raw)
    for spelling in {
        unquote_to_bytes(target.path),
        quote(target.path, safe="/").encode(),
        target.path.replace(b"a", b"%61"),
        target.path.replace(b"/", b"//", 1),
        target.path.replace(b"%E3", b"%e3"),
    } - {target.path}:
        other = parse_target(spelling)
        assert target.doubt or other.doubt or unquote_to_bytes(spelling) != unquote_to_bytes(target.path)


@given(st.binary(max_size=80), st.booleans())
def test_no_bytes_raise(raw: bytes, folding: bool) -> None:
    assert parse_target(raw, case_insensitive=folding).raw == raw
    assert folded_path(raw).startswith(b"/")


@given(TARGETS)
def test_a_plain_path_folds_to_itself_but_for_case(raw: bytes) -> None:
    target = parse_target(raw)
    if target.doubt is None:
        assert folded_path(target.path) == unquote(target.path.decode()).lower().encode()


@pytest.mark.parametrize(
    "path",
    [
        b"/pub/..;a=b/admin/x",
        b"/pub/%252e%252e%252fadmin/x",
        b"/pub/%u002e%u002e/admin/x",
        b"/pub/..%c0%afadmin/x",
        b"/pub/..%e0%80%afadmin/x",
        b"/pub/%ef%bc%8e%ef%bc%8e/admin/x",
        b"/pub/..%e2%88%95admin/x",
        b"/pub\\..\\ADMIN\\x",
        b"/pub/x%00/../../admin/x",
        b"/pub/.. /admin/x",
        b"//admin;x//./x.",
        b"/(S(x))/ad(S(x))/../admin/x%20",
        b"/ad/(S(x))min/x",
        b"/admin::$INDEX_ALLOCATION/x",
        b"/%09admin/x",
        b"/../../admin/x",
    ],
)
def test_the_most_careless_reading_finds_the_protected_path(path: bytes) -> None:
    assert folded_path(path) in (b"/admin/x", b"/ad/admin/x")


def test_folding_keeps_a_final_slash_and_survives_lone_surrogates() -> None:
    assert folded_path(b"/a/b/") == b"/a/b/"
    assert folded_path(b"/a/b/..") == b"/a/"
    assert folded_path(b"/a/%ud800") == b"/a/"


def test_folding_decodes_a_bounded_number_of_times() -> None:
    assert folded_path(b"/%" + b"25" * 7 + b"41") == b"/a"
    assert folded_path(b"/%" + b"25" * 8 + b"41") == b"/%41"
