"""Debian's DokuWiki stands behind the gateway by configuration alone."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.apps.conftest import Guarded
from tests.apps.journeys import no_second_factor, wiki_journey, wiki_sign_in, wiki_work
from tests.apps.wiki import PASSWORD, USER


def test_works_directly(wiki_guarded: Guarded, context: BrowserContext, tmp_path: Path) -> None:
    """The control: without the gateway the same steps succeed."""
    wiki_journey(context.new_page(), wiki_guarded.direct, tmp_path, no_second_factor)


def test_password_alone_reads_nothing(wiki_guarded: Guarded, context: BrowserContext) -> None:
    """The sign-in page and every wiki page share one address that is public: before the code it shows the form."""
    site, page = wiki_guarded, context.new_page()
    wiki_sign_in(page, site.public)
    expect(page.locator("#totp")).to_be_visible()
    for path in ("/doku.php?id=start", "/", "/doku.php?id=start&do=login", "/doku.php?id=start&do=export_raw"):
        page.goto(site.public + path)
        text = page.content()
        assert "kettle" not in text, (path, text)
        assert "do=logout" not in text, (path, text)
    site.assert_vault_kept(page, context)


def test_credentials_in_an_address_are_a_sign_in_too(wiki_guarded: Guarded, context: BrowserContext) -> None:
    """DokuWiki takes u and p from the query: that leads to the code as well and shows nothing before it."""
    site, page = wiki_guarded, context.new_page()
    page.goto(f"{site.public}/doku.php?id=start&u={USER}&p={quote(PASSWORD)}")
    expect(page.locator("#totp")).to_be_visible()
    assert "kettle" not in page.content()
    site.assert_vault_kept(page, context)


def test_credentials_at_another_program_of_the_wiki_make_nobody_somebody_else(
    wiki_guarded: Guarded, context: BrowserContext
) -> None:
    """Each of them signs in: with a stolen password, in a session that has a code of its own."""
    site, page = wiki_guarded, context.new_page()
    for path in ("/lib/exe/css.php", "/lib/exe/ajax.php"):
        answer = page.goto(f"{site.public}{path}?u={USER}&p={quote(PASSWORD)}")
        assert answer is not None
        assert answer.status == 403, path
    assert not context.cookies()


@pytest.mark.parametrize("spelling", [f"{USER}_", f".{USER}", f"{USER}!", f"cl{chr(0xE9)}rk;"])
def test_another_spelling_that_the_wiki_takes_for_the_same_user_is_refused(
    wiki_guarded: Guarded, context: BrowserContext, spelling: str
) -> None:
    """Under it a second factor could be enrolled afresh."""
    site, page = wiki_guarded, context.new_page()
    answer = page.goto(f"{site.public}/doku.php?id=start&u={quote(spelling)}&p={quote(PASSWORD)}")
    assert answer is not None
    assert answer.status == 403
    assert page.goto(site.public + "/doku.php?id=start") is not None
    assert "kettle" not in page.content()


def test_works_behind_the_gateway(wiki_guarded: Guarded, context: BrowserContext, tmp_path: Path) -> None:
    """Sign-in with "remember me", enrolment, a long edit, an upload by script and a download."""
    site, page = wiki_guarded, context.new_page()
    wiki_sign_in(page, site.public)
    site.enrol(page)
    expect(page.locator("#dokuwiki__content")).to_contain_text("kettle")
    wiki_work(page, site.public, tmp_path)
    site.assert_vault_kept(page, context)


def test_wrong_password_is_worded_by_the_wiki(wiki_guarded: Guarded, context: BrowserContext) -> None:
    """The app's own message reaches the browser, and no code is asked."""
    site, page = wiki_guarded, context.new_page()
    page.goto(site.public + "/doku.php?id=start&do=login")
    page.fill("input[name=u]", USER)
    page.fill("input[name=p]", "wrong")
    page.click("#dw__login button[type=submit]")
    expect(page.locator(".error")).to_contain_text("username or password was wrong")
    assert "/.sekisho/" not in page.url
