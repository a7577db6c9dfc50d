"""The list of people, the selection in it, and resets by administrators."""

from __future__ import annotations

import csv
import io
import re

import pytest

from gateway.core.lockout import LockoutLimits, LockState
from gateway.core.subject import Kind, Subject
from gateway.portal.people import AT_MOST
from tests.portal.conftest import (
    CHIEF,
    COLLEAGUE,
    EMPLOYEE,
    NOON,
    OTHER_EMPLOYEE,
    OTHER_STAFF,
    STAFF,
    Browser,
    World,
)
from tests.portal.people_kit import (
    DEPUTY,
    EVERYBODY,
    MANAGER,
    NEIGHBOUR,
    NEIGHBOURS_CHIEF,
    PEOPLE,
    RESETS,
    confirm,
    enrol,
    enrolled,
    events,
    fill,
    listed,
    press,
    send,
    text_of,
    ticked,
    to_reset,
)

MINE, YOURS, THEIRS = EMPLOYEE.login_id, COLLEAGUE.login_id, OTHER_EMPLOYEE.login_id
CROWD = tuple(
    Subject(f"B0000{number:04}", Kind.ESTABLISHMENT, "0001", "000009", f"{number}", "", f"社員{number:03}")
    for number in range(9001, 9001 + AT_MOST + 5)
)


@pytest.fixture(autouse=True)
async def roster(world: World) -> None:
    await fill(world)


async def staff(world: World) -> Browser:
    return await world.sign_in(STAFF, proven=True)


async def chief(world: World) -> Browser:
    return await world.sign_in(CHIEF, proven=True)


class TestWhoSeesWhom:
    async def test_an_office_sees_its_own_staff_and_the_people_of_all_its_establishments(self, world: World) -> None:
        me = await (await staff(world)).get(PEOPLE)
        assert me.status == 200
        assert sorted(listed(me)) == sorted(one.login_id for one in EVERYBODY if one.office == "0001")

    async def test_an_establishments_administrator_sees_its_people_alone(self, world: World) -> None:
        me = await chief(world)
        for query in ("", "?establishment=000006", "?establishment=000003", "?staff=1", "?page=9"):
            await me.get(PEOPLE + query)
            assert set(listed(me)) <= {MINE, YOURS, CHIEF.login_id}, query

    async def test_another_offices_establishment_is_empty(self, world: World) -> None:
        me = await (await staff(world)).get(f"{PEOPLE}?establishment=000003")
        assert listed(me) == []
        assert "条件に合う人はいません" in text_of(me)

    @pytest.mark.parametrize("path", [PEOPLE, f"{PEOPLE}/csv", RESETS])
    async def test_an_employee_sees_none_of_it(self, world: World, path: str) -> None:
        me = await (await world.sign_in(EMPLOYEE, proven=True)).get(path)
        assert me.status == 403
        assert COLLEAGUE.name not in me.text

    @pytest.mark.parametrize("path", [PEOPLE, f"{PEOPLE}/csv", RESETS])
    @pytest.mark.parametrize("restricted", [False, True])
    async def test_an_administrator_without_a_code_is_asked_for_one_first(
        self, world: World, path: str, restricted: bool
    ) -> None:
        await enrol(world, CHIEF.login_id)
        me = await (await world.sign_in(CHIEF, restricted=restricted)).get(path)
        assert (me.status, me.location) == (303, "/.sekisho/code")

    async def test_nobody_without_a_session(self, world: World) -> None:
        nobody = await Browser(world, None).get(PEOPLE)
        assert (nobody.status, nobody.location) == (303, "/login")

    async def test_people_whom_the_reader_may_not_reset_have_no_box(self, world: World) -> None:
        me = await (await staff(world)).get(f"{PEOPLE}?staff=1")
        assert listed(me) == [STAFF.login_id, DEPUTY.login_id, MANAGER.login_id]
        assert 'name="id"' not in me.text
        assert 'href="/.sekisho/reset"' in me.text, "one's own goes by the page for it"


