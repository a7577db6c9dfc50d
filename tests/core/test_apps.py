"""Which app gets a path, and how the calendar, the cookies and the messages of the gateway behave."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.core.apps import App, AppTable, UpstreamAddress
from gateway.core.calendar import Calendar
from gateway.core.cookies import CookieRules
from gateway.core.errors import ConfigRefused, StoreUnavailable, UpstreamUnavailable
from gateway.core.messages import first_header, header_values
from gateway.core.own_cookies import OwnCookies

TOKYO = ZoneInfo("Asia/Tokyo")


def app(name: str, *paths: bytes) -> App:
    return App(name, UpstreamAddress("http", "127.0.0.1", 1), paths, CookieRules(), "/login")


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        (b"/", "portal"),
        (b"/shugyo", "attendance"),
        (b"/shugyo/punch", "attendance"),
        (b"/shugyo;x", "attendance"),
        (b"/shugyox", "portal"),
        (b"/meisai", "portal"),
        (b"/meisai/", "payslip"),
        (b"*", None),
    ],
)
def test_the_longest_prefix_of_whole_segments_owns_a_path(path: bytes, owner: str | None) -> None:
    table = AppTable((app("portal", b"/"), app("attendance", b"/shugyo"), app("payslip", b"/meisai/")))
    found = table.owner(path)
    assert (found.name if found else None) == owner


def test_the_gateways_own_pages_need_no_app_at_the_root() -> None:
    table = AppTable((app("attendance", b"/shugyo"),))
    found = table.first_for_pages(b"/.sekisho/choice")
    assert found is not None
    assert found.name == "attendance"
    assert table.first_for_pages(b"/other") is None
    assert AppTable(()).first_for_pages(b"/.sekisho/choice") is None


def test_an_authority_puts_ipv6_in_brackets() -> None:
    assert UpstreamAddress("http", "::1", 80).authority == b"[::1]:80"
    assert UpstreamAddress("http", "app", 80).authority == b"app:80"


def test_the_day_changes_at_midnight_in_the_operators_zone() -> None:
    calendar = Calendar(TOKYO)
    midnight = datetime(2024, 3, 2, tzinfo=TOKYO).timestamp()
    assert calendar.today(midnight - 1) == date(2024, 3, 1)
    assert calendar.today(midnight) == date(2024, 3, 2)
    assert calendar.today(midnight + 86399) == date(2024, 3, 2)
    assert calendar.today(midnight - 1) == date(2024, 3, 1)


def test_cookies_carry_their_prefix_and_flags_where_the_origin_is_secure() -> None:
    secure, plain = OwnCookies(True), OwnCookies(False)
    assert secure.set(secure.session, b"t")[1] == b"__Host-sekisho=t; Path=/; HttpOnly; SameSite=Lax; Secure"
    assert plain.set(plain.jar, b"j")[1] == b"sekisho-pre=j; Path=/; HttpOnly; SameSite=Lax"
    assert b"Max-Age=0" in secure.clear(secure.jar)[1]


def test_headers_are_found_by_lower_case_name_in_order() -> None:
    headers = ((b"A", b"1"), (b"a", b"2"))
    assert header_values(headers, b"a") == [b"1", b"2"]
    assert first_header(headers, b"a") == b"1"
    assert first_header(headers, b"b") is None


def test_errors_say_what_failed() -> None:
    assert str(StoreUnavailable("sessions", "refused")) == "sessions did not answer: refused"
    assert UpstreamUnavailable("portal", "slow", timed_out=True).timed_out
    assert str(ConfigRefused(("a", "b"))) == "a\nb"
