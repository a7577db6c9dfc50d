"""Registration codes: who has the password alone cannot enrol where an office demands them (R-024)."""

from __future__ import annotations

import csv
import html
import io
import re
from dataclasses import replace

import pytest

from gateway.core.events import Event
from gateway.core.lockout import LockoutLimits
from gateway.core.subject import Subject
from gateway.portal import registration_codes as codes
from gateway.stores.base_people import RegistrationCode
from gateway.stores.base_tenants import Stamp
from gateway.stores.records import Continuation
from tests.portal.conftest import CHIEF, COLLEAGUE, EMPLOYEE, NOON, OTHER_EMPLOYEE, STAFF, Browser, World
from tests.portal.people_kit import MANAGER, NEIGHBOUR, enrol, events, fill, press, text_of
from tests.portal.test_journeys import code, wrong

ASKS, ISSUES = "/.sekisho/registration", "/.sekisho/people/codes"
SLIPS, FILE = f"{ISSUES}/slips", f"{ISSUES}/csv"
RIGHT = "ABCDEFGH23"
STAMP = Stamp("A00010001", NOON, "192.0.2.1", "R-1")
DAY = 86400.0


def demand(world: World, *, yes: bool = True) -> None:
    """The office turns registration codes on, or off again."""
    world.policy[0] = replace(world.policy[0], registration_code=yes)


async def give(world: World, who: Subject = EMPLOYEE, plain: str = RIGHT, days: float = 14) -> None:
    """An administrator has issued this code."""
    sealed = codes.sealed(world.keys, plain, who.login_id)
    until = world.now[0] + days * DAY
    await world.registry.issue_codes([RegistrationCode(who.login_id, sealed, world.now[0], until)], STAMP)


async def typed(world: World, text: str, browser: Browser | None = None) -> Browser:
    """Somebody at the page types this."""
    browser = browser or await world.sign_in()
    return await browser.post(ASKS, {"registration": text})


