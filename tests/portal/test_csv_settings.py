"""Settings as a file: out in the encodings that Excel in Japan opens, and back in with every bad line named."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import settings as searching
from hypothesis import strategies as st

from gateway.core.policy import TenantSettings
from gateway.core.subject import Feature
from gateway.portal import csv_reading
from gateway.portal.csv_files import encoded
from gateway.portal.csv_reading import LINE_LIMIT, Known, Reading, Unreadable, read_settings
from gateway.portal.csv_settings import Column, headings, line_of
from gateway.portal.pages import translate
from gateway.stores.base_tenants import EstablishmentRow
from tests.portal.conftest import PUNCH_AND_PAYSLIP
from tests.portal.settings_kit import (
    DEFAULT,
    FOREIGN,
    OWN,
    PINNED,
    USED,
)

HEAD = "事業所コード,事業所名,事業所名カナ,2要素認証,ネットde明細,ネットde就業,固定"
KNOWN = {code: Known(DEFAULT, pinned=code == PINNED) for code in OWN}
EXEMPTIONS = st.sampled_from(
    [
        frozenset[Feature](),
        frozenset({Feature.PAYSLIP_OWN}),
        frozenset({Feature.ATTENDANCE_PUNCH}),
        PUNCH_AND_PAYSLIP,
        frozenset({Feature.ATTENDANCE_PUNCH, Feature.ATTENDANCE_NOTIFICATIONS}),
        frozenset(Feature),
    ]
)


def row(code: str, wanted: TenantSettings, name: str = "名前") -> EstablishmentRow:
    return EstablishmentRow(code, name, "", wanted, pinned=False, revision=0, changed_at=None, changed_by="")


def written(rows: Iterable[EstablishmentRow], language: str = "ja") -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([headings(language), *(line_of(one, language) for one in rows)])
    return text.getvalue()


def lines(*cells: str, head: str = HEAD) -> bytes:
    return "\r\n".join([head, *cells, ""]).encode()


def why(content: bytes) -> list[tuple[int, str]]:
    """Every fault of a file, in words."""
    return [(fault.line, translate("ja", fault.message)) for fault in read_settings(content, KNOWN, "ja").faults]


def unreadable(content: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        read_settings(content, KNOWN, "ja")
    return translate("ja", caught.value.message)


class TestReading:
    @searching(deadline=None, max_examples=60)  # a busy machine is no fault of the file
    @given(st.dictionaries(st.sampled_from(OWN[:13]), st.builds(TenantSettings, st.booleans(), EXEMPTIONS), min_size=1))
    def test_what_is_written_is_read_back_in_either_language_and_encoding(
        self, wanted: dict[str, TenantSettings]
    ) -> None:
        rows = [row(code, one) for code, one in wanted.items()]
        for language in ("ja", "en"):
            for encoding in ("utf-8", "utf-8-sig", "cp932"):
                found = read_settings(written(rows, language).encode(encoding), KNOWN, "ja")
                assert found.faults == ()
                assert dict(found.changes) == {code: one for code, one in wanted.items() if one != DEFAULT}
                assert found.lines == len(wanted)

    def test_columns_stand_in_any_order_and_the_others_are_not_read(self) -> None:
        content = (
            "ネットde就業,2要素認証,事業所コード,ネットde明細\n打刻+届出も許可,利用する,000001,コード必要\n".encode()
        )
        exempt = frozenset({Feature.ATTENDANCE_PUNCH, Feature.ATTENDANCE_NOTIFICATIONS})
        assert read_settings(content, KNOWN, "ja").changes == (("000001", TenantSettings(True, exempt)),)

    def test_widths_and_spaces_are_forgiven(self) -> None:
        content = lines(" 000001 ,,,利用する ,コード不要,打刻のみ許可,", head=HEAD.replace("2要素", "２要素"))
        assert read_settings(content, KNOWN, "ja").changes == (("000001", TenantSettings(True, PUNCH_AND_PAYSLIP)),)

    def test_zeros_that_a_spreadsheet_took_away_come_back(self) -> None:
        content = lines("1,,,利用する,コード不要,打刻のみ許可,", "000002,,,利用する,コード不要,打刻のみ許可,")
        found = read_settings(content, KNOWN, "ja")
        assert [code for code, _ in found.changes] == ["000001", "000002"]
        assert found.zeros == 1

    def test_a_code_that_a_spreadsheet_would_compute_goes_out_and_comes_back(self) -> None:
        known = {code: Known(DEFAULT, pinned=False) for code in ("-12", "@3", "=1")}
        content = encoded([headings("ja"), *(line_of(row(code, USED), "ja") for code in known)], windows=True)
        assert b"'-12" in content
        assert dict(read_settings(content, known, "ja").changes) == dict.fromkeys(known, USED)

    def test_a_code_without_zeros_that_could_be_two_is_none(self) -> None:
        known = {"01": Known(DEFAULT, False), "001": Known(DEFAULT, False)}
        found = read_settings(lines("1,,,利用する,コード不要,打刻のみ許可,"), known, "ja")
        assert [fault.line for fault in found.faults] == [2]

    def test_every_bad_line_is_named_with_its_reason(self) -> None:
        content = lines(
            "999999,,,利用する,コード不要,打刻のみ許可,",
            "000001,,,つかう,コード不要,打刻のみ許可,",
            "000002,,,利用する,不要,打刻のみ許可,",
            "000003,,,利用する,コード不要,,",
            "000004,,,利用する,コード不要,打刻のみ許可",
            "000005,,,利用する,コード不要,打刻のみ許可,",
            "000005,,,利用する,コード不要,打刻のみ許可,",
            f"{PINNED},,,利用する,コード不要,打刻のみ許可,",
            f"{FOREIGN},,,利用する,コード不要,打刻のみ許可,",
        )
        assert why(content) == [
            (2, "事業所コード「999999」は、この事務所の一覧にありません"),
            (3, "2要素認証が「つかう」です。利用する / 利用しないのどれかにしてください"),
            (4, "ネットde明細が「不要」です。コード不要 / コード必要のどれかにしてください"),
            (5, "ネットde就業が「」です。打刻のみ許可 / 打刻+届出も許可 / コード必要のどれかにしてください"),
            (6, "セルの数が6個です。1行目と同じ7個にしてください"),
            (8, "事業所コード「000005」は6行目にもあります".replace("6行目", "7行目")),
            (9, "事業所コード「000014」は運営者が固定しているため、変更できません"),
            (10, "事業所コード「900001」は、この事務所の一覧にありません"),
        ]

    def test_a_pinned_one_that_stays_as_it_is_is_no_fault(self) -> None:
        found = read_settings(lines(f"{PINNED},,,利用しない,コード不要,打刻のみ許可,固定"), KNOWN, "ja")
        assert (found.faults, found.changes) == ((), ())

    def test_line_numbers_count_the_lines_of_the_file(self) -> None:
        content = lines(
            '000001,"二\r\n行",,利用する,コード不要,打刻のみ許可,', "", "1x,,,利用する,コード不要,打刻のみ許可,"
        )
        assert why(content) == [(5, "事業所コード「1x」は、この事務所の一覧にありません")]

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "事業所の行がありません"),
            (b"\r\n\r\n", "事業所の行がありません"),
            (HEAD.encode(), "事業所の行がありません"),
            (HEAD.encode("utf-16"), "文字コードを読み取れません"),
            (b"\xff\xff\xff", "文字コードを読み取れません"),
            (b"\xef\xbb\xbf\x83", "文字コードを読み取れません"),
            (lines("x", head="名前,コード"), "1行目の1列目「名前」は"),
            (lines("x", head=f"{HEAD},固定"), "1行目の8列目「固定」は"),
            (lines("x", head="2要素認証,ネットde明細,ネットde就業"), "「事業所コード」の列がありません"),
            (lines("x", head="事業所コード,ネットde明細,ネットde就業"), "「2要素認証」の列がありません"),
            (lines("x", head="事業所コード,2要素認証,ネットde就業"), "「ネットde明細」の列がありません"),
            (lines("x", head="事業所コード,2要素認証,ネットde明細"), "「ネットde就業」の列がありません"),
            (lines("000001,,,利用する,コード不要,打刻のみ許可,", '000002,"x'), "3行目から先を読み取れません"),
            (lines("000001,,,利用する,コード不要,打刻のみ許可,", '000002,"x"y,,,,,'), "3行目から先を読み取れません"),
            (lines("x", head="," * 10_001), "1行目が長すぎます"),
            (lines("000001,,,利用する,コード不要,打刻のみ許可," + "," * 10_001), "2行目が長すぎます"),
        ],
    )
    def test_a_file_that_cannot_be_read_says_why(self, content: bytes, reason: str) -> None:
        assert reason in unreadable(content)

    def test_more_lines_than_the_limit_are_refused_and_as_many_are_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert LINE_LIMIT == 100_000
        monkeypatch.setattr(csv_reading, "LINE_LIMIT", 12)
        every = [f"{code},,,利用する,コード不要,打刻のみ許可," for code in OWN[:13]]
        assert len(read_settings(lines(*every[:-1]), KNOWN, "ja").changes) == 12
        assert "行が多すぎます。12行以内に" in unreadable(lines(*every))

    @searching(deadline=None, max_examples=60)  # a busy machine is no fault of the file
    @given(st.binary(max_size=300))
    def test_whatever_is_sent_is_read_or_refused(self, content: bytes) -> None:
        for one in (content, HEAD.encode() + b"\r\n" + content):
            with contextlib.suppress(Unreadable):
                assert isinstance(read_settings(one, KNOWN, "ja"), Reading)


def test_every_column_has_its_heading_in_both_languages() -> None:
    assert len(set(headings("ja"))) == len(set(headings("en"))) == len(Column)
