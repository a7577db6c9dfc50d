"""Somebody has the password of a person who has not enrolled yet: the owner hears of it, and an office that demands
registration codes keeps the thief out (R-024, R-025)."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

from playwright.sync_api import expect

from gateway.core.policy import TenantSettings
from gateway.stores.base_tenants import Stamp
from gateway.stores.registry import SqlRegistry
from gateway.stores.sealing import KeyRing
from tests.journeys.visitor import EVERYTHING, PHONE, NewVisitor, Visitor
from tests.journeys.world import World

STAFF, CHIEF, OWNER, NEW = "A00010001", "B00000199", "B00000101", "B00000102"
RESTRICTED = "就業打刻・明細閲覧のみ利用する"
ASKS, TELLS = "/.sekisho/registration", "/.sekisho/notice"


def demand_codes(world: World) -> None:
    """What the office's settings page does."""

    async def store() -> None:
        keys = KeyRing.from_file(world.folder / "var" / "keys")
        registry = SqlRegistry(f"sqlite:///{world.folder}/var/registry.db", keys)
        settings = TenantSettings(uses_second_factor=True, registration_codes=True)
        stamp = Stamp(STAFF, world.clock(), "127.0.0.1", "journey")
        assert await registry.change_office("0001", settings, TenantSettings(uses_second_factor=True), 0, stamp)
        await registry.close()

    world.gateway.stop()
    with ThreadPoolExecutor(1) as aside:  # Playwright has a loop of its own in this thread
        aside.submit(asyncio.run, store()).result()
    world.gateway.start()


def brief(me: Visitor) -> None:
    """The sentence above the choice or the code."""
    expect(me.page.locator("main .news")).to_contain_text("認証アプリが登録されました")
    expect(me.page.locator("main .news")).to_contain_text("127.0.0.1")


def told(owner: Visitor) -> None:
    """The notice in the app's own menu, and the page behind it."""
    expect(owner.page.locator("#greeting")).to_be_visible()
    owner.page.click("#sekisho-enrolment-notice a")
    owner.expect_path(TELLS)
    expect(owner.heading).to_have_text("認証アプリが登録されました")
    expect(owner.page.locator("main")).to_contain_text("127.0.0.1")
    expect(owner.page.locator("main")).to_contain_text("2要素認証設定初期化")
    assert owner.page.evaluate("document.documentElement.scrollWidth") <= owner.screen.width


def test_a_thief_enrols_first_and_the_owner_is_told(visitor: NewVisitor) -> None:
    """Before and in the next restricted session; nobody is held up by it."""
    thief = visitor()
    thief.full(OWNER)
    owner = visitor(PHONE)
    owner.sign_in(OWNER)
    brief(owner)
    owner.shot("journey-notice-choice")
    owner.press(RESTRICTED)
    told(owner)
    owner.shot("journey-notice")
    owner.follow("確認せずに元の画面へ戻る")
    told(owner)
    owner.press("自分で登録しました")
    expect(owner.page.locator("#greeting")).to_be_visible()
    expect(owner.page.locator("#sekisho-enrolment-notice")).to_have_count(0)
    later = visitor()
    later.restricted(OWNER)
    expect(later.page.locator("#sekisho-enrolment-notice")).to_have_count(0)


def test_whoever_enrolled_themselves_is_told_at_the_next_code(visitor: NewVisitor) -> None:
    me = visitor()
    me.full("B00000103")
    me.open("/logout")
    me.sign_in("B00000103")
    me.press(EVERYTHING)
    brief(me)
    me.type_code(me.world.fresh_code("B00000103"))
    told(me)
    me.press("自分で登録しました")
    expect(me.page.locator("#menu")).to_be_visible()


def slip(staff: Visitor, login_id: str) -> str:
    """What is printed on somebody's slip."""
    mine = staff.page.locator(".slips > li", has_text=login_id)
    return mine.locator(".secret").inner_text()


def test_where_codes_are_demanded_the_thief_cannot_enrol_and_the_owner_can(visitor: NewVisitor, world: World) -> None:
    staff = visitor()
    staff.full(STAFF)
    demand_codes(world)
    thief = visitor()
    thief.sign_in(NEW)
    thief.press(EVERYTHING)
    thief.expect_path(ASKS)
    thief.page.fill("#registration", "ABCDE-FGH23")
    thief.press("次へ")
    expect(thief.page.locator("#error-summary")).to_contain_text("登録コードが違うか")
    assert thief.page.input_value("#registration") == "ABCDE-FGH23"
    thief.open("/.sekisho/enrol")
    thief.expect_path(ASKS)
    staff.sign_in(STAFF)
    staff.type_code(world.fresh_code(STAFF))
    staff.open("/.sekisho/people/codes")
    staff.shot("journey-codes")
    staff.page.check("#whom-establishment")
    staff.page.fill("#establishment", "000001")
    staff.press("発行して印刷画面へ")
    staff.expect_path("/.sekisho/people/codes/slips")
    code = slip(staff, NEW)
    assert re.fullmatch(r"[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}", code)
    assert code not in staff.page.url
    staff.shot("journey-slips")
    staff.page.emulate_media(media="print")
    expect(staff.heading).to_be_hidden()
    staff.shot("journey-slips-print")
    owner = visitor(PHONE)
    owner.sign_in(NEW)
    owner.press(EVERYTHING)
    owner.shot("journey-registration")
    owner.page.fill("#registration", code.lower().replace("-", " "))
    owner.press("次へ")
    owner.prove(NEW)
    expect(owner.page.locator("#menu")).to_be_visible()
    thief.open("/.sekisho/enrol")
    assert thief.path.startswith("/.sekisho/code"), "there is a second factor now, and the thief has none of its codes"