class TestBeforeAnEnrolment:
    async def test_the_enrolment_page_leads_to_the_code_first_and_begins_nothing(self, world: World) -> None:
        demand(world)
        await give(world)
        browser = await (await world.sign_in()).get("/.sekisho/enrol")
        assert (browser.status, browser.location) == (303, ASKS)
        assert await events(world, Event.ENROLMENT_BEGUN) == []
        page = await browser.get(ASKS)
        assert page.status == 200
        assert "登録コードの発行を依頼してください" in text_of(page).replace("「", "").replace("」 ", "").replace(
            "」", ""
        )
        assert RIGHT not in page.text

    async def test_an_office_that_demands_none_has_no_such_page(self, world: World) -> None:
        browser = await (await world.sign_in()).get(ASKS)
        assert browser.location == "/.sekisho/enrol"
        assert (await browser.get("/.sekisho/enrol")).status == 200
        assert "登録コード" not in browser.text

    @pytest.mark.parametrize(
        "spelling", [RIGHT, "abcde-fgh23", " ＡＢＣＤＥ　ＦＧＨ２３ ", "ab-cd-ef-gh-23", "ABCDEーFGH23"]
    )
    async def test_the_right_code_in_any_spelling_opens_the_enrolment(self, world: World, spelling: str) -> None:
        demand(world)
        await give(world)
        browser = await typed(world, spelling)
        assert browser.location == "/.sekisho/enrol"
        page = await browser.get("/.sekisho/enrol")
        await browser.post("/.sekisho/enrol", {"totp": code(page.key(), world.now[0])})
        assert browser.location == "/login"
        assert await world.registry.second_factor(EMPLOYEE.login_id) is not None
        assert await world.registry.registration_code(EMPLOYEE.login_id, world.now[0]) is None, "spent"
        assert len(await events(world, Event.REGISTRATION_ACCEPTED)) == 1

    async def test_a_code_enrols_once(self, world: World) -> None:
        demand(world)
        await give(world)
        first, second = await typed(world, RIGHT), await typed(world, RIGHT)
        for browser in (first, second):
            assert (await browser.get("/.sekisho/enrol")).status == 200
        secret = second.key()
        await second.post("/.sekisho/enrol", {"totp": code(secret, world.now[0])})
        assert second.location == "/login"
        await world.registry.reset(EMPLOYEE.login_id)
        late = await world.sign_in()
        assert (await late.get("/.sekisho/enrol")).location == ASKS
        assert "wrong" in (await typed(world, RIGHT, late)).location

    async def test_the_session_without_the_code_cannot_confirm_what_another_began(self, world: World) -> None:
        demand(world, yes=False)
        thief = await (await world.sign_in()).get("/.sekisho/enrol")
        secret = thief.key()
        demand(world)
        await give(world)
        await thief.post("/.sekisho/enrol", {"totp": code(secret, world.now[0])})
        assert thief.location == ASKS
        assert await world.registry.second_factor(EMPLOYEE.login_id) is None

    async def test_somebody_elses_code_is_wrong(self, world: World) -> None:
        demand(world)
        await give(world, COLLEAGUE)
        assert "fault=wrong" in (await typed(world, RIGHT)).location

    async def test_a_code_sealed_for_somebody_else_is_wrong_even_in_ones_own_row(self, world: World) -> None:
        demand(world)
        sealed = codes.sealed(world.keys, RIGHT, COLLEAGUE.login_id)
        await world.registry.issue_codes([RegistrationCode(EMPLOYEE.login_id, sealed, NOON, NOON + DAY)], STAMP)
        assert "fault=wrong" in (await typed(world, RIGHT)).location

    async def test_whoever_has_a_second_factor_is_asked_for_that(self, world: World) -> None:
        demand(world)
        await enrol(world, EMPLOYEE.login_id)
        browser = await (await world.sign_in()).get(ASKS)
        assert browser.location == "/.sekisho/code"
        assert (await typed(world, RIGHT, browser)).location == "/.sekisho/choice"

    async def test_the_way_back_stays_and_leads_to_what_needs_no_code(self, world: World) -> None:
        demand(world)
        browser = await world.sign_in(restricted=True)
        page = await browser.get(f"{ASKS}?back=/top")
        assert 'href="/top"' in page.text
        assert (await typed(world, "", browser)).location == f"{ASKS}?fault=empty"


