"""Links and the rollout notice in pages of the apps, over real sockets: for whom, until when, and not a byte more."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.harness.echo import EchoApp, Seen
from tests.harness.gateway import GatewayThread, MovableClock
from tests.harness.person import Person
from tests.harness.wire import WireAnswer
from tests.sign_in.world import YAML, World, answer

STAFF, PLAIN, STRICT, FREE = "A00020001", "B0000021", "B0000011", "B0000031"  # offices 0002, 0002, 0001, 0001
PAGE = "<html><body><ul id=menu title='表示ソ能'><li id=icon-x>予定表<li id=icon-y>十</ul><p id=end>ソ".encode("cp932")
LINKED = b"<a href='/a;jsessionid=AB12?x=1'>a</a><ul id=menu><li>x</ul>"
LONG = b"<ul id=menu></ul>" + b"x" * (4 << 20)
SHIFT_JIS = "Content-Type: text/html; charset=Shift_JIS"
KEPT = ('ETag: "1"', "Last-Modified: Sun, 22 Nov 2026 00:00:00 GMT", "Cache-Control: max-age=86400")
RULES = """sign_in:
      - {path: /login, login_id: {form: user}, success: {status: 302}}
      - {path: /sp/login, login_id: {form: user}, success: {status: 200}}"""
MORE = """
page_edits:
  - path: [/top, /sp/login, /linked, /long, /data]
    remove: [{select: "#icon-x"}]
    insert:
      - {what: settings-link, into: "#menu", wrap: li}
      - {what: rollout-notice, before: "#menu"}
  - {path: [/reset, /own], insert: [{what: reset-link, into: "#menu", wrap: li}]}
