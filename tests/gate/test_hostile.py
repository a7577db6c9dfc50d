"""What somebody with a stolen password and a browser of their own making tries, and gets nothing by.

The thief knows the password of VICTIM, whose office asks for a code, and has an account of their own (THIEF) in an
office that asks for none. The app behind is the worst kind: it keeps the session ID of before the sign-in, and signs
in whoever sends a name and a password, whatever the method and the form.
"""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote

import pytest

from tests.harness.echo import Seen
from tests.harness.person import Person, csrf_of
from tests.servers import redis_server
from tests.sign_in import world as one_app
from tests.sign_in.world import World, answer, world

VICTIM = "B0000011"
THIEF = "B0000021"
AS_VICTIM = b"you are B0000011"
AS_THIEF = b"you are B0000021"
FORM = "sign_in: [{path: /login, login_id: {form: user}, success: {status: 302, location: /top}}]"
QUERY = FORM.replace("{form: user}", "{query: user}, method: GET")


class Careless:
    """The app. `ways`: `query` (GET and all others sign in too), `big` and `odd` (what VICTIM's sign-in answers)."""

    def __init__(self, *ways: str) -> None:
        self._ways = ways
        self._users: dict[bytes, str] = {}

    def __call__(self, seen: Seen) -> bytes:
        """Who this is; `/login` signs in."""
        found = re.search(rb"SID=([^;]+)", seen.cookie)
        session = found[1] if found else b""
        cookies: tuple[str, ...] = ()
        if session not in self._users:
            session = b"S%d" % len(self._users)
            self._users[session] = "nobody"
            cookies = (f"Set-Cookie: SID={session.decode()}; Path=/",)
        path, _, query = seen.target.partition(b"?")
        if path != b"/login":
            return answer("200 OK", b"you are " + self._users[session].encode(), *cookies)
        fields = self._fields(seen, query)
        if fields.get("pw") != "good":
            return answer("200 OK", b"form", *cookies)
        self._users[session] = fields["user"]
        return self._welcome(fields["user"], cookies)

    def _fields(self, seen: Seen, query: bytes) -> dict[str, str]:
        if b"json" in b"".join(seen.all("content-type")):
            read: dict[str, str] = json.loads(seen.body)
            return read
        text = seen.body.decode("latin-1") if seen.method == b"POST" else ""
        if not text and "query" in self._ways:
            text = query.decode("latin-1")
        return {name: values[0] for name, values in parse_qs(text).items()}

    def _welcome(self, user: str, cookies: tuple[str, ...]) -> bytes:
        if user == VICTIM and "big" in self._ways:
            return answer("302 Found", b"x" * (2 << 20), "Location: /top", *cookies)
        if user == VICTIM and "odd" in self._ways:
            return answer("302 Found", b"", "Location: /password-expires-soon", *cookies)
        return answer("302 Found", b"", "Location: /top", *cookies)


def password_of(user: str) -> bytes:
    return f"user={quote(user)}&pw=good".encode()


def signed_in(w: World, user: str, choice: str = "") -> Person:
    """After the app's form, and the gateway's pages as far as `choice` leads."""
    person = w.person()
    person.get("/login")
    person.ask("POST", "/login", password_of(user))
    if choice:
        person.choose(choice)
    if choice == "full":
        person.enrol()
    if choice:
        person.get("/login")
    return person


@contextmanager
def half_sent(w: World, request: bytes) -> Iterator[socket.socket]:
    """A request of which the last byte of the body is still to come; `finish` sends it."""
    with socket.create_connection(("127.0.0.1", w.gateway.port), timeout=5) as slow:
        slow.sendall(request[:-1])
        time.sleep(0.3)
        yield slow


def finish(slow: socket.socket, request: bytes) -> bytes:
    slow.sendall(request[-1:])
    time.sleep(0.3)
    return slow.recv(1 << 16)


