"""What goes out of a page and what comes in, for whom; every other byte stays (C4, D1)."""

from __future__ import annotations

import gzip
import zlib
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import page_edits
from gateway.core.apps import Insertion, OwnPart, PageEdit, Removal
from gateway.core.html import Spot, parse_selector
from gateway.core.insertions import Insertions, Viewer
from gateway.core.page_edits import (
    UNCHANGED,
    PageChanges,
    PageEdits,
    PageFilter,
    edit_page,
    editable,
    edited_headers,
    scrub_page,
    scrubbable,
)
from gateway.core.recoding import Chained, Regzipped
from gateway.core.rollout import Rollout
from gateway.core.session import Level
from gateway.core.subject import Feature, Subject
from tests.core.world import NOW, STAFF, WORKER, policy

HTML = ((b"Content-Type", b"text/html; charset=Shift_JIS"),)
GZIP = (*HTML, (b"Content-Encoding", b"gzip"))
PAGE = "<ul><li id=a>表示ソ<li id=b>予<li id=c>x</ul>".encode("cp932")
LEFT = "<ul><li id=a>表示ソ<li id=c>x</ul>".encode("cp932")
ANNOUNCED = Insertions(Rollout(announced_from=NOW, mandatory_from=NOW + 100), ZoneInfo("Asia/Tokyo"))
UNDATED = Insertions(Rollout(), ZoneInfo("Asia/Tokyo"))
EDITED = (
    PageEdit(("/top", "/sp/**"), (Removal("#a", "attendance.punch"), Removal("#b"))),
    PageEdit(
        ("/top", "/staff"),
        (Removal("#c", "payslip.own"),),
        (
            Insertion(OwnPart.SETTINGS_LINK, Spot.INTO, "ul", "li"),
            Insertion(OwnPart.ROLLOUT_NOTICE, Spot.BEFORE, "ul"),
        ),
    ),
)
EDITS = PageEdits(EDITED, UNDATED)
WITHOUT_B = PageChanges((parse_selector("#b"),))


def viewer(
    who: Subject = WORKER, level: Level = Level.RESTRICTED, now: float = NOW, exempt: frozenset[Feature] = frozenset()
) -> Viewer:
    return Viewer(who, level, policy(exempt=exempt), proven=False, now=now)


@pytest.mark.parametrize(
    ("path", "exempt", "expected"),
    [
        (b"/top", {Feature.ATTENDANCE_PUNCH, Feature.PAYSLIP_OWN}, ("#b",)),
        (b"/top", {Feature.ATTENDANCE_PUNCH}, ("#b", "#c")),
        (b"/top", set(), ("#a", "#b", "#c")),
        (b"/sp/x", {Feature.PAYSLIP_OWN}, ("#a", "#b")),
        (b"/other", set(), ()),
    ],
)
def test_what_is_taken_out_follows_the_exemptions(path: bytes, exempt: set[Feature], expected: tuple[str, ...]) -> None:
    changes = EDITS.changes(path, viewer(exempt=frozenset(exempt)))
    assert changes.removals == tuple(parse_selector(text) for text in expected)
    assert (changes.pieces, changes.dated) == ((), False)


def test_a_full_session_loses_nothing_and_gains_what_is_meant_for_it() -> None:
    changes = EDITS.changes(b"/top", viewer(STAFF, Level.FULL))
    assert changes.removals == ()
    (link,) = changes.pieces
    assert (link.spot, link.selector) == (Spot.INTO, parse_selector("ul"))
    assert link.html.startswith(b'<li><a id="sekisho-settings-link" href="/.sekisho/settings"')
    assert link.html.endswith(b"</a></li>")
    assert EDITS.changes(b"/top", viewer(level=Level.FULL)) == UNCHANGED


@pytest.mark.parametrize("level", [level for level in Level if level not in (Level.FULL, Level.RESTRICTED)])
def test_below_a_session_that_may_use_the_app_no_page_is_edited(level: Level) -> None:
    assert PageEdits(EDITED, ANNOUNCED).changes(b"/top", viewer(level=level)) == UNCHANGED


def test_a_page_is_fleeting_while_a_date_ahead_can_change_it() -> None:
    edits = PageEdits(EDITED, ANNOUNCED)
    before, between, after = (edits.changes(b"/staff", viewer(level=Level.FULL, now=NOW + x)) for x in (-1, 0, 100))
    assert (before.edits, before.fleeting) == (False, True)
    assert (between.edits, between.fleeting) == (True, True)
    assert (after.edits, after.fleeting) == (False, False)
    assert edits.changes(b"/elsewhere", viewer(level=Level.FULL)) == UNCHANGED


