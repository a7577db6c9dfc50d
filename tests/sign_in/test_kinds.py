"""Sign-ins as real apps have them (A12): each kind is recognised, its cookie withheld until a code is in."""

from __future__ import annotations

import gzip
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.harness.echo import Seen
from tests.harness.person import Person
from tests.sign_in.world import World, answer, world

SESSION = "Set-Cookie: SID={}; Path=/; HttpOnly"
FORM = "sign_in: [{path: /login, login_id: {form: user}, success: %s}]"


def path_of(seen: Seen) -> bytes:
    return seen.target.partition(b"?")[0]


def through_code(person: Person, first_status: int = 303) -> None:
    """From the withheld answer to a full session, without looking at what is delivered."""
    answer_ = person.get("/.sekisho/choice")
    assert answer_.status == 200
    assert person.choose("full").status == 303
    assert person.enrol().status == first_status


def cookie_at_app(w: World, person: Person, target: str = "/private") -> bytes:
    w.seen()
    assert person.get(target).status == 200
    return w.seen()[-1].cookie


def test_success_and_failure_both_200_told_apart_by_text(tmp_path: Path) -> None:
    def app(seen: Seen) -> bytes:
        if path_of(seen) == b"/login" and seen.method == b"POST":
            if b"pw=good" in seen.body:
                return answer("200 OK", "<p>ようこそ</p>".encode(), SESSION.format("in1"))
            return answer("200 OK", "<p>IDまたはパスワードが違います</p>".encode(), SESSION.format("out1"))
        return answer(body=b"page")

    with world(tmp_path, FORM % "{status: 200, body: ようこそ, body_lacks: 違います}", app) as w:
        person = w.person()
        failed = person.ask("POST", "/login", b"user=B0000011&pw=bad")
        assert (failed.status, failed.body) == (200, "<p>IDまたはパスワードが違います</p>".encode())
        assert person.get("/private").header("location") == "/login"
        worked = person.ask("POST", "/login", b"user=B0000011&pw=good")
        assert (worked.status, worked.header("location")) == (303, "/.sekisho/choice")
        through_code(person)
        delivered = person.get("/login")
        assert (delivered.status, delivered.body) == (200, "<p>ようこそ</p>".encode())
        assert b"SID=in1" in cookie_at_app(w, person)


def test_a_held_page_of_one_mebibyte_in_gzip_is_delivered_byte_for_byte(tmp_path: Path) -> None:
    page = gzip.compress(b"<p>welcome</p>" + bytes(range(256)) * 4000, 1)

    def app(seen: Seen) -> bytes:
        if seen.method == b"POST":
            return answer("200 OK", page, SESSION.format("in2"), "Content-Encoding: gzip", "X-Name: \x83e\x83X")
        return answer(body=b"page")

    with world(tmp_path, FORM % "{status: 200, body: welcome}", app) as w:
        person = w.person()
        assert person.ask("POST", "/login", b"user=B0000011", "Accept-Encoding: gzip, br").status == 303
        assert w.seen()[-1].all("accept-encoding") == [b"gzip"]
        through_code(person)
        delivered = person.get("/login")
        assert delivered.body == page
        assert delivered.header("x-name") == "\x83e\x83X"
        assert delivered.header("content-encoding") == "gzip"
        again = person.get("/login")
        assert again.body == b"page"


def test_failure_as_401_is_delivered_as_worded(tmp_path: Path) -> None:
    def app(seen: Seen) -> bytes:
        if seen.method == b"POST":
            return answer("401 Nope", b"wrong", 'WWW-Authenticate: Form realm="x"')
        return answer(body=b"page")

    with world(tmp_path, FORM % "{status: 302}", app) as w:
        failed = w.person().ask("POST", "/login", b"user=B0000011")
        assert failed.head.startswith(b"HTTP/1.1 401 Nope")
        assert failed.body == b"wrong"


def test_the_session_from_before_becomes_the_signed_in_one(tmp_path: Path) -> None:
    def app(seen: Seen) -> bytes:
        if path_of(seen) == b"/login" and seen.method == b"GET":
            return answer("200 OK", b"form", SESSION.format("kept"))
        if path_of(seen) == b"/login":
            assert b"SID=kept" in seen.cookie
            return answer("302 Found", b"", "Location: /top")
        return answer(body=b"page")

    with world(tmp_path, FORM % "{status: 302, location: /top}", app) as w:
        person = w.person()
        form = person.get("/login")
        assert "SID=" not in str(form.headers)
        before = dict(person.cookies)
        assert person.ask("POST", "/login", b"user=B0000011").status == 303
        # The sealed jar from before holds the ID of a session that is now signed in: a copy of it must be worthless.
        thief = w.person()
        thief.cookies = before
        w.seen()
        thief.get("/login")
        assert w.seen()[-1].cookie == b""
        through_code(person)
        assert b"SID=kept" in cookie_at_app(w, person)


