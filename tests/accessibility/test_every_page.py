"""Every sample page in both languages and at both sizes: axe-core finds nothing, nor do we where it does not look:
targets, widths, headings, how text falls into lines, and that Tab reaches every control and shows where it is.

A page whose markup is that of one already looked at, words apart, is only measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from gateway.portal.samples import SAMPLES
from gateway.portal.views import View, template_of
from gateway.portal.words import LANGUAGES
from tests.accessibility.gallery import MEASURE, PHONE, Gallery, open_gallery

EVERY = pytest.mark.parametrize("view", SAMPLES, ids=lambda view: template_of(view).removesuffix(".html"))
FOUND = {
    '<img src="/none.png">': "axe image-alt",
    '<p><button id="low">x</button></p>': "px high",
    '<div id="far">x</div>': "beyond the edge",
    '<p id="pale">hardly to be read</p>': "axe color-contrast",
    '<button class="outline" tabindex="-1">x</button>': "not reached by Tab",
    '<a class="outline" href="/x" id="dark">x</a>': "no visible focus",
    "<h1>another</h1>": "not exactly one h1",
    '<input id="alone" type="text">': "axe label",
    '<div class="summary"><a href="#main">x</a></div>': "an error that leads to what cannot take the focus",
    '<a class="outline" href="#none">x</a>': "a link to nothing",
    '<p aria-labelledby="none">x</p>': "described by nothing",
    '<p class="tight">ああああい</p>': "alone on a line: い",
    '<p class="tight">例：2026-11-21</p>': "torn apart: 2026-11-21",
    '<p class="tight">大株式会社</p>': "torn apart: 株式会社",
}
BAD_STYLE = (
    "#low{min-height:30px;height:30px}#far{width:2000px}#pale{color:#999}#dark{outline:0!important}"
    ".tight{width:4.5em;text-wrap:wrap;word-break:normal}"
)


@pytest.fixture(scope="module")
def gallery() -> Iterator[Gallery]:
    """One browser for all pages."""
    with open_gallery() as opened:
        yield opened


@pytest.fixture(scope="module")
def seen() -> set[str]:
    """Markup that was looked at."""
    return set()


def markup(html: str) -> str:
    """What kind of page it is: its elements and their classes and roles, without words, addresses and drawings."""
    body = re.sub(r'<svg class="store".*?</svg>', "", html.split("<body", 1)[1], flags=re.DOTALL)
    body = re.sub(r'\s(?:href|id|value|for|datetime|d|x|y|x1|x2|y1|y2|width|height|points|transform)="[^"]*"', "", body)
    return re.sub(r">[^<]+<", "><", body)


@pytest.mark.parametrize("language", LANGUAGES)
@EVERY
def test_everybody_can_read_the_page_and_use_it_by_keyboard_alone(
    gallery: Gallery, seen: set[str], view: View, language: str
) -> None:
    html = gallery.renderer.page(view, language, "R-7KQ2")
    kind = language + markup(html)
    assert gallery.faults(html, language, alike=kind in seen) == []
    seen.add(kind)


def test_letters_twice_as_large_cut_nothing_off_on_a_phone(gallery: Gallery) -> None:
    page = gallery.show(gallery.renderer.page(SAMPLES[0], "ja"), PHONE)  # a navigation forgets the sizes
    chrome = page.context.new_cdp_session(page)
    chrome.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
    try:
        pages = {markup(html): html for html in (gallery.renderer.page(view, "ja") for view in SAMPLES)}
        wide = [
            found[:2]
            for html in pages.values()
            if (found := [one for one in gallery.show(html, PHONE).evaluate(MEASURE, "ja") if "px high" not in one])
        ]
    finally:
        chrome.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
        chrome.detach()
    assert wide == []


@pytest.mark.parametrize(("piece", "fault"), FOUND.items(), ids=FOUND.values())
def test_what_is_wrong_with_a_page_is_found(gallery: Gallery, piece: str, fault: str) -> None:
    html = gallery.renderer.page(SAMPLES[0], "ja").replace("<h1>", f"{piece}<h1>", 1)
    found = gallery.faults(html, "ja", style=BAD_STYLE)
    assert any(fault in one for one in found), found


def test_a_page_in_another_language_than_it_says_is_found(gallery: Gallery) -> None:
    assert "1280: lang is ja" in gallery.faults(gallery.renderer.page(SAMPLES[0], "ja"), "en")


def test_the_policy_of_the_pages_holds_in_the_gallery(gallery: Gallery) -> None:
    html = gallery.renderer.page(SAMPLES[0], "ja").replace("<h1>", '<p style="color:red">x</p><h1>', 1)
    assert any("Content Security Policy" in one for one in gallery.faults(html, "ja"))
