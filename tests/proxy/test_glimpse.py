"""What is turned away unparsed is one whole request to the parser, too, and anything else is left to it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config.settings import Limits
from gateway.proxy.glimpse import glimpse, request_line
from gateway.proxy.intake import Intake
from tests.attacks.corpus import of_kind

GET = b"GET /a?b HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\n"
_TOO_LONG = (414, 431)
POST = b"POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\na=b"


def test_a_whole_get_and_a_whole_post_are_seen() -> None:
    head = glimpse(GET)
    assert head is not None
    assert (head.method, head.target, head.version) == (b"GET", b"/a?b", "1.1")
    assert head.headers == ((b"Host", b"a.example"), (b"Accept", b"*/*"))
    posted = glimpse(POST)
    assert posted is not None
    assert posted.method == b"POST"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        GET[:-1],
        GET + b"x",
        GET + GET,
        GET.replace(b"GET", b"HEAD"),
        GET.replace(b"GET", b"get"),
        GET.replace(b"1.1", b"1.0"),
        GET.replace(b"/a?b", b"/a b"),
        GET.replace(b"\r\nAccept", b"\nAccept"),
        GET.replace(b"/a?b", b"/a\n"),
        GET.replace(b"/a?b", b"/a\rb"),
        GET.replace(b"/a?b", b"/a#b"),
        GET.replace(b"/a?b", b"/a\xffb"),
        GET.replace(b"/a?b", b"http://a.example/a?b"),
        GET.replace(b"/a?b", b"*"),
        GET.replace(b"Host: a.example\r\n", b""),
        GET.replace(b"Host", b"Host: b.example\r\nHost"),
        GET.replace(b"Host: a.example", b"Host: a/b"),
        GET.replace(b"Accept: */*", b"Accept: */*\r\n Transfer-Encoding: chunked"),
        GET.replace(b"Accept: */*", b"Accept: */*\rTransfer-Encoding: chunked"),
        GET.replace(b"Accept: */*", b"Transfer_Encoding: chunked"),
        GET.replace(b"Accept: */*", b"Transfer-Encoding : chunked"),
        GET.replace(b"Accept: */*", b"\x0bTransfer-Encoding: chunked"),
        GET.replace(b"Accept: */*", b"Content_Length: 3"),
        GET.replace(b"Accept: */*", b"Connection: content-length"),
        GET.replace(b"Accept: */*", b"X: \0"),
        GET.replace(b"Accept: */*", b"no colon"),
        GET.replace(b"Accept: */*", b"Content-Length: 3")[:-2] + b"\r\na=b",
        GET.replace(b"Accept: */*", b"Connection: Close"),
        GET.replace(b"Accept: */*", b"Transfer-Encoding: chunked"),
        GET.replace(b"Accept: */*", b"EXPECT: 100-continue"),
        GET.replace(b"Accept: */*", b"Content-Length: 3"),
        POST[:-1],
        POST + b"c",
        POST.replace(b"th: 3", b"th: 03"),
        POST.replace(b"th: 3", b"th: 3, 3"),
        POST.replace(b"th: 3", b"th: 3\x0b"),
        POST.replace(b"th: 3", b"th: +3"),
        POST.replace(b"th: 3", b"th: 3\r\ncontent-length: 3"),
        POST.replace(b"th: 3", b"th : 3"),
        POST.replace(b"th: 3", b"th: 3\r\nTransfer-Encoding: chunked"),
    ],
)
def test_what_is_anything_else_is_for_the_parser(data: bytes) -> None:
    assert glimpse(data) is None


@pytest.mark.parametrize("line", [b"GET / HTTP/1.1", b"POST /logout?a=b HTTP/1.1"])
def test_a_request_line_tells_method_and_target(line: bytes) -> None:
    head = request_line(line)
    assert head is not None
    assert [head.method, head.target] == line.split(b" ")[:2]


@pytest.mark.parametrize(
    "line",
    [
        b"", b"GET /", b"GET  / HTTP/1.1", b"PUT / HTTP/1.1", b"GET /\n HTTP/1.1", b"GET /\r HTTP/1.1",
        b"GET /a\0b HTTP/1.1", b"GET http://a/logout HTTP/1.1", b"GET / HTTP/1.1\n", b"GET /logout#a HTTP/1.1",
    ],
)  # fmt: skip
def test_what_is_no_plain_request_line_tells_nothing(line: bytes) -> None:
    assert request_line(line) is None


_PIECES = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\n", b"POST /x HTTP/1.1\r\n", b"GET /y HTTP/1.0\r\n", b"Host: a\r\n", b"Cookie: a=b\r\n",
        b"Content-Length: 2\r\n", b"content-length:0\r\n", b"Content-Length : 2\r\n", b"Transfer-Encoding: chunked\r\n",
        b"Connection: upgrade\r\n", b"Upgrade: websocket\r\n", b"Upgrade: h2c\r\n", b" folded\r\n", b"X: y\n",
        b"Content_Length: 2\r\n", b"\tTransfer-Encoding: chunked\r\n", b"Connection: x-a\r\n", b"\n", b"\r\n", b"\r",
        b"\0", b"ab", b"0\r\n\r\n", b"\x0b", b"#",
    ]
)  # fmt: skip
_BEGINNINGS = st.sampled_from([b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nContent-Length: 2\r\n"])
_WHOLE = st.tuples(_BEGINNINGS, st.lists(_PIECES, max_size=5), st.sampled_from([b"", b"ab"]))


def _joined(parts: tuple[bytes, list[bytes], bytes]) -> bytes:
    beginning, fields, body = parts
    return beginning + b"Host: a\r\n" + b"".join(fields) + b"\r\n" + body


@settings(deadline=None)  # a busy machine is no fault of the bytes
@given(st.one_of(st.lists(_PIECES, max_size=9).map(b"".join), _WHOLE.map(_joined)))
def test_what_is_seen_is_one_whole_request_to_the_parser_and_in_order(data: bytes) -> None:
    _in_order_or_not_seen(data)


@settings(deadline=None)
@given(st.sampled_from([GET, POST]), st.integers(0, 80), st.integers(0, 2), st.binary(max_size=2))
def test_a_request_with_a_few_bytes_changed_is_in_order_or_not_seen(
    data: bytes, place: int, without: int, put: bytes
) -> None:
    _in_order_or_not_seen(data[:place] + put + data[place + without :])


@pytest.mark.parametrize("kind", ["T", "H", "C", "R"])
def test_no_attack_that_the_parser_refuses_is_seen(kind: str) -> None:
    for case in of_kind(kind):
        _in_order_or_not_seen(_sent(kind, case.payload))


def _sent(kind: str, payload: bytes) -> bytes:
    if kind == "R":
        return payload
    if kind == "C":
        payload = b"\r\n".join(b"Cookie: " + value for value in payload.split(b" ||| "))
    target, lines = (payload, b"") if kind == "T" else (b"/", payload + b"\r\n")
    return b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n"


def _in_order_or_not_seen(data: bytes) -> None:
    """Where the parser would refuse and end the connection, a proxy in front may see another request."""
    head = glimpse(data)
    if head is None:
        return
    intake = Intake(Limits())
    intake.feed(data)
    assert len(intake.queue) == 1
    (asked,) = intake.queue
    if asked.refusal is not None and asked.refusal.status in _TOO_LONG:  # to us alone
        return
    assert asked.refusal is None
    assert asked.head is not None
    assert asked.complete
    assert asked.keep_alive
    assert not intake.head_open
    assert not intake.take_rest()
    assert asked.head == head
