"""Resetting one's own second factor: by one's own password, with every session over."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import ClientSession, DummyCookieJar

from gateway.core.lockout import LockState
from gateway.core.subject import Subject
from gateway.portal.passwords import UNANSWERED_TRIES
from tests.portal.conftest import CHIEF, COLLEAGUE, EMPLOYEE, NOON, STAFF, Browser, World
from tests.portal.people_kit import OWN, STRANGER, enrol, enrolled, events, text_of

COUNTED = f"password:{EMPLOYEE.login_id}"


async def proven(world: World, subject: Subject = EMPLOYEE) -> Browser:
    await enrol(world, subject.login_id)
    return await world.sign_in(subject, proven=True)


class TestTheReset:
    async def test_the_page_says_what_happens_before_it_does(self, world: World) -> None:
        me = await (await proven(world)).get(OWN)
        assert me.status == 200
        for sentence in (
            "すべての端末でログアウトされます",
            "次のログインで、認証アプリを登録し直します",
            "期間はありません",
        ):
            assert sentence in text_of(me)
        assert 'autocomplete="current-password"' in me.text
        assert await enrolled(world, EMPLOYEE.login_id)

    async def test_the_right_password_forgets_the_factor_and_ends_every_session(self, world: World) -> None:
        me, elsewhere = await proven(world), await world.sign_in(EMPLOYEE, restricted=True)
        somebody_else = await world.sign_in(COLLEAGUE)
        await me.post(OWN, {"password": "demo"})
        assert me.location == "/.sekisho/reset/done?app=portal"
        assert me.token is None, "the cookie is cleared"
        assert not await enrolled(world, EMPLOYEE.login_id)
        assert await elsewhere.live() is None
        assert await somebody_else.live() is not None
        assert world.signed_out == [EMPLOYEE.login_id], "the app's own session is over as well"

    async def test_the_page_after_it_needs_no_session_and_leads_to_the_sign_in_page(self, world: World) -> None:
        me = await proven(world)
        await me.post(OWN, {"password": "demo"})
        await me.get(me.location)
        assert me.status == 200
        assert 'href="/login"' in me.text
        assert "すべての端末でログアウトしました" in text_of(me)
        await me.get("/.sekisho/reset/done?app=//evil.example")
        assert "evil" not in me.text

    async def test_it_is_recorded_with_who_whom_and_why(self, world: World) -> None:
        await (await proven(world)).post(OWN, {"password": "demo"})
        (event,) = await events(world, "portal.factor.reset")
        assert (event.actor, event.subject, event.office) == (EMPLOYEE.login_id, EMPLOYEE.login_id, "0001")
        assert (event.establishment, event.address, event.reference) == ("000001", "192.0.2.7", "R-77")
        assert event.detail == (("by", "own"),)

    async def test_no_grace_period_begins(self, world: World) -> None:
        await (await proven(world)).post(OWN, {"password": "demo"})
        again = await (await world.sign_in(EMPLOYEE)).post("/.sekisho/choice", {"choice": "full"})
        assert again.location == "/.sekisho/enrol"

    async def test_an_app_that_does_not_sign_out_hinders_nothing(self, world: World) -> None:
        me = await proven(world)
        world.sign_out_fails = True
        await me.post(OWN, {"password": "demo"})
        assert me.location == "/.sekisho/reset/done?app=portal"

    async def test_whom_no_directory_knows_resets_themselves_all_the_same(self, world: World) -> None:
        me = await proven(world, STRANGER)
        world.people.clear()
        await me.post(OWN, {"password": "demo"})
        assert not await enrolled(world, STRANGER.login_id)

    async def test_a_second_press_finds_no_session(self, world: World) -> None:
        me = await proven(world)
        token = me.token
        await me.post(OWN, {"password": "demo"})
        me.token = token
        await me.post(OWN, {"password": "demo"}, csrf="x")
        assert me.status == 401
        assert len(await events(world, "portal.factor.reset")) == 1


class TestWhoMayNot:
    async def test_nobody_without_a_session(self, world: World) -> None:
        await enrol(world, EMPLOYEE.login_id)
        nobody = Browser(world, None)
        await nobody.get(OWN)
        assert nobody.location == "/login"
        await nobody.post(OWN, {"password": "demo", "login_id": EMPLOYEE.login_id})
        assert nobody.status == 401
        assert await enrolled(world, EMPLOYEE.login_id)

    @pytest.mark.parametrize("restricted", [False, True])
    @pytest.mark.parametrize("subject", [EMPLOYEE, CHIEF, STAFF], ids=lambda one: one.login_id)
    async def test_nobody_without_a_code_in_this_session(
        self, world: World, subject: Subject, restricted: bool
    ) -> None:
        """Otherwise a thief of the password would reset, and enrol in the owner's place (R-023)."""
        await enrol(world, subject.login_id)
        me = await world.sign_in(subject, restricted=restricted)
        for asked in (me.get(OWN), me.post(OWN, {"password": "demo"})):
            await asked
            assert (me.status, me.location) == (303, "/.sekisho/code")
        assert await enrolled(world, subject.login_id)
        assert await me.live() is not None
        assert (await world.registry.lock_state(f"password:{subject.login_id}")).total == 0

    async def test_no_form_of_another_page(self, world: World) -> None:
        me = await proven(world)
        await me.post(OWN, {"password": "demo"}, csrf="guessed")
        assert me.status == 403
        await me.post(OWN, {"password": "demo"}, Origin="https://evil.example")
        assert me.status == 403
        assert await enrolled(world, EMPLOYEE.login_id)

    async def test_an_id_in_the_form_is_nobodys_business(self, world: World) -> None:
        await enrol(world, COLLEAGUE.login_id)
        fields = {"password": "demo", "login_id": COLLEAGUE.login_id, "id": COLLEAGUE.login_id}
        await (await proven(world)).post(OWN, fields)
        assert await enrolled(world, COLLEAGUE.login_id)
        assert not await enrolled(world, EMPLOYEE.login_id)


