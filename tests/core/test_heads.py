"""Heads: what is refused, what an app sees, what a browser sees, and who is taken for the client."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from gateway.core.header_names import ANSWER_KINDS, AnswerKind, Kind, NameKinds
from gateway.core.heads import (
    Examined,
    Refusal,
    check_request,
    client_address,
    client_scheme,
    examine,
    framing_header,
    is_trusted,
    nominated,
    request_headers,
    response_headers,
)
from gateway.core.messages import Headers, RequestHead

HOST = (b"Host", b"app.test")
TRUSTED = (ip_network("10.0.0.0/8"), ip_network("::1/128"))


def head(
    *headers: tuple[bytes, bytes], method: bytes = b"GET", target: bytes = b"/x", version: str = "1.1"
) -> RequestHead:
    return RequestHead(method, target, version, (HOST, *headers))


def app_sees(*headers: tuple[bytes, bytes], pass_headers: frozenset[bytes] = frozenset()) -> Headers:
    return request_headers(
        head(*headers), client_address="192.0.2.1", scheme="https", host=b"app.test", pass_headers=pass_headers
    )


SET = app_sees()
HOSTILE = [
    "X-Forwarded-Uri", "X-Forwarded-Prefix", "X-Forwarded-Path", "X-Original-URI", "X-Original-URL", "X-Rewrite-URL",
    "X-Request-URI", "Destination", "X-Envoy-Original-Path", "X-Accel-Redirect", "Request-Uri", "Base-Url",
    "X-Proxy-Url", "X-Wap-Profile", "Front-End-Https", "X-HTTP-Method", "X_HTTP_Method_Override",
    "X-HTTP-METHOD-OVERRIDE", "X-Method-Override", "X-Forwarded-User", "X_Forwarded_User", "x-forwarded_user",
    "X-AAL", "X-Remote-User", "Remote-User", "Remote_User", "REMOTE-USER", "Remote.User", "X-Authenticated-User",
    "X-Auth-User", "Proxy-Authorization", "Authorization", "X-Client-Cert", "X-ARR-ClientCert",
    "X-Forwarded-Client-Cert", "X-Forwarded-For", "X_Forwarded_For", "X-Real-IP", "X-Client-IP", "Forwarded",
    "X-Forwarded-Host", "X-Forwarded-Scheme", "X-Forwarded-Port", "X-Forwarded-SSL", "Max-Forwards", "Keep-Alive",
    "TE", "Trailer", "Proxy-Connection", "Proxy", "Upgrade", "HTTP2-Settings", "Expect", "Cookie", "Cookie2",
    "Connection", "X-Sekisho-Client", "x_sekisho.client", "X-Sekisho-Reference", "True-Client-IP", "X_Anything",
    "X.Anything",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_no_identity_override_or_hop_by_hop_header_reaches_an_app_in_any_spelling(name: str) -> None:
    for spelling in (name, name.lower(), name.upper()):
        assert app_sees((spelling.encode(), b"keep-alive")) == SET


def test_everything_else_reaches_the_app_with_its_bytes_and_order() -> None:
    sent = ((b"Accept", b"*/*"), (b"x-ODD", b"\x83e\\ caf\xe9"), (b"Range", b"bytes=0-"), (b"Accept", b"b"))
    assert app_sees(*sent)[1:5] == sent


def test_credentials_pass_only_where_they_are_named() -> None:
    sent = (b"Authorization", b"Basic x")
    assert sent in app_sees(sent, pass_headers=frozenset((b"authorization",)))


def test_nominated_headers_end_at_the_gateway() -> None:
    assert app_sees((b"Connection", b"close, Foo"), (b"foo", b"1")) == SET
    assert nominated(((b"Connection", b"keep-alive, TE"), (b"connection", b"Bar"))) == {b"bar"}


def test_cookie_and_host_are_the_gates_to_choose() -> None:
    seen = request_headers(
        head((b"Cookie", b"theirs=1")),
        client_address="::1",
        scheme="http",
        host=b"app.test",
        cookie=b"ours=2",
        host_header=b"inner:80",
    )
    assert seen == (
        (b"Host", b"inner:80"),
        (b"Cookie", b"ours=2"),
        (b"X-Forwarded-For", b"::1"),
        (b"X-Forwarded-Proto", b"http"),
        (b"X-Forwarded-Host", b"app.test"),
    )


def test_the_chain_is_continued_from_the_client_address_only() -> None:
    def chain(value: bytes, client: str) -> bytes:
        sent = head((b"X-Forwarded-For", value))
        seen = request_headers(sent, client_address=client, scheme="http", host=b"a", trusted=True, peer="10.0.0.1")
        return dict(seen)[b"X-Forwarded-For"]

    assert chain(b"6.6.6.6, 192.0.2.1, 10.0.0.9", "192.0.2.1") == b"192.0.2.1, 10.0.0.9, 10.0.0.1"
    assert chain(b"garbage", "10.0.0.1") == b"10.0.0.1"


@pytest.mark.parametrize(
    ("refused", "word"),
    [
        (head(version="2.0"), "version"),
        (head(method=b"TRACE"), "method"),
        (RequestHead(b"GET", b"/", "1.1", ()), "host"),
        (head(HOST), "host"),
        (RequestHead(b"GET", b"/", "1.1", ((b"Host", b"a b"),)), "host"),
        (head((b"Content-Length", b"+1")), "content-length"),
        (head((b"Content-Length", b"1"), (b"Content-Length", b"1")), "content-length"),
        (head((b"Transfer-Encoding", b"gzip, chunked")), "transfer-encoding"),
        (head((b"Transfer-Encoding", b"chunked"), version="1.0"), "transfer-encoding"),
        (head((b"Expect", b"magic")), "expect"),
        (head((b"Content_Length", b"1")), "header-name"),
        (head((b"X Y", b"1")), "header-name"),
        (head((b"Connection", b"Host")), "connection"),
        (head((b"Connection", b"X_Auth")), "connection"),
        (head(target=b"/a#b"), "fragment"),
        (head(target=b"*"), "target-form"),
        (head(target=b"http://other/"), "target-form"),
        (head((b"Content-Length", b"1"), (b"Transfer-Encoding", b"chunked"), method=b"POST"), "framing"),
        (head((b"Content-Length", b"1")), "body"),
    ],
)
def test_each_fault_has_its_word(refused: RequestHead, word: str) -> None:
    found = check_request(refused)
    assert isinstance(found, Refusal)
    assert found.word == word


def test_a_proper_head_gives_its_target_and_framing() -> None:
    assert examine(head((b"Content-Length", b"0"))) == Examined(b"/x", b"0")
    posted = examine(head((b"Content-Length", b"3"), (b"Expect", b"100-Continue"), method=b"POST"))
    assert posted == Examined(b"/x", b"3", expects_continue=True)
    assert isinstance(posted, Examined)
    assert posted.has_body
    assert examine(head((b"Transfer-Encoding", b"Chunked"), method=b"POST")) == Examined(b"/x", chunked=True)
    assert check_request(head((b"Connection", b"keep-alive, upgrade"))) == head((b"Connection", b"keep-alive, upgrade"))
    cut = check_request(head(target=b"http://APP.test?a"))
    assert isinstance(cut, RequestHead)
    assert cut.target == b"/?a"


def test_answers_keep_end_to_end_headers_byte_for_byte() -> None:
    kept = ((b"sErVer", b"x"), (b"Set-Cookie", b"\x83\\"), (b"Set-Cookie", b"b"))
    framing = ((b"Content-Length", b"1"), (b"Connection", b"close"), (b"Keep-Alive", b"x"), (b"X-Sekisho-A", b"1"))
    assert response_headers((*kept, *framing)) == kept
    assert response_headers((*kept, (b"Connection", b"foo"), (b"Foo", b"1"))) == kept


@pytest.mark.parametrize(
    ("peer", "chain", "client"),
    [
        ("192.0.2.7", b"6.6.6.6", ("192.0.2.7", False)),
        ("10.0.0.1", b"6.6.6.6, 192.0.2.1", ("192.0.2.1", True)),
        ("10.0.0.1", b"6.6.6.6, 192.0.2.1, 10.0.0.2", ("192.0.2.1", True)),
        ("10.0.0.1", b"192.0.2.1:4711", ("192.0.2.1", True)),
        ("10.0.0.1", b"[2001:db8::1]:80", ("2001:db8::1", True)),
        ("10.0.0.1", b"::ffff:192.0.2.1", ("192.0.2.1", True)),
        ("10.0.0.1", b"6.6.6.6, 10.\xfe0.0.1", ("10.0.0.1", True)),
        ("10.0.0.1", b"10.0.0.3", ("10.0.0.3", True)),
        ("", b"192.0.2.1", ("192.0.2.1", True)),
        ("", b"", ("", True)),
    ],
)
def test_the_client_is_the_first_address_from_the_right_that_is_no_trusted_proxy(
    peer: str, chain: bytes, client: tuple[str, bool]
) -> None:
    assert client_address(peer, ((b"X-Forwarded-For", chain),), TRUSTED) == client


def test_without_trusted_proxies_the_peer_is_the_client() -> None:
    assert client_address("10.0.0.1", ((b"X-Forwarded-For", b"6.6.6.6"),), ()) == ("10.0.0.1", False)
    assert not is_trusted("nonsense", TRUSTED)


def test_the_scheme_is_a_trusted_proxys_to_say() -> None:
    said: Headers = ((b"X-Other", b"1"), (b"X-Forwarded-Proto", b"https"))
    assert client_scheme("http", said, trusted=True) == "https"
    assert client_scheme("http", said, trusted=False) == "http"
    assert client_scheme("http", ((b"X-Forwarded-Proto", b"gopher"),), trusted=True) == "http"


def test_remembered_names_are_bounded() -> None:
    kinds = NameKinds(lambda name: Kind.KEEP)
    for number in range(5000):
        assert kinds[b"X-N-%d" % number] == Kind.KEEP
    assert kinds[b"x" * 100] == Kind.KEEP
    assert len(kinds) == 4096


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (AnswerKind.SET_COOKIE, [b"Set-Cookie", b"SET-COOKIE", b"set-cookie2", b"Set-Cookie3"]),
        (
            AnswerKind.ADDRESS,
            [b"Location", b"content-location", b"REFRESH", b"Link", b"URI", b"SourceMap", b"HX-Redirect"],
        ),
        (AnswerKind.DROP, [b"Keep-Alive", b"upgrade", b"X-Sekisho-Reference", b"Trailer"]),
        (AnswerKind.DROP, [b"Set_Cookie", b"set.cookie2", b"Transfer_Encoding", b"Content.Length", b"X_Sekisho_A"]),
        (AnswerKind.KEEP, [b"Set-Cookie-Policy", b"ETag", b"X-Place", b"Sekisho", b"X_Custom", b"X.Custom"]),
    ],
)
def test_what_the_vault_must_see_of_an_answer_is_known_in_every_case(kind: AnswerKind, names: list[bytes]) -> None:
    assert [ANSWER_KINDS[name] for name in names] == [kind] * len(names)


def test_the_framing_of_an_answer_is_found_in_every_case() -> None:
    sent = ((b"Date", b"now"), (b"CONTENT-length", b"3"), (b"transfer-Encoding", b"chunked"), (b"Content-Length", b"4"))
    assert framing_header(sent, AnswerKind.LENGTH) == b"3"
    assert framing_header(sent, AnswerKind.TRANSFER) == b"chunked"
    assert framing_header(sent[:1], AnswerKind.LENGTH) is None


def test_ordinary_headers_are_no_matter_of_http() -> None:
    assert examine(head((b"Accept", b"*/*"), (b"X-Forwarded-For", b"192.0.2.9"))) == Examined(b"/x")


def test_a_trusted_proxy_that_names_nobody_is_the_client_itself() -> None:
    sent = head((b"Accept", b"*/*"))
    assert client_address("10.0.0.1", sent.headers, TRUSTED) == ("10.0.0.1", True)
    seen = request_headers(sent, client_address="10.0.0.1", scheme="http", host=b"a", trusted=True, peer="10.0.0.1")
    assert dict(seen)[b"X-Forwarded-For"] == b"10.0.0.1"
