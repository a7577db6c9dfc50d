"""No vaulted cookie goes to a browser or comes from one, however its name is spelled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.cookie_dates import cookie_date
from gateway.core.cookie_names import known_folds, name_folds
from gateway.core.cookies import (
    CookieRules,
    Duplicate,
    Jar,
    VaultedCookie,
    cookie_pairs,
    outgoing_cookie,
    own_cookie,
    split_set_cookies,
)
from gateway.core.messages import Headers

OWN = frozenset({b"__Host-gw", b"__Host-gw-pre"})
RULES = CookieRules(vault=("JSESSIONID", "ci.session", "wp_*"))
NOW = 1_700_000_000.0
JAR = Jar((VaultedCookie(b"JSESSIONID", b"real", b"/", None),))


def lines(*values: bytes) -> Headers:
    """Headers with these Cookie lines among others."""
    return ((b"Host", b"app.test"), *((b"cookie", value) for value in values), (b"Accept", b"*/*"))


def out(*values: bytes, rules: CookieRules = RULES) -> bytes | None:
    return outgoing_cookie(JAR, lines(*values), b"/app/x", rules, OWN, NOW)


@pytest.mark.parametrize(
    "line",
    [
        b"JSESSIONID=x",
        b"JSESSIONID=1; JSESSIONID=2",
        b"a=1 JSESSIONID=x",
        b"a=1, JSESSIONID=x",
        b"a=1,JSESSIONID=x",
        b'a="JSESSIONID=x"',
        b"\tJSESSIONID=x",
        b"JSESSIONID =x",
        b"jsessionid=x",
        b"$Version=1; JSESSIONID=x",
        b"=JSESSIONID=x",
        b"%4aSESSIONID=x",
        b"%254aSESSIONID=x",
        b"JSESSIONID=%78",
        b"JSESSIONID[]=x",
        b"JSESSIONID[a]=x",
        b"JSESSIONID%00b=x",
        b"ci session=x",
        b"ci+session=x",
        b"ci[session=x",
        b"ci_session=x",
        b"CI.Session=x",
        b"wp_logged_in=x",
        b"wp.logged=x",
        b"JSESS\xffIONID=x",
        b"\x80JSESSIONID=x",
        b"\xef\xbc\xaaSESSIONID=x",
        b"b JSESSIONID=x",
        b"\xe2\x80\x80__Host-gw=evil",
        b"__Host-gw=good; __Host-gw=evil",
        b"..Host-gw=x",
        b"_ Host-gw=x",
        b"__HOST-GW-PRE=x",
        b"JSESSIONID",
    ],
)
def test_a_kept_name_in_any_spelling_never_reaches_the_app(line: bytes) -> None:
    assert out(line) == b"JSESSIONID=real"


def test_the_vault_comes_first_and_the_browsers_own_cookies_stay_as_they_are() -> None:
    sent = out(b'theme=dark; json={"a":1,"b":2}; JSESSIONID=evil', b"name=\x93\xfa\x96\x7b; q=a=b, c=d")
    assert sent == b'JSESSIONID=real; theme=dark; json={"a":1,"b":2}; name=\x93\xfa\x96\x7b; q=a=b, c=d'


def test_a_cookie_sandwich_is_taken_apart() -> None:
    assert out(b'$Version=1; a="x; JSESSIONID=evil; y"') == b'JSESSIONID=real; a="x'


def test_nothing_to_send_is_no_header() -> None:
    assert outgoing_cookie(Jar(), lines(b"JSESSIONID=x"), b"/", RULES, OWN, NOW) is None
    assert outgoing_cookie(Jar(), lines(), b"/", RULES, OWN, NOW) is None


def test_pass_names_win_only_in_their_exact_spelling() -> None:
    rules = CookieRules(passed=("theme", "ui_*"))
    assert (
        out(b"theme=1; Theme=2; ui_a=3; ui.a=4; ui_%41=5; other=6", rules=rules) == b"JSESSIONID=real; theme=1; ui_a=3"
    )
    assert out(b"theme=1, b=2", rules=rules) == b"JSESSIONID=real"
    assert rules.vaulted(b"")
    assert not rules.vaulted(b"theme")


def test_names_that_browsers_choose_do_not_fill_the_memory() -> None:
    rules = CookieRules()
    for number in range(1100):
        assert rules.vaulted(b"n%d" % number)
    assert rules.vaulted(b"x" * 65)
    assert [len(names) for names in rules._verdicts.values()] == [1024]
    assert rules == CookieRules()


def test_pairs_come_from_all_lines_split_at_semicolons_only() -> None:
    assert cookie_pairs(lines(b"a=1;\tb = 2 ;c", b'=n; d="x; e=y"')) == [
        (b"a", b"1"),
        (b"b", b"2"),
        (b"", b"n"),
        (b"d", b'"x'),
        (b"e", b'y"'),
    ]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ((), None),
        ((b"a=1; __Host-gw=good; b=2",), b"good"),
        (
            (
                b"a=1",
                b"__Host-gw = good",
            ),
            b"good",
        ),
        ((b"__Host-gw=good; __Host-gw=evil",), Duplicate.DUPLICATE),
        ((b"__Host-gw=good", b"__Host-gw=good"), Duplicate.DUPLICATE),
        ((b"\xe2\x80\x80__Host-gw=evil",), None),
        ((b"\xa0__Host-gw=evil",), None),
        ((b"__host-gw=evil; =__Host-gw=evil; a=__Host-gw; __Host-gw",), None),
        ((b'a="x; __Host-gw=good; y"',), b"good"),
    ],
)
def test_our_own_cookie_is_found_by_its_bytes(values: tuple[bytes, ...], found: bytes | Duplicate | None) -> None:
    assert own_cookie(lines(*values), b"__Host-gw") == found


def test_every_vaulted_set_cookie_is_taken_out_and_the_rest_keeps_its_bytes() -> None:
    kept = ((b"Set-cookie", b"theme=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT; Path=/"), (b"X", b"set-cookie"))
    taken = [b"JSESSIONID=1", b"jsessionid=2; Path=/", b"nameless", b"=JSESSIONID=3", b"theme=1; Path=/, JSESSIONID=2"]
    headers = (
        *((b"SET-COOKIE", value) for value in taken),
        (b"Set-Cookie2", b"theme=1"),
        (b"set-cookie", b"__host-gw=ours"),
        *kept,
    )
    assert split_set_cookies(headers, RULES, OWN) == (kept, taken)


def test_a_jar_keeps_deletes_and_renews_in_the_order_of_the_answer() -> None:
    jar = Jar().store([b"S=1; Path=/a", b"S=2; path=/", b"T=3", b"S=9; Path=/a; Max-Age=0", b"=x", b"y"], b"/b/c", NOW)
    assert jar.cookies == (VaultedCookie(b"S", b"2", b"/", None), VaultedCookie(b"T", b"3", b"/b", None))
    assert jar.store([b"S=2; Path=/"], b"/", NOW) is jar
    assert jar.store([b"T=; Expires=Thu, 01-Jan-1970 00:00:10 GMT; Path=/b"], b"/", NOW).cookies == jar.cookies[:1]


def test_with_and_without_a_domain_it_is_two_cookies_as_in_a_browser() -> None:
    """PHP apps delete an old cookie of the whole domain in the answer that sets the new one."""
    gone = b"S=x; Domain=.Example.jp; Path=/; Max-Age=0"
    jar = Jar().store([b"S=old; Domain=example.jp; Path=/"], b"/", NOW).store([b"S=1; Path=/", gone], b"/", NOW)
    assert [(cookie.name, cookie.value) for cookie in jar.for_path(b"/", NOW)] == [(b"S", b"1")]


@pytest.mark.parametrize(
    ("value", "expires"),
    [
        (b"S=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", NOW + 60),
        (b"S=1; Max-Age=soon; Expires=Wed, 21 Oct 2099 07:28:00 GMT", 4096250880.0),
        (b"S=1; Expires=never", None),
        (b"S=1; Max-Age=99999999999999999999", NOW + 10**11),
    ],
)
def test_max_age_goes_before_expires_and_nonsense_is_ignored(value: bytes, expires: float | None) -> None:
    (cookie,) = Jar().store([value], b"/", NOW).cookies
    assert cookie.expires_at == expires


@pytest.mark.parametrize(
    ("request_path", "attribute", "path"),
    [
        (b"/a/b", b"", b"/a"),
        (b"/a", b"", b"/"),
        (b"*", b"", b"/"),
        (b"/a/b", b"; Path=x", b"/a"),
        (b"/a/b", b"; Path=/p; Path=/q", b"/q"),
        (b"/a/b", b"; PATH = /p ; Secure; HttpOnly", b"/p"),
    ],
)
def test_a_path_is_the_attribute_or_the_directory_of_the_request(
    request_path: bytes, attribute: bytes, path: bytes
) -> None:
    assert Jar().store([b"S=1" + attribute], request_path, NOW).cookies[0].path == path


def test_longer_paths_come_first_and_expired_cookies_not_at_all() -> None:
    jar = Jar().store([b"r=1; Path=/", b"a=2; Path=/a", b"b=3; Path=/a/; Max-Age=9", b"o=4; Path=/o"], b"/", NOW)
    assert [cookie.name for cookie in jar.for_path(b"/a/x", NOW)] == [b"b", b"a", b"r"]
    assert [cookie.name for cookie in jar.for_path(b"/a", NOW + 10)] == [b"a", b"r"]
    assert [cookie.name for cookie in jar.for_path(b"/ab", NOW)] == [b"r"]


ROW = st.tuples(st.binary(), st.binary(), st.binary(), st.none() | st.floats(allow_nan=False), st.binary(max_size=3))


@given(st.lists(ROW, max_size=4))
def test_a_jar_comes_back_from_its_bytes(rows: list[tuple[bytes, bytes, bytes, float | None, bytes]]) -> None:
    jar = Jar(tuple(VaultedCookie(*row) for row in rows))
    assert Jar.from_bytes(jar.to_bytes()) == jar


def test_a_jar_of_an_earlier_version_is_read() -> None:
    assert Jar.from_bytes(b'[["S","1","/",null]]') == Jar((VaultedCookie(b"S", b"1", b"/", None),))


@pytest.mark.parametrize("data", [b"", b"1", b"[[1,2,3,4]]", b"[[]]", b"\xff", b'[["a","b","/",null,"d","e"]]'])
def test_other_bytes_are_no_jar(data: bytes) -> None:
    with pytest.raises(ValueError):
        Jar.from_bytes(data)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"Thu, 01 Jan 1970 00:00:10 GMT", 10),
        (b"Thursday, 01-Jan-70 00:00:10 GMT", 10),
        (b"Thu Jan  1 00:00:10 1970", 10),
        (b"1 JAN 2000 0:0:0", 946684800),
        (b"01 Jan 00 00:00:00", 946684800),
        (b"32 Jan 2000 00:00:00", None),
        (b"01 Jan 1600 00:00:00", None),
        (b"01 Jan 2000", None),
        (b"Jan 00:00:00", None),
        (b"01 Foo 2000 00:00:00", None),
        (b"01 Jan 00:00:00", None),
        (b"", None),
    ],
)
def test_dates_are_read_as_browsers_read_them(text: bytes, seconds: float | None) -> None:
    assert cookie_date(text) == seconds


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_no_bytes_raise_and_no_vaulted_pair_is_sent(values: list[bytes]) -> None:
    sent = out(*values)
    assert sent is not None
    assert sent.startswith(b"JSESSIONID=real")
    assert all(not RULES.vaulted(name) for name, _ in cookie_pairs(lines(sent))[1:])
    jar = Jar().store(values, b"/", NOW)
    assert Jar.from_bytes(jar.to_bytes()) == jar
    split_set_cookies(tuple((b"Set-Cookie", value) for value in values), RULES, OWN)


def test_a_cookie_whose_name_is_no_token_goes_unread() -> None:
    rules = CookieRules(vault=("JSESSIONID",))
    assert out(b"a b=1; c(=2; \x82\xa0=3; d@=4; e[1]=5; f/g=6; h=7", rules=rules) == b"JSESSIONID=real; h=7"


def test_of_names_that_parsers_read_in_many_ways_only_the_first_are_looked_at() -> None:
    rules = CookieRules(vault=("JSESSIONID",))
    known_folds.cache_clear()
    names = [b"n%%%02x" % number for number in range(1000)]
    sent = out(b"; ".join(name + b"=1" for name in names), b"plain=1; odd=,%41=", rules=rules)
    assert sent == b"; ".join((b"JSESSIONID=real", *(name + b"=1" for name in names[:50]), b"plain=1"))
    assert known_folds.cache_info().misses < 60


@pytest.mark.parametrize("start", [b"", b"n."])
def test_a_long_name_is_not_remembered(start: bytes) -> None:
    """Four thousand names of sixty thousand bytes would be a quarter of a gigabyte."""
    rules = CookieRules(vault=("JSESSIONID",))
    known_folds.cache_clear()
    for number in range(10):
        name = start + b"n%d" % number + b"n" * 65
        assert name_folds(name) == {name.replace(b".", b"_"), name}
        out(name + b"=1", rules=rules)
    assert known_folds.cache_info().currsize <= len(OWN) + 1


def test_a_long_name_that_parsers_read_in_many_ways_goes_unread() -> None:
    """A plain one is no work: it passes whatever its length."""
    rules = CookieRules(vault=("JSESSIONID",))
    long = b"n" * 129
    sent = out(b"%s=1; %%25%s=2; .%s=3" % (long, long, long), b'h="%25' + long + b"=4; a.b=5", rules=rules)
    assert sent == b"JSESSIONID=real; %s=1; a.b=5" % long


def test_a_jar_holds_no_more_cookies_than_a_browser() -> None:
    """An app that sets a cookie without a path sets one for each folder; the session's own, at the root, stays."""
    jar = Jar().store([b"SID=real; Path=/", b"deep=1; Path=/app"], b"/", NOW)
    for number in range(400):
        jar = jar.store([b"seen=%d" % number], b"/item/%d/page" % number, NOW)
    assert len(jar.cookies) == 180
    assert jar.cookies[0].name == b"SID"
    assert jar.for_path(b"/item/399/page", NOW)[0].value == b"399"
    assert not [cookie for cookie in jar.cookies if cookie.path in (b"/item/100", b"/app")]
    many = Jar().store([b"n%d=1; Path=/" % number for number in range(3000)], b"/", NOW)
    assert [cookie.name for cookie in many.cookies] == [b"n%d" % number for number in range(2820, 3000)]


def test_a_cookie_that_no_browser_would_keep_is_not_kept() -> None:
    assert [cookie.name for cookie in Jar().store([b"a=" + b"x" * 4095, b"b=" + b"x" * 4096], b"/", NOW).cookies] == [
        b"a"
    ]