def test_sign_in_by_get_keeps_no_password_in_an_address(tmp_path: Path) -> None:
    def app(seen: Seen) -> bytes:
        if path_of(seen) == b"/enter" and b"id=" in seen.target:
            return answer("302 Found", b"", "Location: /top", SESSION.format("got"))
        return answer(body=b"page")

    rule = "sign_in: [{path: /enter, method: GET, login_id: {query: id}, success: {status: 302, cookie: SID}}]"
    with world(tmp_path, rule, app) as w:
        person = w.person()
        held = person.get("/enter?id=B0000011&pw=secret")
        assert (held.status, held.header("location")) == (303, "/.sekisho/choice")
        person.choose("full")
        done = person.enrol()
        assert done.header("location") == "/enter"
        assert person.get("/enter").header("location") == "/top"
        assert b"SID=got" in cookie_at_app(w, person)


def test_uploads_to_the_sign_in_address_may_be_long_for_whoever_has_a_code(tmp_path: Path) -> None:
    """Webmail and database tools have one address for everything: without a code, or in one piece, nobody needs it."""

    def app(seen: Seen) -> bytes:
        if seen.method == b"POST" and b"user=" in seen.body:
            return answer("302 Found", b"", "Location: /top", SESSION.format("in1"))
        return answer(body=b"page")

    name = b'name="file"; filename="a"\r\nContent-Type: a/b'
    upload = b"--X\r\nContent-Disposition: form-data; " + name + b"\r\n\r\n" + bytes(3 << 19) + b"\r\n--X--\r\n"
    parts, piece = "Content-Type: multipart/form-data; boundary=X", "Content-Type: application/x-www-form-urlencoded"
    with world(tmp_path, FORM % "{status: 302, cookie: SID}", app, "limits: {sign_in: 2MiB}") as w:
        person = w.person()
        assert person.ask("POST", "/login", upload, parts).status == 413
        person.ask("POST", "/login", b"user=B0000011&pw=good")
        assert person.ask("POST", "/login", upload, parts).status == 413
        through_code(person)
        person.get("/login")
        w.seen()
        assert person.ask("POST", "/login", upload, parts).body == b"page"
        assert w.seen()[-1].body == upload
        assert person.ask("POST", "/login", b"text=" + b"a" * (3 << 19), piece).status == 413
        named = upload.replace(name, b'name="user"')
        assert person.ask("POST", "/login", named, parts).status == 400
        assert w.seen() == []


def json_app(seen: Seen) -> bytes:
    if path_of(seen) == b"/api/session":
        if b'"good"' not in seen.body:
            return answer("422 No", b'{"ok":false}', "Content-Type: application/json")
        return answer("200 OK", b'{"ok":true}', SESSION.format("spa"), "Content-Type: application/json")
    return answer(body=b"page")


JSON_RULE = """sign_in:
      - {path: /api/session, login_id: {json: user.id}, success: {status: 200, body: '"ok":true'}, deliver: %s}"""
GOOD = b'{"user": {"id": "B0000011"}, "password": "good"}'


def test_sign_in_as_json_tells_the_script_what_is_missing(tmp_path: Path) -> None:
    with world(tmp_path, JSON_RULE % "after-code", json_app) as w:
        person = w.person()
        lines = ("Content-Type: application/json", "Sec-Fetch-Mode: cors", "Sec-Fetch-Site: same-origin")
        assert person.ask("POST", "/api/session", GOOD.replace(b"good", b"bad"), *lines).status == 422
        told = person.ask("POST", "/api/session", GOOD, *lines)
        assert (told.status, told.header("content-type")) == (403, "application/problem+json")
        assert b"/.sekisho/choice" in told.body
        assert person.get("/private").header("location") == "/.sekisho/choice"