class TestThePassword:
    async def test_a_wrong_one_changes_nothing_and_says_how_many_are_left(self, world: World) -> None:
        me = await proven(world)
        await me.post(OWN, {"password": "secret-guess"})
        assert me.location == f"{OWN}?fault=wrong"
        await me.get(me.location)
        assert "パスワードが違います。あと4回間違えると、30分は初期化できません" in text_of(me)
        assert me.text.startswith("<!DOCTYPE html>")
        assert "<title>エラー: " in me.text
        assert 'href="#password"' in me.text
        assert 'aria-describedby="password-hint password-error"' in me.text
        assert "secret-guess" not in me.text
        assert await enrolled(world, EMPLOYEE.login_id)

    async def test_nothing_typed_is_not_counted(self, world: World) -> None:
        me = await proven(world)
        await me.post(OWN, {"password": ""})
        await me.get(me.location)
        assert "パスワードを入力してください" in text_of(me)
        assert await world.registry.lock_state(COUNTED) == LockState()

    async def test_five_wrong_ones_lock_and_the_right_one_is_not_asked_then(self, world: World) -> None:
        me = await proven(world)
        for left in (4, 3, 2, 1):
            await me.post(OWN, {"password": "guess"})
            await me.get(me.location)
            assert (f"あと{left}回" if left > 1 else "次も間違えると、30分") in text_of(me)
        await me.post(OWN, {"password": "guess"})
        assert me.location == OWN
        await me.get(OWN)
        assert "12:30 まで初期化できません" in text_of(me)
        assert 'name="password"' not in me.text
        await me.post(OWN, {"password": "demo"})
        assert await enrolled(world, EMPLOYEE.login_id)
        world.now[0] += 1790
        me = await world.sign_in(EMPLOYEE, proven=True)
        await me.post(OWN, {"password": "demo"})
        assert await enrolled(world, EMPLOYEE.login_id), "the count is the ID's, not the session's"
        world.now[0] = NOON + 1800
        await me.post(OWN, {"password": "demo"})
        assert not await enrolled(world, EMPLOYEE.login_id)

    async def test_wrong_ones_and_the_lock_are_recorded_without_what_was_typed(self, world: World) -> None:
        me = await proven(world)
        for _ in range(6):
            await me.post(OWN, {"password": "secret-guess"})
        refused = await events(world, "portal.password.refused")
        assert [dict(one.detail)["left"] for one in refused] == ["0", "1", "2", "3", "4"]
        (locked,) = await events(world, "portal.password.locked")
        assert locked.subject == EMPLOYEE.login_id
        assert "secret-guess" not in repr([*refused, locked])

    async def test_a_right_one_forgets_the_wrong_ones_before_it(self, world: World) -> None:
        me = await proven(world)
        for _ in range(4):
            await me.post(OWN, {"password": "guess"})
        await me.post(OWN, {"password": "demo"})
        assert await world.registry.lock_state(COUNTED) == LockState()

    async def test_of_a_hundred_at_once_the_app_is_asked_about_five(self, world: World) -> None:
        me = await proven(world)
        tries = [Browser(world, me.token).post(OWN, {"password": "guess"}) for _ in range(100)]
        await asyncio.gather(*tries)
        assert world.asked_passwords == ["guess"] * 5

    async def test_an_app_that_does_not_answer_costs_no_try_and_resets_nothing(self, world: World) -> None:
        me = await proven(world)
        for _ in range(4):
            await me.post(OWN, {"password": "guess"})
        world.app_answers = False
        await me.post(OWN, {"password": "demo"})
        assert me.location == f"{OWN}?fault=unanswered"
        await me.get(me.location)
        assert "パスワードを確認できませんでした。初期化はしていません" in text_of(me)
        assert await enrolled(world, EMPLOYEE.login_id)
        assert await world.registry.lock_state(COUNTED) == LockState(failures=4, total=4)
        world.app_answers = True
        await me.post(OWN, {"password": "demo"})
        assert not await enrolled(world, EMPLOYEE.login_id)

    async def test_silence_of_the_app_makes_guesses_free_only_for_a_while(self, world: World) -> None:
        """An app might answer nothing that can be judged to a wrong password, and something to the right one."""
        me = await proven(world)
        world.app_answers = False
        for _ in range(UNANSWERED_TRIES + 20):
            await me.post(OWN, {"password": "guess"})
        assert len(world.asked_passwords) == UNANSWERED_TRIES + 5
        await me.get(OWN)
        assert "12:30 まで初期化できません" in text_of(me)

    async def test_a_word_in_the_address_makes_no_count_up(self, world: World) -> None:
        me = await (await proven(world)).get(f"{OWN}?fault=wrong")
        assert "パスワードが違います" not in text_of(me)

    async def test_a_file_in_place_of_a_password_is_no_password(self, world: World) -> None:
        me = await proven(world)
        body = (
            f'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{await me.csrf()}\r\n'
            '--x\r\nContent-Disposition: form-data; name="password"; filename="a"\r\n\r\ndemo\r\n--x--\r\n'
        )
        headers = {"Content-Type": "multipart/form-data; boundary=x", "Cookie": f"sekisho={me.token}"}
        async with (
            ClientSession(cookie_jar=DummyCookieJar()) as client,
            client.post(world.address + OWN, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            assert answer.status == 400
        assert await enrolled(world, EMPLOYEE.login_id)
