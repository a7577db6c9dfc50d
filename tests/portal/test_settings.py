"""The settings of an office and the list of its establishments."""

from __future__ import annotations

import pytest

from gateway.config.settings import TenantEntry, Tenants
from gateway.core.policy import TenantSettings
from tests.portal.conftest import World
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

OFFICE = f"{SETTINGS}/office"


class TestOffice:
    async def test_an_office_that_never_set_anything_does_not_use_it_and_its_establishments_are_closed(
        self, world: World
    ) -> None:
        await fill(world, uses=False)
        me = await open_list(await staff(world))
        assert "事務所2要素認証利用設定" in me.text
        assert 'id="office-0" name="uses" value="0" checked' in me.text
        assert "事業所2要素認証利用設定" in me.text
        assert "（社労士事務所が2要素認証を利用しない場合は設定できません）" in me.text
        assert 'name="do"' not in me.text

    async def test_it_is_switched_on_recorded_and_holds_at_once(self, world: World) -> None:
        await fill(world, uses=False)
        me = await open_list(await staff(world))
        await submit(me, OFFICE, {"uses": "1", "codes": "1"})
        assert "事務所の設定を登録しました" in told(me)
        assert await world.registry.office_settings("0001") == TenantSettings(True, registration_codes=True)
        assert world.forgotten == [("0001", None)]
        assert shown(me) == list(OWN[:10])
        event = (await events(world, "settings.office.changed"))[0]
        assert (event.actor, event.office, event.address, event.reference) == ("A00010001", "0001", "192.0.2.7", "R-77")
        assert dict(event.detail).keys() >= {"before", "after"}

    async def test_switching_off_says_first_what_happens_to_how_many(self, world: World) -> None:
        await fill(world)
        await change(world, "000001", USED)
        me = await open_list(await staff(world))
        await submit(me, OFFICE, {"uses": "0"})
        assert heading(me) == "2要素認証の利用をやめますか"
        assert "Aから始まるID（2名、" in me.text
        assert "登録済みの認証アプリは消えません" in me.text
        assert (await world.registry.office_settings("0001")) == TenantSettings(True)
        await submit(me, OFFICE, {"confirmed": "1"})
        assert "事務所の設定を登録しました" in told(me)
        assert (await world.registry.office_settings("0001")) == TenantSettings(False)
        assert await settings(world, "000001") == USED, "what establishments have set stays stored"

    async def test_the_second_of_two_is_told_and_what_they_typed_is_kept(self, world: World) -> None:
        await fill(world, uses=False)
        me, other = await open_list(await staff(world)), await open_list(await staff(world, DEPUTY))
        await submit(other, OFFICE, {"uses": "1"})
        await submit(me, OFFICE, {"uses": "1", "codes": "1"})
        assert "ほかの方が事務所の設定を変更した" in told(me)
        assert 'name="codes" value="1" checked' in me.text
        assert (await world.registry.office_settings("0001")) == TenantSettings(True)
        await submit(me, OFFICE)
        assert (await world.registry.office_settings("0001")) == TenantSettings(True, registration_codes=True)

    async def test_neither_of_both_is_a_fault_at_the_field(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world))
        await submit(me, OFFICE, {"uses": None})
        assert "どちらかを選んでください" in told(me)
        assert "<title>エラー: " in me.text
        assert 'href="#office-1"' in me.text

    async def test_a_forged_revision_changes_nothing(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world))
        for revision in ("", "x", "9" * 30, "-1", "٣"):
            await submit(me, OFFICE, {"uses": "1", "codes": "1", "revision": revision})
            assert (await world.registry.office_settings("0001")) == TenantSettings(True)

    async def test_the_confirmation_is_no_page_of_its_own(self, world: World) -> None:
        await fill(world)
        me = await (await staff(world)).get(OFFICE)
        assert (me.status, me.location) == (303, SETTINGS)


