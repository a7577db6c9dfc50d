"""Signing in with everything: choice, enrolment, code, and the app's own answer at the end."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote

import pytest
from playwright.sync_api import expect

from tests.harness.browser import scanned_uri
from tests.journeys.visitor import DESK, EVERYTHING, ICONS, PHONE, NewVisitor, Screen
from tests.journeys.world import World

BOTH = pytest.mark.parametrize("screen", [DESK, PHONE], ids=lambda screen: screen.name)
FIRST = {DESK.name: "B00000101", PHONE.name: "B00000102"}
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


@BOTH
def test_the_first_sign_in_enrols_and_then_gives_what_the_app_answered(visitor: NewVisitor, screen: Screen) -> None:
    """A 302 to the menu on the PC, on the phone the menu page that the sign-in itself answers with 200."""
    me, login_id = visitor(screen), FIRST[screen.name]
    me.sign_in(login_id)
    me.expect_path("/.sekisho/choice")
    expect(me.page.get_by_role("button", name="就業打刻・明細閲覧のみ利用する", exact=True)).to_be_visible()
    expect(me.page.get_by_text("全ての機能を利用する場合は2要素認証が必要です")).to_be_visible()
    expect(me.page.get_by_role("button", name="キャンセル")).to_be_visible()
    me.shot("journey-choice")
    me.press(EVERYTHING)
    me.expect_path("/.sekisho/enrol")
    expect(me.page.get_by_role("link", name="認証アプリを未インストールの方はこちら")).to_be_visible()
    me.scan(login_id)
    assert me.page.locator(".key code").inner_text().split() == groups(me.world.phone[login_id])
    me.page.fill("#totp", me.world.shown_code(login_id))
    me.press("登録")
    me.expect_path("/sp/login" if screen.phone else "/top")
    assert me.icons() == set(ICONS)
    me.shot("journey-menu")


def groups(secret: str) -> list[str]:
    """The key as the page prints it."""
    return [secret[start : start + 4] for start in range(0, len(secret), 4)]


@BOTH
def test_the_second_sign_in_asks_for_a_code_alone(visitor: NewVisitor, screen: Screen) -> None:
    """QR code and key are never shown again; full-width digits and a space are taken."""
    me, login_id = visitor(screen), FIRST[screen.name]
    me.sign_in(login_id)
    me.press(EVERYTHING)
    me.expect_path("/.sekisho/code")
    secret = me.world.phone[login_id]
    source = me.page.content()
    assert secret not in source
    assert secret[:4] not in me.page.locator("main").inner_text()
    assert me.page.locator(".picture, svg").count() == 0
    me.shot("journey-code")
    code = me.world.fresh_code(login_id).translate(FULL_WIDTH)
    me.page.fill("#totp", f"{code[:3]}　{code[3:]}")
    me.press("認証")
    me.expect_path("/sp/login" if screen.phone else "/top")
    assert me.icons() == set(ICONS)


@BOTH
def test_the_qr_code_names_service_and_login_id_and_is_never_cut_off(visitor: NewVisitor, screen: Screen) -> None:
    """Several IDs on one device can be told apart; the picture lies within the window."""
    me = visitor(screen)
    me.sign_in("B00000103")
    me.press(EVERYTHING)
    uri = scanned_uri(me.page)
    assert unquote(uri.path) == "/ネットde顧問デモ:B00000103"
    assert parse_qs(uri.query)["issuer"] == ["ネットde顧問デモ"]
    assert parse_qs(uri.query).get("algorithm", ["SHA1"]) == ["SHA1"]
    box = me.page.locator(".picture svg").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= screen.width
    assert me.page.evaluate("document.documentElement.scrollWidth") <= screen.width


def test_a_reload_of_the_enrolment_page_shows_the_same_key_and_another_browser_another(visitor: NewVisitor) -> None:
    """Only the last one shown can be confirmed."""
    me, other = visitor(), visitor()
    keys = []
    for one in (me, other):
        one.sign_in("B00000103")
        one.press(EVERYTHING)
        one.scan("B00000103")
        keys.append(one.world.phone["B00000103"])
    other.page.reload()
    other.scan("B00000103")
    assert other.world.phone["B00000103"] == keys[1] != keys[0]
    me.world.phone["B00000103"] = keys[0]
    me.type_code(me.world.fresh_code("B00000103"))
    me.expect_path("/.sekisho/enrol")
    expect(me.page.locator("#error-summary")).to_contain_text("新しいものに替わりました")


def test_the_key_can_be_copied(visitor: NewVisitor) -> None:
    """On a phone the QR code can't be scanned."""
    me = visitor(permissions=["clipboard-read", "clipboard-write"])
    me.sign_in("B00000103")
    me.press(EVERYTHING)
    me.scan("B00000103")
    me.press("キーをコピー")
    expect(me.page.locator("#copied")).to_have_text("コピーしました")
    assert me.page.evaluate("navigator.clipboard.readText()") == me.world.phone["B00000103"]


def test_a_code_counts_once(visitor: NewVisitor) -> None:
    """Somebody who read it over a shoulder comes too late."""
    me, thief = visitor(), visitor()
    me.full("B00000101")
    thief.sign_in("B00000101")
    thief.press(EVERYTHING)
    thief.type_code(me.typed)
    thief.expect_path("/.sekisho/code")
    expect(thief.page.locator("#error-summary")).to_contain_text("このコードは使用済みです")


def test_what_cannot_be_a_code_is_said_at_the_top_and_at_the_field_and_not_counted(
    visitor: NewVisitor, world: World
) -> None:
    """Then the right code is taken as if nothing had been typed."""
    me = visitor()
    me.sign_in("B00000101")
    me.press(EVERYTHING)
    for typed, said in (("", "6桁の数字を入力してください"), ("12345", "数字が5桁です"), ("abcdef", "数字だけを")):
        for _ in range(3):
            me.type_code(typed)
            expect(me.page.locator("#error-summary")).to_contain_text(said)
            expect(me.page.locator("#totp-error")).to_contain_text(said)
    expect(me.page.locator("#totp")).to_have_attribute("inputmode", "numeric")
    expect(me.page.locator("#totp")).to_have_attribute("autocomplete", "one-time-code")
    me.type_code(world.fresh_code("B00000101"))
    me.expect_path("/top")


def test_the_session_cookie_is_hidden_from_scripts_and_changes_with_every_assurance(
    visitor: NewVisitor, world: World
) -> None:
    """Password, restricted choice, code: a token known from before opens nothing any more."""
    me = visitor()
    me.sign_in("B00000101")
    tokens = [me.session_cookie()]
    me.press("就業打刻・明細閲覧のみ利用する")
    tokens.append(me.session_cookie())
    me.open("/kashikin/")
    me.follow("認証コードを入力する")
    me.prove("B00000101")
    me.expect_path("/kashikin/")
    tokens.append(me.session_cookie())
    assert all(tokens)
    assert len(set(tokens)) == 3
    cookies = [one for one in me.context.cookies() if one.get("name", "").startswith("sekisho")]
    assert all(one["httpOnly"] and one["sameSite"] == "Lax" for one in cookies)
    assert me.page.evaluate("document.cookie") == ""
    for old in tokens[:2]:
        replay = world.person()
        replay.cookies["sekisho"] = old
        assert replay.get("/top").status == 401
