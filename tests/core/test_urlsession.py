"""A session ID in an address never reaches a browser, and is found in whatever spelling one sends it."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.urlsession import PageScrubber, has_url_session, strip_url_session

NAMES = ("jsessionid", "SID", "ci_session")

STRIPPED = (
    (b"/a;jsessionid=AB.n1!2/x?y=1", b"/a/x?y=1"),
    (b"/a;JSESSIONID=A#top", b"/a#top"),
    (b"/a;jsessionid=?b=1", b"/a?b=1"),
    (b"/a?SID=1", b"/a"),
    (b"/a?sid=1&a=2", b"/a?a=2"),
    (b"/a?a=1&SID=2&b=3", b"/a?a=1&b=3"),
    (b"/a?SID=1&SID=2", b"/a"),
    (b"/a?SID=1&SID=2&amp;c=1", b"/a?c=1"),
    (b"/a?a=1&amp;SID=2&amp;b=3", b"/a?a=1&amp;b=3"),
    (b"/l?next=%2Fx%3Bjsessionid%3DABC%26z=1", b"/l?next=%2Fx%26z=1"),
    (b"/l?next=%252Fx%253bjsessionid%253dA%2521B%2526z", b"/l?next=%252Fx%2526z"),
    (b'<a href="x&#59;jsessionid&#x3d;A&#33;B">', b'<a href="x">'),
    (b"'x\\u003bjsessionid\\u003dA'", b"'x'"),
    (b"'x\\x3Fsid\\x3dA\\x26b'", b"'x\\x3Fb'"),
    (b"0;url=/x;jsessionid=1", b"0;url=/x"),
    (b"</a;jsessionid=1>; rel=next, </b>", b"</a>; rel=next, </b>"),
    (b"/a;jsess;jsessionid=1ionid=2", b"/a;jsess"),
    (b"/a;jsess;jsessionid=1/ionid=2", b"/a;jsess/ionid=2"),
    ("/a;jsessionid=1勤怠".encode(), "/a勤怠".encode()),
)

KEPT = (b"/a;xjsessionid=1", b"/a?xsid=1&side=2", b"/a;v=1?b=1", b"jsessionid=1", b"&lt;SID")


@pytest.mark.parametrize(("value", "left"), STRIPPED)
def test_an_id_is_taken_out_of_an_address(value: bytes, left: bytes) -> None:
    assert strip_url_session(value, NAMES) == left


@pytest.mark.parametrize("value", KEPT)
def test_anything_else_stays(value: bytes) -> None:
    assert strip_url_session(value, NAMES) == value
    assert not has_url_session(value, NAMES)


def test_without_names_nothing_is_looked_for() -> None:
    assert strip_url_session(b"/a;jsessionid=1", ()) == b"/a;jsessionid=1"
    assert not has_url_session(b"/a;jsessionid=1", ())


@pytest.mark.parametrize(
    "target",
    [
        b"/x;jsessionid=A",
        b"/x;JSESSIONID=A/y",
        b"/x%3bjsessionid=A",
        b"/x%3Bjsession%69d%3dA",
        b"/x%253Bjsessionid%253DA",
        b"/x%u003bjsessionid=A",
        b"/x;%20jsessionid%20=A",
        b"/x?SID=A",
        b"/x?a=1&sid=A",
        b"/x?+SID=A",
        b"/x?ci.session=A",
        b"/x?ci%20session=A",
        b"/x?ci[session=A",
        b"/x?next=%2Fy%3Bjsessionid%3DA",
        b"/x?%2525252525252541",
    ],
)
def test_a_request_is_searched_in_every_spelling(target: bytes) -> None:
    assert has_url_session(target, NAMES)


@pytest.mark.parametrize("target", [b"/x", b"/jsessionid=A", b"/x?a=jsessionid", b"/x%20y?a=%zz"])
def test_a_request_without_an_id_is_left_alone(target: bytes) -> None:
    assert not has_url_session(target, NAMES)


PAGE = (
    '<p>勤怠 <a href="/a;jsessionid=AB?x=1&amp;SID=2">a</a> <INPUT type=hidden name="SID" value="secret"/>'
    "<input name=side value=1><input\nvalue='x' name='jsessionid'> a < b "
    "<script>f('\\u003bjsessionid=Z')</script> ?SID=9"
).encode("shift_jis")
CLEAN = ("<p>勤怠 <a href=\"/a?x=1\">a</a> <input name=side value=1> a < b <script>f('')</script> ").encode("shift_jis")


def scrub(pieces: list[bytes]) -> bytes:
    scrubber = PageScrubber(NAMES)
    return b"".join([scrubber.feed(piece) for piece in pieces]) + scrubber.finish()


def test_a_page_loses_its_ids_and_hidden_fields_and_nothing_else() -> None:
    assert scrub([PAGE]) == CLEAN
    assert scrub([PAGE[index : index + 1] for index in range(len(PAGE))]) == CLEAN


def test_what_holds_no_address_goes_on_at_once() -> None:
    scrubber = PageScrubber(NAMES)
    assert scrubber.feed(b"plain text without an end") == b"plain text without an end"
    assert scrubber.feed(b" <b>x</b> <p") == b" <b>x</b> <p"
    assert scrubber.feed(b"> /a;jsess") == b"> /a"
    assert scrubber.finish() == b";jsess"


PIECES = st.sampled_from(
    [
        b";jsessionid=",
        b"?SID=",
        b"&amp;",
        b"SID=1",
        b"&",
        b"?",
        b"%3B",
        b"%25",
        b"A1",
        b'"',
        b" ",
        b"<input name=SID>",
        b"<inp",
        b"ut name=",
        b"'SID'",
        b">",
        b"\\u003b",
        b"jsessionid",
        b"=",
        b"&#59;",
        b"\x82\xa0",
        b"\n",
        b"/x",
    ]
)


@given(st.lists(PIECES, max_size=14).map(b"".join), st.lists(st.integers(0, 90), max_size=5))
def test_no_rechunking_changes_what_a_page_becomes(page: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(page)]
    assert scrub([page[start:end] for start, end in itertools.pairwise(edges)]) == scrub([page])


@given(st.lists(PIECES, max_size=14).map(b"".join) | st.binary(max_size=60))
def test_stripping_is_final_and_nothing_raises(value: bytes) -> None:
    once = strip_url_session(value, NAMES)
    assert strip_url_session(once, NAMES) == once
    assert len(once) <= len(value)
    assert b";jsessionid=" not in once.lower()
    has_url_session(value, NAMES)


NESTED = b"/a" + b";jsessionid" * 6 + rb"\x3d" * 6  # each round uncovers the next
HOSTILE = (
    b";jsessionid" * 3000 + b";jsessionid=" + b"\\x3d" * 3000,
    b";jsessionid=%25" * 4400,
    b"?SID=1&" * 9000,
    b"?SID=1&SID" * 6500,
    b"%" + b"25" * 32000,
    b";jsessionid=%" + b"25" * 32000,
    b"%25" * 21000,
    b"%u003b" * 11000,
    b";" + b" " * 65000,
    b"<input " + b" name=SID" * 7000,
    b"<input name" + b" " * 65000,
)


def test_an_id_that_comes_together_again_and_again_leaves_nothing() -> None:
    assert strip_url_session(NESTED, NAMES) == b""
    assert has_url_session(b"", NAMES)
    assert scrub([b"<a href='", NESTED, b"'>x</a>"]) == b"<a href='/a;jsessionid'>x</a>"


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_bytes_cost_little(value: bytes) -> None:
    value = b"/a" + value[: 1 << 16]
    for work in (strip_url_session, has_url_session, lambda page, _: scrub([page])):
        began = time.process_time()
        work(value, NAMES)
        assert time.process_time() - began < 0.2


def test_a_picture_within_a_page_is_looked_at_once() -> None:
    """Megabytes without a space, as addresses of inline pictures are, come in many pieces."""
    scrubber, began = PageScrubber(("jsessionid",)), time.thread_time()
    parts = [scrubber.feed(b"<img src='data:image/png;base64,")]
    parts += [scrubber.feed(b"A" * 2000) for _ in range(2000)]
    parts += [scrubber.feed(b"' alt='' title=a;jsessionid=1>"), scrubber.finish()]
    assert b"".join(parts) == b"<img src='data:image/png;base64," + b"A" * 4_000_000 + b"' alt='' title=a>"
    assert time.thread_time() - began < 6  # each time from the beginning takes half a minute
