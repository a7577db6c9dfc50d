"""Normal forms: the same as Unicode's for every text that people write, in linear time for every other."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.folding import folded
from gateway.core.normal_forms import Form, normal_form
from gateway.core.params import parse_form
from gateway.core.subject import canonical_login_id
from gateway.core.target import folded_path
from gateway.core.totp import normalise_code
from gateway.core.typed_dates import typed_date

FORMS: tuple[Form, ...] = ("NFKC", "NFKD")
# Marks of two classes in the wrong order, a letter that is two marks, and a mark in half width.
RUNS = ["\u0301" * 20_000 + "\u0316" * 20_000, "\u0f73" * 40_000, "\uff9e\u0316" * 20_000, "か" + "\u3099" * 40_000]
MULTIPART = [b"multipart/form-data; boundary=B"]
SECONDS = 3.0  # of this thread's own time: a fiftieth of it is enough, and sorting by insertion takes more than ten


@pytest.mark.parametrize("form", FORMS)
@given(st.text(max_size=200))
def test_texts_of_people_are_as_unicode_says(form: Form, text: str) -> None:
    """Runs that a language has are not touched."""
    assert normal_form(form, text) == unicodedata.normalize(form, text)  # noqa: TID251


@pytest.mark.parametrize("form", FORMS)
@given(st.text(alphabet="aｱ山ﾞか゛\u3099\u0301\u0316Ａ각ᄀ", max_size=60))
def test_short_runs_of_marks_are_as_unicode_says(form: Form, text: str) -> None:
    """Marks, half-width ones among them, on letters of any script; said a hundred times it is in order, too."""
    many = (text + "漢字とABC" * 4) * 100
    assert normal_form(form, many) == unicodedata.normalize(form, many)  # noqa: TID251


@pytest.mark.parametrize("letter", ["и", "ᄀ"])
def test_a_text_is_cut_only_where_nothing_joins(letter: str) -> None:
    """Whatever stands behind a long run of letters, marks and vowels that join the last of them too."""
    run = letter * 65
    for code in (*range(0xD800), *range(0xE000, 0x10000)):
        text = run + chr(code)
        assert normal_form("NFKC", text) == unicodedata.normalize("NFKC", text), hex(code)  # noqa: TID251


def part(name: bytes, value: bytes) -> bytes:
    """A form of one field."""
    return b'--B\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n--B--\r\n' % (name, value)


@pytest.mark.parametrize("run", RUNS, ids=["classes", "double", "half-width", "voiced"])
def test_no_run_of_marks_takes_long(run: str) -> None:
    """Whatever a stranger may type, name or ask for is folded at once."""
    began = time.thread_time()
    for form in FORMS:
        normal_form(form, run)
    folded(run)
    typed_date(run)
    normalise_code(run)
    folded_path(run.encode())
    with pytest.raises(ValueError, match="128"):
        canonical_login_id("B" * 129 + run)
    assert parse_form(MULTIPART, [], part(run.encode(), b"1")) is None
    parse_form(MULTIPART, [], part(b"a", b"&" + run.encode() + b"=1"))
    assert time.thread_time() - began < SECONDS