class TestStatesAndSearch:
    async def test_each_state_is_told_with_its_time(self, world: World) -> None:
        for subject in (EMPLOYEE, COLLEAGUE, CHIEF):
            await enrol(world, subject.login_id)
        for _ in range(5):
            await world.registry.reserve_attempt(YOURS, NOON, LockoutLimits())
        await world.registry.reserve_attempt(CHIEF.login_id, NOON, LockoutLimits(stop_after=1))
        me = await (await staff(world)).get(PEOPLE)
        seen = {who: _row(me, who) for who in listed(me)}
        assert "登録済み 2026年11月21日(土) 12:00" in seen[MINE]
        assert "ロック中 12:30 まで" in seen[YOURS]
        assert "停止中" in seen[CHIEF.login_id]
        assert "未登録" in seen[NEIGHBOUR.login_id]

    @pytest.mark.parametrize(
        ("state", "who"),
        [
            ("enrolled", [MINE]),
            ("locked", [YOURS]),
            ("stopped", [CHIEF.login_id]),
            ("not-enrolled", [NEIGHBOUR.login_id, NEIGHBOURS_CHIEF.login_id]),
        ],
    )
    async def test_the_state_can_be_asked_for(self, world: World, state: str, who: list[str]) -> None:
        await enrol(world, MINE)
        for _ in range(5):
            await world.registry.reserve_attempt(YOURS, NOON, LockoutLimits())
        await world.registry.reserve_attempt(CHIEF.login_id, NOON, LockoutLimits(stop_after=1))
        me = await (await staff(world)).get(f"{PEOPLE}?state={state}")
        assert [one for one in listed(me) if one.startswith("B")] == who

    async def test_who_enrolled_since_a_day_of_the_operators_zone(self, world: World) -> None:
        world.now[0] = NOON - 86400
        await enrol(world, YOURS)
        world.now[0] = NOON - 12 * 3600  # midnight in Tokyo
        await enrol(world, MINE)
        world.now[0] = NOON
        me = await staff(world)
        assert listed(await me.get(f"{PEOPLE}?since=2026-11-21")) == [MINE]
        assert listed(await me.get(f"{PEOPLE}?since=2026%2F11%2F20")) == [MINE, YOURS]

    async def test_what_is_no_date_is_said_at_the_field_and_lists_nobody(self, world: World) -> None:
        me = await (await staff(world)).get(f"{PEOPLE}?since=%E3%81%8D%E3%81%AE%E3%81%86")
        assert listed(me) == []
        assert 'value="きのう"' in me.text
        assert 'href="#since"' in me.text
        assert "2026-11-21 のように入力してください" in text_of(me)
        await me.get(f"{PEOPLE}/csv?since=x")
        assert me.status == 303

    @pytest.mark.parametrize("typed", ["高橋", "髙橋　六実", "B00000601", "b00000601", "Ｂ０００００６０１"])
    async def test_a_part_of_name_or_id_finds_and_stands_in_no_address(self, world: World, typed: str) -> None:
        me = await staff(world)
        await send(me, PEOPLE, [("find", typed), ("do", "search")])
        assert re.fullmatch(rf"{PEOPLE}\?text=[A-Za-z0-9_-]{{8}}#people", me.location)
        await me.get(me.location)
        assert listed(me) == [NEIGHBOUR.login_id]
        assert f'value="{typed.strip()}"' in me.text
        assert all(typed not in address for address in re.findall(r'(?:href|action)="([^"]*)"', me.text))

    async def test_the_text_of_one_session_is_none_of_anothers(self, world: World) -> None:
        me, other = await staff(world), await world.sign_in(OTHER_STAFF, proven=True)
        await send(me, PEOPLE, [("find", "高橋"), ("do", "search")])
        await other.get(me.location)
        assert "高橋" not in other.text
        assert THEIRS in listed(other)

    async def test_conditions_survive_paging(self, world: World) -> None:
        await fill(world, (*EVERYBODY, *CROWD))
        me = await staff(world)
        await send(me, PEOPLE, [("find", "社員"), ("establishment", "０００００９"), ("do", "search")])
        assert "establishment=000009" in me.location
        await me.get(me.location)
        assert listed(me) == [one.login_id for one in CROWD[:20]]
        here = _form_address(me)
        await press(me, "page:2", at=here)
        await me.get(me.location)
        assert listed(me) == [one.login_id for one in CROWD[20:40]]
        assert "（6ページ中2ページ目）" in me.text
        await me.get(here.replace("page=1", "page=99"))
        assert listed(me) == [one.login_id for one in CROWD[100:]], "there is no such page: the last one"

    async def test_clearing_the_conditions_shows_everybody(self, world: World) -> None:
        me = await press(await staff(world), "all", at=f"{PEOPLE}?state=locked&since=2026-01-01")
        assert me.location == f"{PEOPLE}#people"

    @pytest.mark.parametrize("button", ["search", "all", "page:2", "tick-page", "untick-page", "clear"])
    async def test_the_list_takes_the_focus_when_it_changes(self, world: World, button: str) -> None:
        me = await press(await staff(world), button, at=f"{PEOPLE}?state=enrolled&page=1&fault=none")
        assert me.location.endswith("#people")
        assert "fault" not in me.location
        assert '<section id="people" tabindex="-1"' in (await me.get(me.location)).text

    async def test_an_error_takes_the_focus_and_not_the_list(self, world: World) -> None:
        me = await staff(world)
        await send(me, PEOPLE, [("since", "きのう"), ("do", "search")])
        assert "#" not in me.location
        assert "#" not in (await press(me, "reset")).location

    async def test_a_list_that_could_not_be_brought_up_to_date_says_so(self, world: World) -> None:
        world.stale = True
        me = await (await staff(world)).get(f"{PEOPLE}?establishment=000001")
        assert "2026年11月21日(土) 11:00 に読み込んだ名簿" in text_of(me)
        assert "一度表示した事業所の従業員" not in me.text

    async def test_a_list_of_all_establishments_says_whom_it_leaves_out(self, world: World) -> None:
        """From a database the people of an establishment are read when somebody looks at it."""
        assert "一度表示した事業所の従業員" not in (await (await staff(world)).get(PEOPLE)).text
        world.stale = True
        assert "一度表示した事業所の従業員" in (await (await staff(world)).get(PEOPLE)).text