"""
SETTINGS = "2要素認証設定".encode("ascii", "xmlcharrefreplace")
LINK = b'<li><a id="sekisho-settings-link" href="/.sekisho/settings" target="_top">%b</a></li>' % SETTINGS
NOTICE = b'<div id="sekisho-rollout-notice"'


def app(seen: Seen) -> bytes:
    path = seen.target.partition(b"?")[0]
    if seen.method == b"POST" and path == b"/login":
        return answer("302 Found", b"", "Location: /top", "Set-Cookie: SID=in; Path=/")
    if path == b"/linked":
        return answer("200 OK", LINKED, "Set-Cookie: JSESSIONID=AB12; Path=/")
    if path == b"/long":
        return answer("200 OK", LONG)
    if path == b"/data":
        return answer("200 OK", b'{"a": 1}', "Content-Type: application/json", *KEPT)
    if b"gzip" in b",".join(seen.all("accept-encoding")):
        return answer("200 OK", gzip.compress(PAGE), SHIFT_JIS, "Content-Encoding: gzip", *KEPT)
    return answer("200 OK", PAGE, SHIFT_JIS, *KEPT)


@contextmanager
def world(folder: Path, more: str = "") -> Iterator[World]:
    clock = MovableClock()
    with EchoApp(app) as legacy:
        text = YAML.replace("{UPSTREAM}", str(legacy.port)).replace("{APP}", RULES).replace("{MORE}", MORE + more)
        text = text.replace("patterns: [", 'patterns: [{match: "A(?P<office>[0-9]{4})[0-9]{4}", kind: office}, ')
        text = text.replace('office: "0002"}', 'office: "0002"}, {code: "000003", office: "0001"}')
        text = text.replace(
            'offices: {"0002": {use: false}}',
            'offices: {"0002": {use: false}, "0001": {use: true, establishments: {"000003": {use: false}}}}',
        )
        with GatewayThread(folder, text, clock) as gateway:
            yield World(gateway, legacy, clock)


def date(clock: MovableClock, seconds: float) -> str:
    return datetime.fromtimestamp(clock() + seconds, ZoneInfo("Asia/Tokyo")).strftime("%Y-%m-%dT%H:%M:%S")


def rollout(announced: float, mandatory: float) -> str:
    clock = MovableClock()
    return f"rollout: {{announced_from: {date(clock, announced)}, mandatory_from: {date(clock, mandatory)}}}\n"


@pytest.fixture(scope="module")
def w(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("plain")) as made:
        yield made


def signed_in(w: World, login_id: str) -> Person:
    person = w.person()
    assert person.ask("POST", "/login", b"user=" + login_id.encode()).status in (302, 303)
    w.seen()
    return person


def cached(found: WireAnswer) -> tuple[str | None, str | None]:
    return found.header("etag"), found.header("cache-control")


def test_staff_of_an_office_without_2fa_find_the_settings_and_every_other_byte_is_the_apps(w: World) -> None:
    page = signed_in(w, STAFF).get("/top")
    assert page.body.count(LINK) == 1
    assert page.body.replace(LINK, b"") == PAGE
    assert page.body.endswith(LINK + "</ul><p id=end>ソ".encode("cp932"))


def test_in_gzip_too(w: World) -> None:
    page = signed_in(w, STAFF).ask("GET", "/top", None, "Accept-Encoding: br, gzip")
    assert page.header("content-encoding") == "gzip"
    assert gzip.decompress(page.body).replace(LINK, b"") == PAGE
    assert LINK in gzip.decompress(page.body)


def test_for_whom_nothing_is_meant_the_answer_is_the_apps_with_its_cache_headers(w: World) -> None:
    page = signed_in(w, PLAIN).get("/top")
    assert (page.body, cached(page)) == (PAGE, ('"1"', "max-age=86400"))


def test_no_copy_of_an_edited_page_is_kept_or_shown_again(w: World) -> None:
    staff = signed_in(w, STAFF)
    page = staff.ask("GET", "/top", None, 'If-None-Match: "1"', "If-Modified-Since: Sun, 22 Nov 2026 00:00:00 GMT")
    assert cached(page) == (None, "no-store")
    seen = w.seen()[-1]
    assert (seen.all("if-none-match"), seen.all("if-modified-since")) == ([], [])
    assert cached(staff.get("/other")) == ('"1"', "max-age=86400")
    staff.ask("GET", "/other", None, 'If-None-Match: "1"')
    assert w.seen()[-1].all("if-none-match") == [b'"1"']


def test_what_is_no_page_is_left_alone_at_an_edited_address(w: World) -> None:
    data = signed_in(w, STAFF).get("/data")
    assert (data.body, cached(data)) == (b'{"a": 1}', ('"1"', "max-age=86400"))


def test_a_page_beyond_all_measure_passes_as_it_is(w: World) -> None:
    assert signed_in(w, STAFF).get("/long").body == LONG


def test_an_edited_page_is_still_searched_for_session_ids(w: World) -> None:
    page = signed_in(w, STAFF).get("/linked").body
    assert b"jsessionid" not in page
    assert page == LINKED.replace(b";jsessionid=AB12", b"").replace(b"</ul>", LINK + b"</ul>")


def test_the_answer_to_a_sign_in_is_edited_when_it_is_the_page_itself(w: World) -> None:
    page = w.person().ask("POST", "/sp/login", b"user=" + STAFF.encode())
    assert page.body.replace(LINK, b"") == PAGE
    assert LINK in page.body
    assert w.person().ask("POST", "/sp/login", b"user=" + PLAIN.encode()).body == PAGE


def test_a_held_answer_is_edited_when_it_is_delivered(w: World) -> None:
    person = w.person()
    person.ask("POST", "/sp/login", b"user=" + STRICT.encode())
    person.choose("restricted")
    assert b"icon-x" not in person.get("/sp/login").body
    other = w.person()
    other.ask("POST", "/sp/login", b"user=" + STRICT.encode())
    other.choose("full")
    other.enrol()
    assert other.get("/sp/login").body == PAGE


def test_a_reset_is_offered_where_a_second_factor_is_in_use(w: World) -> None:
    person = signed_in(w, "B0000012")
    person.choose("restricted")
    person.get("/login")
    assert b'href="/.sekisho/reset"' in person.get("/own").body
    assert b"sekisho-reset-link" not in signed_in(w, PLAIN).get("/reset").body
    assert b'href="/.sekisho/people"' in signed_in(w, STAFF).get("/reset").body


def test_the_notice_comes_and_goes_by_the_clock_while_sessions_are_open(tmp_path: Path) -> None:
    with world(tmp_path, rollout(300, 600)) as w:
        plain, free, staff = signed_in(w, PLAIN), signed_in(w, FREE), signed_in(w, STAFF)
        for person in (plain, free):
            page = person.ask("GET", "/top", None, 'If-None-Match: "1"')
            assert (page.status, page.body) == (200, PAGE)
            assert cached(page) == (None, "no-store")  # a kept copy would show no notice when its day has come
        w.clock.forward(301)
        for person in (plain, free):
            page = person.get("/top")
            before, _, after = page.body.partition(NOTICE)
            assert before + after.partition(b"</div>")[2] == PAGE
            assert cached(page) == (None, "no-store")
        assert NOTICE not in staff.get("/top").body
        assert cached(plain.get("/other")) == ('"1"', "max-age=86400")
        w.clock.forward(301)
        stopped = plain.get("/top")
        assert (stopped.status, stopped.header("location")) == (303, "/.sekisho/choice")
        plain.choose("restricted")
        page = plain.get("/top")
        assert page.body == PAGE.replace("<li id=icon-x>予定表".encode("cp932"), b"")


def test_an_answer_held_over_a_date_is_edited_by_what_holds_when_it_is_delivered(tmp_path: Path) -> None:
    with world(tmp_path, rollout(300, 9000)) as w:
        person = w.person()
        person.ask("POST", "/sp/login", b"user=" + STRICT.encode())
        w.clock.forward(301)
        person.choose("restricted")
        page = person.get("/sp/login")
        assert NOTICE in page.body
        assert b"icon-x" not in page.body
        assert cached(page) == (None, "no-store")
