"""What people type finds what is written in another spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.folding import folded, searchable

ONE_AND_THE_SAME = [
    ("width and kind of kana", "ｶﾌﾞｼｷ", "カブシキ", "かぶしき"),
    ("width and case of letters", "ABC商事", "ａｂｃ商事", "abc商事"),
    ("marks of half-width kana", "ﾊﾟﾝﾌﾞﾄﾞｳ", "パンブドウ", "ぱんぶどう"),
    ("marks that stand apart", "か゛", "ガ", "が", "か\u3099"),
    ("small letters", "キャノン", "キヤノン", "きゃのん"),
    ("ヴ", "ヴァイオリン", "バイオリン", "ばいおりん", "ｳﾞｧｲｵﾘﾝ", "ヷイオリン"),
    ("ヴ alone", "ヴ", "ぶ"),
    ("sounds written in two ways", "イイヅカ", "イイズカ"),
    ("を", "ヲサム", "おさむ"),
    ("spaces", "山田 商店", "山田　商店", "山田商店"),
    ("middle dots and commas", "ジョン・スミス", "ｼﾞｮﾝ･ｽﾐｽ", "ジョン、スミス", "ジョンスミス"),
    ("prolonged sounds, hyphens, waves", "サーバー", "ｻｰﾊﾞｰ", "サーバ", "サ－バ－", "サ〜バ～", "サ‐バ—"),
    ("variants of characters", "髙橋", "高橋"),
    ("崎", "山﨑", "山崎"),
    ("辺", "渡邊", "渡邉", "渡辺"),
    ("吉", "𠮷田", "吉田"),
    ("the old form", "株式會社山田", "株式会社山田"),
    ("signs for company forms", "㈱山田", "㍿山田", "(株)山田", "（株）山田", "株式会社山田", "山田", "山田 (株)"),
    ("other forms", "㈲山田", "有限会社山田", "合同会社 山田", "（同）山田", "医療法人社団山田", "(福)山田"),
    (
        "forms in kana",
        "ｶ)ﾔﾏﾀﾞ",
        "ヤマダ(カ",
        "ヤマダ（カ）",
        "カブシキガイシャ ヤマダ",
        "かぶしきかいしゃやまだ",
        "やまだ",
    ),
    ("a form alone", "㈱", "株式会社", "(株)"),
    ("a form alone in kana", "ｶﾌﾞｼｷｶﾞｲｼｬ", "かぶしきかいしゃ", "(ｶ)"),
    ("what cannot be seen", "山\u200b田\0\n", "山田"),
]


@pytest.mark.parametrize(
    "spellings", [case[1:] for case in ONE_AND_THE_SAME], ids=[case[0] for case in ONE_AND_THE_SAME]
)
def test_spellings_of_one_name_find_each_other(spellings: tuple[str, ...]) -> None:
    assert len({folded(spelling) for spelling in spellings}) == 1
    for written in spellings:
        assert all(folded(typed) in searchable(written) for typed in spellings)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("株式会社", "山田㈱"),
        ("㈱", "株式会社山田"),
        ("(株", "山田(株)"),
        ("山田(株", "株山田(株)"),
        ("会社", "㈲山田"),
        ("カブシキ", "カ)ヤマダ"),
        ("山田東京", "山田㈱東京支店"),
        ("(株)山田", "山田商店 株式会社"),
        ("医療法人社団", "(医社)山田"),
        ("株式会社", "株式会社"),
    ],
)
def test_company_forms_are_found_and_stand_in_nobodys_way(typed: str, written: str) -> None:
    assert folded(typed) in searchable(written)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("株式会社", "有限会社山田"),
        ("山田", "山本"),
        ("かき", "がき"),
        ("は", "ば"),
        ("ダシ", "ヤマダ(シ"),
        ("か", "(ユ)"),
    ],
)
def test_what_is_another_is_not_found(typed: str, written: str) -> None:
    assert folded(typed) not in searchable(written)


def test_a_bracket_within_a_name_is_no_form() -> None:
    assert folded("あか)い") == "あかい"
    assert folded("山田(東京)") == folded("山田「東京」") == folded("山田東京")


def test_nothing_but_punctuation_asks_nothing() -> None:
    assert folded("") == folded(" ・、 ー") == ""


def test_what_is_kept_has_an_end() -> None:
    assert searchable("あ" * 1000) == "あ" * 200
    assert len(searchable("㈱" + "あ" * 1000)) == 401
    assert searchable("㈱" * 1000) == ("株式会社" * 1000)[:200]


@given(st.text("カブシキヤマダー山田商店 ・ａBヴァ", max_size=20), st.data())
def test_any_part_of_a_name_finds_it(name: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(name)))
    part = name[start : data.draw(st.integers(start, len(name)))]
    if not part.startswith("ァ") and not part.endswith("ヴ"):  # a sound that was cut in two
        assert folded(part) in searchable(name)


@given(st.text(max_size=30))
def test_a_name_finds_itself_whatever_it_is(name: str) -> None:
    assert folded(name) in searchable(name)
