"""Debian's Chromium, steered by Playwright, and a phone that reads QR codes off its screen."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, parse_qs, urlsplit

import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

# Debian's two builds of one Chromium. That without windows, tabs and toolbars costs less than half the processor time.
PROGRAM = shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser; each person in it has a profile of their own (`new_context`)."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=ARGUMENTS)
        yield browser
        browser.close()


def scanned_uri(page: Page) -> SplitResult:
    """The otpauth address in the QR code that the page shows, read off a screenshot."""
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    (code,) = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    found = urlsplit(code.text)
    assert (found.scheme, found.netloc) == ("otpauth", "totp"), code.text
    return found


def scanned_secret(page: Page) -> str:
    """The key in that QR code."""
    return parse_qs(scanned_uri(page).query)["secret"][0]
