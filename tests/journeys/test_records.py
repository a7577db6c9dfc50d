"""Record, progress and the question before a date, as their readers use them, at both sizes."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import DESK, PHONE, NewVisitor, Screen, Visitor

AUDIT, PROGRESS = "/.sekisho/audit", "/.sekisho/progress"
ROLLOUT, OPERATOR_AUDIT = "/.sekisho/rollout", "/.sekisho/operator/audit"
STAFF, OTHER_STAFF, OPERATOR = "A00010001", "A00020001", "A99990001"
BOTH = pytest.mark.parametrize("screen", [DESK, PHONE], ids=lambda screen: screen.name)
MEASURES = """() => ({
  scroll: document.documentElement.scrollWidth,
  bytes: new Blob([document.documentElement.outerHTML]).size,
  small: [...document.querySelectorAll('main button, main input, main select, main a.outline, main nav a')]
    .filter(e => e.offsetParent !== null && e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML.slice(0, 80)),
  beyond: [...document.querySelectorAll('main *')].filter(e => !e.closest('.sideways, .unseen'))
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80)),
  tiny: [...document.querySelectorAll('.chart text')]
    .filter(e => e.getBoundingClientRect().height < 11).map(e => e.outerHTML.slice(0, 80)),
})"""


def look(me: Visitor, name: str) -> None:
    """Take the picture, then measure: nothing is cut off, too small to hit or too small to read."""
    me.shot(name)
    found: dict[str, Any] = me.page.evaluate(MEASURES)
    assert found["scroll"] <= me.screen.width, (name, found)
    assert not found["beyond"], (name, found)
    assert not found["small"], (name, found)
    assert not found["tiny"], (name, found)
    assert found["bytes"] < 50_000


def saved(me: Visitor, link: str, encoding: str, folder: Path, *, nth: int = 0) -> list[list[str]]:
    """Follow a link to a file; what Excel would read of it."""
    with me.page.expect_download() as download:
        me.page.get_by_role("link", name=link).nth(nth).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.reader(file))


@BOTH
def test_an_office_finds_in_its_record_what_was_done_and_takes_it_away(
    visitor: NewVisitor, screen: Screen, tmp_path: Path
) -> None:
    employee, me = visitor(), visitor(screen)
    employee.full("B00000103" if screen.phone else "B00000101")
    me.sign_in(STAFF, "wrong")
    me.full(STAFF)
    me.open(AUDIT)
    expect(me.heading).to_have_text("記録")
    expect(me.page.locator("table")).to_contain_text("パスワードなどの間違いでログインできませんでした")
    expect(me.page.locator("table")).to_contain_text(
        "認証コードで認証しました" if screen.phone else "認証アプリを登録しました"
    )
    look(me, "audit")
    me.page.select_option("#kind", "enrolment")
    me.page.fill("#q", "b00000103" if screen.phone else "b00000101")
    me.press("検索")
    expect(me.page.locator("tbody tr")).not_to_have_count(0)
    expect(me.page.locator("tbody tr").first).to_contain_text("B0000010")
    expect(me.page.locator("#kind")).to_have_value("enrolment")
    windows = saved(me, "Excel用", "cp932", tmp_path)
    assert {row[2] for row in windows[1:]} >= {"認証アプリの登録を始めました", "認証アプリを登録しました"}
    assert saved(me, "UTF-8", "utf-8-sig", tmp_path) == windows
    me.follow("条件クリア")
    me.expect_path(AUDIT)
    expect(me.page.locator("tbody tr").first).to_contain_text("記録をファイルに出力しました")


@BOTH
def test_an_office_sees_how_far_it_is_in_pictures_and_figures(visitor: NewVisitor, screen: Screen) -> None:
    me = visitor(screen)
    me.full(STAFF)
    me.open(PROGRESS)
    expect(me.heading).to_have_text("進み具合")
    expect(me.page.locator(".share").first).to_contain_text("事業所のうち")
    expect(me.page.get_by_role("img", name="登録した人")).to_be_visible()
    assert me.page.locator(".chart svg[role=img]").count() == 4
    assert int(me.page.locator("tbody tr").first.locator("td").nth(1).inner_text()) >= 1, "the own enrolment of today"
    look(me, "progress")
    me.page.emulate_media(media="print", color_scheme="light")
    expect(me.page.locator("nav.tabs")).to_be_hidden()
    me.shot("progress-print")
    me.page.emulate_media(media="screen")
    me.follow("1年間（週ごと）")
    expect(me.page.locator("tbody tr")).to_have_count(52)
    look(me, "progress-year")


@BOTH
def test_the_operator_asks_before_a_date_who_will_be_stopped(
    visitor: NewVisitor, screen: Screen, tmp_path: Path
) -> None:
    visitor().sign_in("B00001201")
    me = visitor(screen)
    me.sign_in(OPERATOR)
    me.open(ROLLOUT)
    me.prove(OPERATOR)
    me.open(ROLLOUT)
    expect(me.heading).to_have_text("切り替え前の確認")
    me.page.fill("#at", "2027-04-01")
    me.press("調べる")
    expect(me.page.locator("#result")).to_contain_text("2027年4月1日(木) 23:59")
    expect(me.page.locator("tbody")).to_contain_text("0001")
    look(me, "rollout")
    offices = saved(me, "社労士事務所ごとの人数（UTF-8）", "utf-8-sig", tmp_path)
    assert {"0001", "9999"} <= {row[0] for row in offices}
    people = saved(me, "未登録の人の一覧（Excel用", "cp932", tmp_path)
    assert "B00001201" in {row[2] for row in people}
    me.follow("全事務所の記録")
    expect(me.heading).to_have_text("全事務所の記録")
    me.page.fill("#office", "0001")
    me.press("検索")
    expect(me.page.locator("tbody tr").first).to_contain_text("0001")
    look(me, "operator-audit")


def test_another_office_finds_nothing_of_it_and_nobody_but_the_operator_opens_the_operators_pages(
    visitor: NewVisitor,
) -> None:
    me = visitor()
    me.sign_in(OTHER_STAFF)
    me.open(AUDIT)
    me.prove(OTHER_STAFF)
    me.open(f"{AUDIT}?office=0001&q={STAFF}")
    expect(me.page.locator("main")).to_contain_text("条件に合う記録はありません")
    me.open(AUDIT)
    expect(me.page.locator("tbody")).to_contain_text(OTHER_STAFF)
    expect(me.page.locator("tbody")).not_to_contain_text("B0000010")
    for path in (ROLLOUT, f"{ROLLOUT}/people", OPERATOR_AUDIT, f"{OPERATOR_AUDIT}/file"):
        me.open(path)
        expect(me.heading).to_have_text("このページは利用できません")
