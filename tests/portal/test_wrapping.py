"""What stays in one piece at the end of a line."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from gateway.portal.wrapping import whole


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("株式会社MKS", ["株式会社"]),
        ("MKS有限会社 000001", ["有限会社"]),
        ("→ B00000101", ["B00000101"]),
        ("例：2026-11-21、または 2026-12-05", ["2026-11-21", "2026-12-05"]),
        ("ABCDE-FGH23 (UTF-8, Shift_JIS)", ["ABCDE-FGH23", "UTF-8", "Shift_JIS"]),
        ("", []),
        ("山田 花子", []),
    ],
)
def test_pieces_are_marked_and_nothing_is_lost(text: str, pieces: list[str]) -> None:
    marked = whole(text)
    assert marked.count('<span class="whole">') == len(pieces)
    assert all(f'<span class="whole">{piece}</span>' in marked for piece in pieces)
    assert marked.striptags() == text


def test_names_are_escaped_between_and_inside_the_pieces() -> None:
    assert whole("<b>株式会社&") == Markup('&lt;b&gt;<span class="whole">株式会社</span>&amp;')
