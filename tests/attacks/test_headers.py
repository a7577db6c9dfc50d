"""H lines: a header that claims a path, a person, an address, a scheme, a host, or takes another header away."""

from __future__ import annotations

import pytest

from tests.attacks.asking import assert_refused, cookie_line, request, send
from tests.attacks.conftest import HOST, SOURCE, Stage
from tests.attacks.cookies import values_of
from tests.attacks.corpus import Case, of_kind
from tests.harness.echo import Seen

CASES = of_kind("H")
FORGING = {"H1", "H2", "H3", "H4"}
SET_BY_GATEWAY = {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"}
HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"te",
    b"trailer",
    b"upgrade",
    b"http2-settings",
    b"proxy-connection",
    b"proxy-authorization",
    b"transfer-encoding",
}


def folded(name: bytes) -> bytes:
    """A header name as CGI-like apps know it."""
    return name.strip().lower().replace(b"_", b"-").replace(b".", b"-")


def named(case: Case) -> set[bytes]:
    """The folded names of the payload's lines."""
    return {folded(line.split(b":", 1)[0]) for line in case.payload.split(b"\r\n")}


def assert_own_words_only(seen: Seen) -> None:
    """The gateway's own forwarding headers, once each, with its own values; the vault's cookie; no foreign host."""
    for name, allowed in (
        (b"x-forwarded-for", {SOURCE.encode()}),
        (b"x-forwarded-proto", {b"http", b"https"}),
        (b"x-forwarded-host", {HOST.encode(), HOST.upper().encode(), b"app.test:80"}),
        (b"host", {HOST.encode(), HOST.upper().encode(), b"app.test:80"}),
    ):
        values = [value for key, value in seen.headers if folded(key) == name]
        assert len(values) == 1, (name, values)
        assert values[0] in allowed, (name, values)
    for key, _ in seen.headers:
        assert folded(key) == key.lower() or folded(key) not in SET_BY_GATEWAY, key
        assert folded(key) not in HOP_BY_HOP - {b"connection"}, key
    nominated = b",".join(seen.all("connection")).lower()
    assert nominated in (b"", b"keep-alive", b"close"), nominated
    assert len(values_of(seen.cookie, "JSESSIONID")) == 1, seen.cookie
    assert b"victim" not in seen.raw_head, seen.raw_head


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_header_does_not_speak_for_the_gateway(stage: Stage, case: Case) -> None:
    """Refused, or forwarded without the claim."""
    person = stage.restricted()
    answer = send(stage, request(b"/pub/x", cookie_line(person), case.payload))
    seen = stage.seen()
    if not seen:
        assert_refused(stage, answer)
        return
    assert answer.status == 200, answer.head
    for one in seen:
        assert one.target == b"/pub/x"
        assert one.method == b"GET"
        assert_own_words_only(one)
        if case.section in FORGING:
            forged = {folded(key) for key, _ in one.headers} & named(case) - SET_BY_GATEWAY
            assert not forged, one.raw_head


@pytest.mark.parametrize("case", [case for case in CASES if case.section == "H6"], ids=lambda case: case.name)
def test_host_header_in_place_of_the_right_one(stage: Stage, case: Case) -> None:
    """Another host, or one that two parsers read differently, is refused; case and default port are ours."""
    person = stage.restricted()
    answer = send(stage, request(b"/pub/x", cookie_line(person), host=case.payload))
    if case.payload in (b"host: APP.TEST", b"Host: app.test:80"):
        for seen in stage.seen():
            assert_own_words_only(seen)
        return
    assert_refused(stage, answer)


@pytest.mark.parametrize(
    "name",
    [
        "X-Override-URL", "X-HTTP-DestinationURL", "X-Rewrite", "X-Forwarded", "Url", "Uri", "Http-Url", "Proxy-Host",
        "X-Custom-IP-Authorization", "X-ProxyUser-Ip", "X-Forward-For", "X-Forwarder-For", "Forwarded-For",
        "Forwarded-For-Ip", "Cluster-Client-IP", "X-True-IP", "Real-Ip", "Source-Ip", "X-Azure-ClientIP",
        "Client-Cert", "X-Consumer-Username", "X-Pomerium-Jwt-Assertion", "X-Goog-Iap-Jwt-Assertion",
        "Tailscale-User-Login", "X-TLS-Client-Subject", "X-Vouch-User", "X-UserInfo", "X_Override_URL", "client.cert",
    ],
)  # fmt: skip
def test_what_other_proxies_tell_apps_is_not_said_by_a_browser(stage: Stage, name: str) -> None:
    """Lists of ways around proxies name them: another path, another address, another person."""
    person = stage.restricted()
    send(stage, request(b"/pub/x", cookie_line(person), name.encode() + b": /admin/x"))
    (seen,) = stage.seen()
    assert b"/admin/x" not in seen.raw_head, seen.raw_head


def test_value_bytes_beyond_ascii_arrive_whole(stage: Stage) -> None:
    """`caf\\xe9` is no attack: the app gets the very byte, none is lost and none re-assembled."""
    person = stage.restricted()
    send(stage, request(b"/pub/x", cookie_line(person), b"X-Custom: caf\xe9"))
    (seen,) = stage.seen()
    assert seen.all("x-custom") == [b"caf\xe9"]


def test_expectation_is_settled_by_the_gateway(stage: Stage) -> None:
    """The app never sees Expect: an app that does not answer it would block."""
    person = stage.restricted()
    lines = (cookie_line(person), b"Content-Type: text/plain", b"Expect: 100-continue")
    answer = send(stage, request(b"/pub/x", *lines, method=b"POST", body=b"abc"))
    assert answer.status == 200
    (seen,) = stage.seen()
    assert seen.all("expect") == []
    assert seen.body == b"abc"
