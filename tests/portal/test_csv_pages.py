"""「ファイル出力」 and 「ファイル取込」: what goes out, what comes back, and that a bad line stops all of it."""

from __future__ import annotations

import io
import re

import pytest
from aiohttp import ClientSession, FormData

from gateway.core.errors import StoreUnavailable
from gateway.core.policy import TenantSettings
from gateway.stores.base_tenants import EstablishmentRow
from tests.portal.conftest import EMPLOYEE, STAFF, Browser, World
from tests.portal.settings_kit import (
    DEFAULT,
    FOREIGN,
    PINNED,
    SETTINGS,
    USED,
    change,
    events,
    fill,
    heading,
    open_list,
    press,
    settings,
    staff,
    submit,
    told,
)

FILE = f"{SETTINGS}/export/file"
IMPORT, CHECK = f"{SETTINGS}/import", f"{SETTINGS}/import/check"
HEAD = "事業所コード,事業所名,事業所名カナ,2要素認証,ネットde明細,ネットde就業,固定"


def lines(*cells: str, head: str = HEAD) -> bytes:
    return "\r\n".join([head, *cells, ""]).encode()


class TestExport:
    async def test_the_page_offers_both_encodings_and_what_is_picked(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world), "?name=MKS")
        await press(me, "export", tick=["000001"])
        assert heading(me) == "ファイル出力"
        for words in ("選択中の1事業所", "検索結果の4事業所", "Excel用（Shift_JIS）で保存", "UTF-8（BOM付き）で保存"):
            assert words in me.text

    async def test_the_file_holds_what_was_found_as_excel_in_japan_opens_it(self, world: World) -> None:
        await fill(world)
        await change(world, "000001", USED)
        me = await open_list(await staff(world))
        await press(me, "search", fields={"name": "MKS"})
        content, headers = await download(me, f"{FILE}?encoding=cp932")
        text = content.decode("cp932")
        assert text.split("\r\n")[:3] == [
            HEAD,
            "000001,株式会社MKS,エムケイエス,利用する,コード不要,コード必要,",
            "000005,株式会社MKS,,利用しない,コード不要,打刻のみ許可,",
        ]
        assert text.count("\r\n") == 5
        assert headers["Content-Type"] == "text/csv; charset=shift_jis"
        assert 'filename="2fa-settings-20261121.csv"' in headers["Content-Disposition"]

    async def test_utf_8_begins_with_a_mark(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world))
        content, _ = await download(me, FILE)
        assert content.startswith(b"\xef\xbb\xbf" + HEAD.encode())
        assert "𠮷野家商店" in content.decode()
        assert PINNED + ",有限会社ソーシャル,,利用する,コード必要,コード必要,固定" in content.decode()

    async def test_only_what_is_picked(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world))
        await press(me, "export", tick=["000002", "000003"])
        content, _ = await download(me, f"{FILE}?scope=picked")
        assert re.findall(r"^\d{6}", content.decode("utf-8-sig"), re.MULTILINE) == ["000002", "000003"]

    async def test_characters_that_shift_jis_lacks_are_told_before_anything_is_written(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world))
        await me.get(f"{FILE}?encoding=cp932&scope=found")
        assert me.status == 303
        await me.get(me.location)
        assert "Shift_JISで書けない文字を含む事業所が3件あります" in told(me)
        assert "000004 𠮷野家商店：𠮷" in told(me)
        content, _ = await download(me, f"{FILE}?encoding=cp932&scope=found&replace=1")
        assert "000004,〓野家商店," in content.decode("cp932")

    async def test_what_was_exported_comes_back_without_a_change(self, world: World) -> None:
        await fill(world)
        me = await open_list(await staff(world))
        content, _ = await download(me, f"{FILE}?encoding=cp932&replace=1")
        await upload(me, content)
        assert "今の設定とすべて同じです" in me.text


async def download(browser: Browser, path: str) -> tuple[bytes, dict[str, str]]:
    headers = {"Cookie": f"sekisho={browser.token}", "Accept-Language": "ja"}
    async with ClientSession() as client, client.get(browser.world.address + path, headers=headers) as answer:
        assert answer.status == 200
        return await answer.read(), dict(answer.headers)


async def upload(browser: Browser, content: bytes | None, name: str = "設定.csv") -> Browser:
    """Choose a file and press the button, then see what follows."""
    form = FormData(quote_fields=False)  # a browser sends names as they are
    form.add_field("csrf", await browser.csrf())
    form.add_field(
        "file", io.BytesIO(content or b""), filename="" if content is None else name, content_type="text/csv"
    )
    await browser._ask("POST", IMPORT, form, {})  # type: ignore[arg-type]
    if browser.status == 303:
        await browser.get(browser.location)
    return browser


def using(*codes: str) -> bytes:
    return lines(*(f"{code},,,利用する,コード不要,コード必要," for code in codes))


