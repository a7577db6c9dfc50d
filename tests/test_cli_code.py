"""`sekisho code` as an operator calls it: for whom, once, and no longer than it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.portal.registration_codes import grouped, opened
from gateway.stores.base_people import RegistrationCode
from gateway.stores.registry import SqlRegistry
from gateway.stores.sealing import KeyRing
from tests.test_cli_reset import ONE, inside, made

NEW = "B00000103"
DAY = 86400.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration with keys and a registry in which B00000101 is enrolled."""
    return made(tmp_path)


def run(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["code", "--config", str(file), *arguments], prog_name="sekisho")


def stored(file: Path, login_id: str, now: float = 0.0) -> RegistrationCode | None:
    """What the registry would take at this moment."""

    async def look(registry: SqlRegistry) -> RegistrationCode | None:
        return await registry.registration_code(login_id, now)

    found: RegistrationCode | None = inside(file, look)
    return found


def test_what_is_printed_is_what_the_registry_takes_until_its_end(file: Path) -> None:
    done = run(file, "--days", "3", NEW.lower())
    assert done.exit_code == 0, done.output
    line = re.fullmatch(rf"{NEW}  ([2-9A-Z]{{5}}-[2-9A-Z]{{5}})  until \d{{4}}-\d\d-\d\d \d\d:\d\d\n", done.stdout)
    assert line is not None, done.stdout
    code = stored(file, NEW)
    assert code is not None
    assert code.expires_at == code.issued_at + 3 * DAY
    plain = opened(KeyRing.from_file(file.parent / "keys"), code.code, NEW)
    assert plain is not None
    assert grouped(plain) == line[1]
    assert stored(file, NEW, code.expires_at) is None


def test_nobody_gets_one_when_somebody_is_enrolled_or_unknown(file: Path) -> None:
    done = run(file, NEW, ONE, "Z1")
    assert done.exit_code == 1
    assert f"{ONE} is enrolled already" in done.stderr
    assert "Z1 is unknown" in done.stderr
    assert done.stdout == ""
    assert stored(file, NEW) is None


def test_without_a_registry_it_says_so(tmp_path: Path) -> None:
    file = made(tmp_path)
    (tmp_path / "registry.db").unlink()
    assert run(file, NEW).exit_code == 3
    assert not (tmp_path / "registry.db").exists()
