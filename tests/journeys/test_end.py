"""How a session ends: sign-out in the app, time limits, the browser's back button."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import DESK, EVERYTHING, PHONE, NewVisitor, Screen
from tests.journeys.world import World

BOTH = pytest.mark.parametrize("screen", [DESK, PHONE], ids=lambda screen: screen.name)
ENDED = "ログインの有効時間が切れました"


@BOTH
@pytest.mark.parametrize("full", [True, False], ids=["full", "restricted"])
def test_sign_out_in_the_app_ends_the_session(visitor: NewVisitor, world: World, screen: Screen, full: bool) -> None:
    """The app's own link; afterwards the old cookie opens nothing, and the app has forgotten its session too."""
    me = visitor(screen)
    if full:
        me.full("B00000101")
    else:
        me.restricted("B00000101")
    token = me.session_cookie()
    # Below a full session pictures are asked for as a stranger, to whom the app hands out session IDs as well.
    legacy = next(one for one in reversed(world.legacy_sessions()) if world.legacy_alive(one))
    me.page.click("#link-logout a")
    me.expect_path("/login")
    expect(me.page.locator("#password")).to_be_visible()
    assert not me.session_cookie()
    assert not world.legacy_alive(legacy)
    for path in ("/top", "/shugyo/punch", "/.sekisho/code"):
        replay = world.person()
        replay.cookies["sekisho"] = token
        assert replay.get(path).status == 401
    me.open("/top")
    me.expect_path("/login")


@BOTH
def test_the_back_button_after_the_idle_limit_shows_that_the_sign_in_has_ended(
    visitor: NewVisitor, world: World, screen: Screen
) -> None:
    """A page that is not cached is asked for again, and says what happened; its button leads to the sign-in page."""
    me = visitor(screen)
    me.restricted("B00000101")
    me.open("/kashikin/")
    me.expect_path("/.sekisho/step-up")
    me.open("/static/style.css")
    world.clock.forward(31 * 60)
    me.page.go_back()
    expect(me.heading).to_have_text(ENDED)
    me.shot("journey-expired")
    me.follow("ログイン画面へ")
    me.expect_path("/login")
    me.sign_in("B00000101")
    me.expect_path("/.sekisho/choice")


def test_a_code_typed_after_the_idle_limit_opens_nothing(visitor: NewVisitor, world: World) -> None:
    """The page was left open over lunch."""
    me = visitor()
    me.full("B00000102")
    me.sign_in("B00000102")
    me.press(EVERYTHING)
    world.clock.forward(31 * 60)
    me.type_code(world.fresh_code("B00000102"))
    expect(me.heading).to_have_text(ENDED)
    me.open("/top")
    me.expect_path("/login")


def test_a_form_sent_after_the_end_is_not_sent_on(visitor: NewVisitor, world: World) -> None:
    """The person is told so, and what was typed in an app's page has not reached the app."""
    me = visitor()
    me.restricted("B00000101")
    me.open("/shugyo/punch")
    world.clock.forward(31 * 60)
    me.press("出勤")
    expect(me.heading).to_have_text(ENDED)
    expect(me.page.get_by_text("送信の途中だった内容は送信されていません")).to_be_visible()
    me.restricted("B00000101")
    me.open("/shugyo/punch")
    expect(me.page.locator("#state")).to_have_text("出社前")


def test_the_back_button_after_sign_out_shows_nothing_of_the_session(visitor: NewVisitor) -> None:
    """Pages of the gateway are not kept by the browser."""
    me = visitor()
    me.sign_in("B00000103")
    me.press(EVERYTHING)
    me.expect_path("/.sekisho/enrol")
    key = me.page.locator(".key code").inner_text()
    me.cancel()
    me.expect_path("/login")
    me.page.go_back()
    expect(me.page.locator("#password")).to_be_visible()
    assert key not in me.page.content()


def test_a_busy_session_ends_at_the_absolute_limit(visitor: NewVisitor, world: World) -> None:
    """Twelve hours after the password, whoever works without a pause."""
    me = visitor()
    me.restricted("B00000101")
    for _ in range(28):
        world.clock.forward(25 * 60)
        assert me.context.request.get(me.world.url + "/shugyo/genzai").status == 200
    world.clock.forward(25 * 60)
    me.open("/top")
    expect(me.heading).to_have_text(ENDED)


def test_signing_in_again_ends_what_was_before(visitor: NewVisitor, world: World) -> None:
    """Another person at the same browser does not inherit the first one's session."""
    me = visitor()
    me.full("B00000101")
    token = me.session_cookie()
    me.sign_in("B00000102")
    me.expect_path("/.sekisho/choice")
    replay = world.person()
    replay.cookies["sekisho"] = token
    assert replay.get("/top").status == 401
