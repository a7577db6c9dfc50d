"""Help: open to everybody, reached from where it is needed, readable without scripts, on a phone and on paper."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import DESK, EVERYTHING, PHONE, NewVisitor, Screen

BOTH = pytest.mark.parametrize("screen", [DESK, PHONE], ids=lambda screen: screen.name)


@BOTH
def test_from_the_enrolment_page_to_the_right_app_and_back(visitor: NewVisitor, screen: Screen) -> None:
    me = visitor(screen)
    me.sign_in("B00000101")
    me.press(EVERYTHING)
    me.expect_path("/.sekisho/enrol")
    key = me.page.locator(".key code").inner_text()
    with me.context.expect_page() as opened:
        me.follow("認証アプリを未インストールの方はこちら")
    guide = opened.value
    guide.locator("a", has_text="iPhoneに認証アプリを入れる").click()
    expect(guide.locator("h1")).to_have_text("iPhoneに認証アプリを入れる")
    expect(guide.get_by_role("img", name="ストアのアプリのページ")).to_be_visible()
    guide.locator("nav.near a", has_text="スマートフォンだけで登録する").click()
    expect(guide.locator("h1")).to_have_text("スマートフォンだけで登録する")
    guide.close()
    me.page.reload()
    assert me.page.locator(".key code").inner_text() == key


@BOTH
def test_whoever_is_locked_out_finds_help_by_what_was_said_on_the_telephone(
    visitor: NewVisitor, screen: Screen
) -> None:
    me = visitor(screen, java_script_enabled=False)
    me.open("/.sekisho/help")
    expect(me.heading).to_have_text("2要素認証の手引き")
    me.open("/.sekisho/help/17")
    me.expect_path("/.sekisho/help/lost")
    expect(me.heading).to_have_text("端末をなくした・壊れた")
    me.follow("English")
    expect(me.heading).to_have_text("Your device is lost or broken")
    me.page.locator("nav.near a").first.click()
    expect(me.heading).to_have_text("Before you change phones")
    me.shot("help-new-en")


@BOTH
def test_pictures_are_drawn_under_the_strict_policy(visitor: NewVisitor, screen: Screen) -> None:
    me = visitor(screen)
    refused: list[str] = []
    me.page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    me.open("/.sekisho/help/print")
    me.shot("help-print-ja")
    pictures = me.page.locator(".shown svg")
    assert pictures.count() > 50
    box = pictures.first.bounding_box()
    assert box is not None
    assert box["width"] >= 200
    assert pictures.first.evaluate("e => getComputedStyle(e).strokeWidth") == "2px"
    assert me.page.evaluate("document.documentElement.scrollWidth") <= screen.width
    assert not refused
