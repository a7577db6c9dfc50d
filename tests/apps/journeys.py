"""What a person does in the two apps. The same steps run directly and through the gateway; `prove` fills the gap
between the password and the app: nothing, or the gateway's code page.
"""

from __future__ import annotations

import io
import secrets
import zipfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.apps import django_site, wiki

Prove = Callable[[Page], None]
SCAN = bytes(range(256)) * 700


def no_second_factor(page: Page) -> None:
    """Directly at the app there is nothing between password and app."""


def django_sign_in(page: Page, base: str) -> None:
    """The admin's own form."""
    page.goto(base + "/admin/")
    page.fill("#id_username", django_site.USER)
    page.fill("#id_password", django_site.PASSWORD)
    page.click("input[type=submit]")


def django_work(page: Page, base: str, folder: Path) -> None:
    """Add a paper with a file, change its title, fetch the file."""
    scan = folder / "scan.bin"
    scan.write_bytes(SCAN)
    page.goto(base + "/admin/papers/paper/add/")
    page.fill("#id_title", "Kettle")
    page.set_input_files("#id_scan", scan)
    page.click("input[name=_save]")
    page.click("#result_list .field-__str__ a")
    page.fill("#id_title", "Tea kettle")
    page.click("input[name=_continue]")
    expect(page.locator(".messagelist")).to_contain_text("changed successfully")
    with page.expect_download() as started:
        page.locator(".file-upload a").click()
    assert Path(started.value.path()).read_bytes() == SCAN


def django_journey(page: Page, base: str, folder: Path, prove: Prove) -> None:
    """Sign in, work."""
    django_sign_in(page, base)
    prove(page)
    expect(page.locator("#user-tools")).to_contain_text(django_site.USER)
    django_work(page, base, folder)


def wiki_sign_in(page: Page, base: str) -> None:
    """The wiki's own form, with "remember me"."""
    page.goto(base + "/doku.php?id=start&do=login")
    page.fill("input[name=u]", wiki.USER)
    page.fill("input[name=p]", wiki.PASSWORD)
    page.check("input[name=r]")
    page.click("#dw__login button[type=submit]")


def archive() -> bytes:
    """A small ZIP file: the wiki serves it as a download."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as opened:
        opened.writestr("kettle.bin", SCAN)
    return made.getvalue()


def wiki_work(page: Page, base: str, folder: Path) -> None:
    """Change the start page, upload a file, fetch it."""
    packed = folder / f"kettle{secrets.token_hex(4)}.zip"
    packed.write_bytes(archive())
    page.goto(base + "/doku.php?id=start&do=edit")
    page.fill("#wiki__text", "====== Start ======\nThe kettle has moved. " + "tea " * 40_000)
    page.click("#edbtn__save")
    expect(page.locator("#dokuwiki__content")).to_contain_text("The kettle has moved.")
    page.goto(base + "/doku.php?id=start&do=media&ns=")
    page.get_by_role("link", name="Upload", exact=True).click()
    page.set_input_files(".qq-uploader input[type=file]", packed)
    page.click("#mediamanager__upload_button")
    expect(page.locator(".qq-upload-success")).to_be_visible()
    with page.expect_download() as started:
        page.evaluate(f"location.href = '/lib/exe/fetch.php?media={packed.name}'")
    assert Path(started.value.path()).read_bytes() == packed.read_bytes()


def wiki_journey(page: Page, base: str, folder: Path, prove: Prove) -> None:
    """Sign in, work."""
    wiki_sign_in(page, base)
    prove(page)
    expect(page.locator("#dokuwiki__content")).to_contain_text(wiki.SECRET_LINE)
    wiki_work(page, base, folder)
