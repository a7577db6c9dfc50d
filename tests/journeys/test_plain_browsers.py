"""Without JavaScript, and without a mouse."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.journeys.visitor import DESK, EVERYTHING, ICONS, PHONE, NewVisitor


def test_everything_works_without_javascript(visitor: NewVisitor) -> None:
    """Choice, enrolment, wrong code, code, step-up with a form that was kept, lock, cancel."""
    for screen, login_id in ((DESK, "B00000101"), (PHONE, "B00000102")):
        me = visitor(screen, java_script_enabled=False)
        me.sign_in(login_id)
        me.press("就業打刻・明細閲覧のみ利用する")
        assert me.icons() == {"shugyo", "meisai"}
        me.open("/kashikin/")
        me.follow("認証コードを入力する")
        expect(me.page.get_by_role("button", name="キーをコピー")).to_be_hidden()
        me.scan(login_id)
        me.type_code(me.world.wrong_codes(login_id, 1)[0])
        expect(me.page.locator("#error-summary")).to_contain_text("あと4回")
        me.type_code(me.world.fresh_code(login_id))
        me.expect_path("/kashikin/")
        me.sign_in(login_id)
        me.press(EVERYTHING)
        me.type_code(me.world.fresh_code(login_id))
        assert me.icons() == set(ICONS)
        me.sign_in(login_id)
        me.press(EVERYTHING)
        for typed in me.world.wrong_codes(login_id, 5):
            me.type_code(typed)
        me.expect_path("/.sekisho/locked")
        me.cancel()
        me.expect_path("/login")


def focused(page: Page) -> str:
    """What the keyboard would press: the wording of the focused element, or its ID."""
    found = page.evaluate("(e => (e.innerText || e.value || '').trim() || e.id)(document.activeElement)")
    return str(found)


def tab_to(page: Page, wording: str) -> None:
    """Press the tab key until this is in focus; every stop on the way can be seen to be in focus."""
    page.wait_for_load_state()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            continue  # round the end, or the page had only just come
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        shadow = page.evaluate("getComputedStyle(document.activeElement).boxShadow")
        assert outline != "none" or shadow != "none", focused(page)
        if focused(page) == wording:
            return
    raise AssertionError(f"{wording} cannot be reached by the tab key")


def test_everything_works_by_keyboard_alone(visitor: NewVisitor) -> None:
    """Sign in, choose, enrol, step up, mistype, cancel."""
    me = visitor()
    keyboard = me.page.keyboard
    me.open("/login")
    me.page.locator("#login_id").focus()
    keyboard.type("B00000103")
    keyboard.press("Tab")
    keyboard.type("demo")
    keyboard.press("Enter")
    me.expect_path("/.sekisho/choice")
    tab_to(me.page, "就業打刻・明細閲覧のみ利用する")
    keyboard.press("Enter")
    me.expect_path("/top")
    me.open("/kashikin/")
    me.expect_path("/.sekisho/step-up")
    tab_to(me.page, "認証コードを入力する")
    keyboard.press("Enter")
    me.expect_path("/.sekisho/enrol")
    me.scan("B00000103")
    tab_to(me.page, "totp")
    keyboard.type("123")
    keyboard.press("Enter")
    expect(me.page.locator("#error-summary")).to_be_focused()
    tab_to(me.page, "数字が3桁です。6桁で入力してください")
    keyboard.press("Enter")
    tab_to(me.page, "totp") if focused(me.page) != "totp" else None
    keyboard.type(me.world.fresh_code("B00000103"))
    keyboard.press("Enter")
    me.expect_path("/kashikin/")
    me.sign_in("B00000103")
    tab_to(me.page, EVERYTHING)
    keyboard.press("Enter")
    me.expect_path("/.sekisho/code")
    expect(me.page.locator("#totp")).to_be_focused()
    tab_to(me.page, "キャンセル")
    keyboard.press("Enter")
    me.expect_path("/login")


def test_the_skip_link_is_the_first_stop(visitor: NewVisitor) -> None:
    """It shows itself when it is reached."""
    me = visitor()
    me.sign_in("B00000101")
    me.expect_path("/.sekisho/choice")
    me.page.wait_for_load_state()
    me.page.keyboard.press("Tab")
    expect(me.page.locator(".skip")).to_be_focused()
    assert focused(me.page) == "本文へ移動"
    box = me.page.locator(".skip").bounding_box()
    assert box is not None
    assert box["y"] >= 0
    assert box["height"] > 1
