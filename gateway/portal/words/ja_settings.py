# ruff: noqa: E501 - a sentence stays on one line, so that both catalogues can be laid side by side
"""Japanese: what all pages of an office share, and its settings pages."""

from __future__ import annotations

WORDS: dict[str, str] = {
    # shared by all pages of an office
    "office.kicker": "2要素認証の管理",
    "office.nav": "2要素認証の管理",
    "office.tab.settings": "設定",
    "office.tab.people": "利用者",
    "office.tab.audit": "記録",
    "office.tab.progress": "進み具合",
    "office.tab.rollout": "切り替え前の確認",
    "office.home": "トップへ戻る",
    "office.signed-in": "ログインID {login_id}",
    "office.page.title": "（{pages}ページ中{number}ページ目）",
    "office.pager": "ページの移動",
    "office.pager.previous": "前へ",
    "office.pager.next": "次へ",
    "office.pager.to": "{number}ページ目",
    "office.count": "{total}件中 {first}～{last}件目",
    "office.count.none": "0件",
    "office.search": "検索",
    "office.clear": "条件クリア",
}