def test_sign_in_as_json_may_be_delivered_at_once_without_its_cookie(tmp_path: Path) -> None:
    with world(tmp_path, JSON_RULE % "at-once", json_app) as w:
        person = w.person()
        told = person.ask("POST", "/api/session", GOOD, "Content-Type: application/json", "Sec-Fetch-Mode: cors")
        assert (told.status, told.body) == (200, b'{"ok":true}')
        assert "SID=" not in str(told.headers)
        w.seen()
        script = person.ask("GET", "/private", None, "Sec-Fetch-Mode: cors")
        assert script.status == 403
        assert w.seen() == []
        assert person.get("/private").header("location") == "/.sekisho/choice"
        through_code(person)
        assert b"SID=spa" in cookie_at_app(w, person)


FOUND = answer("302 Found", b"", "Location: /top", SESSION.format("form"))
SCRIPT = ("Content-Type: application/json", "Sec-Fetch-Mode: cors", "Sec-Fetch-Site: same-origin")
WINDOW = ("Sec-Fetch-Mode: navigate", "Sec-Fetch-Site: same-origin")


@pytest.mark.parametrize("deliver", ["after-code", "at-once"])
def test_the_one_page_of_a_single_page_app_leads_to_the_code_when_it_is_opened_again(
    tmp_path: Path, deliver: str
) -> None:
    """It is public, since the form stands on it: as a stranger's page it would ask for the password for ever."""
    with world(tmp_path, JSON_RULE % deliver, json_app) as w:
        person = w.person()
        assert person.ask("GET", "/login", None, *WINDOW).body == b"page"
        person.ask("POST", "/api/session", GOOD, *SCRIPT)
        assert person.ask("GET", "/login", None, "Sec-Fetch-Mode: no-cors").body == b"page"
        opened = person.ask("GET", "/login", None, *WINDOW)
        assert (opened.status, opened.header("location")) == (303, "/.sekisho/choice")
        through_code(person)
        assert person.ask("GET", "/login", None, *WINDOW).body == b"page"
        assert b"SID=spa" in w.seen()[-1].cookie


def test_every_public_page_of_a_single_page_app_leads_to_the_code_and_back(tmp_path: Path) -> None:
    """Its script draws all of it, whatever the address: a bookmark, or a form of another kind at the sign-in page."""
    both = JSON_RULE % "at-once" + FORM.replace("sign_in: [", "\n      - ").replace("]", "") % "{status: 302}"
    with world(tmp_path, both, lambda seen: json_app(seen) if b"user=" not in seen.body else FOUND) as w:
        person = w.person()
        person.ask("POST", "/api/session", GOOD, *SCRIPT)
        assert person.ask("GET", "/spa/inbox", None, *WINDOW, "Sec-Fetch-Dest: iframe").body == b"page"
        assert person.ask("GET", "/spa/app.js", None, "Sec-Fetch-Mode: no-cors").body == b"page"
        opened = person.ask("GET", "/spa/inbox?n=1", None, *WINDOW, "Sec-Fetch-Dest: document")
        assert (opened.status, opened.header("location")) == (303, "/.sekisho/choice")
        person.get("/.sekisho/choice")
        person.choose("full")
        assert person.enrol().header("location") == "/spa/inbox?n=1"
        by_form = w.person()
        by_form.ask("POST", "/login", b"user=B0000011")
        assert by_form.ask("GET", "/spa/inbox", None, *WINDOW).body == b"page"


def test_after_the_code_nobody_sees_the_data_that_a_script_asked_for(tmp_path: Path) -> None:
    with world(tmp_path, JSON_RULE % "after-code", json_app) as w:
        person = w.person()
        assert person.ask("POST", "/api/session", GOOD, *SCRIPT).status == 403
        person.get("/.sekisho/choice")
        person.choose("full")
        assert person.enrol().header("location") == "/login"
        assert person.get("/login").body == b"page"


