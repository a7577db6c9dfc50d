"""Folding of Japanese names for searching: what people type in one spelling finds what is written in another.

    ｶﾌﾞｼｷ  カブシキ  かぶしき        one spelling of kana: NFKC, hiragana, small letters as large ones
    ヴァイオリン  バイオリン         sounds that are written in two ways; likewise づ/ず, ぢ/じ, を/お
    サーバー  サーバ  サ-バ          spaces, ・、。, brackets, hyphens, dashes, ー and 〜 do not count
    髙橋  高橋                       variants of characters that NFKC leaves apart
    ㈱山田  山田株式会社             the company form is left out, wherever it stands

A folded text is for comparing alone: never shown, and never an identity.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.core.normal_forms import normal_form

_PUNCTUATION = (
    "・･·•、､。｡,.，．'’‘`\"”“"  # between words
    "-‐‑‒–—―−－ーｰ─━〜～~"  # hyphens, dashes, the prolonged sound mark, waves: written for one another
)
_BRACKETS = str.maketrans(dict.fromkeys("()[]{}<>「」『』【】〔〕〈〉《》"))
_SMALL = dict(zip("っゃゅょゎゕゖ", "つやゆよわかけ", strict=True))
_SMALL_VOWELS = str.maketrans("ぁぃぅぇぉ", "あいうえお")
_SOUNDS = {"ゐ": "い", "ゑ": "え", "を": "お", "ぢ": "じ", "づ": "ず"}
_V_SOUNDS = {"ゔぁ": "ば", "ゔぃ": "び", "ゔぇ": "べ", "ゔぉ": "ぼ", "ゔ": "ぶ"}
_KATAKANA_V = dict(zip("ヷヸヹヺ", "ばびべぼ", strict=True))
# Characters of names that are one to whoever searches; NFKC keeps them apart. The first of each group is the result.
_VARIANTS = (
    "高髙", "崎﨑嵜", "吉𠮷", "浜濱濵", "辺邊邉", "斉齊斎齋", "桜櫻", "沢澤", "広廣", "国國", "島嶋嶌", "会會", "学學",
    "竜龍", "滝瀧", "真眞", "恵惠", "栄榮", "寿壽", "徳德", "蔵藏", "円圓", "富冨", "峰峯", "館舘", "柳栁", "桑桒",
    "万萬", "与與", "亀龜", "条條", "来來", "経經", "総總", "静靜", "黒黑", "鉄鐵", "塩鹽", "実實", "宝寶", "弥彌",
    "応應", "台臺", "宮宫", "曽曾", "検檢", "渓溪", "豊豐", "薬藥", "芸藝", "関關", "闘鬪", "麦麥", "槙槇", "渋澁",
    "売賣", "読讀", "郷鄕", "清淸", "瀬瀨", "頼賴", "穂穗", "尭堯", "遥遙", "勲勳", "岳嶽", "駅驛",
)  # fmt: skip
# Form, how it is abbreviated in brackets, the same in kana, and how it is read. Longer forms stand before their parts.
# Bank transfers write カ) before a name and (カ behind it.
_FORMS: tuple[tuple[str, str, str, str], ...] = (
    ("株式会社", "株", "カ", "カブシキガイシャ"),
    ("有限会社", "有", "ユ", "ユウゲンガイシャ"),
    ("合同会社", "同 合", "ド", "ゴウドウガイシャ"),
    ("合名会社", "名", "メ", "ゴウメイガイシャ"),
    ("合資会社", "資", "シ", "ゴウシガイシャ"),
    ("一般社団法人", "一社 社", "シャ", "イッパンシャダンホウジン"),
    ("公益社団法人", "公社", "", "コウエキシャダンホウジン"),
    ("一般財団法人", "一財 財", "ザイ", "イッパンザイダンホウジン"),
    ("公益財団法人", "公財", "", "コウエキザイダンホウジン"),
    ("社会福祉法人", "社福 福", "フク", "シャカイフクシホウジン"),
    ("医療法人社団", "医社", "", "イリョウホウジンシャダン"),
    ("医療法人財団", "医財", "", "イリョウホウジンザイダン"),
    ("医療法人", "医", "イ", "イリョウホウジン"),
    ("学校法人", "学", "ガク", "ガッコウホウジン"),
    ("宗教法人", "宗", "シュウ", "シュウキョウホウジン"),
    ("特定非営利活動法人", "特非", "トクヒ", "トクテイヒエイリカツドウホウジン"),
    ("税理士法人", "税", "ゼイ", "ゼイリシホウジン"),
)


def _single() -> Mapping[int, str | None]:
    """One character each: what it becomes, or None where it does not count."""
    uncounted = (*range(0x20), *range(0x7F, 0xA0), 0xAD, *range(0x200B, 0x2010), 0xFEFF)  # controls, no width
    table: dict[str, str | None] = dict.fromkeys((*map(chr, uncounted), *" \u3000", *_PUNCTUATION))
    table |= {chr(code): chr(code - 0x60) for code in range(0x30A1, 0x30F7)}  # katakana → hiragana
    for hiragana, plain in (_SMALL | _SOUNDS).items():
        table |= dict.fromkeys((hiragana, chr(ord(hiragana) + 0x60)), plain)
    for group in _VARIANTS:
        table |= dict.fromkeys(group[1:], group[0])
    return {ord(character): result for character, result in (table | _KATAKANA_V).items()}


_SINGLE = _single()


def _spelled(text: str) -> str:
    """Everything but company forms. The second NFKC joins marks that stood apart: か゛ is a か, a space and a mark."""
    if text.isascii():
        return text.casefold().translate(_SINGLE)
    text = normal_form("NFKC", normal_form("NFKC", text).translate(_SINGLE).casefold())
    if "ゔ" in text:
        for sound, plain in _V_SOUNDS.items():
            text = text.replace(sound, plain)
    return text.translate(_SMALL_VOWELS)


def _forms() -> tuple[dict[str, str], dict[str, str]]:
    """Each way to write a form → the form in full, as it is spelled; and those that stand at an end of the name."""
    anywhere: dict[str, str] = {}
    at_an_end: dict[str, str] = {}
    for form, short, kana_short, read in _FORMS:
        full, in_kana = _spelled(form), _spelled(read)
        anywhere |= {full: full, in_kana: in_kana, in_kana.replace("がいしや", "かいしや"): in_kana}
        anywhere |= {f"({_spelled(one)})": full for one in short.split()}
        for one in map(_spelled, kana_short.split()):
            anywhere[f"({one})"] = at_an_end[f"{one})"] = at_an_end[f"({one}"] = in_kana
    return anywhere, at_an_end


_ANYWHERE, _AT_AN_END = _forms()
_FORM = re.compile("|".join(map(re.escape, _ANYWHERE)))
_MAYBE_FORM = re.compile(
    r"[会法()\[\]{}<>「」『』【】〔〕〈〉《》]|いしや|ほうじん"
)  # most names of people have none of it
_END = re.compile("|".join(("^" if one.endswith(")") else "") + re.escape(one) + ("$" if one.startswith("(") else "")
                           for one in _AT_AN_END))  # fmt: skip


def folded(text: str) -> str:
    """What was typed, as it is looked for. Company forms are left out, unless there is nothing else."""
    spelled = _spelled(text)
    if not _MAYBE_FORM.search(spelled):
        return spelled
    return _without_form(spelled) or _with_form_in_full(spelled)


def searchable(name: str, longest: int = 200) -> str:
    """A name as it is kept for searching: a part of it that was typed is found, folded, as a part of this.

    Twice where it has a company form, without and with it in full: 「山田東京」 finds 「山田㈱東京」, and 「株式会社」
    finds whatever is one. Each is cut off after so many characters, so that an index can hold it.
    """
    spelled = _spelled(name)
    if not _MAYBE_FORM.search(spelled):
        return spelled[:longest]
    without = _without_form(spelled)
    full = _with_form_in_full(spelled)
    return full[:longest] if full == without or not without else f"{without[:longest]}\n{full[:longest]}"


def _without_form(spelled: str) -> str:
    text = _FORM.sub("", spelled)
    return _END.sub("", text).translate(_BRACKETS)


def _with_form_in_full(spelled: str) -> str:
    text = _FORM.sub(lambda found: _ANYWHERE[found[0]], spelled)
    return _END.sub(lambda found: _AT_AN_END[found[0]], text).translate(_BRACKETS)