class TestPinnedOffice:
    @pytest.fixture
    def tenants(self) -> Tenants:
        entry = TenantEntry(TenantSettings(True), pinned=True)
        return Tenants(TenantSettings(), DEFAULT, offices=(("0001", entry),))

    async def test_it_says_so_and_cannot_be_changed_but_its_establishments_can(self, world: World) -> None:
        await fill(world, uses=False)
        me = await open_list(await staff(world))
        assert "設定ファイルで固定しているため、この画面では変更できません" in me.text
        assert OFFICE not in me.text
        assert shown(me) == list(OWN[:10])
        await send(me, OFFICE, [("csrf", await me.csrf()), ("uses", "0"), ("confirmed", "1"), ("revision", "0")])
        assert "運営者が固定している" in told(me)
        assert await world.registry.office_settings("0001") is None
        assert (await me.get(OFFICE)).location == SETTINGS


class TestConfiguredOffice:
    @pytest.fixture
    def tenants(self) -> Tenants:
        return Tenants(TenantSettings(), DEFAULT, offices=(("0001", TenantEntry(TenantSettings(True))),))

    async def test_what_the_configuration_says_holds_until_the_office_says_otherwise(self, world: World) -> None:
        await fill(world, uses=False)
        me = await open_list(await staff(world))
        assert 'id="office-1" name="uses" value="1" checked' in me.text
        await submit(me, OFFICE, {"uses": "0"})
        await submit(me, OFFICE, {"confirmed": "1"})
        assert await world.registry.office_settings("0001") == TenantSettings(False)
        assert 'id="office-0" name="uses" value="0" checked' in me.text
        assert dict((await events(world, "settings.office.changed"))[0].detail)["before"] == "use=1"