@pytest.mark.parametrize(
    "body",
    [
        b'{"user": {"id": "B0000011", "id": "B0000021"}, "password": "good"}',
        b'{"user": {"id": "B0000011", "ID": "B0000021"}, "password": "good"}',
        b'{"user": {"id": ["B0000011"]}, "password": "good"}',
        b'{"user": {"id": "B0000011"}, "password": "good"',
    ],
)
def test_json_that_parsers_read_differently_reaches_no_app(tmp_path: Path, body: bytes) -> None:
    with world(tmp_path, JSON_RULE % "after-code", json_app) as w:
        refused = w.person().ask("POST", "/api/session", body, "Content-Type: application/json")
        assert refused.status == 400
        assert w.seen() == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"user=B0000011&user=B0000021"),
        ("application/x-www-form-urlencoded", b"user=B0000011&User=B0000021"),
        ("application/x-www-form-urlencoded", b"user=B0000011&us%65r%00=B0000021"),
        ("application/x-www-form-urlencoded; charset=ibm037", b"user=B0000011"),
        ("multipart/form-data; boundary=A; boundary=B", b"--A\r\n\r\n"),
        ("application/x-www-form-urlencoded,text/plain", b"user=B0000011"),
    ],
)
def test_a_form_that_parsers_read_differently_reaches_no_app(tmp_path: Path, kind: str, body: bytes) -> None:
    with world(tmp_path, FORM % "{status: 302}", lambda _: answer("302 Found", b"", SESSION.format("x"))) as w:
        refused = w.person().ask("POST", "/login", body, f"Content-Type: {kind}")
        assert refused.status == 400
        assert w.seen() == []


def test_spellings_of_one_login_id_share_one_second_factor(tmp_path: Path) -> None:
    def app(seen: Seen) -> bytes:
        if seen.method == b"POST":
            return answer("302 Found", b"", "Location: /top", SESSION.format("in"))
        return answer(body=b"page")

    with world(tmp_path, FORM % "{status: 302}", app) as w:
        owner = w.person()
        owner.ask("POST", "/login", b"user=B0000011")
        through_code(owner)
        for spelling in (b"b0000011", b"+B0000011+", quote("Ｂ００００011").encode()):
            thief = w.person()
            assert thief.ask("POST", "/login", b"user=" + spelling).status == 303, spelling
            thief.choose("full")
            assert thief.get("/.sekisho/enrol").status == 303, spelling


def test_cookies_by_pattern_under_several_paths_and_the_order_in_one_answer(tmp_path: Path) -> None:
    def app(seen: Seen) -> bytes:
        if seen.method == b"POST":
            return answer(
                "302 Found", b"", "Location: /top",
                "Set-Cookie: wp_auth=old; Path=/", "Set-Cookie: wp_auth=; Path=/; Max-Age=0",
                "Set-Cookie: wp_auth=new; Path=/", "Set-Cookie: wp_sec=admin; Path=/admin",
                "Set-Cookie: wp_gone=now; Path=/", "Set-Cookie: wp_gone=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",  # noqa: E501
                "Set-Cookie: theme=dark; Path=/",
            )  # fmt: skip
        return answer("200 OK", b"page", "Set-Cookie: wp_roll=" + str(len(seen.cookie)) + "; Path=/")

    yaml = 'cookies: {vault: ["wp_*"], pass: [theme]}\n    ' + FORM % '{status: 302, cookie: "wp_*"}'
    with world(tmp_path, yaml, app) as w:
        person = w.person()
        assert person.ask("POST", "/login", b"user=B0000011").status == 303
        through_code(person)
        landed = person.get("/login")
        assert landed.all("set-cookie") == ["theme=dark; Path=/"]
        first = cookie_at_app(w, person)
        assert first == b"wp_auth=new; theme=dark"
        second = cookie_at_app(w, person, "/admin/x")
        assert second.startswith(b"wp_sec=admin; wp_auth=new; wp_roll=")
        person.cookies["wp_auth"] = "forged"
        person.cookies["wp auth"] = "mangled"
        assert b"forged" not in (sent := cookie_at_app(w, person))
        assert b"mangled" not in sent


def test_session_ids_in_addresses_and_in_the_page_stay_here(tmp_path: Path) -> None:
    def app(seen: Seen) -> bytes:
        cookie = "Set-Cookie: JSESSIONID=LEAKED; Path=/"
        if seen.method == b"POST":
            return answer("302 Found", b"", "Location: http://app.test/top;jsessionid=LEAKED?a=1")
        if b"JSESSIONID" not in seen.cookie:
            page = b'<a href="/x;jsessionid=LEAKED">x</a><form action="/login;jsessionid=LEAKED">'
            if b"gzip" in b"".join(seen.all("accept-encoding")):
                return answer("200 OK", gzip.compress(page), cookie, "Content-Encoding: gzip")
            return answer("200 OK", page, cookie)
        return answer(body=b"page " + seen.target)

    with world(tmp_path, FORM % "{status: 302}", app) as w:
        plain, packed = w.person(), w.person()
        expected = b'<a href="/x">x</a><form action="/login">'
        assert plain.get("/login").body == expected
        zipped = packed.ask("GET", "/login", None, "Accept-Encoding: gzip")
        assert zipped.header("content-encoding") == "gzip"
        assert zipped.decoded_body() == expected
        assert plain.ask("POST", "/login", b"user=B0000011").status == 303
        through_code(plain)
        assert plain.get("/login").header("location") == "http://app.test/top?a=1"
        w.seen()
        assert plain.get("/private;jsessionid=ATTACKER").status == 200
        assert w.seen()[-1].target == b"/private"


