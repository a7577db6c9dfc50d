"""Five wrong codes lock the login ID's second factor for 30 minutes: in every browser, over a restart, at enrolment."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import DESK, EVERYTHING, PHONE, NewVisitor, Screen, Visitor
from tests.journeys.world import World

BOTH = pytest.mark.parametrize("screen", [DESK, PHONE], ids=lambda screen: screen.name)
LOCKED = "/.sekisho/locked"


def at_code(me: Visitor, login_id: str) -> None:
    """Password and 「すべての機能を利用する」."""
    me.sign_in(login_id)
    me.press(EVERYTHING)


def lock(me: Visitor, login_id: str) -> None:
    """Type five wrong codes, and read after each how many are left."""
    for left, typed in zip((4, 3, 2, 1, 0), me.world.wrong_codes(login_id, 5), strict=True):
        me.type_code(typed)
        if left > 1:
            expect(me.page.locator("#error-summary")).to_contain_text(f"あと{left}回間違えると30分")
        elif left == 1:
            expect(me.page.locator("#totp-error")).to_contain_text("次も間違えると30分")
    me.expect_path(LOCKED)


def start_of_minute(world: World) -> str:
    """Move the clock to just after a full minute; gives the minute in which a lock is over that begins in this one."""
    world.clock.forward(61 - world.now.second)
    over = world.now + timedelta(minutes=31)
    return f"{over.hour}:{over:%M}"


@BOTH
def test_five_wrong_codes_lock_the_login_id_everywhere_and_over_a_restart(
    visitor: NewVisitor, world: World, screen: Screen
) -> None:
    """The page says until when; the right code is refused as well, and taken when the time is over."""
    me, login_id = visitor(screen), "B00000102" if screen.phone else "B00000101"
    me.full(login_id)
    at_code(me, login_id)
    over = start_of_minute(world)
    lock(me, login_id)
    expect(me.heading).to_contain_text(f"{over} まで認証できません")
    expect(me.page.locator("main")).to_contain_text("正しいコードを入力しても認証できません")
    expect(me.page.get_by_text("03-0000-0000")).to_be_visible()
    me.shot("journey-locked")
    other = visitor()
    at_code(other, login_id)
    other.expect_path(LOCKED)
    world.gateway.restart()
    me.open("/top")
    expect(me.heading).to_have_text("ログインの有効時間が切れました")
    at_code(me, login_id)
    me.expect_path(LOCKED)
    expect(me.heading).to_contain_text(f"{over} まで")
    world.clock.forward(31 * 60)
    me.open("/top")
    at_code(me, login_id)
    me.expect_path("/.sekisho/code")
    me.type_code(world.fresh_code(login_id))
    me.expect_path("/sp/login" if screen.phone else "/top")


def test_the_right_code_is_refused_while_the_lock_stands(visitor: NewVisitor, world: World) -> None:
    """A page that was open before the lock sends a right code: it is not evaluated."""
    me, other = visitor(), visitor()
    me.full("B00000103")
    for one in (me, other):
        at_code(one, "B00000103")
    lock(other, "B00000103")
    me.type_code(world.fresh_code("B00000103"))
    me.expect_path(LOCKED)
    me.open("/kashikin/")
    me.expect_path("/.sekisho/choice")


def test_a_locked_person_still_uses_what_needs_no_code(visitor: NewVisitor, world: World) -> None:
    """The lock page leads back to the choice."""
    me = visitor()
    at_code(me, "B00000103")
    me.expect_path(LOCKED)
    me.follow("利用する機能の選択に戻る")
    me.press("就業打刻・明細閲覧のみ利用する")
    me.expect_path("/top")
    me.open("/shugyo/punch")
    expect(me.page.locator("#state")).to_be_visible()


@BOTH
def test_enrolment_locks_as_well(visitor: NewVisitor, world: World, screen: Screen) -> None:
    """Nobody guesses a first code either; after the time a new QR code is shown."""
    me, login_id = visitor(screen), "A00010001" if screen.phone else "B00001201"
    me.sign_in(login_id)
    me.expect_path("/.sekisho/enrol")
    me.scan(login_id)
    over = start_of_minute(world)
    lock(me, login_id)
    expect(me.heading).to_contain_text(f"{over} まで認証できません")
    other = visitor()
    other.sign_in(login_id)
    other.open("/.sekisho/enrol")
    other.expect_path(LOCKED)
    world.clock.forward(31 * 60)
    other.sign_in(login_id)
    other.prove(login_id)
    expect(other.page.locator("#menu")).to_be_visible()


def test_twenty_wrong_codes_in_a_row_stop_until_a_reset(visitor: NewVisitor, world: World) -> None:
    """No time is named, because none helps."""
    me = visitor()
    me.full("B00000199")
    for _ in range(4):
        guesser = world.person()
        guesser.sign_in("B00000199")
        answers = [guesser.enter(typed) for typed in world.wrong_codes("B00000199", 5)]
        assert answers[-1].header("location") == LOCKED
        world.clock.forward(31 * 60)
    at_code(me, "B00000199")
    me.expect_path(LOCKED)
    expect(me.heading).to_have_text("認証コードを利用できません")
    expect(me.page.locator("main")).to_contain_text("2要素認証設定初期化")
    me.shot("journey-stopped")
