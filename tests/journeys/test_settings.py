"""「2要素認証設定」: an office moves its establishments, at a desk and on a phone, with and without scripts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.test_looks import look
from tests.journeys.visitor import DESK, PHONE, NewVisitor, Screen, Visitor

BOTH = pytest.mark.parametrize("screen", [DESK, PHONE], ids=lambda screen: screen.name)
SETTINGS, STAFF = "/.sekisho/settings", "A00010001"


def opened(me: Visitor) -> None:
    """Sign in with a code and follow the link of the app's top page."""
    me.full(STAFF)
    me.follow("2要素認証設定")
    me.expect_path(SETTINGS)
    expect(me.heading).to_have_text("2要素認証設定")


def row(me: Visitor, code: str) -> str:
    """What the list says of an establishment."""
    return me.page.locator("tbody tr", has_text=code).inner_text()


def put(me: Visitor, code: str) -> None:
    """Tick an establishment."""
    me.page.locator(f"input[name=code][value='{code}']").check()


@BOTH
def test_an_office_searches_picks_sets_and_takes_back(visitor: NewVisitor, screen: Screen) -> None:
    """And who is signed in meanwhile is under the new settings at the next click (C7)."""
    employee, me = visitor(), visitor(screen)
    employee.sign_in("B00000601")
    expect(employee.page.locator("#menu")).to_be_visible()
    opened(me)
    me.page.fill("#kana", "ｴﾑｹﾞｰ")
    me.page.locator("#kana").press("Enter")
    expect(me.page.locator("main")).to_contain_text("1件中 1～1件目")
    put(me, "000006")
    me.press("条件クリア")
    expect(me.page.get_by_role("status")).to_contain_text("1件を選択中")
    put(me, "000012")
    me.page.get_by_label("2要素認証ログインを利用する", exact=True).check()
    me.shot("settings-picked")
    me.press("一括登録")
    expect(me.page.locator("main")).to_contain_text("2事業所・5名の設定を変更します。うち1名がログイン中です。")
    expect(me.page.locator("main")).to_contain_text("変更前 1 → 変更後 2")
    look(me, "settings-bulk", "ja")
    me.page.click("button.main")
    expect(me.page.get_by_role("alert")).to_contain_text("2事業所の設定を変更しました")
    assert me.page.get_by_role("alert").evaluate("e => e === document.activeElement")
    assert "利用する" in row(me, "000006")
    look(me, "settings-done", "ja")
    employee.open("/top")
    employee.expect_path("/.sekisho/choice")
    me.press("元に戻す")
    expect(me.page.get_by_role("alert")).to_contain_text("2事業所の設定を元に戻しました")
    assert "利用しない" in row(me, "000006")
    employee.open("/top")
    expect(employee.page.locator("#menu")).to_be_visible()


def test_without_a_script_one_establishment_is_set_and_the_second_of_two_is_told(visitor: NewVisitor) -> None:
    """Everything is a form; what was typed is kept."""
    me, other = visitor(java_script_enabled=False), visitor()
    opened(me)
    opened(other)
    for one in (me, other):
        put(one, "000011")
        one.press("個別登録")
        expect(one.heading).to_have_text("株式会社顧問")
    other.page.get_by_label("打刻のみ許可").check()
    other.press("登録")
    expect(other.page.get_by_role("alert")).to_contain_text("1事業所の設定を変更しました")
    me.page.get_by_label("2要素認証ログインを利用しない", exact=True).check()
    me.press("登録")
    expect(me.page.get_by_role("alert")).to_contain_text("ほかの方がこの事業所の設定を変更しました")
    expect(me.page.get_by_role("alert")).to_contain_text(STAFF)
    expect(me.page.get_by_label("2要素認証ログインを利用しない", exact=True)).to_be_checked()
    look(me, "settings-conflict", "ja")
    me.press("登録")
    assert "利用しない" in row(me, "000011")
    me.press("元に戻す")
    assert "利用する" in row(me, "000011")


def test_a_file_goes_out_is_edited_and_comes_back(visitor: NewVisitor, tmp_path: Path) -> None:
    """A bad line stops all of it and is named; a good file is shown first."""
    me = visitor()
    opened(me)
    me.press("ファイル出力")
    with me.page.expect_download() as saving:
        me.follow("Excel用（Shift_JIS）で保存")
    exported = tmp_path / "out.csv"
    saving.value.save_as(exported)
    text = exported.read_bytes().decode("cp932")
    assert "000006,株式会社エムゲーシステム," in text
    me.follow("一覧へ戻る")
    me.press("ファイル取込")
    edited = tmp_path / "in.csv"
    before = next(line for line in text.split("\r\n") if line.startswith("000006"))
    edited.write_bytes(text.replace(before, before.replace("利用しない", "利用したい")).encode("cp932"))
    me.page.set_input_files("#file", edited)
    me.press("内容を確認する")
    expect(me.heading).to_have_text("取り込めない行があります")
    expect(me.page.locator("main")).to_contain_text("2要素認証が「利用したい」です")
    look(me, "settings-import-bad", "ja")
    me.follow("ファイルを選び直す")
    look(me, "settings-import", "ja")
    edited.write_bytes(text.replace(before, before.replace("利用しない", "利用する")).encode("cp932"))
    me.page.set_input_files("#file", edited)
    me.press("内容を確認する")
    expect(me.page.locator("main")).to_contain_text(re.compile("1事業所・[1-9]名の設定を変更します。"))
    look(me, "settings-import-check", "ja")
    me.page.click("button.main")
    expect(me.page.get_by_role("alert")).to_contain_text("1事業所の設定を変更しました")
    me.press("元に戻す")


@pytest.mark.parametrize(("screen", "language"), [(DESK, "en"), (PHONE, "ja")], ids=["desk-en", "phone-ja"])
def test_every_page_fits_the_window(visitor: NewVisitor, screen: Screen, language: str) -> None:
    """No scrolling sideways, targets of 44 px, under 50 KB, one heading, no error."""
    me = visitor(screen, locale="ja-JP" if language == "ja" else "en-GB")
    broken: list[str] = []
    me.page.on("pageerror", lambda fault: broken.append(str(fault)))
    me.page.on("console", lambda said: broken.append(said.text) if "Content Security Policy" in said.text else None)
    me.full(STAFF)
    for path in (
        "",
        "?name=%E3%81%82",
        "?fault=none",
        "?fault=closed",
        "/establishment?code=000001",
        "/export",
        "/import",
    ):
        me.open(SETTINGS + path)
        look(me, "settings" + "".join(filter(str.isalpha, path))[:12], language)
    me.open(SETTINGS)
    me.page.locator("#office-0").check()
    me.page.locator("form[action$='/settings/office'] button").click()
    look(me, "settings-office-off", language)
    assert not broken
