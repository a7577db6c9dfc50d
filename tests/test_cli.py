"""The command as an operator calls it: what it prints and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import COMMANDS, main
from gateway.demo.people_file import write_people
from tests.config.sample import GOOD

ROOT = Path(__file__).parents[1]
SHIPPED = str(ROOT / "routes.yaml")
NOON = "2026-11-21T12:00"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture(scope="module")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The shipped file where the demo has run: its database of people beside it."""
    folder = tmp_path_factory.mktemp("demo")
    write_people(folder / "var" / "people.db")
    return str(shutil.copy(SHIPPED, str(folder)))


def test_help_names_every_command_and_imports_none_of_them() -> None:
    code = "import sys, gateway.cli as c; c.main(['--help'], standalone_mode=False); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    heavy = ("yaml", "sqlalchemy", "aiohttp", "cryptography", "gateway.config.loading", "gateway.cli_check")
    assert [name for name in heavy if f"'{name}'" in done.stdout] == []


def test_check_of_a_right_file_ends_with_0_and_names_what_stays_open() -> None:
    done = run("check", SHIPPED)
    assert done.exit_code == 0
    assert "plain http" in done.output
    assert done.output.splitlines()[-1].startswith("No faults")


def test_check_of_a_bad_file_ends_with_1_and_prints_every_fault_on_stdout(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(GOOD.replace("lock: 30m", "lock: 30").replace("limits:", "limts:"), "utf-8")
    done = run("check", str(file))
    assert done.exit_code == 1
    assert done.stderr == ""
    assert f"{file}:7:24 totp.lock: got '30'." in done.output
    assert f"{file}:49:1 limts: unknown key. Did you mean 'limits'?" in done.output
    assert done.output.splitlines()[-1].startswith("2 faults.")


def test_check_as_json_holds_the_same_faults(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(GOOD.replace("lock: 30m", "lock: 30"), "utf-8")
    done = run("check", "--json", str(file))
    (fault,) = json.loads(done.output)
    assert done.exit_code == 1
    assert (fault["severity"], fault["line"], fault["column"], fault["path"]) == ("fault", 7, 24, "totp.lock")
    assert fault["code"] == "bad-value"


def test_check_of_a_missing_file_ends_with_1(tmp_path: Path) -> None:
    done = run("check", str(tmp_path / "nowhere.yaml"))
    assert done.exit_code == 1
    assert "No such file" in done.output


@pytest.mark.parametrize(
    "arguments",
    [("check",), ("nonsense",), ("explain", SHIPPED, "GET"), ("explain", SHIPPED, "GET", "top"),
     ("explain", SHIPPED, "--totp", "GET", "/top"), ("explain", SHIPPED, "--at", "noon", "GET", "/top"),
     ("explain", SHIPPED, "--form", "x", "POST", "/top"), ("explain", SHIPPED, "--login-id", " ", "GET", "/top")],
)  # fmt: skip
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_schema_prints_json_and_keys_prints_sentences() -> None:
    assert json.loads(run("schema").output)["properties"]["version"]["const"] == 1
    assert "totp.tries: Wrong codes until the login ID is locked." in run("schema", "--keys").output


# What the issue of a rollout is about, asked of the shipped file: (arguments, exit code, what the answer says)
RESTRICTED = ("--login-id", "B00000101", "--choice", "restricted")
ROWS: tuple[tuple[tuple[str, ...], int, tuple[str, ...]], ...] = (
    (("GET", "/login"), 0, ("public-route",)),
    (("POST", "/login"), 0, ("a sign-in (portal.pc)",)),
    (("GET", "/top"), 1, ("not-signed-in", "sign-in needed")),
    (("--login-id", "B00000101", "GET", "/top"), 1, ("choice-due",)),
    (("--login-id", "A00010001", "GET", "/top"), 1, ("code-due", "tenant uses 2FA")),
    (("--login-id", "B00001201", "GET", "/top"), 1, ("code-due", "exempt: nothing")),
    (("--login-id", "B00000301", "GET", "/password"), 0, ("full-session", "office does not use 2FA")),
    (("--login-id", "B00000601", "GET", "/password"), 0, ("full-session", "establishment does not use 2FA")),
    (("--login-id", "B00000101", "--totp", "POST", "/password"), 0, ("full-session",)),
    (("--login-id", "Z9", "GET", "/top"), 1, ("turned away at sign-in", "unknown to the directory")),
    ((*RESTRICTED, "GET", "/top"), 0, ("restricted-route",)),
    ((*RESTRICTED, "GET", "/shugyo/punch"), 0, ("exempt-feature", "attendance.punch")),
    ((*RESTRICTED, "--form", "kubun=shukkin", "POST", "/shugyo/punch"), 0, ("exempt-feature",)),
    ((*RESTRICTED, "--form", "kubun=nuku", "POST", "/shugyo/punch"), 1, ("no-route", "form.kubun must be shukkin or")),
    ((*RESTRICTED, "GET", "/shugyo/sheet"), 0, ("this month's sheet",)),
    ((*RESTRICTED, "GET", "/shugyo/sheet?month=202611"), 0, ("this month's sheet",)),
    (
        (*RESTRICTED, "GET", "/shugyo/sheet?month=202610"),
        1,
        ("feature-not-exempt", "query.month must be 202611 or left out"),
    ),
    ((*RESTRICTED, "GET", "/shugyo/todoke"), 1, ("feature-not-exempt",)),
    ((*RESTRICTED, "GET", "/shugyo/jocho"), 1, ("no-route", "no route has this path")),
    ((*RESTRICTED, "GET", "/meisai/view?emp=01&month=202610"), 0, ("exempt-feature",)),
    ((*RESTRICTED, "GET", "/meisai/view?emp=02&month=202610"), 1, ("no-route", "query.emp must be 01")),
    ((*RESTRICTED, "GET", "/meisai/view?emp=01&emp=02"), 1, ("no-route",)),
    ((*RESTRICTED, "GET", "/meisai/kanri"), 1, ("no-route",)),
    ((*RESTRICTED, "--form", "emp=01", "POST", "/meisai/kensaku"), 0, ("exempt-feature",)),
    ((*RESTRICTED, "--form", "emp=02", "POST", "/meisai/kensaku"), 1, ("form.emp must be 01",)),
    ((*RESTRICTED, "POST", "/password"), 1, ("no-route",)),
    ((*RESTRICTED, "GET", "/shugyo/punch;x"), 1, ("doubtful-target", "no route counts")),
    ((*RESTRICTED, "POST", "/logout"), 0, ("sign-out",)),
    ((*RESTRICTED, "POST", "//login"), 1, ("doubtful-door",)),
    (
        ("--login-id", "b00001101", "--choice", "restricted", "GET", "/shugyo/sheet?month=202510"),
        0,
        ("exempt-feature",),
    ),
    (("--login-id", "b00001101", "--choice", "restricted", "GET", "/meisai/view?emp=01"), 1, ("feature-not-exempt",)),
)


@pytest.mark.parametrize(("arguments", "code", "says"), ROWS, ids=[" ".join(row[0]) for row in ROWS])
def test_explain_tells_decision_and_reason_and_ends_accordingly(
    demo_file: str, arguments: tuple[str, ...], code: int, says: tuple[str, ...]
) -> None:
    done = run("explain", demo_file, "--at", NOON, *arguments)
    assert done.exit_code == code, done.output
    assert [text for text in says if text not in done.output] == []


def test_explain_knows_the_mandatory_date(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(GOOD.replace("use: true\n", "use: false\n", 1), "utf-8")
    asked = ("explain", str(file), "--login-id", "B00000101", "GET", "/meisai/x")
    before = run(*asked[:2], "--at", "2027-04-01T08:59", *asked[2:])
    after = run(*asked[:2], "--at", "2027-04-01T09:00", *asked[2:])
    assert (before.exit_code, after.exit_code) == (0, 1)
    assert "mandatory date" in after.output


def test_explain_of_a_bad_file_ends_with_1_and_its_faults(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(GOOD.replace("limits:", "limts:"), "utf-8")
    done = run("explain", str(file), "GET", "/top")
    assert done.exit_code == 1
    assert "Did you mean 'limits'?" in done.stderr


def test_explain_with_a_directory_that_does_not_answer_ends_with_3(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    sql = "sql: {url: 'sqlite:///nowhere/p.db', query: 'SELECT kind FROM p WHERE i = :login_id'}"
    file.write_text(GOOD.replace("  patterns:\n", f"  {sql}\n  patterns:\n"), "utf-8")
    done = run("explain", str(file), "--login-id", "B00000101", "GET", "/top")
    assert done.exit_code == 3
    assert "directory did not answer" in done.stderr


def test_a_person_whom_the_directory_must_know_is_turned_away(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(GOOD.replace("directory:\n", "directory:\n  unknown: refuse\n"), "utf-8")
    done = run("explain", str(file), "--login-id", "Z1", "--totp", "GET", "/top")
    assert done.exit_code == 1
    assert "turned away at sign-in" in done.output


def test_a_person_whom_only_the_app_knows_may_be_asked_for_a_code(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(GOOD.replace("directory:\n", "directory:\n  unknown: second-factor\n"), "utf-8")
    done = run("explain", str(file), "--login-id", "Z1", "GET", "/top")
    assert done.exit_code == 1
    assert "code-due" in done.output


def test_keys_init_makes_a_private_file_once_and_never_again(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(GOOD, "utf-8")
    first = run("keys", "init", str(file))
    ring = tmp_path / "var" / "keys"
    made = ring.read_bytes()
    again = run("keys", "init", str(file))
    assert (first.exit_code, again.exit_code) == (0, 1)
    assert stat.S_IMODE(ring.stat().st_mode) == 0o600
    assert ring.read_bytes() == made
    assert os.fsdecode(made).strip() not in first.output


def test_serve_of_a_bad_file_ends_with_1_before_anything_starts(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(GOOD.replace("limits:", "limts:"), "utf-8")
    done = run("serve", str(file))
    assert done.exit_code == 1
    assert "Did you mean 'limits'?" in done.stderr
