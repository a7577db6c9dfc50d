"""One establishment's settings, and who gets to any of these pages."""

from __future__ import annotations

import pytest

from gateway.core.policy import TenantSettings
from tests.portal.conftest import CHIEF, EMPLOYEE, NOON, STAFF, World
from tests.portal.settings_kit import (
    DEFAULT,
    PINNED,
    SETTINGS,
    USED,
    change,
    events,
    fill,
    send,
    settings,
    staff,
    submit,
    told,
)

OFFICE = f"{SETTINGS}/office"


class TestOne:
    page = f"{SETTINGS}/establishment?code=000001"

    async def test_it_is_set_as_the_form_says(self, world: World) -> None:
        await fill(world)
        me = await (await staff(world)).get(self.page)
        for words in (
            "2要素認証ログインを利用する",
            "2要素認証コード不要で利用可能にするサービスを選択してください",
            "ネットde明細（本人の閲覧機能以外は利用できません）",
            "ネットde就業（上長・総務・マスタは利用できません）",
            "打刻のみ許可",
            "打刻+届出も許可",
            "2要素認証ログインを利用しない",
            "※その他のサービスは2要素認証を使わずに利用はできません",
        ):
            assert f">{words}<" in me.text
        await submit(me, self.page, {"uses": "1", "attendance": None})
        assert "1事業所の設定を変更しました" in told(me)
        assert await settings(world, "000001") == USED
        assert world.forgotten == [("0001", "000001")]
        event = (await events(world, "settings.establishment.changed"))[0]
        assert (event.actor, event.establishment, event.at) == ("A00010001", "000001", NOON)

    async def test_none_of_both_is_a_fault_and_keeps_what_was_ticked(self, world: World) -> None:
        await fill(world)
        me = await (await staff(world)).get(self.page)
        await submit(me, self.page, {"uses": None, "payslip": None, "scope": "notifications"})
        assert "どちらかを選んでください" in told(me)
        assert 'value="notifications" checked' in me.text
        assert 'name="payslip" value="1" checked' not in me.text
        assert await settings(world, "000001") == DEFAULT

    async def test_the_second_of_two_learns_who_changed_it_when_and_what_they_typed_is_kept(self, world: World) -> None:
        await fill(world)
        me = await (await staff(world)).get(self.page)
        world.now[0] += 120
        await change(world, "000001", TenantSettings(True))
        await submit(me, self.page, {"uses": "0", "payslip": None})
        assert "A00010002 が 2026年11月21日(土) 12:02 に変更し" in told(me)
        assert 'id="uses-0" name="uses" value="0" checked' in me.text
        assert 'name="payslip" value="1" checked' not in me.text
        assert await settings(world, "000001") == TenantSettings(True)
        await submit(me, self.page)
        assert (await settings(world, "000001")).uses_second_factor is False

    async def test_the_pinned_one_cannot_be_changed(self, world: World) -> None:
        await fill(world)
        page = f"{SETTINGS}/establishment?code={PINNED}"
        me = await (await staff(world)).get(page)
        assert "設定ファイルで固定しているため" in me.text
        assert '<form method="post" action="/.sekisho/settings/establishment' not in me.text
        await send(me, page, [("csrf", await me.csrf()), ("uses", "0"), ("revision", "0")])
        assert "運営者が固定している" in told(me)
        assert await settings(world, PINNED) == TenantSettings(True)

    async def test_a_change_of_nothing_is_told_as_such(self, world: World) -> None:
        await fill(world)
        me = await (await staff(world)).get(self.page)
        await submit(me, self.page, {"uses": "0"})
        assert "変更はありませんでした" in told(me)
        assert await events(world, "settings.establishment.changed") == []


class TestWho:
    @pytest.mark.parametrize("subject", [EMPLOYEE, CHIEF])
    async def test_nobody_of_an_establishment_gets_in(self, world: World, subject: object) -> None:
        await fill(world)
        me = await world.sign_in(subject, proven=True)  # type: ignore[arg-type]
        for path in ("", "/office", "/establishment?code=000001", "/bulk", "/export", "/export/file", "/import"):
            assert (await me.get(SETTINGS + path)).status == 403, path
        for path in ("", "/office", "/establishment?code=000001", "/bulk", "/undo", "/import", "/import/check"):
            assert (await me.post(SETTINGS + path, {"uses": "1"})).status == 403, path

    async def test_staff_without_a_code_are_led_to_it_first(self, world: World) -> None:
        await fill(world)
        me = await (await world.sign_in(STAFF)).get(SETTINGS)
        assert (me.status, me.location) == (303, "/.sekisho/enrol")

    async def test_a_form_of_another_session_changes_nothing(self, world: World) -> None:
        await fill(world)
        me = await staff(world)
        assert (await me.post(OFFICE, {"uses": "0", "confirmed": "1"}, csrf="stolen")).status == 403
        assert await world.registry.office_settings("0001") == TenantSettings(True)
