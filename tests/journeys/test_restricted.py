"""「就業打刻・明細閲覧のみ利用する」: what works without a code, what asks for one, what becomes of what was asked."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest
from playwright.sync_api import FilePayload, expect

from tests.journeys.visitor import DESK, ICONS, PHONE, NewVisitor, Screen, Visitor
from tests.journeys.world import World

OWN_NOTICE = re.compile(r'<div id="sekisho-[a-z-]+".*?</div>')
# One establishment that exempts payslips alone: the demo has none.
EDITS = (('"000012": {use: true, exempt: []}', '"000012": {use: true, exempt: [payslip.own]}'),)
BOTH = pytest.mark.parametrize("screen", [DESK, PHONE], ids=lambda screen: screen.name)
STEP_UP = "/.sekisho/step-up"
ASKS = "この機能には認証コードが必要です"


def expect_step_up(me: Visitor) -> None:
    """The page says that this needs a code, and offers to enter it."""
    me.expect_path(STEP_UP)
    expect(me.heading).to_have_text(ASKS)


@BOTH
def test_the_menu_shows_only_the_icons_that_work(visitor: NewVisitor, screen: Screen) -> None:
    """On the phone it is the page that the sign-in itself answered with; password change is gone, sign-out stays."""
    me = visitor(screen)
    me.restricted("B00000101")
    me.expect_path("/sp/login" if screen.phone else "/top")
    assert me.icons() == {"shugyo", "meisai"}
    assert me.page.locator("#link-password").count() == 0
    expect(me.page.locator("#link-logout")).to_be_visible()
    expect(me.page.locator("#oshirase")).to_contain_text("勤務表の締め日")
    me.shot("journey-restricted-menu")
    me.open("/sp/top" if screen.phone else "/top")
    assert me.icons() == {"shugyo", "meisai"}


@BOTH
@pytest.mark.parametrize(
    ("login_id", "wording", "icons"),
    [("B00001201", "明細閲覧のみ利用する", {"meisai"}), ("B00001101", "就業打刻・届出のみ利用する", {"shugyo"})],
    ids=["payslip", "attendance"],
)
def test_wording_and_icons_follow_what_the_establishment_exempts(
    visitor: NewVisitor, screen: Screen, login_id: str, wording: str, icons: set[str]
) -> None:
    """One feature, one icon; the other app asks for a code."""
    me = visitor(screen)
    me.sign_in(login_id)
    me.shot(f"journey-choice-{'-'.join(icons)}")
    me.press(wording)
    expect(me.page.locator("#greeting")).to_be_visible()
    assert me.icons() == icons
    me.open("/meisai/" if "shugyo" in icons else "/shugyo/punch")
    expect_step_up(me)


def test_what_the_gateway_leaves_of_the_menu_is_the_apps_own(visitor: NewVisitor, world: World) -> None:
    """Every line of the restricted menu stands in the whole one, in its order."""
    whole, part = visitor(), visitor()
    whole.full("B00000102")
    part.restricted("B00000102")
    lines, all_lines = (
        OWN_NOTICE.sub("", one.page.evaluate("fetch('/top').then(answer => answer.text())")).splitlines()
        for one in (part, whole)
    )
    rest = iter(all_lines)
    assert all(line in rest for line in lines if line)
    assert len(lines) > 20


def test_the_four_punches_work_on_unharmed_shift_jis_pages(visitor: NewVisitor) -> None:
    """The page is read as Shift_JIS and says in Japanese what was punched; its script's JSON arrives too."""
    me = visitor()
    me.restricted("B00000101")
    me.page.click("#icon-shugyo a")
    me.expect_path("/shugyo/punch")
    assert me.page.evaluate("document.characterSet") == "Shift_JIS"
    for button, state in (("出勤", "勤務中"), ("外出", "外出中"), ("戻り", "勤務中"), ("退社", "退社済")):
        before = me.world.now
        me.press(button)
        expect(me.page.locator("#state")).to_have_text(state)
        minutes = {f"{now:%H:%M}" for now in (before, me.world.now)}  # the punch may fall on either side of a full one
        expect(me.page.locator("#state")).to_have_attribute("title", re.compile(f"^{state} ({'|'.join(minutes)})$"))
        expect(me.page.locator("#punches td").last).to_have_text(button)
    assert "\ufffd" not in me.page.content()
    me.shot("journey-punch")


