"""Changing many establishments at once: first what it will do, then doing it, then taking it back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.core.errors import StoreUnavailable
from gateway.core.policy import TenantSettings
from gateway.core.rollout import Rollout
from tests.portal.conftest import EMPLOYEE, NOON, OTHER_STAFF, PUNCH_AND_PAYSLIP, STAFF, Browser, World
from tests.portal.settings_kit import (
    DEFAULT,
    DEPUTY,
    FOREIGN,
    OWN,
    PINNED,
    SETTINGS,
    USED,
    change,
    events,
    fill,
    form_of,
    heading,
    open_list,
    picked,
    press,
    send,
    settings,
    shown,
    staff,
    submit,
    ticked,
    told,
)

BULK, UNDO = f"{SETTINGS}/bulk", f"{SETTINGS}/undo"
USE = {"uses": "1", "payslip": "1", "attendance": ""}


async def previewed(world: World, *codes: str) -> Browser:
    """These establishments picked, up to the page that says what will happen."""
    await fill(world)
    me = await open_list(await staff(world))
    return await press(me, "bulk", tick=codes, fields=USE)


async def using(world: World) -> list[str]:
    return [code for code in OWN if (await settings(world, code)).uses_second_factor]


class TestPreview:
    async def test_it_says_how_many_establishments_people_and_who_is_signed_in(self, world: World) -> None:
        for login_id in ("B00000302", "B00000501"):
            await world.sign_in(replace(EMPLOYEE, login_id=login_id))
        me = await previewed(world, "000001", "000003")
        assert heading(me) == "一括登録の確認"
        assert "2事業所・4名の設定を変更します。うち1名がログイン中です。" in me.text
        assert "変更前 0 → 変更後 2" in me.text
        assert await using(world) == [PINNED]

    async def test_pinned_ones_are_left_out_and_counted(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world))
        await press(me, "all")
        await press(me, "bulk", fields=USE)
        assert "13事業所・26名の設定を変更します。" in me.text
        assert "1事業所（運営者が固定）" in me.text
        await submit(me, BULK)
        assert "13事業所の設定を変更しました" in told(me)
        assert await using(world) == list(OWN)
        assert (await settings(world, PINNED)) == TenantSettings(True)

    async def test_only_pinned_ones_cannot_be_changed(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world), "?page=2")
        await press(me, "bulk", tick=[PINNED], fields=USE)
        assert "変更できるものがありません" in told(me)

    async def test_without_a_pick_or_a_choice_there_is_no_preview(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world))
        await press(me, "bulk", fields=USE)
        assert "事業所を選択してください" in told(me)
        assert 'href="#list"' in me.text
        await me.get(BULK)
        assert me.status == 303


class TestDoing:
    async def test_it_is_done_once_told_recorded_and_the_pick_is_empty(self, world: World) -> None:
        me = await previewed(world, "000001", "000003")
        await submit(me, BULK)
        assert "2事業所の設定を変更しました" in told(me)
        assert "元に戻す" in told(me)
        assert await settings(world, "000001") == await settings(world, "000003") == USED
        assert picked(me) == "0件を選択中（全14件）"
        assert sorted(world.forgotten) == [("0001", "000001"), ("0001", "000003")]
        made = await events(world, "settings.establishment.changed")
        assert [(one.actor, one.establishment) for one in made] == [("A00010001", "000003"), ("A00010001", "000001")]

    async def test_who_comes_second_sees_what_changed_and_nothing_is_done(self, world: World) -> None:
        me = await previewed(world, "000001", "000003")
        world.now[0] += 60
        await change(world, "000003", TenantSettings(True))
        await submit(me, BULK)
        assert "ほかの方が設定を変更したため、まだ登録していません" in told(me)
        assert "A00010002（2026年11月21日(土) 12:01）" in me.text
        assert (await settings(world, "000001")).uses_second_factor is False
        assert await settings(world, "000003") == TenantSettings(True)
        await submit(me, BULK)
        assert await settings(world, "000001") == await settings(world, "000003") == USED

    @pytest.mark.parametrize("digest", ["", "x", "0" * 64])
    async def test_a_forged_digest_does_nothing(self, world: World, digest: str) -> None:
        me = await previewed(world, "000001")
        await submit(me, BULK, {"digest": digest})
        assert "まだ登録していません" in told(me)
        assert await using(world) == [PINNED]

    async def test_what_another_window_chose_meanwhile_is_shown_before_it_is_done(self, world: World) -> None:
        me = await previewed(world, "000001")
        other = await open_list(Browser(world, me.token))
        await press(other, "search", fields={"uses": "1", "payslip": ""})
        await submit(me, BULK)
        assert heading(me) == "一括登録の確認"
        assert await using(world) == [PINNED]
        await submit(me, BULK)
        assert await settings(world, "000001") == TenantSettings(True)

    async def test_what_is_so_already_is_told_as_such(self, world: World) -> None:
        await fill(world)
        await change(world, "000001", USED)
        me = await open_list(await staff(world))
        await press(me, "bulk", tick=["000001"], fields=USE)
        await submit(me, BULK)
        assert "変更はありませんでした" in told(me)


class TestUndo:
    async def test_the_page_that_tells_of_a_change_takes_it_back(self, world: World) -> None:
        me = await previewed(world, "000001", "000003")
        await submit(me, BULK)
        world.forgotten.clear()
        await submit(me, UNDO)
        assert "2事業所の設定を元に戻しました" in told(me)
        assert await settings(world, "000001") == DEFAULT
        assert ("0001", "000001") in world.forgotten
        assert len(await events(world, "settings.establishment.undone")) == 2

    async def test_what_others_changed_since_stays_and_is_told(self, world: World) -> None:
        me = await previewed(world, "000001", "000003")
        await submit(me, BULK)
        page = me.text
        await change(world, "000003", TenantSettings(False))
        me.text = page
        await submit(me, UNDO)
        assert "1事業所の設定を元に戻しました" in told(me)
        assert "1事業所は、そのあとに変更されたため、そのままにしました" in told(me)
        assert await settings(world, "000003") == TenantSettings(False)

    async def test_the_last_change_can_be_undone_later_and_by_a_colleague_once(self, world: World) -> None:
        me = await previewed(world, "000001")
        await submit(me, BULK)
        other = await open_list(await staff(world, DEPUTY))
        assert "最後の変更：A00010001 が 2026年11月21日(土) 12:00 に1事業所を変更しました。" in other.text
        page = other.text
        await submit(other, UNDO)
        assert await settings(world, "000001") == DEFAULT
        other.text = page
        await submit(other, UNDO)
        assert "すでに元に戻されています" in told(other)

    async def test_another_offices_change_cannot_be_undone(self, world: World) -> None:
        me = await previewed(world, "000001")
        await submit(me, BULK)
        _, fields = form_of(me.text, UNDO)
        change_id = dict(fields)["change"]
        other = await staff(world, OTHER_STAFF)
        await send(other, UNDO, [("csrf", await other.csrf()), ("change", change_id)])
        assert "元に戻せませんでした" in told(other)
        assert await settings(world, "000001") == USED

    async def test_an_address_alone_claims_no_success(self, world: World) -> None:
        await fill(world)
        me = await staff(world)
        for query in ("?done=x", "?undone=x", "?done=office", "?fault=x"):
            await open_list(me, query)
            assert told(me) == "", query


class TestOtherOffices:
    async def test_a_foreign_code_is_never_read_picked_or_changed(self, world: World) -> None:
        await fill(world)
        me = await staff(world)
        assert (await me.get(f"{SETTINGS}/establishment?code={FOREIGN}")).status == 404
        assert "よその会社" not in me.text
        assert (await me.post(f"{SETTINGS}/establishment?code={FOREIGN}", {"uses": "1", "revision": "0"})).status == 404
        await open_list(me, f"?from={FOREIGN}")
        assert shown(me) == []
        await open_list(me)
        action, fields = form_of(me.text, 'value="bulk"')
        forged = [("shown", FOREIGN), ("code", FOREIGN), ("was", FOREIGN), ("code", "000001"), ("do", "page:1")]
        await send(me, action, [*fields, *forged])
        assert ticked(me) == {"000001"}
        assert picked(me) == "1件を選択中（全14件）"
        await press(me, "open:000001")
        await open_list(me)
        await press(me, "bulk", fields=USE)
        await submit(me, BULK)
        assert await settings(world, FOREIGN, "0002") == DEFAULT
        assert {office for office, _ in world.forgotten} == {"0001"}

    async def test_a_code_that_the_office_does_not_have_is_not_taken_off_either(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world))
        await press(me, "all")
        action, fields = form_of(me.text, 'value="bulk"')
        await send(me, action, [*fields, ("shown", FOREIGN), ("was", FOREIGN), ("do", "page:1")])
        assert picked(me) == "14件を選択中（全14件）"

    async def test_everything_is_everything_of_ones_own(self, world: World) -> None:
        await fill(world)
        other = await open_list(await staff(world, OTHER_STAFF))
        assert shown(other) == [FOREIGN]
        await press(other, "all")
        await press(other, "bulk", fields=USE)
        assert "1事業所・1名の設定を変更します。" in other.text
        await submit(other, BULK)
        assert await settings(world, FOREIGN, "0002") == USED
        assert await using(world) == [PINNED]


class TestClosed:
    @pytest.mark.parametrize("path", ["", "/establishment?code=000001", "/bulk", "/undo", "/import", "/import/check"])
    async def test_while_the_office_does_not_use_it_nothing_can_be_set(self, world: World, path: str) -> None:
        await fill(world, uses=False)
        me = await staff(world)
        await me.post(SETTINGS + path, {"uses": "1", "do": "bulk", "revision": "0", "code": "000001"})
        assert (me.status, me.location) == (303, f"{SETTINGS}?fault=closed")
        await me.get(me.location)
        assert "事業所の設定はできません" in told(me)
        assert await settings(world, "000001") == DEFAULT

    @pytest.mark.parametrize("path", ["/establishment?code=000001", "/bulk", "/export", "/export/file", "/import"])
    async def test_nor_looked_at(self, world: World, path: str) -> None:
        await fill(world, uses=False)
        me = await (await staff(world)).get(SETTINGS + path)
        assert (me.status, me.location) == (303, f"{SETTINGS}?fault=closed")


class TestRollout:
    @pytest.fixture
    def rollout(self) -> Rollout:
        return Rollout(NOON - 86400, None, NOON + 86400)

    async def test_before_and_after_the_mandatory_date(self, world: World) -> None:
        await fill(world, uses=False)
        me = await open_list(await staff(world))
        assert "2026年11月22日(日) 12:00 からは、設定にかかわらず" in me.text
        world.now[0] = NOON + 86400
        me = await open_list(await staff(world))
        assert "2026年11月22日(日) 12:00 から、すべての方に2要素認証が必要です。" in me.text
        assert shown(me) == list(OWN[:10]), (
            "what is exempt counts, so it can be set although the office is switched off"
        )
        await press(me, "bulk", tick=["000001"], fields={"uses": "0", "payslip": "", "attendance": ""})
        await submit(me, BULK)
        assert await settings(world, "000001") == TenantSettings(False)

    async def test_before_the_optional_date(self, world: World) -> None:
        await fill(world)
        world.now[0] = NOON - 2 * 86400
        me = await open_list(await staff(world))
        assert "2要素認証は 2026年11月20日(金) 12:00 から始まります。" in me.text


async def test_a_registry_that_does_not_answer_is_a_page_and_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = await previewed(world, "000001")

    async def down(*_: object) -> None:
        raise StoreUnavailable("registry", "down")

    with monkeypatch.context() as patch:
        patch.setattr(world.registry, "change_selected", down)
        await submit(me, BULK)
        assert me.status == 503
    await me.get(BULK)
    await submit(me, BULK)
    assert await settings(world, "000001") == USED


def test_the_default_of_these_tests_is_the_worlds() -> None:
    assert frozenset(PUNCH_AND_PAYSLIP) == DEFAULT.exempt
    assert STAFF.office == "0001"