def test_a_tenant_without_2fa_gets_the_answer_at_once_and_still_no_cookie(tmp_path: Path) -> None:
    def app(seen: Seen) -> bytes:
        if seen.method == b"POST":
            return answer("302 Found", b"moved", "Location: /top", SESSION.format("in"))
        return answer(body=b"page")

    with world(tmp_path, FORM % "{status: 302}", app) as w:
        person = w.person()
        landed = person.ask("POST", "/login", b"user=B0000021")
        assert (landed.status, landed.header("location"), landed.body) == (302, "/top", b"moved")
        assert "SID=" not in str(landed.headers)
        assert b"SID=in" in cookie_at_app(w, person)


def test_another_sites_form_cannot_sign_anybody_in(tmp_path: Path) -> None:
    with world(tmp_path, FORM % "{status: 302}", lambda _: answer("302 Found", b"", SESSION.format("x"))) as w:
        refused = w.person().ask("POST", "/login", b"user=B0000011", "Sec-Fetch-Site: cross-site")
        assert refused.status == 403
        assert w.seen() == []


def test_a_second_sign_in_in_another_spelling_cannot_change_who_somebody_is(tmp_path: Path) -> None:
    def app(seen: Seen) -> bytes:
        if seen.method == b"POST":
            return answer("302 Found", b"", "Location: /top", SESSION.format("in"))
        return answer(body=b"page")

    with world(tmp_path, FORM % "{status: 302}", app) as w:
        person = w.person()
        person.ask("POST", "/login", b"user=B0000011")
        through_code(person)
        person.get("/login")
        w.seen()
        for spelling in (
            "//login",
            "/./login",
            "/login/.",
            "/%6cogin",
            "/login;x",
            "/x/../login",
            "/LOGIN//",
            "/login%2f",
        ):
            assert person.ask("POST", spelling, b"user=B0000012").status == 403, spelling
        assert w.seen() == []
        assert person.ask("POST", "/login/help", b"question=B0000012").status == 302
        assert person.ask("POST", "/login", b"user=B0000012").header("location") == "/.sekisho/choice"


def test_credentials_in_headers_reach_no_app_unless_named(tmp_path: Path) -> None:
    with world(tmp_path, FORM % "{status: 302}", lambda _: answer(body=b"page")) as w:
        w.person().ask("GET", "/login", None, "Authorization: Basic QTpC", "X-Api-Key: k", "X-Other: o")
        seen = w.seen()[-1]
        assert seen.all("authorization") == []
        assert seen.all("x-other") == [b"o"]


def test_an_app_that_never_finishes_its_answer_signs_nobody_in(tmp_path: Path) -> None:
    unfinished = b"HTTP/1.1 302 Found\r\nSet-Cookie: SID=x\r\nContent-Length: 9\r\n\r\nx"
    with world(tmp_path, FORM % "{status: 302}", lambda _: unfinished, "limits: {answer: 1s}") as w:
        person = w.person()
        assert person.ask("POST", "/login", b"user=B0000011").status == 504
        assert person.cookies == {}


def test_a_shift_jis_form_with_a_japanese_button_signs_in(tmp_path: Path) -> None:
    body = b"user=B0000011&pw=%88%c3%8f%d8&btn=%83%8d%83O%83C%83%93"

    def app(seen: Seen) -> bytes:
        if seen.method == b"POST":
            assert seen.body == body
            return answer("302 Found", b"", "Location: /top", SESSION.format("in"))
        return answer(body=b"page")

    with world(tmp_path, FORM % "{status: 302}", app) as w:
        assert w.person().ask("POST", "/login", body).status == 303


