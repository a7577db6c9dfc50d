# ruff: noqa: E501 - a sentence stays on one line, so that both catalogues can be laid side by side
"""English: what all pages of an office share, and its settings pages."""

from __future__ import annotations

WORDS: dict[str, str] = {
    # shared by all pages of an office
    "office.kicker": "Two-factor authentication",
    "office.nav": "Two-factor authentication",
    "office.tab.settings": "Settings",
    "office.tab.people": "People",
    "office.tab.audit": "Record",
    "office.tab.progress": "Progress",
    "office.tab.rollout": "Before the change-over",
    "office.home": "Back to the start page",
    "office.signed-in": "Login ID {login_id}",
    "office.page.title": " (page {number} of {pages})",
    "office.pager": "Pages",
    "office.pager.previous": "Previous",
    "office.pager.next": "Next",
    "office.pager.to": "Page {number}",
    "office.count": "{first} to {last} of {total}",
    "office.count.none": "None",
    "office.search": "Search",
    "office.clear": "Clear the conditions",
}