class TestSomebodyElsesSession:
    @pytest.mark.parametrize("store", ["memory", "redis"])
    def test_one_jar_signs_in_once_though_two_sign_ins_run_at_the_same_time(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str
    ) -> None:
        if store == "memory":
            self._two_sign_ins(tmp_path)
            return
        with redis_server() as server:
            url = f"sessions: redis://127.0.0.1:{server.port}/0"
            monkeypatch.setattr(one_app, "YAML", one_app.YAML.replace("sessions: memory", url))
            self._two_sign_ins(tmp_path)

    def _two_sign_ins(self, folder: Path) -> None:
        with world(folder, FORM, Careless()) as w:
            thief = w.person()
            thief.get("/login")
            request = thief.raw("POST", "/login", password_of(VICTIM))
            with half_sent(w, request) as slow:
                thief.ask("POST", "/login", password_of(THIEF))
                finish(slow, request)
            assert thief.get("/private").body != AS_VICTIM

    @pytest.mark.parametrize("way", ["big", "odd"])
    def test_a_sign_in_over_a_full_session_that_is_not_seen_to_work_gives_nothing(
        self, tmp_path: Path, way: str
    ) -> None:
        with world(tmp_path, FORM, Careless(way)) as w:
            thief = signed_in(w, THIEF)
            assert thief.get("/private").body == AS_THIEF
            thief.ask("POST", "/login", password_of(VICTIM))
            assert thief.get("/private").body != AS_VICTIM

    def test_a_request_that_began_under_one_session_does_not_end_as_somebody_else(self, tmp_path: Path) -> None:
        with world(tmp_path, FORM, Careless()) as w:
            thief = signed_in(w, THIEF)
            request = thief.raw("POST", "/admin/transfer", b"to=thief")
            with half_sent(w, request) as slow:
                thief.ask("POST", "/login", password_of(VICTIM))
                assert AS_VICTIM not in finish(slow, request)

    def test_a_new_session_holds_no_cookie_of_the_person_before(self, tmp_path: Path) -> None:
        def app(seen: Seen) -> bytes:
            if b"pw=good" not in seen.body:
                return answer("200 OK", seen.cookie)
            user = parse_qs(seen.body.decode())["user"][0]
            cookies = (f"Set-Cookie: SID={user}; Path=/", f"Set-Cookie: pay-{user}=x; Path=/")
            return answer("302 Found", b"", "Location: /top", *cookies)

        with world(tmp_path, FORM, app) as w:
            person = signed_in(w, VICTIM, "full")
            person.ask("POST", "/login", password_of(THIEF))
            assert b"pay-B0000011" not in person.get("/private").body

    def test_a_person_whom_the_directory_refuses_is_not_signed_in_over_somebody_else(self, tmp_path: Path) -> None:
        with world(tmp_path, FORM, Careless()) as w:
            thief = signed_in(w, THIEF)
            thief.ask("POST", "/login", password_of("BOSS"))
            assert thief.get("/private").body != b"you are BOSS"


class TestUnwatchedDoors:
    @pytest.mark.parametrize("way", ["json", "GET", "HEAD", "PUT"])
    def test_a_sign_in_in_another_way_than_the_rule_says_gives_nothing(self, tmp_path: Path, way: str) -> None:
        with world(tmp_path, FORM, Careless("query")) as w:
            thief = signed_in(w, THIEF)
            if way == "json":
                body = json.dumps({"user": VICTIM, "pw": "good"}).encode()
                thief.ask("POST", "/login", body, "Content-Type: application/json")
            else:
                thief.ask(way, f"/login?user={VICTIM}&pw=good", b"" if way == "PUT" else None)
            assert thief.get("/private").body != AS_VICTIM

    def test_a_sign_in_by_query_is_none_by_head(self, tmp_path: Path) -> None:
        with world(tmp_path, QUERY, Careless("query")) as w:
            thief = w.person()
            thief.get(f"/login?user={THIEF}&pw=good")
            assert thief.get("/private").body == AS_THIEF
            thief.ask("HEAD", f"/login?user={VICTIM}&pw=good")
            assert thief.get("/private").body != AS_VICTIM

    def test_json_to_an_app_that_renews_its_session_gives_nothing(self, tmp_path: Path) -> None:
        who: dict[bytes, str] = {}

        def app(seen: Seen) -> bytes:
            if seen.method == b"POST":
                is_json = b"json" in b"".join(seen.all("content-type"))
                user = json.loads(seen.body)["user"] if is_json else parse_qs(seen.body.decode())["user"][0]
                who[b"SID=fresh%d" % len(who)] = user
                return answer("302 Found", b"", "Location: /top", f"Set-Cookie: SID=fresh{len(who) - 1}; Path=/")
            return answer("200 OK", b"you are " + who.get(seen.cookie, "nobody").encode())

        with world(tmp_path, FORM, app) as w:
            thief = signed_in(w, THIEF)
            assert thief.get("/private").body == AS_THIEF
            body = json.dumps({"user": VICTIM, "pw": "good"}).encode()
            thief.ask("POST", "/login", body, "Content-Type: application/json")
            assert thief.get("/private").body != AS_VICTIM

    @pytest.mark.parametrize(
        "target", ["//login", "/login/", "/Login", "/login/x", "/login;a", "/log%69n", "/login%00"]
    )
    def test_another_spelling_of_the_sign_in_address_gives_nothing(self, tmp_path: Path, target: str) -> None:
        with world(tmp_path, FORM, Careless()) as w:
            thief = signed_in(w, THIEF)
            for kind in ("application/x-www-form-urlencoded", "text/plain"):
                w.seen()
                thief.ask("POST", target, password_of(VICTIM), f"Content-Type: {kind}")
                assert w.seen() == []
            assert thief.get("/private").body == AS_THIEF

    def test_a_form_from_another_site_signs_nobody_in(self, tmp_path: Path) -> None:
        with world(tmp_path, FORM, Careless()) as w:
            person = w.person()
            asked = person.ask("POST", "/login", password_of(THIEF), "Origin: https://evil.example")
            assert asked.status == 403
            assert person.get("/private").body != AS_THIEF