class TestWrongCodes:
    @pytest.mark.parametrize(
        ("text", "word"),
        [("", "empty"), (" ー ", "empty"), ("ABCDE", "length-5"), ("ABCDEFGHI1", "letters"), ("登録コード", "letters")],
    )
    async def test_what_can_be_no_code_is_said_and_not_counted(self, world: World, text: str, word: str) -> None:
        demand(world)
        browser = await typed(world, text)
        assert browser.location == f"{ASKS}?fault={word}"
        page = await browser.get(browser.location)
        assert "<title>エラー: " in page.text
        assert f'value="{text}"' in page.text
        assert (await world.registry.lock_state(EMPLOYEE.login_id)).failures == 0

    async def test_wrong_ones_are_counted_with_wrong_codes_and_lock(self, world: World) -> None:
        demand(world)
        await give(world)
        browser = await world.sign_in()
        for left in (4, 3, 2, 1):
            await typed(world, "ZZZZZZZZZ2", browser)
            assert browser.location == f"{ASKS}?fault=wrong"
            page = await browser.get(browser.location)
            assert ("次も間違えると" if left == 1 else f"あと{left}回") in page.text
            assert 'value="ZZZZZZZZZ2"' in page.text, "a slip is corrected, not typed anew"
        await typed(world, "ZZZZZZZZZ2", browser)
        assert browser.location == "/.sekisho/locked"
        await typed(world, RIGHT, browser)
        assert browser.location == "/.sekisho/locked", "the right one is not looked at while it is locked"
        refused = await events(world, Event.REGISTRATION_REFUSED)
        assert [dict(event.detail)["left"] for event in refused] == ["0", "1", "2", "3", "4"]
        assert len(await events(world, Event.FACTOR_LOCKED)) == 1
        world.now[0] += LockoutLimits().lock_seconds
        assert (await typed(world, RIGHT, await world.sign_in())).location == "/.sekisho/enrol"

    async def test_wrong_ones_may_stop_for_good(self, world: World) -> None:
        demand(world)
        await give(world)
        browser = await world.sign_in()
        for _ in range(4):
            for _ in range(5):
                await typed(world, "ZZZZZZZZZ2", browser)
            assert browser.location == "/.sekisho/locked"
            world.now[0] += LockoutLimits().lock_seconds
            browser = await world.sign_in()
        await typed(world, RIGHT, browser)
        assert browser.location == "/.sekisho/locked"
        assert len(await events(world, Event.FACTOR_STOPPED)) == 1

    async def test_the_right_one_at_the_last_try_locks_nobody(self, world: World) -> None:
        demand(world)
        await give(world)
        browser = await world.sign_in()
        for _ in range(4):
            await typed(world, "ZZZZZZZZZ2", browser)
        assert (await typed(world, RIGHT, browser)).location == "/.sekisho/enrol"
        assert (await browser.get("/.sekisho/enrol")).status == 200

    async def test_what_was_typed_lies_sealed(self, world: World) -> None:
        demand(world)
        browser = await typed(world, "ABCDEFGH24")
        live = await browser.live()
        assert live is not None
        kept = await world.registry.draft(live.key.hex(), "registration-typed", world.now[0])
        assert kept is not None
        assert b"ABCDEFGH24" not in kept


class TestTheEndOfACode:
    async def test_a_code_that_ends_meanwhile_is_asked_for_anew_and_the_qr_code_stays(self, world: World) -> None:
        demand(world)
        await give(world, days=200 / DAY)
        browser = await (await typed(world, RIGHT)).get("/.sekisho/enrol")
        secret = browser.key()
        world.now[0] += 201
        await browser.post("/.sekisho/enrol", {"totp": code(secret, world.now[0])})
        assert browser.location == f"{ASKS}?fault=ended"
        assert "有効期限が切れたか" in (await browser.get(browser.location)).text
        await give(world, plain="NEWCQDE234")
        assert (await typed(world, "NEWCQDE234", browser)).location == "/.sekisho/enrol"
        assert (await browser.get("/.sekisho/enrol")).key() == secret
        await browser.post("/.sekisho/enrol", {"totp": code(secret, world.now[0] + 30)})
        assert browser.location == "/login"

    async def test_the_enrolment_page_says_it_too(self, world: World) -> None:
        demand(world)
        await give(world)
        browser = await typed(world, RIGHT)
        await give(world, plain="NEWCQDE234")
        assert (await browser.get("/.sekisho/enrol")).location == f"{ASKS}?fault=ended"

    async def test_a_wrong_totp_code_spends_nothing(self, world: World) -> None:
        demand(world)
        await give(world)
        browser = await (await typed(world, RIGHT)).get("/.sekisho/enrol")
        secret = browser.key()
        await browser.post("/.sekisho/enrol", {"totp": wrong(secret, world.now[0])})
        assert "fault=wrong" in browser.location
        await browser.post("/.sekisho/enrol", {"totp": code(secret, world.now[0])})
        assert browser.location == "/login"

    async def test_a_secret_that_ended_is_told_as_such(self, world: World) -> None:
        demand(world)
        await give(world)
        browser = await (await typed(world, RIGHT)).get("/.sekisho/enrol")
        secret = browser.key()
        world.now[0] += 601
        await browser.post("/.sekisho/enrol", {"totp": code(secret, world.now[0])})
        assert browser.location == "/.sekisho/enrol?fault=ended"