class TestSelection:
    async def test_ticks_survive_paging_searching_and_errors(self, world: World) -> None:
        await fill(world, (*EVERYBODY, *CROWD))
        me = await staff(world)
        await press(me, "page:2", [MINE, YOURS])
        await press(me, "search", [CROWD[0].login_id], at=me.location)
        await press(me, "reset", [], at=f"{PEOPLE}?since=x")
        await me.get(PEOPLE)
        assert ticked(me) == [MINE, YOURS, CROWD[0].login_id]
        assert "3人を選択中" in text_of(me)

    async def test_a_box_that_was_shown_and_left_empty_is_unticked(self, world: World) -> None:
        me = await press(await staff(world), "page:1", [MINE, YOURS])
        await send(me, PEOPLE, [("shown", MINE), ("shown", YOURS), ("id", YOURS), ("do", "page:1")])
        assert ticked(await me.get(PEOPLE)) == [YOURS]

    async def test_the_page_is_ticked_and_unticked_as_a_whole(self, world: World) -> None:
        me = await staff(world)
        shown = [("shown", MINE), ("shown", YOURS)]
        await send(me, PEOPLE, [*shown, ("do", "tick-page")])
        assert ticked(await me.get(PEOPLE)) == [MINE, YOURS]
        await send(me, PEOPLE, [("shown", MINE), ("do", "untick-page")])
        assert ticked(await me.get(PEOPLE)) == [YOURS]
        await send(me, PEOPLE, [*shown, ("do", "clear")])
        assert ticked(await me.get(PEOPLE)) == []

    async def test_no_more_are_taken_than_can_be_looked_at(self, world: World) -> None:
        await fill(world, (*EVERYBODY, *CROWD))
        me = await press(await staff(world), "reset", [one.login_id for one in CROWD])
        await me.get(me.location)
        assert f"一度に選べるのは{AT_MOST}人までです" in text_of(me)
        assert f"{AT_MOST}人を選択中" in text_of(me)

    async def test_resetting_nobody_says_so(self, world: World) -> None:
        me = await press(await staff(world), "reset")
        await me.get(me.location)
        assert "初期化する人を選んでください" in text_of(me)

    async def test_one_session_knows_nothing_of_anothers_ticks(self, world: World) -> None:
        await press(await staff(world), "page:1", [MINE])
        assert ticked(await (await staff(world)).get(PEOPLE)) == []

    async def test_a_form_without_the_token_keeps_nothing(self, world: World) -> None:
        me = await staff(world)
        await send(me, PEOPLE, [("shown", MINE), ("id", MINE), ("do", "page:1")], csrf="guessed")
        assert me.status == 403
        assert ticked(await me.get(PEOPLE)) == []


