"""Links and the notice that the gateway puts into pages: whose they are, and until when (D1, E1, F1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from gateway.core.apps import OwnPart
from gateway.core.insertions import Insertions, Viewer, wrapped
from gateway.core.policy import Policy
from gateway.core.rollout import Rollout
from gateway.core.session import Level
from gateway.core.subject import Kind, Subject
from tests.core.world import NOW, STAFF, WORKER, policy

TOKYO = ZoneInfo("Asia/Tokyo")
MANAGER = Subject("B00000199", Kind.ESTABLISHMENT, "0001", "000001", "99", "administrator")
NOBODYS = Subject("Z1", Kind.UNKNOWN)
LOST = Subject("A1", Kind.OFFICE)  # of an office that the directory does not name
PEOPLE, OWN = b'href="/.sekisho/people"', b'href="/.sekisho/reset"'


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> float:
    return datetime(year, month, day, hour, minute, tzinfo=TOKYO).timestamp()


def shown(
    part: OwnPart,
    who: Subject,
    level: Level = Level.FULL,
    rules: Policy | None = None,
    proven: bool = False,
    now: float = NOW,
    rollout: Rollout = Rollout(),  # noqa: B008 - a frozen value
) -> bytes:
    return Insertions(rollout, TOKYO).html(part, Viewer(who, level, rules or policy(), proven, now))


@pytest.mark.parametrize("required", [True, False])
def test_the_settings_are_offered_to_staff_whether_or_not_the_office_uses_2fa(required: bool) -> None:
    link = shown(OwnPart.SETTINGS_LINK, STAFF, rules=policy(required))
    assert unescape(link.decode("ascii")) == (
        '<a id="sekisho-settings-link" href="/.sekisho/settings" target="_top">2要素認証設定</a>'
    )


@pytest.mark.parametrize(
    ("who", "level"),
    [(WORKER, Level.FULL), (MANAGER, Level.FULL), (NOBODYS, Level.FULL), (LOST, Level.FULL), (STAFF, Level.CODE_DUE)],
)
def test_the_settings_are_offered_to_nobody_else(who: Subject, level: Level) -> None:
    assert shown(OwnPart.SETTINGS_LINK, who, level) == b""


@pytest.mark.parametrize(
    ("who", "level", "required", "proven", "expected"),
    [
        (STAFF, Level.FULL, False, False, PEOPLE),
        (STAFF, Level.FULL, True, True, PEOPLE),
        (MANAGER, Level.FULL, False, False, PEOPLE),
        (MANAGER, Level.RESTRICTED, True, False, OWN),
        (WORKER, Level.FULL, True, True, OWN),
        (WORKER, Level.FULL, False, True, OWN),
        (WORKER, Level.RESTRICTED, True, False, OWN),
        (WORKER, Level.FULL, False, False, b""),
        (NOBODYS, Level.FULL, True, True, OWN),
    ],
)
def test_a_reset_is_offered_to_whoever_has_something_to_reset(
    who: Subject, level: Level, required: bool, proven: bool, expected: bytes
) -> None:
    link = shown(OwnPart.RESET_LINK, who, level, policy(required), proven)
    assert expected in link
    assert ("2要素認証設定初期化" in unescape(link.decode("ascii"))) is bool(expected)
    assert bool(link) is bool(expected)


DATES = Rollout(announced_from=at(2024, 5, 7), mandatory_from=at(2024, 6, 5))


@pytest.mark.parametrize(
    ("when", "who", "seen"),
    [
        (at(2024, 5, 6, 23, 59), WORKER, False),
        (at(2024, 5, 7), WORKER, True),
        (at(2024, 6, 4, 23, 59), MANAGER, True),
        (at(2024, 6, 5), WORKER, False),
        (at(2024, 5, 7), STAFF, False),
        (at(2024, 5, 7), NOBODYS, False),
    ],
)
@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("level", [Level.FULL, Level.RESTRICTED])
def test_employees_see_the_notice_from_the_one_date_to_the_other(
    when: float, who: Subject, seen: bool, required: bool, level: Level
) -> None:
    notice = shown(OwnPart.ROLLOUT_NOTICE, who, level, policy(required), now=when, rollout=DATES)
    assert bool(notice) is seen


def notice(mandatory_from: float | None) -> str:
    rollout = Rollout(announced_from=NOW - 1, mandatory_from=mandatory_from)
    return unescape(shown(OwnPart.ROLLOUT_NOTICE, WORKER, rollout=rollout).decode("ascii"))


def test_the_notice_names_the_date_in_the_operators_zone_and_leads_to_the_help() -> None:
    at_midnight, at_nine = notice(at(2024, 6, 5)), notice(at(2024, 6, 5, 9))
    assert "2024年6月5日(水)から、ログインのときに2要素認証" in at_midnight
    assert "From Wed 5 Jun 2024, signing in" in at_midnight
    assert "2024年6月5日(水) 9:00から、" in at_nine
    assert "From Wed 5 Jun 2024, 9:00, signing in" in at_nine
    assert 'href="/.sekisho/help/"' in at_nine
    assert 'role="note"' in at_nine
    assert "まもなく、" in notice(None)
    assert "Soon, signing in" in notice(None)


def test_a_date_ahead_is_told_and_none_behind() -> None:
    insertions = Insertions(DATES, TOKYO)
    ahead = [insertions.dated(Viewer(WORKER, Level.FULL, policy(), False, now)) for now in (NOW, *_dates())]
    assert ahead == [True, True, False]
    assert not Insertions(Rollout(), TOKYO).dated(Viewer(WORKER, Level.FULL, policy(), False, NOW))


def _dates() -> tuple[float, float]:
    return at(2024, 5, 7), at(2024, 6, 5)


def test_an_element_goes_around_it_where_the_place_asks_for_one() -> None:
    assert wrapped(b"x", "li") == b"<li>x</li>"
    assert wrapped(b"x", "") == b"x"


def test_an_enrolment_is_told_with_its_time_and_address_in_the_sessions_that_have_it_to_tell() -> None:
    insertions, viewer = Insertions(Rollout(), TOKYO), Viewer(WORKER, Level.RESTRICTED, policy(), False, NOW)
    assert insertions.html(OwnPart.ENROLMENT_NOTICE, viewer) == b""
    told = replace(viewer, news=(at(2026, 11, 21, 9, 5), "<203.0.113.9>"))
    html = unescape(insertions.html(OwnPart.ENROLMENT_NOTICE, told).decode("ascii"))
    assert "2026年11月21日(土) 9:05 に認証アプリが登録されました" in html
    assert "from <203.0.113.9>" in html
    assert b"<203" not in insertions.html(OwnPart.ENROLMENT_NOTICE, told)
    assert 'href="/.sekisho/notice"' in html
    unknown = replace(viewer, news=(NOW, ""))
    assert "接続元" not in unescape(insertions.html(OwnPart.ENROLMENT_NOTICE, unknown).decode())
