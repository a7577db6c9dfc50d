"""The small parts under the pages: colours, times, the otpauth address."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.portal import moments
from gateway.portal.colour import brand_css, contrast, parse_colour
from gateway.portal.qr import key_groups, otpauth_uri, qr_svg
from gateway.portal.second_factor import what_is_wrong

TOKYO = ZoneInfo("Asia/Tokyo")
MORNING = 1_795_219_500.0  # 2026-11-21 9:05 in Tokyo


@given(st.integers(0, 0xFFFFFF))
def test_white_text_can_be_read_on_whatever_colour_an_operator_has(colour: int) -> None:
    css = brand_css(f"#{colour:06x}")
    key = parse_colour(css.split("--key:")[1][:7])
    assert contrast(key, (255, 255, 255)) >= 4.5


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert "--key:#0017c1" in brand_css("#0017c1")


def test_black_and_white_have_the_contrast_of_the_guideline() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)


@pytest.mark.parametrize(("language", "said"), [("ja", "2026年11月21日(土) 9:05"), ("en", "Sat 21 Nov 2026 9:05")])
def test_a_moment_is_said_with_its_day_in_the_operators_zone(language: str, said: str) -> None:
    assert moments.moment(MORNING, TOKYO, language) == said


@pytest.mark.parametrize(
    ("seconds", "japanese", "english"),
    [
        (1800, "30分", "30 minutes"),
        (3600, "1時間", "1 hour"),
        (5400, "90分", "90 minutes"),
        (45, "45秒", "45 seconds"),
        (0, "0秒", "0 seconds"),
    ],
)
def test_a_length_is_said_in_its_largest_whole_unit(seconds: float, japanese: str, english: str) -> None:
    assert (moments.length(seconds, "ja"), moments.length(seconds, "en")) == (japanese, english)


@given(st.text(min_size=1), st.text(min_size=1))
def test_issuer_and_account_of_any_spelling_survive_the_address(issuer: str, account: str) -> None:
    uri = otpauth_uri("JBSWY3DPEHPK3PXP", account, issuer)
    parts = urlsplit(uri)
    label_issuer, _, label_account = parts.path[1:].partition(":")
    assert "+" not in uri
    assert unquote(label_issuer) == parse_qs(parts.query, keep_blank_values=True)["issuer"][0]
    assert unquote(label_account) == account


def test_the_quiet_zone_is_part_of_the_picture() -> None:
    svg = qr_svg("otpauth://totp/x:y?secret=JBSWY3DPEHPK3PXP", 'a "label"')
    assert 'd="M4 4.5h7' in svg
    assert 'aria-label="a &#34;label&#34;"' in svg
    assert " style=" not in svg


def test_the_key_is_shown_in_fours() -> None:
    assert key_groups("ABCDEFGH23") == ("ABCD", "EFGH", "23")


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", "empty"),
        (" 　", "empty"),
        ("123 45", "length-5"),
        ("１２３４５６７", "length-7"),
        ("12a", "letters"),
        ("٣" * 6, "letters"),
    ],
)
def test_what_cannot_be_a_code_is_told_apart(typed: str, fault: str) -> None:
    assert what_is_wrong(typed) == fault
