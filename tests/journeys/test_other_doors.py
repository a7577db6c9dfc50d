"""Who meets no choice page: offices, establishments without 2FA or without exemptions, and whoever mistypes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import DESK, ICONS, PHONE, NewVisitor, Screen

BOTH = pytest.mark.parametrize("screen", [DESK, PHONE], ids=lambda screen: screen.name)


@BOTH
def test_an_office_goes_straight_to_the_code(visitor: NewVisitor, screen: Screen) -> None:
    """Enrolment at the first time, the code alone at the second; no choice is offered on the way."""
    for page in ("enrol", "code") if screen is DESK else ("code",):
        me = visitor(screen)
        me.sign_in("A00010001")
        me.expect_path(f"/.sekisho/{page}")
        assert me.page.locator(".back").count() == 0
        me.open("/.sekisho/choice")
        me.expect_path(f"/.sekisho/{page}")
        me.open("/top")
        me.expect_path(f"/.sekisho/{page}")
        me.prove("A00010001")
        me.expect_path(screen.sign_in_path if screen.phone else "/top")
        assert me.icons() == set(ICONS)
        assert me.page.locator("#office-menu").count() == (0 if screen.phone else 1)


@BOTH
def test_where_nothing_is_exempt_everybody_goes_straight_to_the_code(visitor: NewVisitor, screen: Screen) -> None:
    """Like an office."""
    me = visitor(screen)
    me.sign_in("B00001201")
    me.expect_path("/.sekisho/enrol" if screen is DESK else "/.sekisho/code")
    me.open("/shugyo/punch")
    me.expect_path("/.sekisho/enrol" if screen is DESK else "/.sekisho/code")
    me.prove("B00001201")
    me.open("/shugyo/punch")
    expect(me.page.locator("#state")).to_be_visible()


@BOTH
@pytest.mark.parametrize("login_id", ["B00000601", "A00020001", "B00000301"])
def test_without_two_factor_authentication_everything_is_as_ever(
    visitor: NewVisitor, screen: Screen, login_id: str
) -> None:
    """Right after the password: the menu with every icon, other apps, the password page."""
    me = visitor(screen)
    me.sign_in(login_id)
    me.expect_path("/sp/login" if screen.phone else "/top")
    assert me.icons() == set(ICONS)
    expect(me.page.locator("#link-password")).to_be_visible()
    me.open("/shugyo/sheet?month=202601")
    expect(me.page.locator("#month")).to_contain_text("2026年01月")
    me.open("/password")
    expect(me.heading).to_have_text("パスワード変更")
    me.open("/.sekisho/choice")
    assert not me.path.startswith("/.sekisho/")


@BOTH
def test_a_wrong_password_is_answered_in_the_apps_own_words(visitor: NewVisitor, screen: Screen) -> None:
    """At the app's own page, with what was typed; the next try succeeds."""
    me = visitor(screen)
    for login_id in ("B00000101", "B99999999"):
        me.sign_in(login_id, "wrong")
        me.expect_path(screen.sign_in_path)
        expect(me.page.locator("#login-error")).to_have_text("IDまたはパスワードが違います。")
        expect(me.page.locator("#login_id")).to_have_value(login_id)
        assert not me.session_cookie()
    me.open("/top")
    me.expect_path("/login")
    me.sign_in("B00000101")
    me.expect_path("/.sekisho/choice")


def test_the_sign_in_pages_are_the_apps_own_byte_for_byte(visitor: NewVisitor) -> None:
    """Nothing is inserted; images and style sheet come through."""
    me = visitor()
    for path in ("/login", "/sp/login"):
        me.open(path)
        mine = me.page.evaluate("path => fetch(path).then(a => a.text())", path)
        port = me.world.app_ports["portal"]
        apps = me.context.request.get(f"http://127.0.0.1:{port}{path}").text()
        assert mine == apps
        assert me.page.evaluate("document.styleSheets.length") == 1


def test_an_english_browser_gets_english_pages(visitor: NewVisitor) -> None:
    """Choice, enrolment, step-up and problems; the app stays as it is."""
    me = visitor(locale="en-GB")
    me.sign_in("B00000101")
    expect(me.heading).to_have_text("Choose what to use")
    assert me.page.get_attribute("html", "lang") == "en"
    me.press("Use the time clock and payslips only")
    expect(me.page.locator("#greeting")).to_contain_text("ようこそ")
    me.open("/kashikin/")
    expect(me.page.get_by_role("link", name="Back to the time clock and payslips")).to_be_visible()
    me.follow(me.page.locator("a.main").inner_text())
    expect(me.heading).to_have_text("Set up your authenticator app")
    assert not any("\u3040" <= letter <= "\u30ff" for letter in me.page.locator("form").all_inner_texts()[0])
    me.prove("B00000101")
    me.expect_path("/kashikin/")
    me.open("/.sekisho/nowhere")
    assert me.page.get_attribute("html", "lang") == "en"


def test_an_unproven_session_reaches_nothing(visitor: NewVisitor) -> None:
    """Between password and choice every page of every app leads back to the choice, and scripts get 403."""
    me = visitor()
    me.sign_in("B00000101")
    for path in ("/top", "/shugyo/punch", "/meisai/list?emp=01", "/password", "/sp/top", "/"):
        me.open(path)
        me.expect_path("/.sekisho/choice")
        assert me.context.request.get(me.world.url + path, headers={"Accept": "application/json"}).status == 403
    me.press("就業打刻・明細閲覧のみ利用する")
    me.expect_path("/top")
