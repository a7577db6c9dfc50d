"""Names on a terminal."""

from __future__ import annotations

import pytest

from gateway.core.terminals import harmless


@pytest.mark.parametrize("text", ["\x1b]0;x\x07", "\x9b2J", "a\rb", "a\nb", "\u202eabc", "\ud800"])
def test_what_a_terminal_would_obey_is_marked(text: str) -> None:
    assert "�" in harmless(text)
    assert harmless(harmless(text)) == harmless(text)
    assert len(harmless(text)) == len(text)


@pytest.mark.parametrize("text", ["植田　太郎", "𠮷野家", "ｶﾌﾞｼｷ", "\ue000", "", "O'Neil <a@b>"])
def test_names_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text
