"""「2要素認証設定初期化」: administrators reset people, people themselves, the operator from the shell."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner
from playwright.sync_api import expect

from gateway.cli import main
from tests.journeys.visitor import DESK, EVERYTHING, PHONE, NewVisitor, Screen, Visitor

BOTH = pytest.mark.parametrize("screen", [DESK, PHONE], ids=lambda screen: screen.name)
PEOPLE, STAFF, CHIEF = "/.sekisho/people", "A00010001", "B00000199"
EXPIRED = "ログインの有効時間が切れました"


def choose(me: Visitor, login_id: str) -> None:
    """Tick somebody's box, as one does with a finger on its label."""
    me.page.locator(f"input[name=id][value={login_id}]").check()


def give_password(me: Visitor, password: str = "demo") -> None:
    """Fill the field and press the main button."""
    me.page.fill("#password", password)
    me.page.click("button.main")


def signs_in_anew(me: Visitor, login_id: str) -> None:
    """The session is over; after the password the app has to be enrolled again: no day without a second factor."""
    me.open("/top")
    expect(me.heading).to_have_text(EXPIRED)
    me.world.clock.forward(60)
    me.sign_in(login_id)
    if me.path.startswith("/.sekisho/choice"):
        me.press(EVERYTHING)
    me.expect_path("/.sekisho/enrol")


@BOTH
def test_an_administrator_resets_an_employee_who_is_signed_in_elsewhere(visitor: NewVisitor, screen: Screen) -> None:
    """The list, who it is about, the administrator's own password, what came of it; then the next sign-in."""
    login_id = "B00000102" if screen.phone else "B00000101"
    employee, bystander, me = visitor(), visitor(), visitor(screen)
    employee.full(login_id)
    bystander.restricted("B00000103")
    me.full(STAFF) if screen.phone else me.full(CHIEF)
    me.open(PEOPLE)
    expect(me.page.locator("table")).to_contain_text(login_id)
    me.shot("people")
    me.page.locator(f"button[value='one:{login_id}']").click()
    expect(me.page.locator("table")).to_contain_text(login_id)
    expect(me.page.locator("main")).to_contain_text("2要素認証なしで使える期間はありません")
    me.shot("people-reset")
    give_password(me, "wrong")
    expect(me.page.locator("#error-summary")).to_contain_text("パスワードが違います。あと4回")
    me.shot("people-reset-wrong")
    give_password(me)
    expect(me.page.locator(".banner.done")).to_contain_text("1人の2要素認証設定を初期化しました")
    expect(me.page.locator("tr", has_text=login_id)).to_contain_text("未登録")
    me.shot("people-done")
    signs_in_anew(employee, login_id)
    employee.prove(login_id)
    expect(employee.page.locator("#menu")).to_be_visible()
    bystander.open("/top")
    expect(bystander.page.locator("#greeting")).to_be_visible()


def test_without_a_script_many_are_chosen_over_pages_and_a_lock_is_lifted(visitor: NewVisitor) -> None:
    """Every button works by itself; the ticks are not lost on the way."""
    locked, me = visitor(), visitor(java_script_enabled=False)
    locked.full("B00000103")
    locked.sign_in("B00000103")
    locked.press(EVERYTHING)
    for typed in locked.world.wrong_codes("B00000103", 5):
        locked.type_code(typed)
    locked.expect_path("/.sekisho/locked")
    me.full(STAFF)
    me.open(f"{PEOPLE}?state=locked")
    expect(me.page.locator("tbody tr")).to_have_count(1)
    choose(me, "B00000103")
    me.press("条件クリア")
    choose(me, "B00000199")
    me.press("検索")
    expect(me.page.get_by_text("2人を選択中")).to_be_visible()
    me.press("選択した人の2要素認証設定を初期化")
    expect(me.page.locator("tbody tr")).to_have_count(2)
    give_password(me)
    expect(me.page.locator(".banner.done")).to_contain_text("初期化しました")
    locked.sign_in("B00000103")
    locked.press(EVERYTHING)
    locked.expect_path("/.sekisho/enrol")


@BOTH
def test_a_person_resets_themselves_and_is_signed_out_everywhere(visitor: NewVisitor, screen: Screen) -> None:
    """The page says so before and after, and leads to the sign-in page."""
    login_id = "B00001101" if screen.phone else "B00001201"
    me, elsewhere = visitor(screen), visitor()
    me.full(login_id)
    elsewhere.sign_in(login_id)
    me.open("/.sekisho/reset")
    expect(me.page.locator("main")).to_contain_text("すべての端末でログアウトされます")
    me.shot("reset")
    give_password(me, "")
    expect(me.page.locator("#password-error")).to_contain_text("パスワードを入力してください")
    me.shot("reset-empty")
    give_password(me)
    expect(me.heading).to_have_text("2要素認証設定を初期化しました")
    me.shot("reset-done")
    assert not me.session_cookie()
    me.page.click("a.main")
    me.expect_path("/login")
    signs_in_anew(elsewhere, login_id)


def test_five_wrong_passwords_lock_the_page_until_a_time(visitor: NewVisitor) -> None:
    """Somebody at an unlocked screen does not find out the password here."""
    me = visitor(PHONE)
    me.full("B00000102")
    me.open("/.sekisho/reset")
    for _ in range(5):
        give_password(me, "guess")
    expect(me.page.locator("#barred-heading")).to_contain_text("まで初期化できません")
    me.shot("reset-barred")


def test_the_operator_resets_from_the_command_line_while_the_gateway_runs(visitor: NewVisitor) -> None:
    """Within a second the open session is over."""
    me = visitor()
    me.full("B00000101")
    file = str(me.world.folder / "routes.yaml")
    with ThreadPoolExecutor(1) as elsewhere:  # Playwright's loop runs in this thread
        order = ["reset", "B00000101", "--config", file, "--reason", "journey"]
        done = elsewhere.submit(CliRunner().invoke, main, order).result(60)
    assert done.exit_code == 0, done.output
    me.page.wait_for_timeout(1000)
    signs_in_anew(me, "B00000101")