def test_whether_a_path_is_edited_at_all_is_known_before_anybody_is_looked_at() -> None:
    literal = PageEdits(EDITED[1:], UNDATED)
    assert [literal.touch(path) for path in (b"/top", b"/staff", b"/sp/x", b"/topp")] == [True, True, False, False]
    assert [EDITS.touch(path) for path in (b"/sp/x", b"/staff", b"/other")] == [True, True, False]
    assert not PageEdits((), UNDATED).touch(b"/top")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (HTML, True),
        (GZIP, True),
        (((b"Content-Type", b"application/xhtml+xml"),), True),
        (((b"Content-Type", b"text/html; charset=utf-16"),), False),
        (((b"Content-Type", b"text/html; charset=ISO-2022-JP"),), False),
        ((*HTML, (b"Content-Encoding", b"br")), False),
        (((b"Content-Type", b"image/png"),), False),
        ((), False),
    ],
)
def test_which_answers_can_be_edited(headers: tuple[tuple[bytes, bytes], ...], expected: bool) -> None:
    assert editable(headers) is expected


def test_an_edited_page_is_kept_by_no_cache() -> None:
    headers = (*HTML, (b"ETag", b"x"), (b"Last-Modified", b"y"), (b"X-Name", b"\x83e"))
    assert edited_headers(headers) == (*HTML, (b"X-Name", b"\x83e"), (b"Cache-Control", b"no-store"))


def test_a_whole_page_is_edited_in_its_coding() -> None:
    assert edit_page(HTML, PAGE, WITHOUT_B)[1] == LEFT
    assert gzip.decompress(edit_page(GZIP, gzip.compress(PAGE), WITHOUT_B)[1]) == LEFT
    assert edit_page(HTML, PAGE, UNCHANGED) == (HTML, PAGE)
    assert edit_page((), PAGE, WITHOUT_B) == ((), PAGE)


def test_a_page_that_a_date_will_change_keeps_its_bytes_and_is_kept_by_no_cache() -> None:
    assert edit_page(HTML, PAGE, PageChanges(dated=True)) == ((*HTML, (b"Cache-Control", b"no-store")), PAGE)


@given(st.lists(st.integers(1, len(PAGE)), max_size=6))
def test_pieces_make_no_difference(cuts: list[int]) -> None:
    page_filter = PageFilter(WITHOUT_B)
    marks = [0, *sorted(cuts), len(PAGE)]
    out = b"".join(page_filter.feed(PAGE[a:b]) for a, b in pairwise(marks))
    assert out + page_filter.finish() == LEFT


@given(st.lists(st.binary(max_size=50), max_size=6), st.integers(1, 40))
def test_gzip_goes_in_and_comes_out_however_it_is_cut(members: list[bytes], size: int) -> None:
    class Through:
        def feed(self, data: bytes) -> bytes:
            return data

        def finish(self) -> bytes:
            return b"!"

    packed = b"".join(gzip.compress(member) for member in members)
    filter_ = Regzipped(Through())
    out = b"".join(filter_.feed(packed[at : at + size]) for at in range(0, len(packed), size)) + filter_.finish()
    assert zlib.decompress(out, 31) == b"".join(members) + b"!"


def test_one_filter_behind_another() -> None:
    both = Chained(PageFilter(WITHOUT_B), PageFilter(PageChanges((parse_selector("#a"),))))
    assert both.feed(PAGE[:5]) + both.feed(PAGE[5:]) + both.finish() == b"<ul><li id=c>x</ul>"


def test_broken_gzip_shows_no_page_at_all() -> None:
    with pytest.raises(zlib.error):
        Regzipped(PageFilter(WITHOUT_B)).feed(b"<li id=b>")


def test_a_page_beyond_all_measure_passes_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_edits, "_LARGEST_PAGE", 10)
    page_filter = PageFilter(WITHOUT_B)
    assert page_filter.feed(PAGE[:8]) == b""
    assert page_filter.feed(PAGE[8:12]) == PAGE[:12]
    assert page_filter.feed(PAGE[12:]) == PAGE[12:]
    assert page_filter.finish() == b""


LINK = b'<a href="/x;jsessionid=AB">x</a>'
NAMES = ("jsessionid",)


@pytest.mark.parametrize(
    ("kind", "coding", "expected"),
    [
        (b"text/html", b"", True),
        (b"application/json", b"gzip", True),
        (b"text/javascript", b"identity", True),
        (b"application/xml", b"", True),
        (b"", b"", True),
        (b"image/png", b"", False),
        (b"text/html", b"br", False),
    ],
)
def test_which_answers_may_hold_an_address_in_text(kind: bytes, coding: bytes, expected: bool) -> None:
    headers = ((b"Content-Type", kind), (b"Content-Encoding", coding)) if kind else ()
    assert scrubbable(headers) is expected


def test_session_ids_leave_a_whole_body_and_nothing_else_changes() -> None:
    assert scrub_page(HTML, LINK, NAMES) == b'<a href="/x">x</a>'
    assert gzip.decompress(scrub_page(GZIP, gzip.compress(LINK), NAMES)) == b'<a href="/x">x</a>'
    packed = gzip.compress(PAGE)
    assert scrub_page(GZIP, packed, NAMES) is packed
    assert scrub_page(HTML, LINK, ()) is LINK
    assert scrub_page(((b"Content-Type", b"image/png"),), LINK, NAMES) is LINK


def test_a_body_that_cannot_be_opened_to_look_is_not_shown() -> None:
    with pytest.raises(zlib.error):
        scrub_page(GZIP, b"no gzip " + LINK, NAMES)
