"""What the documents say is what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.config.loading import load
from gateway.config.schema import documented_keys
from gateway.core.decide import Reason
from gateway.stores.sealing import KeyRing

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def configuration_page() -> str:
    """docs/configuration.md as it must be; written anew by `python -m tests.test_docs`."""
    lines = [
        "# Every key of the configuration",
        "",
        "As `sekisho schema --keys` prints it.",
        "",
        "| key | meaning |",
        "|---|---|",
    ]
    lines += [f"| `{name}` | {meaning.replace('|', '&#124;')} |" for name, meaning in documented_keys()]
    lines += ["", "## Reasons", "", "The words of decisions, in `explain`, in problem JSON and in tests:", ""]
    lines += [f"- `{reason.value}`" for reason in Reason]
    return "\n".join(lines) + "\n"


def test_every_key_and_every_reason_is_documented() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page == configuration_page(), "run: python -m tests.test_docs"


def test_the_first_configuration_of_the_readme_is_taken_as_it_stands(tmp_path: Path) -> None:
    text = re.search(r"```yaml\n(version: 1.*?)```", README, re.DOTALL)
    assert text is not None
    (tmp_path / "var").mkdir()
    KeyRing.generate_file(tmp_path / "var" / "keys")
    file = tmp_path / "routes.yaml"
    file.write_text(text[1], encoding="utf-8")
    configuration = load(file)
    assert [app.name for app in configuration.apps] == ["payroll"]


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_every_link_of_the_readme_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists(), link


if __name__ == "__main__":
    (ROOT / "docs" / "configuration.md").write_text(configuration_page(), encoding="utf-8")
