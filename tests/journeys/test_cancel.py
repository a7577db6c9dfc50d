"""「キャンセル」 on every page ends the app's own session too, and leads to the sign-in page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import DESK, EVERYTHING, PHONE, NewVisitor, Screen, Visitor
from tests.journeys.world import World

BOTH = pytest.mark.parametrize("screen", [DESK, PHONE], ids=lambda screen: screen.name)
LOCKED_ID = "B00000199"


def at_choice(me: Visitor) -> None:
    """Right after the password."""
    me.sign_in("B00000101")
    me.expect_path("/.sekisho/choice")


def at_enrolment(me: Visitor) -> None:
    """Somebody who has no second factor yet."""
    me.sign_in("B00000102")
    me.press(EVERYTHING)
    me.expect_path("/.sekisho/enrol")


def at_code(me: Visitor) -> None:
    """Somebody who has one."""
    if "B00000103" not in me.world.phone:
        me.full("B00000103")
        me.context.clear_cookies()
    me.sign_in("B00000103")
    me.press(EVERYTHING)
    me.expect_path("/.sekisho/code")


def at_lock(me: Visitor) -> None:
    """Five wrong codes."""
    me.sign_in(LOCKED_ID)
    me.press(EVERYTHING)
    if me.path.startswith("/.sekisho/enrol"):
        me.scan(LOCKED_ID)
        for typed in me.world.wrong_codes(LOCKED_ID, 5):
            me.type_code(typed)
    me.expect_path("/.sekisho/locked")


def at_step_up(me: Visitor) -> None:
    """A restricted session that wanted more."""
    me.restricted("B00000101")
    me.open("/kashikin/")
    me.expect_path("/.sekisho/step-up")


@BOTH
@pytest.mark.parametrize(
    "arrive", [at_choice, at_enrolment, at_code, at_lock, at_step_up], ids=lambda one: one.__name__
)
def test_cancel_ends_both_sessions_and_leads_to_the_sign_in_page(
    visitor: NewVisitor, world: World, screen: Screen, arrive: Callable[[Visitor], None]
) -> None:
    """The app itself, asked directly, does not know its session any more; the old cookie opens nothing."""
    me = visitor(screen)
    arrive(me)
    token, legacy = me.session_cookie(), world.legacy_sessions()[-1]
    assert token
    assert world.legacy_alive(legacy)
    me.cancel()
    me.expect_path("/login")
    expect(me.page.locator("#password")).to_be_visible()
    assert not me.session_cookie()
    assert not world.legacy_alive(legacy)
    for path in ("/top", "/.sekisho/choice", "/.sekisho/code"):
        replay = world.person()
        replay.cookies["sekisho"] = token
        assert replay.get(path).status == 401