class TestList:
    async def test_ten_a_page_with_the_count_and_the_page_in_the_title(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world))
        assert shown(me) == list(OWN[:10])
        assert "14件中 1～10件目" in me.text
        assert "（2ページ中1ページ目）" in me.text
        await press(me, "page:2")
        assert shown(me) == list(OWN[10:])
        assert "14件中 11～14件目" in me.text

    @pytest.mark.parametrize(
        ("fields", "codes"),
        [
            ({"from": "000003", "to": "000005"}, OWN[2:5]),
            ({"from": "000005", "to": "000003"}, OWN[2:5]),
            ({"from": "００００１３"}, OWN[12:]),
            ({"name": "ｍｋｓ"}, OWN[0::4]),
            ({"kana": "ｴﾑｹｲ"}, OWN[:1]),
            ({"state": "use"}, (PINNED,)),
            ({"name": "よその"}, ()),
            ({"from": FOREIGN}, ()),
            ({"name": "%"}, ()),
        ],
    )
    async def test_conditions_find_and_stay_in_the_address(
        self, world: World, fields: dict[str, str], codes: tuple[str, ...]
    ) -> None:
        await fill(world)
        me = await open_list(await staff(world))
        await press(me, "search", fields=fields)
        assert shown(me) == list(codes)
        if not codes:
            assert "条件に合う事業所はありません" in me.text
        await press(me, "clear")
        assert shown(me) == list(OWN[:10])

    async def test_an_address_with_conditions_opens_the_same_list(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world), "?from=000011&page=1")
        assert shown(me) == list(OWN[10:])
        assert 'name="from" type="text" value="000011"' in me.text

    @pytest.mark.parametrize("page", ["0", "-1", "99", "x", "٢", "1" * 40])
    async def test_a_page_that_is_none_shows_one_that_is(self, world: World, page: str) -> None:
        await fill(world)
        me = await open_list(await staff(world), f"?page={page}")
        assert shown(me)

    async def test_what_is_picked_survives_paging_searching_and_faults(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world))
        await press(me, "page:2", tick=["000003"])
        await press(me, "search", tick=["000012"], fields={"name": "MKS"})
        assert picked(me) == "2件を選択中（全4件）"
        await press(me, "bulk", tick=["000005"])  # nothing is chosen yet: a fault
        assert "どちらかを選んでください" in told(me)
        await press(me, "clear")
        assert ticked(me) == {"000003", "000005"}
        assert picked(me) == "3件を選択中（全14件）"
        await press(me, "page:2", untick=["000003"])
        assert ticked(me) == {"000012"}
        assert picked(me) == "2件を選択中（全14件）"

    async def test_what_was_chosen_survives_too(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world))
        chosen = {"uses": "1", "payslip": "", "attendance": "1", "scope": "notifications"}
        await press(me, "page:2", fields=chosen)
        for words in ('id="uses-1" name="uses" value="1" checked', 'value="notifications" checked'):
            assert words in me.text
        assert 'name="payslip" value="1" checked' not in me.text

    async def test_all_on_and_off_are_for_the_whole_result(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world))
        await press(me, "all")
        assert picked(me) == "14件を選択中（全14件）"
        await press(me, "page:2", untick=["000001"])
        assert ticked(me) == set(OWN[10:])
        assert picked(me) == "13件を選択中（全14件）"
        await press(me, "search", fields={"name": "MKS"})
        await press(me, "none")
        assert picked(me) == "10件を選択中（全4件）"
        await press(me, "clear")
        assert ticked(me) == set(OWN[:10]) - set(OWN[0::4])
        await press(me, "all", fields={"from": "000002"})
        assert picked(me) == "14件を選択中（全14件）", "conditions that were not searched for do not count"

    async def test_what_a_result_does_not_hold_can_join_it(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world))
        await press(me, "search", fields={"name": "MKS"})
        await press(me, "all")
        await press(me, "clear")
        assert ticked(me) == {"000001", "000005", "000009"}
        await press(me, "page:2", tick=["000002"])
        assert picked(me) == "5件を選択中（全14件）"
        assert ticked(me) == {"000013"}
        await press(me, "search", fields={"state": "use"})
        await press(me, "all")
        assert picked(me) == "6件を選択中（全1件）"

    async def test_two_sessions_pick_apart(self, world: World) -> None:
        await fill(world)
        me, other = await open_list(await staff(world)), await open_list(await staff(world))
        await press(me, "page:1", tick=["000001"])
        await open_list(other)
        assert ticked(other) == set()

    async def test_two_windows_of_one_session_pick_together(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world))
        before = me.text
        await press(me, "page:1", tick=["000001"])
        me.text = before
        await press(me, "page:1", tick=["000002"])
        assert ticked(me) == {"000001", "000002"}

    async def test_one_is_opened_from_its_box_or_its_name(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world))
        await press(me, "one")
        assert "事業所を選択してください" in told(me)
        await press(me, "one", tick=["000001", "000002"])
        assert "1つだけ選択してください" in told(me)
        await press(me, "one", untick=["000001"])
        assert heading(me) == "有限会社ソーシャル"
        await open_list(me)
        await press(me, "open:000003", tick=["000004"])
        assert heading(me) == "株式会社エムゲーシステム"
        await open_list(me)
        assert ticked(me) == {"000002", "000004"}

    async def test_a_list_that_is_not_up_to_date_says_since_when(self, world: World) -> None:
        await fill(world)
        world.stale = True
        me = await open_list(await staff(world))
        assert "2026年11月21日(土) 11:00 時点の一覧を表示しています" in me.text

    async def test_the_pinned_one_says_so(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world), "?page=2")
        assert ">固定</span>" in me.text

    async def test_names_are_escaped(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world), "?name=%22%3E%3Cscript%3E")
        assert "<script>" not in me.text

    async def test_english(self, world: World) -> None:
        await fill(world)
        me = await staff(world)
        me.language = "en"
        await open_list(me)
        assert heading(me) == "Two-factor authentication settings"
        assert picked(me) == "0 selected (14 found)"