def test_this_months_sheet_works_and_last_months_asks_for_a_code(visitor: NewVisitor) -> None:
    """The same link of the app's page, one month earlier."""
    me = visitor()
    me.restricted("B00000101")
    me.open("/shugyo/punch")
    me.follow("勤務表確認")
    expect(me.page.locator("#month")).to_contain_text(f"{me.world.now:%Y年%m月}の勤務表 （山田 花子）")
    me.follow("当月")
    expect(me.page.locator("#month")).to_contain_text(f"{me.world.now:%Y年%m月}")
    me.follow("前月")
    expect_step_up(me)
    expect(me.page.locator(".wanted")).to_contain_text("/shugyo/sheet")
    me.follow("就業打刻・明細閲覧の利用に戻る")
    me.expect_path("/shugyo/sheet")
    expect(me.page.locator("#month")).to_be_visible()


def test_ones_own_payslip_works_and_anothers_asks_for_a_code(visitor: NewVisitor) -> None:
    """List, slip, search, tax slip and PDF of one's own."""
    me = visitor()
    me.restricted("B00000101")
    me.page.click("#icon-meisai a")
    expect(me.page.locator("#whose")).to_have_text("山田 花子 さんの明細")
    me.page.get_by_role("link", name="給与明細").first.click()
    expect(me.page.locator("#whose")).to_contain_text("山田 花子 （社員番号 01）")
    with me.page.expect_download() as started:
        me.page.evaluate(
            "href => { const a = document.createElement('a'); a.href = href; a.download = ''; a.click() }",
            me.page.locator("#pdf").get_attribute("href"),
        )
    assert started.value.path().read_bytes().startswith(b"%PDF-")
    me.follow("源泉徴収票閲覧")
    expect(me.page.locator("#whose")).to_contain_text("年分 山田 花子")
    me.open("/meisai/list?emp=01")
    me.press("検索")
    expect(me.page.locator("#whose")).to_contain_text("社員番号 01")
    me.open("/meisai/view?emp=02")
    expect_step_up(me)


def test_a_manager_sees_nobody_elses_payslip_without_a_code(visitor: NewVisitor) -> None:
    """Whatever rights the person has in the app; with the code the app's own rights hold."""
    me = visitor()
    me.restricted("B00000199")
    me.open("/meisai/list?emp=99")
    expect(me.page.locator("#whose")).to_have_text("総務 一郎 さんの明細")
    me.follow("明細管理")
    expect_step_up(me)
    me.open("/meisai/list?emp=01")
    expect_step_up(me)
    me.follow("認証コードを入力する")
    me.prove("B00000199")
    expect(me.page.locator("#whose")).to_have_text("山田 花子 さんの明細")


def test_notifications_open_the_main_menu_and_neither_supervisor_nor_hr_nor_master(visitor: NewVisitor) -> None:
    """Own applications in Shift_JIS, 表 with its backslash byte included, and sheets of other months."""
    me = visitor()
    me.restricted("B00001101", "就業打刻・届出のみ利用する")
    me.open("/shugyo/todoke/new")
    me.page.fill("#riyu", "表の修正ソ十")
    me.press("申請")
    expect(me.page.locator("#status")).to_contain_text("表の修正ソ十")
    for path in ("/shugyo/shift", "/shugyo/nenji", "/shugyo/sheet?month=202601", "/shugyo/todoke"):
        me.open(path)
        expect(me.page.locator("#shugyo-menu")).to_be_visible()
    for path in ("/shugyo/jocho", "/shugyo/somu", "/shugyo/master"):
        me.open(path)
        expect_step_up(me)


@BOTH
def test_step_up_lands_where_the_person_wanted_to_go(visitor: NewVisitor, screen: Screen) -> None:
    """Without signing in again; afterwards the menu is whole."""
    me = visitor(screen)
    me.restricted("B00000101")
    me.open("/kashikin/?page=3")
    expect_step_up(me)
    me.shot("journey-step-up")
    me.follow("認証コードを入力する")
    me.shot("journey-step-up-code")
    me.prove("B00000101")
    me.expect_path("/kashikin/")
    assert me.path == "/kashikin/?page=3"
    expect(me.heading).to_have_text("ネットde貸金WEB")
    me.open("/top")
    assert me.icons() == set(ICONS)


