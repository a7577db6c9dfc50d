"""What a session may do as its proofs, the tenant's settings and the clock change: over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.core.policy import TenantSettings
from gateway.core.subject import Feature
from gateway.stores.registry import SqlRegistry
from gateway.stores.sealing import KeyRing
from tests.given import given_establishment, given_office
from tests.harness.echo import Seen
from tests.harness.gateway import MovableClock
from tests.harness.person import Person
from tests.sign_in.world import World, answer, world

RULE = "sign_in: [{path: /login, login_id: {form: user}, success: {status: 302}}]"
LIMITS = "sessions: {establishment: {idle: 30m, absolute: 12h}}"


def app(seen: Seen) -> bytes:
    if seen.method == b"POST" and seen.target == b"/login":
        return answer("302 Found", b"", "Location: /top", "Set-Cookie: SID=signed-in; Path=/")
    if seen.target.startswith(b"/login"):
        return answer("200 OK", b"form", "Set-Cookie: SID=stranger; Path=/")
    return answer(body=b"page")


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, RULE, app, LIMITS) as made:
        yield made


def signed_in(w: World, login_id: str = "B0000011", choice: str | None = None) -> Person:
    person = w.person()
    person.ask("POST", "/login", b"user=" + login_id.encode())
    if choice == "restricted":
        person.choose("restricted")
        person.get("/login")
    if choice == "full":
        person.choose("full")
        person.enrol()
        person.get("/login")
    w.seen()
    return person


def sent_cookies(w: World) -> bytes:
    return b"|".join(seen.cookie for seen in w.seen())


@pytest.mark.parametrize("choice", [None, "restricted"])
def test_a_public_page_is_asked_as_a_stranger_until_the_session_is_full(w: World, choice: str | None) -> None:
    person = signed_in(w, choice=choice)
    assert person.get("/login").status == 200
    assert person.get("/spa/x.js").status == 200
    assert b"signed-in" not in sent_cookies(w)


def test_what_a_stranger_gets_on_the_way_leaves_the_vault_alone(w: World) -> None:
    person = signed_in(w, choice="restricted")
    person.get("/login")
    w.seen()
    assert person.get("/own").status == 200
    assert sent_cookies(w) == b"SID=signed-in"


@pytest.mark.parametrize(
    "target", ["/.sekisho", "//.sekisho/code", "/x/../.sekisho/choice", "/%2esekisho/code", "/.sekisho%2fcode"]
)
def test_no_app_ever_sees_the_reserved_prefix(w: World, target: str) -> None:
    person = signed_in(w, choice="full")
    assert person.get(target).status == 404
    assert w.seen() == []


def test_a_full_session_has_its_vault_everywhere(w: World) -> None:
    person = signed_in(w, choice="full")
    assert person.get("/spa/x.js").status == 200
    assert sent_cookies(w) == b"SID=signed-in"


def test_a_copied_cookie_from_before_the_code_is_dead_after_it(w: World) -> None:
    person = w.person()
    person.ask("POST", "/login", b"user=B0000011")
    before = dict(person.cookies)
    person.choose("full")
    person.enrol()
    thief = w.person()
    thief.cookies = before
    w.seen()
    ended = thief.get("/private")
    assert ended.status == 401
    assert w.seen() == []


def test_signing_out_ends_the_session_whatever_the_app_says(w: World) -> None:
    person = signed_in(w, choice="full")
    copy = w.person()
    copy.cookies = dict(person.cookies)
    assert person.get("/logout").status == 200
    assert person.cookies == {}
    w.seen()
    assert copy.get("/private").status == 401
    assert w.seen() == []


def test_cancel_ends_the_legacy_session_with_its_own_cookie(w: World) -> None:
    person = signed_in(w)
    page = person.page("/.sekisho/choice")
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    done = person.post("/.sekisho/cancel", {"csrf": csrf})
    assert (done.status, done.header("location")) == (303, "/login")
    seen = w.seen()[-1]
    assert (seen.target, seen.cookie) == (b"/logout", b"SID=signed-in")


def test_idle_and_absolute_limits_end_a_session(w: World) -> None:
    person = signed_in(w, choice="full")
    for _ in range(4):
        w.clock.forward(25 * 60)
        assert person.get("/private").status == 200
    w.clock.forward(31 * 60)
    w.seen()
    ended = person.get("/private")
    assert ended.status == 401
    assert "有効時間が切れました" in ended.decoded_body().decode()
    assert w.seen() == []


def test_what_the_browser_fetches_in_the_background_after_the_end_does_not_make_a_stranger(w: World) -> None:
    """A picture or a script that comes first must not take the word away that a form was not sent."""
    person = signed_in(w, choice="full")
    w.clock.forward(31 * 60)
    w.seen()
    for lines in (("Sec-Fetch-Mode: no-cors",), ("Sec-Fetch-Mode: cors", "Accept: */*")):
        behind = person.ask("GET", "/picture", None, *lines)
        assert (behind.status, behind.all("set-cookie")) == (401, [])
    ended = person.post("/private", {"note": "typed"})
    assert "有効時間が切れました" in ended.decoded_body().decode()
    assert "max-age=0" in " ".join(ended.all("set-cookie")).lower()
    assert w.seen() == []


def test_the_absolute_limit_ends_even_a_busy_session(w: World) -> None:
    person = signed_in(w, choice="full")
    for _ in range(28):
        w.clock.forward(25 * 60)
        assert person.get("/private").status == 200
    w.clock.forward(25 * 60)
    assert person.get("/private").status == 401


def test_a_form_that_needs_a_code_is_finished_after_it_as_it_was_sent(w: World) -> None:
    person = signed_in(w, choice="restricted")
    body = b"old=a&new=%83%8d&x=1"
    held = person.ask("POST", "/password?a=1", body, "Origin: https://app.test", "Sec-Fetch-Site: same-origin")
    assert (held.status, held.header("location")) == (303, "/.sekisho/step-up")
    assert w.seen() == []
    done = person.enrol()
    assert done.header("location") == "/password?a=1"
    assert person.get("/password?a=1").body == b"page"
    sent = w.seen()[-1]
    assert (sent.method, sent.target, sent.body) == (b"POST", b"/password?a=1", body)
    assert sent.all("content-type") == [b"application/x-www-form-urlencoded"]
    person.get("/password?a=1")
    assert w.seen()[-1].method == b"GET"


@pytest.mark.parametrize("line", ["Sec-Fetch-Site: cross-site", "Origin: https://evil.test", "Origin: null"])
def test_another_sites_form_is_not_kept(w: World, line: str) -> None:
    person = signed_in(w, choice="restricted")
    assert person.ask("POST", "/password", b"new=evil", line).status == 403
    person.enrol()
    w.seen()
    person.get("/password")
    assert [seen.method for seen in w.seen()] == [b"GET"]


def test_a_held_form_is_judged_again_when_it_is_sent(w: World) -> None:
    person = signed_in(w, choice="restricted")
    person.ask("POST", "/password", b"new=1", "Sec-Fetch-Site: same-origin")
    person.get("/.sekisho/step-up")
    w.seen()
    again = person.get("/password")
    assert again.header("location") == "/.sekisho/step-up"
    assert w.seen() == []


def test_a_script_gets_a_reason_instead_of_a_page(w: World) -> None:
    person = signed_in(w, choice="restricted")
    for lines in (("Sec-Fetch-Mode: cors",), ("X-Requested-With: XMLHttpRequest",), ("Accept: text/event-stream",)):
        told = person.ask("GET", "/private", None, *lines)
        assert (told.status, told.header("content-type")) == (403, "application/problem+json")
        assert b'"reason": "no-route"' in told.body
    stranger = w.person().ask("GET", "/private", None, "Sec-Fetch-Mode: cors")
    assert (stranger.status, stranger.header("content-type")) == (401, "application/problem+json")
    assert w.seen() == []


def change(folder: Path, office: TenantSettings, establishment: TenantSettings) -> None:
    """As the settings pages of another process would."""

    async def write() -> None:
        registry = SqlRegistry(
            f"sqlite:///{folder / 'var' / 'registry.db'}", KeyRing.from_file(folder / "var" / "keys")
        )
        await registry.start()
        await given_office(registry, "0001", office)
        await given_establishment(registry, "0001", "000001", establishment)
        await registry.close()

    asyncio.run(write())


def until(person: Person, target: str, status: int) -> None:
    """Settings that another process wrote count within a second."""
    for _ in range(30):
        if person.get(target).status == status:
            return
        asyncio.run(asyncio.sleep(0.1))
    raise AssertionError(f"{target} never answered {status}")


def test_a_tenants_change_counts_for_open_sessions(w: World, tmp_path: Path) -> None:
    person = signed_in(w, choice="restricted")
    assert person.get("/own").status == 200
    change(tmp_path, TenantSettings(True), TenantSettings(True, frozenset({Feature.PAYSLIP_OWN})))
    until(person, "/own", 303)
    change(tmp_path, TenantSettings(False), TenantSettings(True))
    until(person, "/private", 200)


def test_the_mandatory_date_counts_for_open_sessions(tmp_path: Path) -> None:
    date = datetime.fromtimestamp(MovableClock()() + 300, ZoneInfo("Asia/Tokyo")).strftime("%Y-%m-%dT%H:%M")
    more = f"{LIMITS}\nrollout: {{mandatory_from: {date}}}"
    with world(tmp_path, RULE, app, more) as w:
        person = w.person()
        assert person.ask("POST", "/login", b"user=B0000021").status == 302  # office 0002 does not use 2FA
        assert person.get("/private").status == 200
        w.clock.forward(6 * 60)
        w.seen()
        stopped = person.get("/private?x=1")
        assert (stopped.status, stopped.header("location")) == (303, "/.sekisho/choice")
        assert w.seen() == []
        person.choose("full")
        assert person.enrol().header("location") == "/private?x=1"
        assert person.get("/private?x=1").status == 200
