"""Addresses in an app's headers: an app that is told a name of its own must lead nobody to it."""

from __future__ import annotations

import pytest

from gateway.core.apps import App, UpstreamAddress
from gateway.core.cookies import CookieRules
from gateway.proxy.vaulting import withhold

INNER = App("app", UpstreamAddress("http", "inner", 8080), (b"/",), CookieRules(), "/login", host_header=b"inner:8080")
PORTLESS = App("app", UpstreamAddress("https", "inner", 443), (b"/",), CookieRules(), "/login", host_header=b"inner")
PUBLIC = b"https://www.example.jp"


@pytest.mark.parametrize(
    ("app", "name", "value", "expected"),
    [
        (INNER, b"Location", b"http://inner:8080/top?x=1", PUBLIC + b"/top?x=1"),
        (INNER, b"Location", b"HTTPS://Inner:8080", PUBLIC),
        (INNER, b"Location", b"http://inner:8080?x", PUBLIC + b"?x"),
        (INNER, b"Content-Location", b"http://inner:8080/a", PUBLIC + b"/a"),
        (INNER, b"Refresh", b"0; url=http://inner:8080/menu", PUBLIC.join((b"0; url=", b"/menu"))),
        (INNER, b"Refresh", b"0;URL='http://inner:8080/menu'", PUBLIC.join((b"0;URL='", b"/menu'"))),
        (INNER, b"Refresh", b"5, http://inner:8080/", PUBLIC.join((b"5, ", b"/"))),
        (INNER, b"Link", b"<http://inner:8080/a.css>; rel=preload", PUBLIC.join((b"<", b"/a.css>; rel=preload"))),
        (PORTLESS, b"Location", b"https://inner:443/top", PUBLIC + b"/top"),
        (PORTLESS, b"Location", b"http://inner:80/top", PUBLIC + b"/top"),
    ],
)
def test_an_address_by_the_inner_name_becomes_the_public_one(
    app: App, name: bytes, value: bytes, expected: bytes
) -> None:
    assert withhold(app, ((name, value),), PUBLIC) == (((name, expected),), [])


@pytest.mark.parametrize(
    "value",
    [
        b"http://inner:80801/top",
        b"http://inner:8080.example.com/",
        b"http://inner:8080@example.com/",
        b"/login?next=http://inner:8080/top",
        b"http://other/top",
        b"menu.cgi",
    ],
)
def test_every_other_address_keeps_its_bytes(value: bytes) -> None:
    assert withhold(INNER, ((b"Location", value),), PUBLIC) == (((b"Location", value),), [])