def restricted_again(me: Visitor, login_id: str) -> None:
    """The person signs in a second time in another window of the same browser, without a code."""
    window = me.page
    me.page = me.context.new_page()
    me.restricted(login_id)
    me.page.close()
    me.page = window


def test_an_interrupted_password_change_is_finished_after_the_code(visitor: NewVisitor, world: World) -> None:
    """What was typed before the code is what the app gets; the new password then opens the door."""
    me = visitor()
    me.full("B00000103")
    me.open("/password")
    me.page.fill("#old", "demo")
    me.page.fill("#new", "新しい&密+%41=1")
    me.page.fill("#again", "新しい&密+%41=1")
    restricted_again(me, "B00000103")
    me.press("変更")
    expect_step_up(me)
    expect(me.page.get_by_text("送信した内容は保管しています")).to_be_visible()
    me.shot("journey-step-up-kept")
    me.follow("認証コードを入力する")
    me.prove("B00000103")
    expect(me.page.locator("#message")).to_have_text("パスワードを変更しました。")
    me.expect_path("/password")
    other = visitor()
    other.sign_in("B00000103", "新しい&密+%41=1")
    other.expect_path("/.sekisho/choice")


def test_an_interrupted_shift_jis_form_arrives_as_it_was_typed(visitor: NewVisitor) -> None:
    """The bytes are kept, not the text."""
    me = visitor()
    me.full("B00000102")
    me.open("/shugyo/todoke/new")
    me.page.fill("#riyu", "表十ソ能 & 欠勤")
    restricted_again(me, "B00000102")
    me.press("申請")
    expect_step_up(me)
    me.follow("認証コードを入力する")
    me.prove("B00000102")
    expect(me.page.locator("#status")).to_contain_text("表十ソ能 & 欠勤")


def test_an_interrupted_upload_arrives_whole(visitor: NewVisitor) -> None:
    """A multipart form with a file; it is listed once."""
    me = visitor()
    me.full("B00000102")
    me.open("/uketsuke/")
    content = bytes(range(256)) * 400
    file = FilePayload(name="書類.bin", mimeType="application/octet-stream", buffer=content)
    me.page.set_input_files("input[type=file]", files=[file])
    restricted_again(me, "B00000102")
    me.press("送信")
    expect_step_up(me)
    me.follow("認証コードを入力する")
    me.prove("B00000102")
    me.expect_path("/uketsuke/")
    expect(me.page.locator("table.list td", has_text=f"{len(content)} バイト")).to_have_count(1)
    with me.page.expect_download() as started:
        me.follow("書類.bin")
    assert started.value.path().read_bytes() == content


def test_a_script_gets_a_status_and_a_reason_and_no_page(visitor: NewVisitor) -> None:
    """fetch() from an open page: 403, problem JSON, and where a person could go on."""
    me = visitor()
    me.restricted("B00000101")
    asked = (
        "path => fetch(path).then(a => a.text().then(t => [a.status, a.headers.get('content-type'), t, a.redirected]))"
    )
    status, media_type, text, redirected = me.page.evaluate(asked, "/uketsuke/")
    problem = json.loads(text)
    assert (status, media_type, redirected) == (403, "application/problem+json", False)
    assert (problem["status"], problem["reason"]) == (403, "no-route")
    assert problem["code_page"] == STEP_UP
    assert problem["reference"]
    me.open("/top")
    assert me.icons() == {"shugyo", "meisai"}


def test_a_form_that_another_site_sends_is_not_kept(visitor: NewVisitor, world: World) -> None:
    """Nobody can make a person's own code finish what somebody else has typed."""
    me = visitor()
    me.restricted("B00000101")
    form = "<form method=post action='{}'><input name=riyu value=x></form><script>document.forms[0].submit()</script>"
    me.page.goto("data:text/html," + quote(form.format(me.world.url + "/shugyo/todoke")))
    expect(me.heading).not_to_have_text(ASKS)
    me.open("/shugyo/punch")
    expect(me.page.locator("#shugyo-menu")).to_be_visible()
