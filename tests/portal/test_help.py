"""Help pages: everything that G1 names, for people who cannot sign in, on a screen and on paper."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gateway.config.settings import Service, Support
from gateway.portal.guides import BY_SLUG, GROUPS, GUIDES, Guide
from gateway.portal.pages import TEMPLATES, Renderer
from gateway.portal.samples import SAMPLES
from gateway.portal.samples_help import HELP
from gateway.portal.views import PageName
from gateway.portal.views_help import BookletView, Facts, GuideView
from gateway.portal.words import CATALOGUES, LANGUAGES, ja_drawings, ja_help
from tests.portal.conftest import NOON, Browser, World

FACTS = Facts(7, 3600.0, NOON, "https://nkomon.example/.sekisho/help", "x")
NOBODY = None
G1 = {
    "installing an app on a phone": ("iphone", "android"),
    "installing an app in a browser": ("pc",),
    "reading the QR code": ("qr", "qr-pc"),
    "phone only": ("phone", "passwords"),
    "several IDs on one device": ("ids",),
    "several PCs for one ID": ("pcs",),
    "phone and PC both": ("both",),
    "another browser": ("browser",),
    "a cut-off QR code": ("cut",),
    "a lost device": ("lost", "new"),
    "a wrong code, a lock": ("wrong", "locked"),
}


RENDERER = Renderer(Service("ネットde顧問", support=Support("お問合せ窓口", "0120-000-000")), lambda: NOON)


def drawn(guide: Guide, language: str = "ja", facts: Facts = FACTS) -> str:
    return RENDERER.page(GuideView(guide, (), facts), language)


def every_guide() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.slug)


def test_every_subject_that_is_asked_for_has_a_page() -> None:
    assert {slug for slugs in G1.values() for slug in slugs} <= BY_SLUG.keys()


def test_numbers_follow_the_order_and_groups_stand_together() -> None:
    assert [guide.number for guide in GUIDES] == list(range(1, len(GUIDES) + 1))
    assert tuple(dict.fromkeys(guide.group for guide in GUIDES)) == GROUPS
    assert [guide.group for guide in GUIDES] == sorted((guide.group for guide in GUIDES), key=GROUPS.index)


@every_guide()
def test_neighbours_exist_and_lead_elsewhere(guide: Guide) -> None:
    assert guide.near
    assert set(guide.near) <= BY_SLUG.keys() - {guide.slug}


@pytest.mark.parametrize("language", LANGUAGES)
@every_guide()
def test_every_step_has_its_sentence_and_a_picture_with_title_and_description(guide: Guide, language: str) -> None:
    html = drawn(guide, language)
    steps = re.search(r'<ol class="steps shown">(.*?)</ol>', html, re.DOTALL)
    assert steps is not None
    pictures = re.findall(
        r'<p>[^<]+</p>.*?<svg role="img" viewBox="0 0 240 190"><title>[^<]+</title><desc>[^<]+</desc>'
        r'<use href="#i-([a-z-]+)"/></svg>',
        steps[1],
        re.DOTALL,
    )
    assert tuple(pictures) == guide.pictures
    for name in guide.pictures:
        assert html.count(f'<g id="i-{name}">') == 1


@every_guide()
def test_a_picture_refers_to_nothing_that_is_not_on_the_page(guide: Guide) -> None:
    html = drawn(guide)
    assert set(re.findall(r'<use href="#([^"]+)"', html)) <= set(re.findall(r' id="([^"]+)"', html))
    assert len(re.findall(r' id="([^"]+)"', html)) == len(set(re.findall(r' id="([^"]+)"', html)))


def test_every_sentence_of_a_guide_is_shown_and_no_picture_is_without_use() -> None:
    shown = {f"help.group.{group}" for group in GROUPS}
    for guide in GUIDES:
        last = len(guide.pictures)
        shown |= {f"help.{guide.slug}.{part}" for part in ("title", "lead", *range(1, last + 1))}
        shown |= {f"help.{guide.slug}.note{number}" for number in range(1, guide.notes + 1)}
        shown |= {f"draw.{name}.{part}" for name in guide.pictures for part in ("title", "desc")}
        shown.add(guide.listed)
    templates = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.html"))
    unused = [key for key in (ja_help.WORDS | ja_drawings.WORDS) if key not in shown and not named(key, templates)]
    assert unused == []


def named(key: str, templates: str) -> bool:
    """Whether a template names the sentence; words in pictures are named without their `in.`."""
    return f'"{key}"' in templates or f'"{key.removeprefix("in.")}"' in templates


@every_guide()
def test_every_page_says_when_the_apps_wording_was_checked_and_whom_to_ask(guide: Guide) -> None:
    html = drawn(guide)
    assert re.search(r"最後に確かめた日：20\d\d年\d+月\d+日", html)
    assert "0120-000-000" in html
    assert "https://nkomon.example/.sekisho/help/x" in html  # on paper


def test_limits_and_the_date_are_this_installations() -> None:
    assert "コードを7回続けて間違えると、そのログインIDの認証は1時間止まります" in drawn(BY_SLUG["locked"])
    assert "2026年11月21日(土) 12:00 からは、すべての方に2要素認証が必要です" in drawn(BY_SLUG["clients"])
    assert "からは、すべての方に" not in drawn(BY_SLUG["clients"], facts=replace(FACTS, mandatory_from=None))


def test_what_the_help_must_not_get_wrong() -> None:
    words = CATALOGUES["ja"]
    assert "キャッシュを消す必要はありません" in words["help.cut.lead"]
    assert "「パスワード」アプリ" in words["help.passwords.lead"]
    assert "「2段階認証」" in words["help.about.note1"]
    assert "メールで送らず" in words["help.pcs.note1"]
    for word in ("ドラッグ", "囲む"):
        assert word in words["help.qr-pc.3"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_booklet_holds_every_guide_each_on_a_sheet(language: str) -> None:
    html = RENDERER.page(BookletView(FACTS), language)
    sheets = re.findall(r'<section class="sheet">\s*<h2 id="([a-z-]+)">', html)
    assert sheets == [guide.slug for guide in GUIDES if guide.group != "office"]
    assert html.count('role="img"') == sum(len(BY_SLUG[slug].pictures) for slug in sheets)
    assert set(re.findall(r'<use href="#([^"]+)"', html)) <= set(re.findall(r' id="([^"]+)"', html))
    assert len(html.encode()) < 48_000  # room for an operator's longer names and contacts


def test_there_is_a_sample_of_every_guide() -> None:
    assert {view.guide.slug for view in HELP if isinstance(view, GuideView)} == BY_SLUG.keys()


async def test_whoever_cannot_sign_in_reads_every_page(world: World) -> None:
    for path in ("", "print", "install", *BY_SLUG):
        browser = await Browser(world, NOBODY).get(f"/.sekisho/help/{path}")
        assert browser.status == 200, path
        assert "<h1>" in browser.text


async def test_the_list_leads_to_every_guide(world: World) -> None:
    text = (await Browser(world, NOBODY).get("/.sekisho/help/")).text
    assert re.findall(r'<li><a href="/\.sekisho/help/([a-z-]+)"', text) == [guide.slug for guide in GUIDES]
    assert 'href="/.sekisho/help/print"' in text


@pytest.mark.parametrize(
    ("said", "leads_to"),
    [
        ("help", "help/"),
        ("help/1", "help/about"),
        ("help/18", "help/clients"),
        ("help/8?lang=en", "help/passwords?lang=en"),
    ],
)
async def test_an_address_said_on_the_telephone_leads_to_its_page(world: World, said: str, leads_to: str) -> None:
    browser = await Browser(world, NOBODY).get(f"/.sekisho/{said}")
    assert (browser.status, browser.location) == (303, f"/.sekisho/{leads_to}")


@pytest.mark.parametrize("path", ["0", "19", "01", "１", "nothing", "print/", "qr/1"])
async def test_other_addresses_lead_nowhere(world: World, path: str) -> None:
    browser = await Browser(world, NOBODY).get(f"/.sekisho/help/{path}")
    assert (browser.status, browser.location) == (404, "")


async def test_the_language_can_be_chosen_and_stays(world: World) -> None:
    japanese = await Browser(world, NOBODY).get("/.sekisho/help/lost")
    assert '<html lang="ja">' in japanese.text
    assert 'href="/.sekisho/help/lost?lang=en" lang="en" hreflang="en">English</a>' in japanese.text
    english = await Browser(world, NOBODY).get("/.sekisho/help/lost?lang=en")
    assert '<html lang="en">' in english.text
    assert 'href="/.sekisho/help/new?lang=en"' in english.text
    assert 'href="/.sekisho/help/lost?lang=ja" lang="ja" hreflang="ja">日本語</a>' in english.text


async def test_a_language_that_does_not_exist_is_the_browsers(world: World) -> None:
    browser = await Browser(world, NOBODY, language="en").get("/.sekisho/help/lost?lang=%3Cscript%3E")
    assert '<html lang="en">' in browser.text
    assert "script%3E" not in browser.text


async def test_the_facts_are_those_of_the_running_gateway(world: World) -> None:
    text = (await Browser(world, NOBODY).get("/.sekisho/help/wrong")).text
    assert "コードを5回続けて間違えると、30分ロックされます" in text
    assert "http://127.0.0.1:8080/.sekisho/help/wrong" in text


@pytest.mark.parametrize(
    ("name", "slugs"),
    [
        (PageName.CHOICE, ["about", "install", ""]),
        (PageName.ENROLMENT, ["phone", "cut", "install", ""]),
        (PageName.CODE, ["wrong", "lost", "install", ""]),
        (PageName.LOCKED, ["locked", "lost", "install", ""]),
        (PageName.PROBLEM, ["install", ""]),
    ],
)
def test_pages_lead_to_the_guides_that_fit(name: PageName, slugs: list[str]) -> None:
    view = next(view for view in SAMPLES if view.name is name)
    aside = RENDERER.page(view, "ja").split('<aside class="help"')[1]
    assert re.findall(r'href="/\.sekisho/help/([a-z-]*)"', aside) == slugs