def test_an_old_app_names_its_fields_in_shift_jis(tmp_path: Path) -> None:
    """The sign-in itself, and other forms at its address in a session with a code: byte for byte."""
    send = quote("送信".encode("cp932")).encode()

    def app(seen: Seen) -> bytes:
        if b"user=" in seen.body:
            return answer("302 Found", b"", "Location: /top", SESSION.format("in"))
        return answer(body=b"kept")

    with world(tmp_path, FORM % "{status: 302}", app) as w:
        person = w.person()
        typed = b"user=B0000011&%b=%b" % (send, send)
        assert person.ask("POST", "/login", typed).status == 303
        assert w.seen()[0].body == typed
        through_code(person)
        w.seen()
        other = b"%b=1&comment=x" % send
        assert person.ask("POST", "/login", other).body == b"kept"
        assert w.seen()[-1].body == other
        trap = quote("ｕｓｅｒ".encode("cp932")).encode() + b"=B0000021"
        assert person.ask("POST", "/login", trap).status == 400
        assert w.seen() == []


def test_the_login_field_of_an_old_app_has_a_japanese_name(tmp_path: Path) -> None:
    rule = """sign_in: [{path: /login, login_id: {form: 社員}, charset: cp932, success: {status: 302}}]"""

    def app(seen: Seen) -> bytes:
        if seen.method == b"POST":
            return answer("302 Found", b"", "Location: /top", SESSION.format("in"))
        return answer(body=b"page")

    with world(tmp_path, rule, app) as w:
        person = w.person()
        name = quote("社員".encode("cp932")).encode()
        assert person.ask("POST", "/login", name + b"=B0000011").header("location") == "/.sekisho/choice"
        assert person.ask("POST", "/login", name + b"=B0000011&" + name + b"=B0000021").status == 400


@pytest.mark.parametrize(("framed", "told"), [("false", 1), ("true", 0)])
def test_the_operator_is_told_once_that_a_page_was_due_in_a_frame(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, framed: str, told: int
) -> None:
    """Browsers show a grey box there, and nobody would know why."""
    rule = FORM.replace("success", f"framed: {framed}, success")
    with world(tmp_path, rule % "{status: 302}", lambda _: answer("302 Found", b"", SESSION.format("x"))) as w:
        person = w.person()
        person.ask("POST", "/login", b"user=B0000011")
        for _ in range(2):
            due = person.ask("GET", "/private", None, *WINDOW, "Sec-Fetch-Dest: iframe")
            assert due.header("location") == "/.sekisho/choice"
    assert sum("framed: true" in line.message for line in caplog.records) == told


def test_a_login_field_within_a_structure_stands_beside_the_others(tmp_path: Path) -> None:
    """As Rails, CakePHP and Yii name them."""
    rule = FORM.replace("{form: user}", '{form: "user[mail]"}')
    with world(tmp_path, rule % "{status: 302}", lambda _: answer("302 Found", b"", SESSION.format("x"))) as w:
        person = w.person()
        typed = b"user%5Bmail%5D=B0000011&user%5Bpassword%5D=good&user%5Bremember%5D=0"
        assert person.ask("POST", "/login", typed).header("location") == "/.sekisho/choice"
        for twice in (b"user[mail]=B0000021", b"user=B0000021", b"user.mail=B0000021"):
            assert person.ask("POST", "/login", typed + b"&" + twice).status == 400, twice


def test_an_app_that_takes_the_fields_at_every_address_is_given_them_at_one(tmp_path: Path) -> None:
    """Plone and DokuWiki: with a stolen password and a second factor of one's own one would be somebody else there."""
    rule = FORM.replace("success", "anywhere: true, success")

    def app(seen: Seen) -> bytes:
        if seen.method == b"POST" and path_of(seen) == b"/login":
            return answer("302 Found", b"", "Location: /top", SESSION.format("in"))
        return answer(body=b"page")

    with world(tmp_path, rule % "{status: 302, cookie: SID}", app) as w:
        stranger, person = w.person(), w.person()
        assert stranger.get("/spa/x?user=B0000021&pw=good").status == 403
        assert stranger.get("/login?user:string=B0000021&pw=good").status == 403
        person.ask("POST", "/login", b"user=B0000011&pw=good")
        through_code(person)
        w.seen()
        for trap in ("/edit?user=B0000021&pw=good", "/edit;x?USER=B0000021&pw=good"):
            assert person.get(trap).status == 403, trap
        assert person.ask("POST", "/edit", b"text=1&user=B0000021").status == 403
        assert w.seen() == []
        assert person.get("/edit?x=1").body == b"page"
        assert person.ask("POST", "/edit", b"text=1").body == b"page"
        raw = person.ask("POST", "/edit?name=a", b'user\x00{"user":1}' + bytes(2 << 20), "Content-Type: a/b")
        assert raw.body == b"page"
