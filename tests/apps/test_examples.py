"""What is shipped as an example loads as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.loading import load

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "deploy" / "examples").glob("*.yaml"))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_example_has_no_fault(file: Path) -> None:
    """No fault; `load` raises with all of them otherwise."""
    assert load(file).apps


def test_both_are_here() -> None:
    """A renamed folder must not make the test above empty."""
    assert {file.stem for file in EXAMPLES} >= {"django-admin", "dokuwiki"}