class TestResetting:
    async def test_one_is_shown_with_name_and_state_before_anything_happens(self, world: World) -> None:
        await enrol(world, MINE)
        me = await to_reset(await staff(world), [MINE])
        assert listed(me) == [MINE]
        for word in (EMPLOYEE.name, "株式会社MKS", "登録済み", "ご自身（A00010001）のパスワード"):
            assert word in text_of(me)
        assert await enrolled(world, MINE)

    async def test_the_administrators_own_password_resets(self, world: World) -> None:
        await enrol(world, MINE)
        world.passwords = {MINE: "employees-own", STAFF.login_id: "staffs-own"}
        victim, me = await world.sign_in(EMPLOYEE, proven=True), await staff(world)
        await confirm(await to_reset(me, [MINE]), "employees-own")
        assert await enrolled(world, MINE)
        await me.get(me.location)
        assert "パスワードが違います" in text_of(me)
        assert "employees-own" not in me.text
        assert listed(me) == [MINE], "who it is about is not lost"
        await confirm(me, "staffs-own")
        assert not await enrolled(world, MINE)
        assert await victim.live() is None
        assert await me.live() is not None
        await me.get(me.location)
        assert "1人の2要素認証設定を初期化しました" in text_of(me)
        (event,) = await events(world, "portal.factor.reset")
        assert (event.actor, event.subject, event.establishment) == (STAFF.login_id, MINE, "000001")
        assert event.detail == (("by", "office-staff"),)

    async def test_a_lock_is_lifted(self, world: World) -> None:
        await enrol(world, MINE)
        for _ in range(5):
            await world.registry.reserve_attempt(MINE, NOON, LockoutLimits())
        await confirm(await to_reset(await chief(world), [MINE]))
        assert await world.registry.lock_state(MINE) == LockState()
        (event,) = await events(world, "portal.factor.reset")
        assert event.detail == (("by", "establishment-administrator"),)

    async def test_many_at_once_and_who_had_nothing_is_named(self, world: World) -> None:
        await enrol(world, MINE)
        await enrol(world, NEIGHBOUR.login_id)
        me = await confirm(await to_reset(await staff(world), [MINE, YOURS, NEIGHBOUR.login_id]))
        await me.get(me.location)
        said = text_of(me)
        assert "2人の2要素認証設定を初期化しました" in said
        assert "次の1人はまだ登録していなかったため、初期化するものがありませんでした：佐藤（B00000102）" in said
        assert "0人を選択中" in said, "the selection has served"

    async def test_ids_of_others_in_the_form_are_left_out_and_told_like_unknown_ones(self, world: World) -> None:
        for login_id in (MINE, THEIRS, NEIGHBOUR.login_id):
            await enrol(world, login_id)
        theirs = await world.sign_in(OTHER_EMPLOYEE, proven=True)
        me = await to_reset(await chief(world), [MINE, THEIRS, NEIGHBOUR.login_id, "NOBODY", "\tX\x01"])
        assert listed(me) == [MINE]
        assert OTHER_EMPLOYEE.name not in me.text
        assert f"対象外です：{THEIRS}、{NEIGHBOUR.login_id}、NOBODY、" in text_of(me)
        await confirm(me)
        assert [await enrolled(world, one) for one in (MINE, THEIRS, NEIGHBOUR.login_id)] == [False, True, True]
        assert await theirs.live() is not None
        await me.get(me.location)
        assert "選択のうち4人は対象外のため" in text_of(me)

    async def test_a_form_with_nobody_in_it_asks_for_no_password(self, world: World) -> None:
        await enrol(world, THEIRS)
        me = await to_reset(await staff(world), [THEIRS])
        assert 'name="password"' not in me.text
        of = re.search(r"of=([\w-]+)", me.location)
        await me.post(RESETS, {"of": of[1] if of else "", "password": "demo"})
        assert await enrolled(world, THEIRS)
        assert world.asked_passwords == []

    async def test_oneself_is_left_out_and_led_to_the_page_for_it(self, world: World) -> None:
        await enrol(world, STAFF.login_id)
        me = await to_reset(await staff(world), [STAFF.login_id, MINE])
        assert listed(me) == [MINE]
        assert "ご自身の設定は、この画面では初期化できません" in text_of(me)
        await confirm(me)
        assert await enrolled(world, STAFF.login_id)

    async def test_what_was_shown_is_what_is_reset(self, world: World) -> None:
        """A second tab chooses somebody else meanwhile."""
        await enrol(world, MINE)
        await enrol(world, YOURS)
        me = await staff(world)
        await to_reset(me, [MINE])
        first = me.text
        await to_reset(me, [YOURS])
        me.text = first
        await confirm(me)
        assert (await enrolled(world, MINE), await enrolled(world, YOURS)) == (False, True)

    async def test_a_list_belongs_to_the_session_that_made_it(self, world: World) -> None:
        await enrol(world, MINE)
        me = await to_reset(await staff(world), [MINE])
        other = await staff(world)
        other.text = me.text
        await confirm(other)
        assert other.location == PEOPLE
        assert await enrolled(world, MINE)

    async def test_the_same_form_twice_resets_once(self, world: World) -> None:
        await enrol(world, MINE)
        me = await to_reset(await staff(world), [MINE])
        form = me.text
        await confirm(me)
        await enrol(world, MINE)
        me.text = form
        await confirm(me)
        assert await enrolled(world, MINE)

    async def test_five_wrong_passwords_lock_this_page_and_ones_own_alike(self, world: World) -> None:
        await enrol(world, MINE)
        me = await to_reset(await staff(world), [MINE])
        form = me.text
        for _ in range(5):
            me.text = form
            await confirm(me, "guess")
        await me.get(me.location)
        assert "12:30 まで初期化できません" in text_of(me)
        me.text = form
        await confirm(me)
        assert await enrolled(world, MINE)
        assert "12:30 まで" in text_of(await me.get("/.sekisho/reset"))

    async def test_an_app_that_does_not_answer_resets_nobody_and_loses_nothing(self, world: World) -> None:
        await enrol(world, MINE)
        me = await to_reset(await staff(world), [MINE])
        world.app_answers = False
        await confirm(me)
        await me.get(me.location)
        assert "パスワードを確認できませんでした" in text_of(me)
        assert listed(me) == [MINE]
        assert await enrolled(world, MINE)

    async def test_whom_the_directory_does_not_know_the_roster_does(self, world: World) -> None:
        await enrol(world, MINE)
        del world.people[MINE]
        await confirm(await to_reset(await staff(world), [MINE]))
        assert not await enrolled(world, MINE)

    async def test_the_directorys_word_counts_where_the_roster_says_another(self, world: World) -> None:
        """Somebody who has moved to another office since the list was read."""
        await enrol(world, MINE)
        world.people[MINE] = Subject(MINE, Kind.ESTABLISHMENT, "0002", "000003", "01", "", "植田")
        me = await to_reset(await staff(world), [MINE])
        assert listed(me) == []
        other = await confirm(await to_reset(await world.sign_in(OTHER_STAFF, proven=True), [MINE]))
        assert other.status == 303
        assert not await enrolled(world, MINE)
        (event,) = await events(world, "portal.factor.reset")
        assert (event.office, event.establishment) == ("0002", "000003")

    async def test_whoever_lost_their_office_resets_nobody_in_a_session_from_before(self, world: World) -> None:
        await enrol(world, MINE)
        me = await to_reset(await chief(world), [MINE])
        world.people[CHIEF.login_id] = Subject(CHIEF.login_id, Kind.ESTABLISHMENT, "0001", "000001", "99")
        await confirm(me)
        del world.people[CHIEF.login_id]
        await confirm(me)
        assert await enrolled(world, MINE)

    async def test_where_one_came_from_is_where_the_result_stands(self, world: World) -> None:
        await enrol(world, MINE)
        me = await staff(world)
        await press(me, f"one:{MINE}", at=f"{PEOPLE}?establishment=000001&page=1")
        await confirm(await me.get(me.location))
        assert me.location.startswith(f"{PEOPLE}?establishment=000001&page=1&done=")

    @pytest.mark.parametrize(
        "query", ["establishment=%26state=locked", "establishment=%0D%0AX:1", "establishment=%E3%81%82"]
    )
    async def test_an_address_comes_back_as_it_was_written(self, world: World, query: str) -> None:
        me = await press(await staff(world), "page:2", at=f"{PEOPLE}?{query}")
        assert me.location == f"{PEOPLE}?{query}&page=2#people"