async def issued(world: World, who: Subject = STAFF, **form: str) -> Browser:
    """An administrator sends the form."""
    browser = await world.sign_in(who, proven=True)
    usual = {"whom": "establishment", "establishment": "000001", "until": "2026-12-05", "do": "issue"}
    return await browser.post(ISSUES, {**usual, **form})


def slips_of(browser: Browser) -> dict[str, str]:
    """Login ID → code, as printed."""
    found = re.findall(r"<dd>([AB]\d+)</dd>.*?class=\"secret\">([A-Z0-9-]+)<", browser.text, re.DOTALL)
    return {login_id: plain.replace("-", "") for login_id, plain in found}


class TestIssuing:
    async def test_everybody_of_an_establishment_without_a_second_factor_gets_one(self, world: World) -> None:
        demand(world)
        await fill(world)
        await enrol(world, COLLEAGUE.login_id)
        browser = await issued(world)
        assert browser.location.startswith(f"{SLIPS}?of=")
        page = await browser.get(browser.location)
        found = slips_of(page)
        assert sorted(found) == [EMPLOYEE.login_id, CHIEF.login_id]
        assert "2026年12月5日(土) まで" in page.text
        assert "http://127.0.0.1:8080/login" in page.text
        for login_id, plain in found.items():
            kept = await world.registry.registration_code(login_id, world.now[0])
            assert kept is not None
            assert plain not in str(kept)
            assert kept.expires_at == NOON + 14 * DAY + 12 * 3600, "the end of that day in Tokyo"
            assert re.fullmatch(r"[2-9A-HJ-NP-Z]{10}", plain)
        assert {event.subject for event in await events(world, Event.REGISTRATION_ISSUED)} == set(found)
        assert [event.actor for event in await events(world, Event.REGISTRATION_EXPORTED)] == [STAFF.login_id]
        enrolling = await typed(world, found[EMPLOYEE.login_id].lower())
        assert enrolling.location == "/.sekisho/enrol"

    async def test_ticked_people_get_one(self, world: World) -> None:
        demand(world)
        await fill(world)
        browser = await world.sign_in(STAFF, proven=True)
        await press(browser, "codes", [EMPLOYEE.login_id, NEIGHBOUR.login_id])
        assert browser.location == ISSUES
        assert "（2人）" in (await browser.get(ISSUES)).text
        await browser.post(ISSUES, {"whom": "ticked", "until": "2026-12-05", "do": "issue"})
        assert sorted(slips_of(await browser.get(browser.location))) == [EMPLOYEE.login_id, NEIGHBOUR.login_id]

    async def test_ticks_of_another_offices_people_give_nothing(self, world: World) -> None:
        demand(world)
        await fill(world)
        browser = await world.sign_in(STAFF, proven=True)
        await press(browser, "keep", [OTHER_EMPLOYEE.login_id])
        await browser.post(ISSUES, {"whom": "ticked", "until": "2026-12-05", "do": "issue"})
        assert "fault=none" in browser.location
        assert await world.registry.registration_code(OTHER_EMPLOYEE.login_id, world.now[0]) is None

    async def test_another_offices_establishment_is_not_there(self, world: World) -> None:
        demand(world)
        await fill(world)
        assert "fault=none" in (await issued(world, establishment="000003")).location
        assert await events(world, Event.REGISTRATION_ISSUED) == []

    async def test_an_establishments_administrator_gets_their_own_whatever_the_form_says(self, world: World) -> None:
        demand(world)
        await fill(world)
        await enrol(world, CHIEF.login_id)
        browser = await issued(world, CHIEF, establishment="000006")
        assert sorted(slips_of(await browser.get(browser.location))) == [EMPLOYEE.login_id, COLLEAGUE.login_id]
        assert "事業所コード" not in (await browser.get(ISSUES)).text

    @pytest.mark.parametrize(("who", "colleague"), [(STAFF, MANAGER), (MANAGER, STAFF)])
    async def test_an_offices_staff_gets_codes_from_colleagues(
        self, world: World, who: Subject, colleague: Subject
    ) -> None:
        demand(world)
        await fill(world)
        browser = await issued(world, who, whom="staff")
        found = slips_of(await browser.get(browser.location))
        assert colleague.login_id in found
        assert who.login_id not in found, "nobody issues one to themselves"

    @pytest.mark.parametrize("who", [EMPLOYEE, COLLEAGUE])
    async def test_nobody_else_reaches_any_of_these_pages(self, world: World, who: Subject) -> None:
        demand(world)
        await fill(world)
        browser = await world.sign_in(who, proven=True)
        for path in (ISSUES, SLIPS):
            assert (await browser.get(path)).status == 403
        for path in (ISSUES, FILE):
            assert (await browser.post(path, {"whom": "establishment", "do": "issue"})).status == 403

    async def test_without_a_code_in_the_session_an_administrator_is_asked_for_one(self, world: World) -> None:
        demand(world)
        browser = await world.sign_in(STAFF)
        assert (await browser.get(ISSUES)).location.startswith("/.sekisho/enrol")

    async def test_a_code_that_somebody_has_stays_unless_it_is_to_be_renewed(self, world: World) -> None:
        demand(world)
        await fill(world)
        await give(world)
        browser = await issued(world)
        assert slips_of(await browser.get(browser.location))[EMPLOYEE.login_id] == RIGHT
        browser = await issued(world, renew="1")
        assert slips_of(await browser.get(browser.location))[EMPLOYEE.login_id] != RIGHT

    async def test_issued_codes_can_be_shown_again_and_that_is_recorded(self, world: World) -> None:
        demand(world)
        await fill(world)
        await give(world)
        browser = await issued(world, do="show", until="")
        page = await browser.get(browser.location)
        assert slips_of(page) == {EMPLOYEE.login_id: RIGHT}
        assert "2人には有効な登録コードがありません" in page.text
        assert len(await events(world, Event.REGISTRATION_EXPORTED)) == 1
        assert len(await events(world, Event.REGISTRATION_ISSUED)) == 1

    @pytest.mark.parametrize(
        ("until", "word"), [("", "until"), ("soon", "until"), ("2026-11-20", "past"), ("2027-06-01", "far")]
    )
    async def test_an_end_that_cannot_be_is_said_and_what_was_typed_stays(
        self, world: World, until: str, word: str
    ) -> None:
        demand(world)
        await fill(world)
        browser = await issued(world, until=until, establishment="000006")
        assert f"fault={word}" in browser.location
        page = await browser.get(browser.location)
        assert "<title>エラー: " in page.text
        assert f'value="{until}"' in page.text
        assert 'value="000006"' in page.text
        assert await events(world, Event.REGISTRATION_ISSUED) == []

    @pytest.mark.parametrize("form", [{"establishment": ""}, {"whom": ""}, {"whom": "everybody"}])
    async def test_nobody_in_particular_is_asked_back(self, world: World, form: dict[str, str]) -> None:
        demand(world)
        await fill(world)
        browser = await issued(world, STAFF, **form)
        assert "fault=" in browser.location
        assert "<title>エラー: " in (await browser.get(browser.location)).text

    async def test_an_office_that_demands_none_sees_a_hint_and_issues_nothing(self, world: World) -> None:
        await fill(world)
        page = await (await world.sign_in(STAFF, proven=True)).get("/.sekisho/people")
        assert 'value="codes"' not in page.text
        assert f'href="{ISSUES}"' in page.text
        await page.get(ISSUES)
        assert "登録コードを求めていません" in page.text
        assert 'href="/.sekisho/settings"' in page.text
        assert "<form" not in page.text.partition("<main")[2].replace('<form class="cancel"', "")
        assert (await issued(world)).location == ISSUES
        assert await events(world, Event.REGISTRATION_ISSUED) == []

    async def test_slips_of_another_session_are_nowhere(self, world: World) -> None:
        demand(world)
        await fill(world)
        browser = await issued(world)
        other = await world.sign_in(MANAGER, proven=True)
        assert (await other.get(browser.location)).location == ISSUES
        assert (await other.get(SLIPS)).location == ISSUES
        assert (await other.post(FILE, {"of": browser.location.partition("of=")[2]})).location == ISSUES

    async def test_who_has_left_the_office_meanwhile_sees_no_code(self, world: World) -> None:
        demand(world)
        await fill(world)
        browser = await issued(world)
        world.people[STAFF.login_id] = replace(STAFF, office="0002")
        assert slips_of(await browser.get(browser.location)) == {}

    async def test_slips_are_paged_and_each_page_is_small(self, world: World) -> None:
        demand(world)
        crowd = [replace(EMPLOYEE, login_id=f"B0000{n:05}", name="長い名前の従業員です") for n in range(1000, 1100)]
        await fill(world, [STAFF, *crowd])
        browser = await issued(world)
        page = await browser.get(browser.location)
        assert len(slips_of(page)) == 60
        assert len(page.text.encode()) < 50_000
        more = re.search(r'href="(/\.sekisho/people/codes/slips[^"]*page=2)"', page.text)
        assert more is not None
        assert len(slips_of(await browser.get(html.unescape(more[1])))) == 40


