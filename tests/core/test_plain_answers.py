"""What is taken for a plain answer is what llhttp reads, too; all the rest is left to it."""

from __future__ import annotations

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.core.header_names import ANSWER_KINDS, AnswerKind
from gateway.core.plain_answers import closing_head, plain_head

OK = b"HTTP/1.1 200 OK\r\n"


class Reader:
    """llhttp's view of an answer."""

    def __init__(self, data: bytes) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.complete = self.keeps = False
        self._parser = httptools.HttpResponseParser(self)
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete = True
        self.keeps = self._parser.should_keep_alive()  # true to the message only here


NAMES = [b"Content-Type", b"x-a", b"Connection", b"content-length", b"Transfer-Encoding", b"Location", b"Set-Cookie"]
NAMES += [b"X-Sekisho-A", b"Keep-Alive", b"Date", b"Content-Length ", b"", b"B\xff", b"Set-Cookie2", b"Link"]
VALUES = [b"text/html", b"keep-alive", b"close", b"5", b"05", b"+5", b"", b" 5", b"5 ", b"chunked", b"a\tb", b"\x00"]
VALUES += ["勤怠".encode("shift_jis"), b"Keep-Alive", b"5, 5", b"1" * 16, b"x" * 300]
odd = st.tuples(st.sampled_from(NAMES), st.sampled_from([b": ", b":", b":  ", b" : "]), st.sampled_from(VALUES))
PLAIN = [(b"Content-Length", b"5"), (b"Date", b"now"), (b"Connection", b"keep-alive"), (b"x-a", b"a, b")]
lines = st.lists(st.sampled_from([(name, b": ", value) for name, value in PLAIN]), max_size=4) | st.lists(
    odd, max_size=4
)
OTHERS = [b"204 No", b"100 C", b"101 S", b"200", b"999 A", b"20 OK", b"304 Not Modified", b"404 "]
OTHER_STATUSES = [b"HTTP/1.0 200 OK", b"HTTP/2 200 OK", *(b"HTTP/1.1 " + rest for rest in OTHERS)]
statuses = st.just(b"HTTP/1.1 200 OK") | st.sampled_from(OTHER_STATUSES)


@given(status=statuses, headers=lines, newline=st.sampled_from([b"\r\n", b"\n"]))
@example(status=b"HTTP/1.1 200 OK", headers=[(b"content-length", b": ", b"5")] * 2, newline=b"\r\n")
def test_what_is_plain_reads_the_same_to_a_real_parser(
    status: bytes, headers: list[tuple[bytes, bytes, bytes]], newline: bytes
) -> None:
    head = newline.join([status, *[name + colon + value for name, colon, value in headers], b"", b""])
    found = plain_head(head + b"hello")
    if found is None:
        return
    end, length, passed = found
    assert end == len(head)
    read = Reader(head + b"hello"[:length])
    assert read.complete
    assert read.keeps
    assert len(read.body) == length
    kept = Reader((passed or head) + b"hello"[:length])
    assert kept.body == read.body
    assert kept.headers == [pair for pair in read.headers if ANSWER_KINDS[pair[0]] in (0, int(AnswerKind.LENGTH))]


@pytest.mark.parametrize(
    "line",
    [
        *(b"Set-Cookie: a=b", b"Location: /x", b"Refresh: 0;url=/", b"Link: </a>", b"Transfer-Encoding: chunked"),
        *(b"Connection: close", b"Connection: keep-alive, X-A", b"Content-Length: 5", b"Content-Length: 6"),
        *(b"X-A : b", b"X-A:b", b"X-A: b ", b"X-A:", b" folded", b"no colon", b"X-A: \x01", b"HTTP/1.1 200 OK"),
    ],
)
def test_what_needs_a_look_is_not_plain(line: bytes) -> None:
    assert plain_head(OK + b"Content-Length: 5\r\n\r\nhello") is not None
    assert plain_head(OK + b"Content-Length: 5\r\n" + line + b"\r\n\r\nhello") is None


@pytest.mark.parametrize(
    "head",
    [
        *(OK, OK + b"\r\n", OK + b"X-A: b\r\n\r\n", b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
        *(
            b"HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n",
            OK + b"A: " + b"b" * 16384 + b"\r\nContent-Length: 0\r\n\r\n",
        ),
    ],
)
def test_without_an_end_or_a_length_it_is_not_plain(head: bytes) -> None:
    assert plain_head(head) is None


def test_what_is_the_gateways_or_for_one_hop_is_dropped_and_the_rest_stays_as_it_is() -> None:
    head = OK + b"date: x\r\nKeep-Alive: timeout=5\r\nConnection: Keep-Alive\r\nX-A: b\r\nX-Sekisho-B: " + b"c" * 300
    head += b"\r\nContent-Length: 3\r\n\r\n"
    assert plain_head(head + b"abc") == (len(head), 3, OK + b"date: x\r\nX-A: b\r\nContent-Length: 3\r\n\r\n")
    unchanged = OK + b"X-A: b\r\nContent-Length: 3\r\n\r\n"
    assert plain_head(unchanged) == (len(unchanged), 3, None)


def test_not_modified_has_no_body_whatever_length_it_tells() -> None:
    head = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 12\r\n\r\n"
    assert plain_head(head) == (len(head), 0, None)


def test_a_head_can_end_the_connection() -> None:
    head = OK + b"Content-Length: 0\r\n\r\n"
    assert closing_head(head) == OK + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
    assert not Reader(closing_head(head)).keeps


def test_heads_of_ever_new_shapes_fill_no_memory() -> None:
    for shape in range(1100):
        odd = b"".join(b"X-A: b\r\n" if shape >> bit & 1 else b"Keep-Alive: x\r\n" for bit in range(11))
        assert plain_head(OK + odd + b"Content-Length: 7\r\n\r\n") is not None


def test_lines_without_end_fill_no_memory() -> None:
    for number in range(9000):
        assert plain_head(b"HTTP/1.1 200 %d\r\nX-A: %d\r\nContent-Length: 0\r\n\r\n" % (number, number)) is not None
    assert plain_head(b"HTTP/1.1 200 " + b"x" * 300 + b"\r\nContent-Length: 0\r\n\r\n") is not None