class TestOtherNames:
    """One person, one second factor: a thief must not enrol afresh under a name that the app takes for the same."""

    def _asked_for_the_code_that_there_is(self, thief: Person) -> None:
        asked = thief.get("/.sekisho/enrol")
        assert (asked.status, asked.header("location")) == (303, "/.sekisho/code")
        assert thief.get("/private").status != 200

    def test_a_combining_mark_makes_no_other_person(self, tmp_path: Path) -> None:
        with world(tmp_path, FORM, Careless()) as w:
            signed_in(w, VICTIM, "full")
            thief = signed_in(w, "B\u03010000011")
            self._asked_for_the_code_that_there_is(thief)

    def test_an_e_mail_address_that_nobody_listed_is_refused(self, tmp_path: Path) -> None:
        with world(tmp_path, FORM, Careless()) as w:
            thief = w.person()
            asked = thief.ask("POST", "/login", password_of("taro@example.jp"))
            assert asked.status == 403
            assert thief.get("/private").status != 200

    def test_an_e_mail_address_that_is_listed_leads_to_the_same_second_factor(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lines = ["login_id,kind,establishment,aliases", f"{VICTIM},establishment,000001,taro@example.jp"]
        (tmp_path / "people.csv").write_text("\n".join(lines), "utf-8")
        yaml = one_app.YAML.replace("directory:\n", "directory:\n  people_csv: people.csv\n")
        monkeypatch.setattr(one_app, "YAML", yaml)
        with world(tmp_path, FORM, Careless()) as w:
            signed_in(w, VICTIM, "full")
            thief = signed_in(w, "taro@example.jp")
            self._asked_for_the_code_that_there_is(thief)


class TestWhatLeaks:
    def test_no_session_id_in_a_page_reaches_a_browser(self, tmp_path: Path) -> None:
        def app(seen: Seen) -> bytes:
            page = b"<p>%b</p><a href='/top;jsessionid=HIDDEN'>x</a><form action='/login;jsessionid=HIDDEN'></form>"
            word = b"welcome" if b"pw=good" in seen.body else b"wrong"
            return answer("200 OK", page % word, "Set-Cookie: JSESSIONID=HIDDEN; Path=/")

        with world(tmp_path, FORM.replace("{status: 302, location: /top}", "{body: welcome}"), app) as w:
            pages = [w.person().ask("POST", "/login", b"user=B0000011&pw=bad"), w.person().get("/login")]
            person = w.person()
            person.ask("POST", "/login", password_of(VICTIM))
            person.choose("restricted")
            pages.append(person.get("/login"))
            assert [page.status for page in pages] == [200, 200, 200]
            assert [page.body for page in pages if b"HIDDEN" in page.body] == []

    def test_no_session_id_in_a_script_or_in_trailers_reaches_a_browser(self, tmp_path: Path) -> None:
        def app(seen: Seen) -> bytes:
            script = b"var u='/t;jsessionid=HIDDEN;a'"
            head = (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/javascript\r\nSET-COOKIE: jsessionid=HIDDEN; Path=/\r\n"
            )
            head += b"Set-Cookie2: JSESSIONID=HIDDEN\r\nTrailer: Set-Cookie\r\nTransfer-Encoding: chunked\r\n\r\n"
            return head + b"%x\r\n%b\r\n0\r\nSet-Cookie: JSESSIONID=HIDDEN\r\n\r\n" % (len(script), script)

        with world(tmp_path, FORM, app) as w:
            got = w.person().get("/spa/x.js")
            assert got.status == 200
            assert b"HIDDEN" not in got.head + got.body

    def test_no_session_id_in_the_links_of_103_reaches_a_browser(self, tmp_path: Path) -> None:
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: </s.css;jsessionid=HIDDEN>; rel=preload\r\n\r\n"
        cookie = "Set-Cookie: JSESSIONID=HIDDEN; Path=/"
        with world(tmp_path, FORM, lambda seen: hints + answer("200 OK", b"x", cookie)) as w:
            got = w.person().get("/login")
            assert got.status == 200
            assert b"HIDDEN" not in got.head


class TestTime:
    def test_a_form_whose_last_byte_comes_after_the_session_ended_never_reaches_the_app(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        punch = "  - {path: /punch, methods: [POST], access: restricted, where: {form.id: subject.employee}}\n"
        monkeypatch.setattr(one_app, "YAML", one_app.YAML.replace("  - {path: /top,", punch + "  - {path: /top,"))
        with world(tmp_path, FORM, Careless()) as w:
            person = signed_in(w, VICTIM, "restricted")
            assert person.ask("POST", "/punch", b"id=1").status == 200
            request = person.raw("POST", "/punch", b"id=1")
            with half_sent(w, request) as slow:
                csrf = csrf_of(person.page("/.sekisho/step-up"))
                assert person.post("/.sekisho/cancel", {"csrf": csrf}).status == 303
                w.clock.forward(30 * 3600)
                w.seen()
                finish(slow, request)
                assert [seen for seen in w.seen() if seen.target == b"/punch"] == []

    def test_tenants_that_cannot_be_read_sign_nobody_out(self, tmp_path: Path) -> None:
        with world(tmp_path, FORM, Careless()) as w:
            person = signed_in(w, VICTIM, "full")
            assert person.get("/private").body == AS_VICTIM
            with sqlite3.connect(tmp_path / "var" / "registry.db") as registry:
                for table in ("establishment_settings", "office_settings"):
                    registry.execute(f"ALTER TABLE {table} RENAME TO gone_{table}")
            registry.close()
            before = dict(person.cookies)
            for _ in range(6):
                time.sleep(0.3)
                assert person.get("/private").status in (200, 503)
            assert person.cookies == before

    @pytest.mark.alone
    def test_a_hostile_address_costs_little(self, tmp_path: Path) -> None:
        with world(tmp_path, FORM, Careless()) as w:
            target = "/a" + ";jsessionid" * 1300 + ";jsessionid=" + "\\x3d" * 1300
            began = time.process_time()  # of all threads: the gateway is one of them
            assert w.person().get(target).status == 400
            assert time.process_time() - began < 1.0


class TestWaysInAndOut:
    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
    def test_signing_out_works_by_any_method(self, tmp_path: Path, method: str) -> None:
        with world(tmp_path, FORM, Careless()) as w:
            person = signed_in(w, THIEF)
            assert person.get("/private").body == AS_THIEF
            person.ask(method, "/logout", b"x=1" if method == "POST" else None)
            assert person.get("/private").body != AS_THIEF

    def test_no_redirect_leads_to_another_host(self, tmp_path: Path) -> None:
        with world(tmp_path, FORM, Careless()) as w:
            person = signed_in(w, VICTIM, "restricted")
            person.ask("POST", "//evil.example/x", b"a=1")
            asked = [person.enrol(), person.get("//evil.example/x"), w.person().get("//evil.example/x")]
            led = [to.header("location") or "/" for to in asked]
            assert [to for to in led if not re.match(r"(https://app\.test)?/(?!/)|https://app\.test//", to)] == []

    def test_the_pages_are_there_though_no_app_owns_the_root(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        yaml, form = one_app.YAML.replace("paths: [/]", "paths: [/app/]"), FORM
        for name in ("/login", "/logout", "/spa/", "/top", "/own"):
            yaml, form = yaml.replace(name, "/app" + name), form.replace(name, "/app" + name)
        monkeypatch.setattr(one_app, "YAML", yaml)
        with world(tmp_path, form, Careless()) as w:
            assert w.person().get("/.sekisho/help/install").status == 200

    def test_a_foreign_host_is_refused(self, tmp_path: Path) -> None:
        with world(tmp_path, FORM, Careless()) as w:
            person = w.person()
            person.host = "evil.example"
            assert person.get("/login").status == 421
            assert w.seen() == []
