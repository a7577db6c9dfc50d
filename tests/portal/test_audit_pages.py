"""The audit record as its readers see it: an office its own, the operator all; search, pages, files."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import re
from dataclasses import replace

import pytest

from gateway.core.events import GROUPS, Event, EventGroup
from gateway.core.subject import Subject
from gateway.portal.audit import PAGE_SIZE
from gateway.portal.audit_lines import line_of, setting_of
from gateway.portal.pages import translate
from gateway.portal.words import CATALOGUES
from gateway.stores.base_audit import AuditEvent, AuditQuery, NumberedEvent
from tests.portal.conftest import (
    CHIEF,
    EMPLOYEE,
    NOON,
    OPERATOR,
    OTHER_EMPLOYEE,
    OTHER_STAFF,
    STAFF,
    Browser,
    World,
)

AUDIT = "/.sekisho/audit"
FILE = "/.sekisho/audit/file"
ALL = "/.sekisho/operator/audit"
ALL_FILE = "/.sekisho/operator/audit/file"
DAY = 86_400.0
PAGES = (AUDIT, FILE, ALL, ALL_FILE)


def event(
    name: Event, subject: Subject = EMPLOYEE, *, at: float = NOON, actor: Subject | None = None, **more: str
) -> AuditEvent:
    reference, address = more.pop("reference", "R-1"), more.pop("address", "192.0.2.9")
    by = (actor or subject).login_id
    detail = tuple(more.items())
    return AuditEvent(
        at, name.value, reference, by, subject.login_id, subject.office, subject.establishment, address, detail
    )


async def written(world: World, *events: AuditEvent) -> None:
    await asyncio.gather(*(world.registry.record(one) for one in events))


def rows(browser: Browser) -> list[str]:
    """The lines of the table, tags taken out."""
    found = re.findall(r"<tr>(.*?)</tr>", browser.text, re.DOTALL)[1:]
    return [html.unescape(" ".join(re.sub(r"<[^>]+>", " ", row).split())) for row in found]


def lines(browser: Browser, encoding: str = "utf-8-sig") -> list[list[str]]:
    """A downloaded file."""
    assert browser.answer_headers["Content-Type"].startswith("text/csv")
    assert browser.answer_headers["Cache-Control"] == "no-store"
    return list(csv.reader(io.StringIO(browser.text.lstrip("\ufeff"), newline="")))


async def test_an_office_reads_who_did_what_to_whom_when_from_where_and_what_it_was_before(world: World) -> None:
    change = {"before": "use=0", "after": "use=1 exempt=attendance.punch,payslip.own"}
    target = replace(EMPLOYEE, login_id="", name="")
    await written(
        world,
        event(Event.SIGNED_IN, at=NOON - DAY, reference="R-SIGN"),
        event(Event.FACTOR_RESET, at=NOON - 3600, actor=STAFF, right="office-staff", reference="R-RESET"),
        event(Event.ESTABLISHMENT_CHANGED, target, at=NOON - 60, actor=STAFF, reference="R-SET", **change),
    )
    browser = await (await world.sign_in(STAFF, proven=True)).get(AUDIT)
    assert browser.status == 200
    setting, reset, signed_in = rows(browser)
    assert "2026年11月21日(土) 11:59" in setting
    assert (
        "事業所の設定を変更しました 変更前 利用しない 変更後 利用する、打刻：コード不要、明細閲覧：コード不要"
        in setting
    )
    assert "A00010001" in setting
    assert "000001 " in setting
    assert "192.0.2.9" in setting
    assert "R-SET" in setting
    assert "2要素認証設定を初期化しました 社労士事務所による操作" in reset
    assert "A00010001 → B00000101" in reset
    assert "ログインしました" in signed_in
    assert "→" not in signed_in


async def test_an_office_sees_nothing_of_another_whatever_the_address_says(world: World) -> None:
    await written(
        world, event(Event.SIGNED_IN, OTHER_EMPLOYEE, reference="R-THEIRS"), event(Event.CODE_ACCEPTED, OTHER_STAFF)
    )
    browser = await world.sign_in(STAFF, proven=True)
    for query in (
        "",
        "?office=0002",
        "?q=B00000301",
        "?q=R-THEIRS",
        "?q=000003",
        "?before=99",
        "?q=A00020001&office=0002",
    ):
        for address in (AUDIT, FILE):
            await browser.get(address + query)
            assert browser.status == 200
            assert "192.0.2.9" not in browser.text


@pytest.mark.parametrize("path", PAGES)
async def test_a_code_is_asked_for_before_anything_is_read(path: str, world: World) -> None:
    who = OPERATOR if path.startswith(ALL) else STAFF
    browser = await (await world.sign_in(who, waiting=None)).get(path)
    assert (browser.status, browser.location) == (303, "/.sekisho/enrol")


@pytest.mark.parametrize(
    ("path", "who"),
    [(path, who) for path in PAGES for who in (EMPLOYEE, CHIEF)]
    + [(path, who) for path in (ALL, ALL_FILE) for who in (STAFF, OTHER_STAFF)],
)
async def test_whoever_has_no_right_is_refused_with_a_code_and_without(path: str, who: Subject, world: World) -> None:
    await written(world, event(Event.SIGNED_IN, reference="R-SECRET"))
    for proven in (False, True):
        browser = await (await world.sign_in(who, proven=proven)).get(path)
        assert browser.status == 403
        assert "R-SECRET" not in browser.text
    events = (await world.registry.find_events(AuditQuery(None), None, 10)).events
    assert Event.AUDIT_EXPORTED not in [one.event.name for one in events]


async def test_the_operator_reads_every_office_and_may_ask_for_one(world: World) -> None:
    await written(
        world, event(Event.SIGNED_IN, reference="R-1"), event(Event.SIGNED_IN, OTHER_EMPLOYEE, reference="R-2")
    )
    browser = await (await world.sign_in(OPERATOR, proven=True)).get(ALL)
    assert [row.split()[-1] for row in rows(browser)] == ["R-2", "R-1"]
    assert '<th scope="col">事務所</th>' in browser.text
    await browser.get(f"{ALL}?office=0002")
    assert [row.split()[-1] for row in rows(browser)] == ["R-2"]
    assert {line[6] for line in lines(await browser.get(f"{ALL_FILE}?office=0001"))[1:]} == {"0001"}


SEARCHES: tuple[tuple[str, list[str]], ...] = (
    ("", ["NEXT", "LAST", "FIRST", "EVE"]),
    ("from=2026-11-21", ["NEXT", "LAST", "FIRST"]),
    ("to=2026-11-21", ["LAST", "FIRST", "EVE"]),
    ("from=2026-11-21&to=2026/11/21", ["LAST", "FIRST"]),
    ("from=２０２６１１２２", ["NEXT"]),
    ("kind=lock", ["LAST"]),
    ("kind=code&q=b00000101", ["FIRST"]),
    ("kind=nonsense", ["NEXT", "LAST", "FIRST", "EVE"]),
    ("q=B00000199", ["NEXT", "LAST"]),
    ("q=%20a00010001", ["NEXT"]),
    ("q=000001", ["NEXT", "LAST", "FIRST", "EVE"]),
    ("q=first", ["FIRST"]),
    ("q=B000001", []),
    ("q=%25", []),
)


async def references(browser: Browser, query: str) -> list[str]:
    """References of what a search finds, newest first."""
    await browser.get(f"{AUDIT}?{query}")
    assert browser.status == 200
    return [row.split()[-1] for row in rows(browser)]


class TestSearch:
    @pytest.fixture(autouse=True)
    async def some(self, world: World) -> None:
        """21 November is the day of NOON; the first event is one second before it begins, the second its first."""
        midnight = NOON - 12 * 3600
        await written(
            world,
            event(Event.SIGNED_IN, at=midnight - 1, reference="EVE"),
            event(Event.CODE_REFUSED, at=midnight, reference="FIRST", left="4"),
            event(Event.FACTOR_LOCKED, CHIEF, at=midnight + DAY - 1, reference="LAST"),
            event(Event.FACTOR_RESET, CHIEF, at=midnight + DAY, reference="NEXT", actor=STAFF),
        )

    async def test_days_kinds_and_ids_find_what_they_mean(self, world: World) -> None:
        browser = await world.sign_in(STAFF, proven=True)
        found = {query: await references(browser, query) for query, _ in SEARCHES}
        assert found == dict(SEARCHES)

    async def test_what_was_asked_for_stays_in_the_form_and_in_the_file(self, world: World) -> None:
        browser = await (await world.sign_in(STAFF, proven=True)).get(f"{AUDIT}?from=2026-11-21&kind=lock&q=b00000199")
        assert 'name="from" type="text" value="2026-11-21"' in browser.text
        assert '<option value="lock" selected>' in browser.text
        assert 'value="b00000199"' in browser.text
        link = re.search(r'href="([^"]*encoding=utf-8)"', browser.text)
        assert link is not None
        assert [line[9] for line in lines(await browser.get(html.unescape(link[1])))[1:]] == ["LAST"]

    async def test_nothing_found_says_so_and_what_to_do(self, world: World) -> None:
        browser = await (await world.sign_in(STAFF, proven=True)).get(f"{AUDIT}?q=NOBODY")
        assert "条件に合う記録はありません" in browser.text
        assert "<table" not in browser.text
        assert "download" not in browser.text

    @pytest.mark.parametrize(
        ("query", "field", "says"),
        [
            ("from=2026-02-30&q=B00000101", "from", "日付を 2026-11-21 のように入力してください"),
            ("to=tomorrow", "to", "日付を 2026-11-21 のように入力してください"),
            ("to=9999-12-31", "to", "日付を 2026-11-21 のように入力してください"),
            ("from=2026-11-22&to=2026-11-21", "to", "同じ日か、あとの日を"),
            ("q=" + "x" * 129, "q", "128文字以内"),
            ("q=a%00b", "q", "128文字以内"),
        ],
    )
    async def test_what_cannot_be_read_is_named_at_the_top_and_at_the_field_and_nothing_typed_is_lost(
        self, query: str, field: str, says: str, world: World
    ) -> None:
        browser = await (await world.sign_in(STAFF, proven=True)).get(f"{AUDIT}?{query}")
        assert browser.status == 200
        assert "<title>エラー: 記録" in browser.text
        assert f'<a href="#{field}">' in browser.text
        assert browser.text.count(says) == 2
        assert re.search(rf'id="{field}"[^>]*aria-invalid="true"', browser.text)
        if field == "from":
            assert 'type="text" value="2026-02-30"' in browser.text
            assert 'value="B00000101"' in browser.text
        assert "<table" not in browser.text
        assert (await browser.get(f"{FILE}?{query}")).status == 303
        assert browser.location.startswith(f"{AUDIT}?")


async def test_pages_go_on_by_number_so_that_new_events_move_nothing(world: World) -> None:
    count = 2 * PAGE_SIZE + 3
    await written(world, *(event(Event.SIGNED_IN, at=NOON + number, reference=f"N{number}") for number in range(count)))
    browser = await (await world.sign_in(STAFF, proven=True)).get(f"{AUDIT}?kind=sign-in")
    seen: list[str] = []
    for page in range(3):
        seen += [row.split()[-1] for row in rows(browser)]
        older = re.search(r'<a href="([^"]+)" rel="next">', browser.text)
        assert (older is None) is (page == 2)
        assert ("最新の記録へ" in browser.text) is (page > 0)
        await written(world, event(Event.SIGNED_IN, at=NOON + 9999, reference="NEW"))
        if older is not None:
            await browser.get(html.unescape(older[1]))
    assert seen == [f"N{number}" for number in reversed(range(count))]


@pytest.mark.parametrize("before", ["0", "-1", "x", "9" * 19, "１２"])
async def test_a_page_number_that_is_none_is_no_fault(before: str, world: World) -> None:
    await written(world, event(Event.SIGNED_IN))
    assert (await (await world.sign_in(STAFF, proven=True)).get(f"{AUDIT}?before={before}")).status == 200


class TestFile:
    async def test_it_has_every_event_oldest_first_in_words_and_as_written(self, world: World) -> None:
        count = 3 * PAGE_SIZE
        events = [event(Event.CODE_REFUSED, at=NOON + at, left="3", reference=f"N{at}") for at in range(count)]
        await written(world, *events)
        browser = await (await world.sign_in(STAFF, proven=True)).get(FILE)
        headings, first, *rest = lines(browser)
        assert headings[:3] == ["番号", "日時", "内容"]
        assert first == [
            "1", "2026/11/21 12:00:00", "認証コードを間違えました", "portal.code.refused", "B00000101", "B00000101",
            "0001", "000001", "192.0.2.9", "N0", "", "", "あと3回でロック",
        ]  # fmt: skip
        assert [line[9] for line in rest[: count - 1]] == [f"N{number}" for number in range(1, count)]

    async def test_settings_stand_in_words_before_and_after(self, world: World) -> None:
        await written(world, event(Event.OFFICE_CHANGED, STAFF, before="use=0", after="use=1 codes=1"))
        browser = await (await world.sign_in(STAFF, proven=True)).get(FILE)
        assert lines(browser)[1][10:] == ["利用しない", "利用する、登録コードが必要", ""]

    async def test_excel_gets_its_own_encoding_and_a_name_with_the_day(self, world: World) -> None:
        await written(world, event(Event.SIGNED_IN))
        browser = await (await world.sign_in(STAFF, proven=True)).get(f"{FILE}?encoding=cp932")
        assert browser.answer_headers["Content-Type"] == "text/csv; charset=shift_jis"
        assert "ログインしました（パスワード）" in browser.text
        assert "-20261121.csv" in browser.answer_headers["Content-Disposition"]

    async def test_formulas_that_strangers_typed_at_the_sign_in_page_are_text(self, world: World) -> None:
        stranger = replace(EMPLOYEE, login_id='=HYPERLINK("HTTP://X")')
        await written(world, event(Event.SIGN_IN_REFUSED, stranger, address="@x"))
        browser = await (await world.sign_in(STAFF, proven=True)).get(FILE)
        assert lines(browser)[1][4] == '\'=HYPERLINK("HTTP://X")'
        assert lines(browser)[1][8] == "'@x"

    async def test_taking_it_away_is_recorded_with_the_search_and_before_the_first_line_leaves(
        self, world: World
    ) -> None:
        await written(world, event(Event.SIGNED_IN))
        browser = await (await world.sign_in(STAFF, proven=True)).get(f"{FILE}?kind=sign-in")
        found = await world.registry.find_events(AuditQuery("0001", names=(Event.AUDIT_EXPORTED.value,)), None, 9)
        (taken,) = [one.event for one in found.events]
        assert (taken.actor, taken.address, taken.reference) == (STAFF.login_id, "192.0.2.7", "R-77")
        assert taken.detail == (("search", "?kind=sign-in"),)
        assert len(lines(browser)) == 2

    async def test_in_english_too(self, world: World) -> None:
        await written(world, event(Event.SIGNED_IN))
        browser = await world.sign_in(STAFF, proven=True)
        browser.language = "en"
        assert lines(await browser.get(FILE))[1][2] == "Signed in (password)"


async def test_what_strangers_typed_is_escaped_on_the_page(world: World) -> None:
    stranger = replace(EMPLOYEE, login_id="<SCRIPT>ALERT(1)</SCRIPT>")
    await written(world, event(Event.SIGN_IN_REFUSED, stranger, rule="<b>", odd="<i>"))
    browser = await (await world.sign_in(STAFF, proven=True)).get(f"{AUDIT}?q=%3Cscript%3E")
    assert "<SCRIPT>" not in (await browser.get(AUDIT)).text
    assert "&lt;SCRIPT&gt;ALERT(1)&lt;/SCRIPT&gt;" in browser.text
    assert "<b>" not in browser.text
    assert "odd：&lt;i&gt;" in browser.text


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_event_and_every_kind_has_its_words_in_both_languages(language: str) -> None:
    words = CATALOGUES[language]
    assert [name for name in Event if f"event.{name.value}" not in words] == []
    assert [kind for kind in EventGroup if f"audit.kind.{kind.value}" not in words] == []
    assert sorted(key for key in words if key.startswith("event.")) == sorted(f"event.{name.value}" for name in Event)
    assert len({words[f"event.{name.value}"] for name in Event}) == len(Event)
    assert GROUPS


def test_an_event_of_another_version_is_shown_as_it_was_written() -> None:
    line = line_of(NumberedEvent(7, replace(event(Event.SIGNED_IN, what="x {y}"), name="portal.later.thing")))
    assert translate("ja", line.what) == "portal.later.thing"
    assert [translate("ja", note) for note in line.notes] == ["what：x {y}"]
    assert [translate("ja", part) for part in setting_of("{strange}")] == ["{strange}"]
    assert setting_of("") == ()