class TestFile:
    async def test_it_holds_everybody_whom_the_search_finds(self, world: World) -> None:
        await fill(world, (*EVERYBODY, *CROWD))
        await enrol(world, MINE)
        me = await (await staff(world)).get(f"{PEOPLE}/csv")
        assert me.answer_headers["Content-Type"] == "text/csv; charset=utf-8"
        assert 'filename="people-20261121.csv"' in me.answer_headers["Content-Disposition"]
        assert me.text.startswith(
            "\ufeffログインID,氏名,事業所コード,事業所名,従業員番号,状態,登録日時,ロック終了日時\r\n"
        )
        rows = {row[0]: row for row in csv.reader(io.StringIO(me.text))}
        own = {one.login_id for one in (*EVERYBODY, *CROWD) if one.office == "0001"}
        assert set(rows) - {"\ufeffログインID"} == own
        assert rows[MINE][1:] == ["植田", "000001", "株式会社MKS", "01", "登録済み", "2026/11/21 12:00", ""]

    async def test_an_establishments_administrator_gets_its_people_alone(self, world: World) -> None:
        me = await (await chief(world)).get(f"{PEOPLE}/csv?establishment=000006&staff=1")
        assert set(re.findall(r"^[AB]\d{8}", me.text, re.MULTILINE)) == {MINE, YOURS, CHIEF.login_id}

    async def test_a_name_that_begins_like_a_formula_is_text(self, world: World) -> None:
        evil = Subject("B00000107", Kind.ESTABLISHMENT, "0001", "000001", "07", "", "=HYPERLINK(1)")
        await fill(world, (*EVERYBODY, evil))
        me = await (await chief(world)).get(f"{PEOPLE}/csv")
        assert "B00000107,'=HYPERLINK(1)," in me.text

    async def test_shift_jis_on_request(self, world: World) -> None:
        me = await (await chief(world)).get(f"{PEOPLE}/csv?encoding=cp932")
        assert me.answer_headers["Content-Type"] == "text/csv; charset=shift_jis"
        assert "植田" in me.text


async def test_every_page_speaks_english_too(world: World) -> None:
    await enrol(world, MINE)
    me = await staff(world)
    me.language = "en"
    assert "People and their second factor" in text_of(await me.get(PEOPLE))
    assert "Your own password (A00010001)" in text_of(await to_reset(me, [MINE]))
    assert "Reset and sign out" in text_of(await me.get("/.sekisho/reset"))


def _row(me: Browser, who: str) -> str:
    found = re.search(rf'<tr>(?:(?!</tr>).)*<span class="value">{who}.*?</tr>', me.text, re.DOTALL)
    assert found is not None
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0]))


def _form_address(me: Browser) -> str:
    found = re.search(rf'action="({PEOPLE}[^"]*)"', me.text)
    assert found is not None
    return found[1].replace("&amp;", "&")
