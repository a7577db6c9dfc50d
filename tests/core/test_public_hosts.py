"""Host and Origin: whose name a request may call us by."""

from __future__ import annotations

import pytest

from gateway.core.public_hosts import PublicHosts

PUBLIC = PublicHosts("https", "app.test", 443)
ODD_PORT = PublicHosts("https", "app.test", 8443)
HERE = PublicHosts("http", "127.0.0.1", 8080)
SIX = PublicHosts("https", "2001:db8::1", 443)


@pytest.mark.parametrize(
    ("hosts", "host", "expected"),
    [
        (PUBLIC, b"app.test", True),
        (PUBLIC, b"APP.test", True),
        (PUBLIC, b"app.test:443", True),
        (PUBLIC, b"app.test:80", False),
        (PUBLIC, b"app.test.", False),
        (PUBLIC, b"[::1]", False),
        (PUBLIC, b"127.0.0.1:18080", False),
        (PUBLIC, b"", False),
        (ODD_PORT, b"app.test:8443", True),
        (ODD_PORT, b"app.test", False),
        (HERE, b"localhost:8080", True),
        (HERE, b"127.0.0.1", True),
        (HERE, b"[::1]:9", True),
        (HERE, b"[::1]", True),
        (HERE, b"evil.test:8080", False),
        (HERE, b"localhost:x", False),
        (SIX, b"[2001:DB8::1]", True),
    ],
)
def test_a_host_is_ours_or_it_is_not(hosts: PublicHosts, host: bytes, expected: bool) -> None:
    assert hosts.ours(host) is expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (((b"Upgrade", b"websocket"), (b"Origin", b"https://evil.test")), False),
        (((b"origin", b"null"), (b"upgrade", b"websocket")), False),
        (((b"Upgrade", b"websocket"), (b"Origin", b"https://app.test")), True),
        (((b"Upgrade", b"websocket"),), True),
        (((b"Origin", b"https://evil.test"), (b"Accept", b"x"), (b"Foobar", b"1"), (b"Cookie", b"")), None),
    ],
)
def test_a_handshake_from_another_site_is_foreign(
    headers: tuple[tuple[bytes, bytes], ...], expected: bool | None
) -> None:
    assert PUBLIC.handshake(headers) is expected


@pytest.mark.parametrize(
    ("hosts", "headers", "expected"),
    [
        (PUBLIC, (), True),
        (PUBLIC, ((b"Sec-Fetch-Site", b"same-origin"), (b"Origin", b"null")), True),
        (PUBLIC, ((b"Sec-Fetch-Site", b"none"),), True),
        (PUBLIC, ((b"Sec-Fetch-Site", b"same-site"),), False),
        (PUBLIC, ((b"Sec-Fetch-Site", b"cross-site"),), False),
        (PUBLIC, ((b"Sec-Fetch-Site", b"same-origin"), (b"Sec-Fetch-Site", b"cross-site")), False),
        (PUBLIC, ((b"Origin", b"https://app.test"),), True),
        (PUBLIC, ((b"Origin", b"HTTPS://APP.test"),), True),
        (PUBLIC, ((b"Origin", b"http://app.test"),), False),
        (PUBLIC, ((b"Origin", b"https://app.test.evil"),), False),
        (PUBLIC, ((b"Origin", b"null"),), False),
        (HERE, ((b"Origin", b"http://localhost:8080"),), True),
        (HERE, ((b"Origin", b"http://evil.test:8080"),), False),
    ],
)
def test_a_form_is_ours_or_another_sites(
    hosts: PublicHosts, headers: tuple[tuple[bytes, bytes], ...], expected: bool
) -> None:
    assert hosts.own_form(headers) is expected
