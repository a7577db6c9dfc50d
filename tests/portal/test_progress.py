"""An office's progress: the sums, the charts and the table say the same, and it is the truth of the record."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gateway.core.events import Event
from gateway.core.policy import TenantSettings
from gateway.core.subject import Subject
from gateway.portal.views_records import Share
from gateway.stores.base_audit import AuditEvent
from gateway.stores.base_tenants import Changed, Establishment, PersonLine, Stamp
from tests.portal.conftest import CHIEF, EMPLOYEE, NOON, OPERATOR, STAFF, Browser, World

PROGRESS = "/.sekisho/progress"
DAY = 86_400.0
ON, OFF = TenantSettings(True), TenantSettings()
CODES = ("000001", "000002", "000003", "000004")


@pytest.fixture(autouse=True)
async def office(world: World) -> None:
    """Office 0001 has four establishments and five people; 0002 has its own."""
    people = [PersonLine(f"B0000010{number}", "establishment", "0001", "000001", f"0{number}") for number in range(4)]
    people.append(PersonLine(STAFF.login_id, "office", "0001"))
    people.append(PersonLine("B00000301", "establishment", "0002", "000009"))
    establishments = [("0001", Establishment(code)) for code in CODES] + [("0002", Establishment("000009"))]
    await world.registry.replace_configured("1", establishments, [], people)


async def use(world: World, settings: TenantSettings, *codes: str, at: float = NOON) -> None:
    """Office 0001 changes these establishments."""
    rows = [(code, settings) for code in codes]
    done = await world.registry.change_rows("0001", rows, OFF, 1000, Stamp(STAFF.login_id, at, "", "R"))
    assert isinstance(done, Changed)


async def happened(world: World, name: Event, at: float, office: str = "0001") -> None:
    await world.registry.record(AuditEvent(at, name.value, "R", "B1", "B1", office, "000001", ""))


async def enrol(world: World, login_id: str, at: float = NOON) -> None:
    begun = await world.registry.begin_enrolment(login_id, b"sealed", "session", at, at + 600)
    assert await world.registry.confirm_enrolment(login_id, getattr(begun, "nonce", ""), 1, at)


async def opened(world: World, query: str = "") -> Browser:
    browser = await (await world.sign_in(STAFF, proven=True)).get(PROGRESS + query)
    assert browser.status == 200
    return browser


def figures(browser: Browser) -> dict[str, list[int]]:
    """The table: day → using, enrolled, locks, resets."""
    body = browser.text.partition("<tbody>")[2].partition("</tbody>")[0]
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", body):
        cells = re.findall(r">([^<>]+)</t[hd]>", row)
        found[cells[0]] = [int(cell.replace(",", "")) for cell in cells[1:]]
    return found


async def test_the_sums_say_how_many_of_how_many_of_the_own_office(world: World) -> None:
    await use(world, ON, "000001", "000003")
    for login_id in ("B00000100", "B00000101", "B00000301"):
        await enrol(world, login_id)
    text = (await opened(world)).text
    assert "4事業所のうち 2事業所" in text
    assert "5名のうち 2名" in text
    assert re.findall(r'<p class="big">(\d+)%', text) == ["50", "40"]
    assert 'href="/.sekisho/people?state=not-enrolled"' in text


async def test_the_number_of_establishments_is_walked_back_through_the_record(world: World) -> None:
    await use(world, ON, "000001", "000002", "000003", at=NOON - 20 * DAY)
    await use(world, OFF, "000002", at=NOON - 3 * DAY)
    await use(world, ON, "000004", at=NOON - 3600)
    found = figures(await opened(world))
    assert [found[day][0] for day in ("11/21", "11/20", "11/18", "11/17", "11/1", "10/31", "10/23")] == [
        3, 2, 2, 3, 3, 0, 0,
    ]  # fmt: skip


async def test_enrolments_locks_and_resets_are_counted_on_their_day_in_the_operators_zone(world: World) -> None:
    midnight = NOON - 12 * 3600
    await happened(world, Event.ENROLMENT_CONFIRMED, midnight - 1)
    await happened(world, Event.ENROLMENT_CONFIRMED, midnight)
    await happened(world, Event.ENROLMENT_CONFIRMED, NOON)
    await happened(world, Event.ENROLMENT_BEGUN, NOON)
    for name in (Event.FACTOR_LOCKED, Event.FACTOR_STOPPED, Event.PASSWORD_LOCKED, Event.FACTOR_RESET):
        await happened(world, name, NOON - 9 * DAY)
    await happened(world, Event.FACTOR_RESET_BY_OPERATOR, NOON - 9 * DAY)
    await happened(world, Event.ENROLMENT_CONFIRMED, NOON, office="0002")
    await happened(world, Event.ENROLMENT_CONFIRMED, NOON - 40 * DAY)
    found = figures(await opened(world))
    assert len(found) == 30
    assert {day: row for day, row in found.items() if any(row)} == {
        "11/21": [0, 2, 0, 0],
        "11/20": [0, 1, 0, 0],
        "11/12": [0, 0, 3, 2],
    }


@pytest.mark.parametrize(
    ("days", "count", "first", "chosen"),
    [
        ("30", 30, "11/21", "30日間"),
        ("90", 90, "11/21", "90日間"),
        ("365", 52, "11/15～11/21", "1年間（週ごと）"),
        ("x", 30, "11/21", "30日間"),
    ],
)
async def test_a_period_is_chosen_by_a_link_and_shown_as_chosen(
    days: str, count: int, first: str, chosen: str, world: World
) -> None:
    await happened(world, Event.ENROLMENT_CONFIRMED, NOON - 2 * DAY)
    browser = await opened(world, f"?days={days}")
    found = figures(browser)
    assert (len(found), next(iter(found))) == (count, first)
    assert sum(row[1] for row in found.values()) == 1
    assert re.findall(r'aria-current="page">([^<]+)', browser.text)[-1] == chosen
    assert len(browser.text.encode()) < 50 * 1024


async def test_every_chart_has_a_name_a_description_and_the_numbers_that_it_shows(world: World) -> None:
    await use(world, ON, "000001")
    for at in (NOON, NOON - 5 * DAY, NOON - 5 * DAY):
        await happened(world, Event.ENROLMENT_CONFIRMED, at)
    text = (await opened(world)).text
    charts = re.findall(r'<svg [^>]*role="img".*?</svg>', text, re.DOTALL)
    assert len(charts) == 4
    for chart in charts:
        named = re.search(r'aria-labelledby="(\S+) (\S+)"', chart)
        assert named is not None
        assert f'<title id="{named[1]}">' in chart
        assert f'<desc id="{named[2]}">' in chart
        assert "style=" not in chart
    using, enrolled, locks, _ = charts
    assert "期間の初めは0、今は1。" in using
    assert 'class="line"' in using
    assert "期間の合計は3、最も多いときで2。" in enrolled
    assert re.search(r'class="mark"[^>]*>2<', enrolled)
    assert enrolled.count("h-") == 2
    assert "この期間にはありません。" in locks
    assert 'class="bars"' not in locks
    assert text.count("期間の合計は3、最も多いときで2。") == 2  # in the picture and under it


async def test_an_office_that_does_not_use_it_is_told_why_its_settings_do_nothing(world: World) -> None:
    assert "まだ適用されていません" not in (await opened(world)).text
    world.policy[0] = replace(world.policy[0], required=False)
    assert "まだ適用されていません" in (await opened(world)).text


async def test_an_office_without_anybody_has_a_page_too(world: World) -> None:
    await world.registry.replace_configured("2", [], [], [])
    text = (await opened(world)).text
    assert "0事業所のうち 0事業所" in text
    assert re.findall(r'<p class="big">(\d+)%', text) == ["0", "0"]


@pytest.mark.parametrize("who", [EMPLOYEE, CHIEF], ids=["employee", "chief"])
async def test_only_staff_see_it_and_only_with_a_code(who: Subject, world: World) -> None:
    for proven in (False, True):
        assert (await (await world.sign_in(who, proven=proven)).get(PROGRESS)).status == 403
    browser = await (await world.sign_in(STAFF, waiting=None)).get(PROGRESS)
    assert (browser.status, browser.location) == (303, "/.sekisho/enrol")
    browser = await (await world.sign_in(OPERATOR, proven=True)).get(PROGRESS)
    assert "0事業所のうち" in browser.text


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [(0, 0, 0), (0, 9, 0), (1, 1000, 1), (999, 1000, 99), (9, 9, 100), (1, 3, 33), (3, 0, 0)],
)
def test_percent_is_never_all_before_all_are_there_nor_nothing_once_one_is(part: int, whole: int, percent: int) -> None:
    assert Share("people", part, whole).percent == percent