class TestTheFile:
    @pytest.mark.parametrize(("encoding", "codec"), [("utf-8", "utf-8-sig"), ("cp932", "cp932")])
    async def test_codes_leave_as_a_file_and_that_is_recorded(self, world: World, encoding: str, codec: str) -> None:
        demand(world)
        await fill(world, [STAFF, replace(EMPLOYEE, name="=髙橋")])
        await give(world)
        browser = await issued(world, do="show")
        of = browser.location.partition("of=")[2]
        data = await raw(browser, f"{FILE}?encoding={encoding}", {"of": of})
        lines = list(csv.reader(io.StringIO(data.decode(codec), newline="")))
        assert lines == [
            ["ログインID", "氏名", "事業所コード", "事業所名", "登録コード", "有効期限"],
            ["B00000101", "'=髙橋", "000001", "株式会社MKS", "ABCDE-FGH23", "2026/12/05"],
        ]
        assert [dict(one.detail)["as"] for one in await events(world, Event.REGISTRATION_EXPORTED)] == ["csv", "print"]


async def raw(browser: Browser, path: str, form: dict[str, str]) -> bytes:
    """The answer's bytes."""
    from aiohttp import ClientSession, DummyCookieJar

    headers = {"Cookie": f"sekisho={browser.token}", "X-Sekisho-Client": "192.0.2.7", "Accept-Language": "ja"}
    sent = {"csrf": await browser.csrf(), **form}
    async with (
        ClientSession(cookie_jar=DummyCookieJar()) as client,
        client.post(browser.world.address + path, data=sent, headers=headers) as answer,
    ):
        assert answer.status == 200
        return await answer.read()


def test_codes_are_drawn_from_letters_that_nobody_confuses() -> None:
    drawn = {codes.new_code() for _ in range(200)}
    assert len(drawn) == 200
    assert set("".join(drawn)) == set(codes.ALPHABET)
    assert not set("01IO") & set(codes.ALPHABET)
    assert codes.what_is_wrong(codes.normalised(codes.grouped(codes.new_code()))) == ""


async def test_a_page_that_waits_is_reached_after_code_and_enrolment(world: World) -> None:
    demand(world)
    await give(world)
    browser = await world.sign_in(waiting=Continuation(b"/meisai/list", "visit", "/meisai/list"))
    await typed(world, RIGHT, browser)
    page = await browser.get("/.sekisho/enrol")
    await browser.post("/.sekisho/enrol", {"totp": code(page.key(), world.now[0])})
    assert browser.location == "/meisai/list"
