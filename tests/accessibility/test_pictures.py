"""The pictures of the help pages as they are drawn: nothing runs out of them, in either language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import ViewportSize

from gateway.portal.samples_help import HELP
from gateway.portal.views_help import BookletView, GuideView
from gateway.portal.words import LANGUAGES
from tests.accessibility.gallery import DESK, PHONE, Gallery, open_gallery

PAGES = [view for view in HELP if isinstance(view, BookletView)] + [
    view for view in HELP if isinstance(view, GuideView) and view.guide.slug == "clients"
]
OUT_OF_FRAME = """() => [...document.querySelectorAll(".store g[id^=i-]")].flatMap(drawing => {
  const frame = document.querySelector(".shown svg").cloneNode(false);
  document.querySelector(".shown li").append(frame);
  frame.append(drawing.cloneNode(true));
  const phone = drawing.querySelector("use[href='#p']");
  const [left, right] = phone ? [44, 196] : [4, 236];
  const out = [...frame.querySelectorAll("text")].filter(text => {
    const box = text.getBBox();
    return box.width === 0 || box.x < left || box.x + box.width > right || box.y < 0 || box.y + box.height > 190;
  }).map(text => `${drawing.id}: ${text.textContent}`);
  frame.remove();
  return out;
})"""
SIZES = """() => [...document.querySelectorAll(".shown svg")].map(e => e.getBoundingClientRect())
  .filter(box => box.width < 200 || box.height < 150 || box.right > innerWidth).length"""
ON_PAPER = """() => ({
  links: [...document.querySelectorAll("nav.near, .other, .screen, header")].filter(e => e.checkVisibility()).length,
  addresses: [...document.querySelectorAll(".paper")].filter(e => e.checkVisibility()).length,
  sheets: [...document.querySelectorAll(".sheet")].map(e => getComputedStyle(e).breakBefore),
  steps: [...document.querySelectorAll(".shown > li")].map(e => getComputedStyle(e).breakInside),
})"""


@pytest.fixture(scope="module")
def gallery() -> Iterator[Gallery]:
    """One browser for all pages."""
    with open_gallery() as opened:
        yield opened


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_in_every_picture_stay_inside_it(gallery: Gallery, language: str) -> None:
    for view in PAGES:
        page = gallery.show(gallery.renderer.page(view, language), DESK)
        assert page.evaluate(OUT_OF_FRAME) == []


def test_words_that_run_out_of_a_picture_are_found(gallery: Gallery) -> None:
    html = gallery.renderer.page(PAGES[0], "ja").replace(">QRコードをスキャン<", ">QRコードをスキャンして登録する<")
    assert gallery.show(html, DESK).evaluate(OUT_OF_FRAME) != []


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_pictures_are_large_enough_to_read(gallery: Gallery, size: ViewportSize) -> None:
    for view in PAGES:
        assert gallery.show(gallery.renderer.page(view, "ja"), size).evaluate(SIZES) == 0


def test_paper_has_steps_and_addresses_and_nothing_to_press(gallery: Gallery) -> None:
    page = gallery.show(gallery.renderer.page(PAGES[0], "ja"), DESK)
    page.emulate_media(media="print")
    printed = page.evaluate(ON_PAPER)
    page.emulate_media(media="null")
    assert (printed["links"], printed["addresses"]) == (0, 1)
    assert set(printed["sheets"]) == {"page"}
    assert set(printed["steps"]) == {"avoid"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_handed_to_clients_is_one_sheet(gallery: Gallery, language: str) -> None:
    page = gallery.show(gallery.renderer.page(PAGES[1], language), DESK)
    sheets = page.pdf(format="A4").count(b"/Type /Page\n")
    assert sheets == 1
