"""Judging an app's answer to a sign-in: every part of a rule, and what it must not fall for."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import pytest

from gateway.core.judging import attempted_login_id, may_carry_login_id, mentions_login_id, plain_body, signed_in
from gateway.core.messages import Headers, ResponseHead
from gateway.core.params import Missing
from gateway.core.signin import AnswerTest, FieldPlace, SignInRule

NOW = 1_790_000_000.0  # 2026-09-21
FORM = ((b"Content-Type", b"application/x-www-form-urlencoded"),)


def rule(
    *success: AnswerTest, failure: tuple[AnswerTest, ...] = (), place: FieldPlace = FieldPlace.FORM, **more: Any
) -> SignInRule:
    return SignInRule(
        "r", "app", "/login", frozenset({b"POST"}), place, more.pop("field", "user"), success, failure, **more
    )


def judged(test: AnswerTest, status: int = 200, headers: Headers = (), body: bytes = b"", **more: Any) -> bool:
    return signed_in(rule(test, **more), ResponseHead(status, b"", "1.1", headers), body, NOW)


def cookie(*values: bytes) -> Headers:
    return tuple((b"Set-Cookie", value) for value in values)


def located(value: bytes) -> Headers:
    return ((b"Location", value),)


GZIPPED = ((b"Content-Encoding", b"gzip"),)
SJIS = ((b"Content-Type", b'text/html; charset="Shift_JIS"'),)

CASES: list[tuple[str, AnswerTest, int, Headers, bytes, bool]] = [
    ("a status", AnswerTest(status=frozenset({302})), 302, (), b"", True),
    ("another status", AnswerTest(status=frozenset({302})), 200, (), b"", False),
    ("a location as sent", AnswerTest(location=("/top",)), 302, located(b"/top"), b"", True),
    ("a location with a host", AnswerTest(location=("/top*",)), 302, located(b"https://x.test/top?a=1"), b"", True),
    ("another location", AnswerTest(location=("/top",)), 302, located(b"/login?e=/top"), b"", False),
    ("a glob ends where it ends", AnswerTest(location=("/to",)), 302, located(b"/top"), b"", False),
    ("no location", AnswerTest(location=("*",)), 302, (), b"", False),
    ("a location that is none", AnswerTest(location=("/top",)), 302, located(b"http://[/top"), b"", False),
    ("a cookie by pattern", AnswerTest(cookie_set=("wp_*",)), 200, cookie(b"wp_x=1; Path=/"), b"", True),
    ("another cookie", AnswerTest(cookie_set=("wp_*",)), 200, cookie(b"x=wp_1"), b"", False),
    ("an empty cookie", AnswerTest(cookie_set=("a",)), 200, cookie(b"a="), b"", False),
    ("an empty quoted cookie", AnswerTest(cookie_set=("a",)), 200, cookie(b'a=""'), b"", False),
    ("set and then deleted", AnswerTest(cookie_set=("a",)), 200, cookie(b"a=1", b"a=x; Max-Age=0"), b"", False),
    (
        "deleted and then set",
        AnswerTest(cookie_set=("a",)),
        200,
        cookie(b"a=x; expires=Thu, 01-Jan-1970 00:00:00 GMT", b"a=1"),
        b"",
        True,
    ),
    ("a negative age", AnswerTest(cookie_set=("a",)), 200, cookie(b"a=x; max-age=-1; path=/"), b"", False),
    (
        "deleted by a date that is over, as WordPress does it",
        AnswerTest(cookie_set=("wordpress_logged_in_*",)),
        200,
        cookie(b"wordpress_logged_in_1=%20; expires=Mon, 21 Jul 2025 10:00:00 GMT; Max-Age=0; path=/"),
        b"",
        False,
    ),
    (
        "the same without an age",
        AnswerTest(cookie_set=("wordpress_logged_in_*",)),
        200,
        cookie(b"wordpress_logged_in_1=%20; expires=Sun, 21 Sep 2025 10:00:00 GMT; path=/"),
        b"",
        False,
    ),
    (
        "set beside an old one of another path that is deleted",
        AnswerTest(cookie_set=("a",)),
        302,
        cookie(b"a=1; Path=/", b"a=; Path=/old; Max-Age=0"),
        b"",
        True,
    ),
    (
        "set beside an old one of a domain that is deleted",
        AnswerTest(cookie_set=("a",)),
        302,
        cookie(b"a=1; Path=/", b"a=x; Path=/; Domain=.example.jp; Max-Age=0"),
        b"",
        True,
    ),
    ("a header", AnswerTest(header=(("X-Auth", "ok*"),)), 200, ((b"x-auth", b"okay"),), b"", True),
    ("another header", AnswerTest(header=(("X-Auth", "ok"),)), 200, ((b"x-auth", b"no"),), b"", False),
    ("a text", AnswerTest(body_has=("ようこそ",)), 200, (), "ようこそ".encode(), True),
    ("a text in the answer's charset", AnswerTest(body_has=("ようこそ",)), 200, SJIS, "ようこそ".encode("cp932"), True),
    ("a text that the charset lacks", AnswerTest(body_has=("é",)), 200, SJIS, b"x", False),
    ("not all texts", AnswerTest(body_has=("a", "b")), 200, (), b"a", False),
    ("a text in gzip", AnswerTest(body_has=("in",)), 200, GZIPPED, gzip.compress(b"in", mtime=0), True),
    ("a text in broken gzip", AnswerTest(body_has=("in",)), 200, GZIPPED, b"in", False),
    ("a text that must be missing", AnswerTest(body_lacks=("wrong",)), 200, (), b"wrong", False),
    ("and is", AnswerTest(body_lacks=("wrong",)), 200, (), b"right", True),
    (
        "missing in what cannot be read",
        AnswerTest(body_lacks=("wrong",)),
        200,
        ((b"Content-Encoding", b"br"),),
        b"x",
        False,
    ),
    ("an element", AnswerTest(element=("#menu",)), 200, (), b'<ul id="menu">', True),
    ("an element in a comment", AnswerTest(element=("#menu",)), 200, (), b'<!--<ul id="menu">-->', False),
]


@pytest.mark.parametrize(
    ("claim", "test", "status", "headers", "body", "expected"), CASES, ids=[case[0] for case in CASES]
)
def test_a_part_of_a_rule(
    claim: str, test: AnswerTest, status: int, headers: Headers, body: bytes, expected: bool
) -> None:
    assert judged(test, status, headers, body) is expected, claim


def test_every_part_must_hold_and_one_alternative_is_enough() -> None:
    both = AnswerTest(status=frozenset({302}), location=("/top",))
    assert not judged(both, 302, located(b"/x"))
    one = rule(AnswerTest(status=frozenset({500})), both)
    assert signed_in(one, ResponseHead(302, b"", "1.1", located(b"/top")), b"", NOW)


def test_a_failure_wins_over_a_success() -> None:
    wrong = AnswerTest(body_has=("wrong",))
    assert not judged(AnswerTest(status=frozenset({200})), 200, (), b"wrong", failure=(wrong,))


def test_a_rule_without_success_signs_nobody_in() -> None:
    assert not signed_in(rule(), ResponseHead(200, b"", "1.1", ()), b"", NOW)


def test_an_unknown_charset_finds_nothing() -> None:
    assert not judged(
        AnswerTest(body_has=("x",)), 200, ((b"Content-Type", b"text/html; charset=nosuch"),), b"y", charset="nosuch2"
    )


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ((), b"x", b"x"),
        (((b"Content-Encoding", b"identity"),), b"x", b"x"),
        (GZIPPED, gzip.compress(b"x" * 99, mtime=0), b"x" * 99),
        (GZIPPED, gzip.compress(b"x" * 99, mtime=0)[:-4], None),
        (GZIPPED, gzip.compress(b"x" * 4000, mtime=0), None),
        (((b"Content-Encoding", b"deflate"),), zlib.compress(b"x"), b"x"),
        (((b"Content-Encoding", b"deflate"),), zlib.compress(b"x", wbits=-15), b"x"),
        (((b"Content-Encoding", b"zstd"),), b"x", None),
    ],
)
def test_the_body_without_its_coding(headers: Headers, body: bytes, expected: bytes | None) -> None:
    assert plain_body(headers, body, limit=1000) == expected


@pytest.mark.parametrize(
    ("query", "headers", "body", "expected"),
    [
        (None, FORM, b"user=B1&p=x", "B1"),
        (None, FORM, b"user=+B1", " B1"),
        (None, FORM, b"other=1", Missing.ABSENT),
        (None, FORM, b"", Missing.ABSENT),
        (None, ((b"Content-Type", b"application/octet-stream"),), b"user=B1", Missing.ABSENT),
        (None, (), b"user=B1", Missing.DOUBT),
        (b"user=B2", FORM, b"user=B1", Missing.DOUBT),
        (b"a=%zz", FORM, b"user=B1", Missing.DOUBT),
        (None, FORM, b"user=B1&user=B2", Missing.DOUBT),
        (None, FORM, b"user", Missing.DOUBT),
        (None, FORM, b"user=%81%40", Missing.DOUBT),
        (None, FORM, b"%81=1&user=B1", "B1"),
        (b"%8e%d0%88%f5=1", FORM, b"%8e%d0%88%f5=2&user=B1", "B1"),
        (None, FORM, b"%ffuser=B2&user=B1", Missing.DOUBT),
    ],
)
def test_who_tries_by_form(query: bytes | None, headers: Headers, body: bytes, expected: str | Missing) -> None:
    assert attempted_login_id(rule(), query, headers, body) == expected


def test_a_form_is_read_in_its_own_charset() -> None:
    assert attempted_login_id(rule(charset="cp932"), None, FORM, b"user=%83%65") == "テ"
    assert attempted_login_id(rule(charset="nosuch"), None, FORM, b"user=x") is Missing.DOUBT


def test_the_login_field_itself_may_be_named_in_the_page_s_charset() -> None:
    japanese = rule(charset="cp932", field="社員")
    assert attempted_login_id(japanese, None, FORM, b"%8e%d0%88%f5=B1") == "B1"
    assert attempted_login_id(japanese, None, FORM, b"%8e%d0%88%f5=B1&%8e%d0%88%f5=B2") is Missing.DOUBT
    assert attempted_login_id(japanese, None, FORM, b"%8e%d0=B1") is Missing.ABSENT
    assert attempted_login_id(japanese, None, FORM, b"%E7%A4%BE%E5%93%A1=B1") is Missing.DOUBT
    euc = rule(charset="euc-jp", field="表")  # its bytes are UTF-8 as well, for another letter
    assert attempted_login_id(euc, None, FORM, b"%c9%bd=B1") == "B1"
    assert attempted_login_id(euc, None, FORM, b"%c9%bd=B1&%E8%A1%A8=B2") is Missing.DOUBT
    assert mentions_login_id(euc, b"%c9%bd=B1", (), b"")
    assert attempted_login_id(rule(charset="ascii", field="社員"), None, FORM, b"x=B1") is Missing.DOUBT


@pytest.mark.parametrize(
    ("query", "expected"),
    [(b"user=B1", "B1"), (None, Missing.ABSENT), (b"x=1", Missing.ABSENT), (b"user=%", Missing.DOUBT)],
)
def test_who_tries_by_query(query: bytes | None, expected: str | Missing) -> None:
    assert attempted_login_id(rule(place=FieldPlace.QUERY), query, (), b"") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"user":{"id":"B1"}}', "B1"),
        (b'{"user":{}}', Missing.ABSENT),
        (b'{"user":"B1"}', Missing.ABSENT),
        (b"[]", Missing.ABSENT),
        (b'{"user":{"id":1}}', Missing.DOUBT),
        (b'{"user":{"id":"B1","Id":"B2"}}', Missing.DOUBT),
        (b"\xff", Missing.DOUBT),
        (b"[" * 100_000, Missing.DOUBT),
    ],
)
def test_who_tries_by_json(body: bytes, expected: str | Missing) -> None:
    assert attempted_login_id(rule(place=FieldPlace.JSON, field="user.id"), None, (), body) == expected


def test_what_could_be_a_sign_in_before_the_body_is_read() -> None:
    assert may_carry_login_id(rule(), None, FORM)
    assert may_carry_login_id(rule(), None, ())
    assert not may_carry_login_id(rule(), None, ((b"Content-Type", b"image/png"),))
    assert may_carry_login_id(rule(place=FieldPlace.QUERY), b"", ())
    assert not may_carry_login_id(rule(place=FieldPlace.QUERY), None, ())
    assert may_carry_login_id(rule(place=FieldPlace.JSON), None, ())


JSON = ((b"Content-Type", b"application/json"),)


@pytest.mark.parametrize(
    ("query", "headers", "body", "expected"),
    [
        (b"user=B1", (), b"", True),
        (b"User=B1", (), b"", True),
        (b"page=2", (), b"", False),
        (b"us%65r=%zz", (), b"", True),
        (b"a=%zz", (), b"", False),
        (None, FORM, b"user=B1", True),
        (None, FORM, b"x=1", False),
        (None, FORM, b"x=%zz", True),
        (None, JSON, b'{"a": [{"User": "B1"}]}', True),
        (None, JSON, b'{"us\\u0065r": "B1"}', True),
        (None, JSON, b'{"a": ["user"]}', False),
        (None, JSON, '{"user": 1}'.encode("utf-16"), True),
        (None, JSON, b"broken user", True),
        (None, JSON, b"broken", False),
        (None, (*JSON, (b"Content-Encoding", b"gzip")), b"\x1f\x8b", True),
        (None, ((b"Content-Type", b"text/plain"),), b"USER=B1", True),
        (None, ((b"Content-Type", b"text/plain"),), b"[" * 100_000, False),
        (None, (), b"user=B1", True),
    ],
)
def test_where_else_an_app_might_find_the_login_field(
    query: bytes | None, headers: Headers, body: bytes, expected: bool
) -> None:
    assert mentions_login_id(rule(), query, headers, body) is expected


def test_the_last_part_of_a_json_path_is_the_field() -> None:
    dotted = rule(place=FieldPlace.JSON, field="login.id")
    assert mentions_login_id(dotted, None, JSON, b'{"id": 1}')
    assert not mentions_login_id(dotted, None, JSON, b'{"login": 1}')
