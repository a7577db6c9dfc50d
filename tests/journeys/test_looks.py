"""Every page of the gateway at both sizes, on a phone in both languages: nothing is cut off, too small or from afar.

Pictures of all of them are left in build/shots.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import DESK, PHONE, NewVisitor, Screen, Visitor

EDITS = (
    ("    paths: [/meisai]\n", "    paths: [/meisai]\n  closed: {upstream: 'http://127.0.0.1:9', paths: [/closed]}\n"),
    (
        "  - {path: /lang, access: public}\n",
        "  - {path: /lang, access: public}\n  - {path: /closed, access: public}\n  - {path: /denied, access: deny}\n",
    ),
)
BOTH = pytest.mark.parametrize("screen", [DESK, PHONE], ids=lambda screen: screen.name)
NEW_HERE = {
    ("desk", "ja"): "B00000199",
    ("phone", "ja"): "B00000102",
    ("phone", "en"): "B00000103",
}
TARGET = 44  # pixels, whichever way one points
PAGE_BYTES = 50_000
MEASURES = """() => ({
  scroll: document.documentElement.scrollWidth,
  small: [...document.querySelectorAll('main button, main input:not([type=hidden]), main a.main, main a.outline')]
    .filter(e => e.offsetParent !== null && !e.hidden)
    .map(e => /^(checkbox|radio)$/.test(e.type) && e.labels[0] || e)  // a box is pressed with its label
    .filter(e => e.getBoundingClientRect().height < 43.5)
    .map(e => e.outerHTML.slice(0, 80)),
  beyond: [...document.querySelectorAll('main *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1)
    .map(e => e.outerHTML.slice(0, 80)),
  bytes: new Blob([document.documentElement.outerHTML]).size,
  hosts: [...new Set(performance.getEntriesByType('resource').map(e => new URL(e.name).origin))],
  heads: document.querySelectorAll('h1').length,
  lang: document.documentElement.lang,
})"""


def look(me: Visitor, name: str, language: str) -> None:
    """Take the picture, then measure."""
    expect(me.heading).to_be_visible()
    me.shot(f"{name}-{language}")
    found: dict[str, Any] = me.page.evaluate(MEASURES)
    assert found["scroll"] <= me.screen.width, (name, found)
    assert not found["beyond"], (name, found)
    assert not found["small"], (name, found, TARGET)
    assert found["bytes"] < PAGE_BYTES
    assert set(found["hosts"]) <= {me.world.url}
    assert found["heads"] == 1
    assert found["lang"] == language


def second_factor_pages(me: Visitor, language: str) -> None:
    """From the choice to the lock."""
    login_id = NEW_HERE[me.screen.name, language]
    full, restricted = me.page.locator("#full"), me.page.locator("button[value=restricted]")
    me.sign_in(login_id)
    look(me, "choice", language)
    me.open("/.sekisho/choice?fault=none")
    look(me, "choice-fault", language)
    full.click()
    me.expect_path("/.sekisho/enrol")
    look(me, "enrolment", language)
    me.type_code("12345")
    look(me, "enrolment-fault", language)
    me.scan(login_id)
    me.type_code(me.world.fresh_code(login_id))
    me.sign_in(login_id)
    full.click()
    me.expect_path("/.sekisho/code")
    look(me, "code", language)
    me.type_code("")
    look(me, "code-empty", language)
    for number, typed in enumerate(me.world.wrong_codes(login_id, 4), 1):
        me.type_code(typed)
        look(me, f"code-wrong-{number}", language)
    me.type_code(me.world.wrong_codes(login_id, 1)[0])
    me.expect_path("/.sekisho/locked")
    look(me, "locked", language)
    me.open("/.sekisho/choice")
    restricted.click()
    expect(me.page.locator("#menu")).to_be_visible()
    me.open("/kashikin/")
    look(me, "step-up", language)
    me.page.locator("a.main").click()
    me.expect_path("/.sekisho/locked")
    look(me, "locked-restricted", language)
    me.world.clock.forward(31 * 60)


def problem_pages(me: Visitor, language: str) -> None:
    """What can go wrong."""
    me.open("/.sekisho/help/install")
    look(me, "install", language)
    me.open("/closed")
    look(me, "upstream-down", language)
    me.open("/denied")
    look(me, "refused", language)
    twice = [
        {"name": "sekisho", "value": value, "url": me.world.url + path} for value, path in (("a", "/"), ("b", "/x/"))
    ]
    me.context.add_cookies(cast("Any", twice))
    me.open("/x/")
    look(me, "malformed", language)
    me.context.clear_cookies()
    me.sign_in("B00000101")
    me.open("/.sekisho/nowhere")
    look(me, "not-found", language)
    me.open("/.sekisho/choice")
    me.page.evaluate("document.querySelectorAll('[name=csrf]').forEach(field => { field.value = 'stale' })")
    me.page.locator("#full").click()
    look(me, "form-stale", language)
    me.world.clock.forward(31 * 60)
    me.open("/top")
    look(me, "expired", language)


# The samples of tests/accessibility are measured in both languages at both sizes. English on a desk is what fits best.
@pytest.mark.parametrize(
    ("screen", "language"), [(DESK, "ja"), (PHONE, "ja"), (PHONE, "en")], ids=["desk-ja", "phone-ja", "phone-en"]
)
@pytest.mark.parametrize("pages", [second_factor_pages, problem_pages], ids=lambda one: one.__name__)
def test_every_page_fits_the_window(
    visitor: NewVisitor, screen: Screen, language: str, pages: Callable[[Visitor, str], None]
) -> None:
    """No scrolling sideways, targets of 44 px, under 50 KB, nothing from other hosts, one heading, and no error."""
    me = visitor(screen, locale="ja-JP" if language == "ja" else "en-GB")
    broken: list[str] = []
    me.page.on("pageerror", lambda fault: broken.append(str(fault)))
    me.page.on("console", lambda said: broken.append(said.text) if "Content Security Policy" in said.text else None)
    pages(me, language)
    assert not broken


@BOTH
def test_the_apps_own_pages_in_pictures(visitor: NewVisitor, screen: Screen) -> None:
    """For comparing: the sign-in page, the whole menu, the restricted one."""
    me = visitor(screen)
    me.open(screen.sign_in_path)
    me.shot("app-sign-in")
    me.restricted("B00000101")
    me.shot("app-menu-restricted")
    me.open("/shugyo/punch")
    me.shot("app-punch")
    me.sign_in("B00000601")
    assert me.page.locator("#menu").is_visible()
    me.shot("app-menu-whole")
