"""Django's admin stands behind the gateway by configuration alone."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from tests.apps.conftest import Guarded
from tests.apps.journeys import django_journey, django_sign_in, django_work, no_second_factor


def test_works_directly(django_guarded: Guarded, context: BrowserContext, tmp_path: Path) -> None:
    """The control: without the gateway the same steps succeed."""
    django_journey(context.new_page(), django_guarded.direct, tmp_path, no_second_factor)


def test_works_behind_the_gateway(django_guarded: Guarded, context: BrowserContext, tmp_path: Path) -> None:
    """Sign-in, enrolment, an edit, an upload and a download; then sign-out and in again with the code alone."""
    site, page = django_guarded, context.new_page()
    django_journey(page, site.public, tmp_path, site.enrol)
    site.assert_vault_kept(page, context)
    page.click("#logout-form button")
    page.goto(site.public + "/admin/")
    expect(page.locator("#id_username")).to_be_visible()
    site.clock.forward(60)
    django_sign_in(page, site.public)
    site.enter(page)
    expect(page.locator("#user-tools")).to_be_visible()
    site.assert_vault_kept(page, context)


def test_password_alone_opens_nothing(django_guarded: Guarded, context: BrowserContext) -> None:
    """Before the code every page of the admin leads to it, and the sign-in page knows nobody."""
    site, page = django_guarded, context.new_page()
    django_sign_in(page, site.public)
    expect(page.locator("#totp")).to_be_visible()
    for path in ("/admin/", "/admin/papers/paper/", "/media/scans/scan.bin"):
        page.goto(site.public + path)
        expect(page.locator("#totp")).to_be_visible()
    page.goto(site.public + "/admin/login/")
    expect(page.locator("#user-tools")).to_have_count(0)
    site.assert_vault_kept(page, context)


def test_wrong_password_is_worded_by_django(django_guarded: Guarded, context: BrowserContext) -> None:
    """The app's own message reaches the browser, and no code is asked."""
    site, page = django_guarded, context.new_page()
    page.goto(site.public + "/admin/")
    page.fill("#id_username", "clerk")
    page.fill("#id_password", "wrong")
    page.click("input[type=submit]")
    expect(page.locator(".errornote")).to_be_visible()
    assert "/.sekisho/" not in page.url


def test_work_goes_on_in_a_second_tab(django_guarded: Guarded, context: BrowserContext, tmp_path: Path) -> None:
    """Two tabs share the session as they do without the gateway."""
    site, page = django_guarded, context.new_page()
    site.clock.forward(120)
    django_sign_in(page, site.public)
    if site.secret:
        site.enter(page)
    else:
        site.enrol(page)
    expect(page.locator("#user-tools")).to_be_visible()
    second = context.new_page()
    django_work(second, site.public, tmp_path)
    site.assert_vault_kept(second, context)