class TestImport:
    async def test_first_what_it_will_do_then_all_of_it(self, world: World) -> None:
        await fill(world)
        me = await (await staff(world)).get(IMPORT)
        assert "最大100,000行" in me.text
        await upload(
            me, using("000001", "000002") + lines("000003,,,利用しない,コード不要,打刻のみ許可,").split(b"\r\n")[1]
        )
        assert heading(me) == "ファイル取込の確認"
        assert "設定.csv" in me.text
        assert "2事業所・4名の設定を変更します。うち0名がログイン中です。" in me.text
        assert "変更前 0 → 変更後 2" in me.text
        assert await settings(world, "000001") == DEFAULT
        await submit(me, CHECK)
        assert "2事業所の設定を変更しました" in told(me)
        assert await settings(world, "000001") == await settings(world, "000002") == USED
        assert sorted(world.forgotten) == [("0001", "000001"), ("0001", "000002")]
        assert len(await events(world, "settings.establishment.changed")) == 2
        await submit(me, f"{SETTINGS}/undo")
        assert await settings(world, "000001") == DEFAULT

    async def test_what_another_window_read_meanwhile_is_shown_before_it_is_done(self, world: World) -> None:
        await fill(world)
        me = await upload(await staff(world), using("000001"))
        await upload(Browser(world, me.token), using("000002"), "別の設定.csv")
        await submit(me, CHECK)
        assert heading(me) == "ファイル取込の確認"
        assert "別の設定.csv" in me.text
        assert await settings(world, "000001") == await settings(world, "000002") == DEFAULT
        await submit(me, CHECK)
        assert await settings(world, "000002") == USED

    async def test_one_bad_line_and_nothing_is_done(self, world: World) -> None:
        await fill(world)
        me = await upload(await staff(world), using("000001", FOREIGN))
        assert heading(me) == "取り込めない行があります"
        assert "1行に誤りがあるため、何も変更していません。" in me.text
        assert "3行目" in me.text
        assert f"事業所コード「{FOREIGN}」は、この事務所の一覧にありません" in me.text
        await me.post(CHECK, {})
        assert await settings(world, "000001") == DEFAULT
        assert await settings(world, FOREIGN, "0002") == DEFAULT

    async def test_many_bad_lines_are_all_there_on_pages(self, world: World) -> None:
        await fill(world)
        me = await upload(await staff(world), using(*(f"x{number}" for number in range(120))))
        assert "120件中 1～50件目" in me.text
        assert "（3ページ中1ページ目）" in me.text
        await me.get(f"{CHECK}?page=3")
        assert "121行目" in me.text
        assert len(me.text.encode()) < 50_000

    async def test_of_very_many_bad_lines_all_are_counted_and_the_first_are_shown(self, world: World) -> None:
        await fill(world)
        me = await upload(await staff(world), using(*(f"x{number}" for number in range(1200))))
        assert "1,200行に誤りがあるため" in me.text
        assert "1,000件中 1～50件目" in me.text

    async def test_what_others_changed_since_is_told_and_nothing_is_done(self, world: World) -> None:
        await fill(world)
        me = await upload(await staff(world), using("000001", "000002"))
        await change(world, "000002", TenantSettings(True))
        await submit(me, CHECK)
        assert "ほかの方が設定を変更したため" in told(me)
        assert "A00010002（" in me.text
        assert await settings(world, "000001") == DEFAULT
        await submit(me, CHECK)
        assert await settings(world, "000001") == await settings(world, "000002") == USED

    async def test_an_establishment_that_went_away_stops_all_of_it(self, world: World) -> None:
        await fill(world)
        me = await upload(await staff(world), using("000001", "000002"))
        page = me.text
        await world.registry.replace_configured("other", [], [], [])
        me.text = page
        await submit(me, CHECK)
        assert "事業所の一覧が変わったため、登録していません" in told(me)

    async def test_a_page_without_a_file_leads_to_choosing_one(self, world: World) -> None:
        await fill(world)
        me = await (await staff(world)).get(CHECK)
        assert (me.status, me.location) == (303, IMPORT)
        assert (await me.post(CHECK, {})).location == CHECK

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (None, "CSVファイルを選んでください"),
            (b"\xff\xff", "文字コードを読み取れません"),
            (lines("x", head="<b>名</b>"), "「&lt;b&gt;名&lt;/b&gt;」"),
        ],
    )
    async def test_a_file_that_cannot_be_read_is_told_at_its_field(
        self, world: World, content: bytes | None, reason: str
    ) -> None:
        await fill(world)
        me = await upload(await staff(world), content)
        assert heading(me) == "ファイル取込"
        assert reason in told(me)
        assert 'href="#file"' in me.text

    async def test_no_file_field_at_all(self, world: World) -> None:
        await fill(world)
        me = await (await staff(world)).post(IMPORT, {"file": "text"})
        assert me.location == f"{IMPORT}?fault=file"

    async def test_a_large_file_is_taken_and_a_larger_one_is_not(self, world: World) -> None:
        await fill(world)
        me = await staff(world)
        await upload(me, using("000001") + b"\r\n" * (1 << 20))
        assert heading(me) == "ファイル取込の確認"
        await upload(me, b"x" * (17 << 20))
        assert me.status == 413

    async def test_a_large_form_of_somebody_else_is_not_read(self, world: World) -> None:
        for me, status in ((await world.sign_in(EMPLOYEE, proven=True), 400), (await world.sign_in(STAFF), 413)):
            await upload(me, b"\r\n" * (1 << 20))
            assert me.status == status

    async def test_a_registry_that_does_not_answer_is_a_page_not_half_a_file(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await fill(world)
        me = await staff(world)

        class Down:
            def __aiter__(self) -> Down:
                return self

            async def __anext__(self) -> tuple[EstablishmentRow, ...]:
                raise StoreUnavailable("registry", "down")

        monkeypatch.setattr(world.registry, "every_establishment", lambda *_: Down())
        assert (await me.get(FILE)).status == 503
