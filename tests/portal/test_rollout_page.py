"""The operator's page before a date: the same figures as the command, for operators alone."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.core.policy import TenantSettings
from gateway.core.rollout import Rollout
from gateway.core.subject import Subject
from gateway.portal.rollout import asked
from gateway.stores.base_tenants import Establishment, PersonLine
from tests.portal.conftest import CHIEF, EMPLOYEE, NOON, OPERATOR, OTHER_STAFF, STAFF, Browser, World

ROLLOUT = "/.sekisho/rollout"
PATHS = (ROLLOUT, f"{ROLLOUT}/offices", f"{ROLLOUT}/people")
TOKYO = ZoneInfo("Asia/Tokyo")
MANDATORY = datetime(2027, 4, 1, 9, tzinfo=TOKYO).timestamp()


@pytest.fixture
def rollout() -> Rollout:
    """From 1 December, mandatory from 1 April at nine."""
    return Rollout(optional_from=datetime(2026, 12, 1, tzinfo=TOKYO).timestamp(), mandatory_from=MANDATORY)


@pytest.fixture(autouse=True)
async def offices(world: World) -> None:
    """Office 0001 uses it with one establishment that does and one that does not; 0002 does not."""
    establishments = [
        ("0001", Establishment("000001")),
        ("0001", Establishment("000002")),
        ("0002", Establishment("000003")),
    ]
    on = TenantSettings(True)
    entries = [("0001", "", on, False), ("0001", "000001", on, False)]
    people = [
        PersonLine("B00000101", "establishment", "0001", "000001", name="山田 花子"),
        PersonLine("B00000102", "establishment", "0001", "000001", name="佐藤 一"),
        PersonLine("B00000201", "establishment", "0001", "000002", name="=1+1"),
        PersonLine("B00000301", "establishment", "0002", "000003", name="竹本 三郎"),
    ]
    await world.registry.replace_configured("1", establishments, entries, people)
    begun = await world.registry.begin_enrolment("B00000101", b"sealed", "session", NOON, NOON + 600)
    assert await world.registry.confirm_enrolment("B00000101", getattr(begun, "nonce", ""), 1, NOON)


async def opened(world: World, query: str = "", path: str = ROLLOUT) -> Browser:
    browser = await (await world.sign_in(OPERATOR, proven=True)).get(path + query)
    assert browser.status == 200
    return browser


def table(browser: Browser) -> dict[str, list[int]]:
    """Office → people, enrolled, not enrolled, stopped, restricted, unaffected, barred."""
    body = browser.text.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [re.findall(r">([^<>]+)</t[hd]>", row) for row in re.findall(r"<tr[^>]*>(.*?)</tr>", body)]
    return {row[0]: [int(cell) for cell in row[1:]] for row in rows}


def lines(browser: Browser) -> list[list[str]]:
    return list(csv.reader(io.StringIO(browser.text.lstrip("\ufeff"), newline="")))


async def test_without_a_day_it_is_the_mandatory_date_and_the_office_with_most_to_do_comes_first(world: World) -> None:
    browser = await opened(world)
    assert "2027年4月1日(木) 9:00 の時点" in browser.text
    assert "設定にかかわらず全員がコードを求められます" in browser.text
    assert list(table(browser).items()) == [
        ("合計", [4, 1, 3, 1, 2, 0, 0]),
        ("0001", [3, 1, 2, 1, 1, 0, 0]),
        ("0002", [1, 0, 1, 0, 1, 0, 0]),
    ]


@pytest.mark.parametrize(
    ("day", "holds", "total"),
    [
        ("2026-11-30", "まだだれもコードを求められません", [4, 1, 3, 0, 0, 4, 0]),
        ("2026-12-01", "利用する設定の事務所・事業所だけ", [4, 1, 3, 1, 0, 2, 0]),
        ("2027/03/31", "利用する設定の事務所・事業所だけ", [4, 1, 3, 1, 0, 2, 0]),
        ("２０２７０４０１", "設定にかかわらず全員", [4, 1, 3, 1, 2, 0, 0]),
    ],
)
async def test_a_day_is_asked_about_as_it_will_be_at_its_end(
    day: str, holds: str, total: list[int], world: World
) -> None:
    browser = await opened(world, f"?at={day}")
    assert holds in browser.text
    assert table(browser)["合計"] == total


async def test_a_day_that_is_none_is_named_and_kept(world: World) -> None:
    browser = await opened(world, "?at=2027-02-30")
    assert "<title>エラー: " in browser.text
    assert browser.text.count("日付を 2027-04-01 のように入力してください") == 2
    assert 'type="text" value="2027-02-30"' in browser.text
    assert "download" not in browser.text
    for path in PATHS[1:]:
        await browser.get(f"{path}?at=2027-02-30")
        assert (browser.status, browser.location) == (303, f"{ROLLOUT}?at=2027-02-30")


async def test_both_files_hold_what_was_asked_for_and_nothing_that_a_spreadsheet_computes(world: World) -> None:
    page = await opened(world, "?at=2027-03-31")
    links = [html.unescape(link) for link in re.findall(r'href="([^"]+)" download', page.text)]
    assert len(links) == 4
    offices, people = [link for link in links if link.endswith("utf-8")]
    found = lines(await opened(world, path=offices))
    assert found[0][:4] == ["社労士事務所", "人数", "登録済み", "未登録"]
    assert len(found[0]) == 8
    assert sorted(found[1:]) == [
        ["0001", "3", "1", "2", "1", "0", "1", "0"],
        ["0002", "1", "0", "1", "0", "0", "1", "0"],
    ]
    found = lines(await opened(world, path=people))
    assert found[1:] == [["0001", "000001", "B00000102", "佐藤 一", "登録するまで何も使えない"]]
    everybody = lines(await opened(world, path=f"{ROLLOUT}/people"))
    assert ["0001", "000002", "B00000201", "'=1+1", "コード不要の機能だけ"] in everybody


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("who", [EMPLOYEE, CHIEF, STAFF, OTHER_STAFF], ids=["employee", "chief", "staff", "other"])
async def test_nobody_but_an_operator_opens_it_with_a_code_or_without(path: str, who: Subject, world: World) -> None:
    for proven in (False, True):
        browser = await (await world.sign_in(who, proven=proven)).get(path)
        assert browser.status == 403
        assert "B00000102" not in browser.text


@pytest.mark.parametrize("path", PATHS)
async def test_an_operator_enters_a_code_first(path: str, world: World) -> None:
    browser = await (await world.sign_in(OPERATOR, waiting=None)).get(path)
    assert (browser.status, browser.location) == (303, "/.sekisho/enrol")


async def test_an_empty_roster_says_so(world: World) -> None:
    await world.registry.replace_configured("2", [], [], [])
    assert "名簿に登録されている方がいません" in (await opened(world)).text


def test_without_dates_it_is_about_now() -> None:
    assert asked("", Rollout(), TOKYO, NOON).at == NOON
    assert (
        asked(" 2026-11-21 ", Rollout(), TOKYO, NOON).at == datetime(2026, 11, 21, 23, 59, 59, tzinfo=TOKYO).timestamp()
    )
    assert not asked("9999-12-31", Rollout(), TOKYO, NOON).readable
