"""The ways in and out: found by exact bytes; what lies beside them is told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.core.doors import Doors
from gateway.core.signin import SignInRule, SignOutRule
from tests.core.world import SIGN_IN, SIGN_OUT

PHP = replace(SIGN_IN, name="php", path="/wp-login.php")
ANY = replace(SIGN_IN, name="any", path="/wiki/**")
LEAVE = SignOutRule("portal", "/wp-login.php", frozenset({b"GET"}), (("action", "logout"),))
INDEX = replace(SIGN_IN, name="index", path="/shop/index.php")
DOORS = Doors((SIGN_IN, PHP, ANY, INDEX), (SIGN_OUT, LEAVE))


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        (b"POST", b"/login", [SIGN_IN]),
        (b"GET", b"/login", []),
        (b"POST", b"/Login", []),
        (b"POST", b"/wiki/a/b", [ANY]),
    ],
)
def test_a_sign_in_address_is_exact(method: bytes, path: bytes, expected: list[SignInRule]) -> None:
    assert list(DOORS.sign_in(method, path)) == expected


@pytest.mark.parametrize(
    ("path", "doubtful", "expected"),
    [
        (b"/login", False, [SIGN_IN]),
        (b"/Login", False, [SIGN_IN]),
        (b"/login/", False, [SIGN_IN]),
        (b"/wp-login.php/x", False, [PHP]),
        (b"/shop/", False, [INDEX]),
        (b"/Shop", False, [INDEX]),
        (b"/shop/x", False, []),
        (b"//login", True, [SIGN_IN]),
        (b"/x/../wp-login.php;a/b", True, [PHP]),
        (b"/wiki/a", False, [ANY]),
        (b"/logins", False, []),
        (b"/", False, []),
    ],
)
def test_what_some_app_might_take_for_a_sign_in(path: bytes, doubtful: bool, expected: list[SignInRule]) -> None:
    assert list(DOORS.beside(path, doubtful=doubtful)) == expected


def test_fields_that_an_app_takes_everywhere_are_minded_at_every_address() -> None:
    everywhere = replace(SIGN_IN, name="everywhere", anywhere=True)
    doors = Doors((everywhere, PHP), ())
    assert doors.anywhere(SIGN_IN.app) == (everywhere,)
    assert doors.anywhere("another") == ()
    assert doors.minds_query(b"/x")
    assert DOORS.anywhere(SIGN_IN.app) == ()
    assert not DOORS.minds_query(b"/x")


def test_a_door_at_the_root_has_everything_beside_it() -> None:
    root = replace(SIGN_IN, path="/")
    doors = Doors((root,), ())
    assert doors.sign_in(b"POST", b"/") == (root,)
    assert doors.beside(b"/", doubtful=False) == (root,)
    assert doors.beside(b"/x", doubtful=False) == (root,)


@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        (b"POST", b"/logout", None, SIGN_OUT),
        (b"PUT", b"/logout", None, None),
        (b"GET", b"/wp-login.php", b"action=logout", LEAVE),
        (b"GET", b"/wp-login.php", b"action=rp", None),
        (b"GET", b"/wp-login.php", None, None),
        (b"GET", b"/wp-login.php", b"action=logout&action=x", LEAVE),
        (b"GET", b"/wp-login.php", b"action=l%zzogout&action=%256Cogout", LEAVE),
        (b"GET", b"/wp-login.php", b"to=%2Fa%3Fb%26action%3Dlogout", LEAVE),
        (
            b"GET",
            b"/wp-login.php",
            b"action=%zz" + b"%25" * 9 + b"25252525251",
            LEAVE,
        ),  # decoded more often than by any app
    ],
)
def test_a_sign_out_address_with_its_parameters(
    method: bytes, path: bytes, query: bytes | None, expected: SignOutRule | None
) -> None:
    assert DOORS.sign_out(method, path, query) is expected


@pytest.mark.parametrize(
    "query",
    [
        b"action=rp&action=rp",  # phpMyAdmin: index.php?route=/&route=%2F
        b"action=a+b",
        b"action=%93%FA",  # Shift_JIS
        b"action=%zz",
        b"q=100%",
        b"q=\xe6\x97\xa5",
        b"redirect_to=%2Fwp-admin%2Fpost.php%3Fpost%3D1%26action%3Dedit",
    ],
)
def test_an_odd_parameter_signs_nobody_out_that_could_not_be_read_as_the_sign_out(query: bytes) -> None:
    assert DOORS.sign_out(b"GET", b"/wp-login.php", query) is None


@pytest.mark.parametrize("path", [b"/Login.aspx", b"/login.aspx", b"/LOGIN.ASPX"])
def test_the_doors_of_an_app_that_ignores_case_stand_open_in_any(path: bytes) -> None:
    """ASP.NET's own links say /Login.aspx; whoever types /login.aspx signs in all the same."""
    rule = replace(SIGN_IN, path="/Login.aspx", ignores_case=True)
    leave = SignOutRule("portal", "/Login.aspx", frozenset({b"GET"}), ignores_case=True)
    doors = Doors((rule,), (leave,))
    assert doors.sign_in(b"POST", path) == (rule,)
    assert doors.sign_out(b"GET", path, None) is leave
    assert doors.sign_in(b"POST", b"/Login") == ()


def test_folded_paths_of_doors() -> None:
    assert DOORS.opens_folded(b"/login")
    assert DOORS.opens_folded(b"/logout/")
    assert not DOORS.opens_folded(b"/wiki/a")
    assert not DOORS.opens_folded(b"/top")


def test_a_sign_out_rule_without_methods_is_for_all() -> None:
    doors = Doors((), (SignOutRule("portal", "/logout", frozenset()),))
    assert all(doors.sign_out(method, b"/logout", None) for method in (b"GET", b"HEAD", b"POST", b"DELETE"))
    assert doors.sign_out(b"GET", b"/other", None) is None
