"""Warnings: each names one way in that stays open, and a careful file has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.faults import Faults
from gateway.config.loading import load_bytes
from tests.config.sample import GOOD, changed

SUCCESS = "success: {status: 302, location: /top}"
ROWS: tuple[tuple[str, str, str, int], ...] = (
    # code, what is replaced, by what, line of the warning
    ("status-alone", SUCCESS, "success: {status: 302}", 20),
    ("loose-wildcard", SUCCESS, "success: {status: 302, location: '*/top'}", 20),
    ("loose-wildcard", SUCCESS, "success: {cookie: '*session'}", 20),
    ("page-unedited", SUCCESS, "success: {status: 200, element: '#menu'}", 18),
    ("at-once", SUCCESS, SUCCESS + "\n        deliver: at-once", 21),
    ("further-methods", "{path: /login, access: public}", "{path: /login, access: public, methods: [GET, PUT]}", 18),
    (
        "further-methods",
        "  - path: /top\n    access: restricted",
        "  - {path: '/{any}', access: public, methods: [GET, PUT]}",
        18,
    ),
    (
        "public-post",
        "  - path: /top\n    access: restricted",
        "  - {path: /*, access: public, methods: [GET, POST]}",
        27,
    ),
    (
        "public-everything",
        "where: {query.emp: subject.employee}",
        "where: {query.emp: subject.employee}\n  - {path: /**, access: public}",
        33,
    ),
    ("sign-in-page-closed", "{path: /login, access: public}", "{path: /static, access: public}", 15),
    ("password-unknown", "{form: login_id}", "{json: user.id}", 18),
    ("no-sign-out", "    sign_out: [{path: /logout}]\n", "", 18),
    ("credentials-header", "    paths: [/meisai]", "    paths: [/meisai]\n    headers: {pass: [authorization]}", 25),
    (
        "session-cookie-passed",
        "    paths: [/meisai]",
        "    paths: [/meisai]\n    cookies: {pass: [lang, PHPSESSID]}",
        25,
    ),
    ("session-cookie-passed", "    paths: [/meisai]", "    paths: [/meisai]\n    cookies: {pass: [remember_me]}", 25),
    ("open-vault", "    paths: [/meisai]", "    paths: [/meisai]\n    cookies: {vault: [JSESSIONID]}", 25),
    ("session-ids", "    paths: [/meisai]", "    paths: [/meisai]\n    session_ids: []", 25),
    ("unlimited-guesses", "tries: 5", "tries: 5, stop_after: null", 7),
    ("lower-case", "A(?P<office>[0-9]{4})", "a(?P<office>[0-9]{4})", 39),
    ("unknown-enrols", "directory:\n", "directory:\n  unknown: second-factor\n", 38),
    ("trusts-everybody", "listen: 127", "trusted_proxies: [0.0.0.0/0]\nlisten: 127", 2),
    ("plain-http", "https://login.example.jp/", "http://127.0.0.1:8080/", 3),
)


def warnings_of(data: bytes, folder: Path) -> list[tuple[str, int]]:
    (folder / "var").mkdir(exist_ok=True)
    (folder / "var" / "keys").touch(0o600)
    _, warnings = load_bytes(data, folder, Faults("f.yaml"))
    return [(warning.code, warning.line) for warning in warnings]


def test_a_careful_file_has_no_warnings(tmp_path: Path) -> None:
    assert warnings_of(GOOD.encode(), tmp_path) == []


@pytest.mark.parametrize(("code", "old", "new", "line"), ROWS)
def test_each_open_way_in_is_told(code: str, old: str, new: str, line: int, tmp_path: Path) -> None:
    assert (code, line) in warnings_of(changed(old, new), tmp_path)


@pytest.mark.parametrize("name", ["XSRF-TOKEN", "csrftoken", "lang"])
def test_a_cookie_that_scripts_must_read_is_no_session(name: str, tmp_path: Path) -> None:
    data = changed("    paths: [/meisai]", f"    paths: [/meisai]\n    cookies: {{pass: [{name}]}}")
    assert "session-cookie-passed" not in {code for code, _ in warnings_of(data, tmp_path)}


@pytest.mark.parametrize("name", ["jwt", "sid", "my_session", "'csrf*'"])
def test_a_cookie_like_a_session_is_told(name: str, tmp_path: Path) -> None:
    data = changed("    paths: [/meisai]", f"    paths: [/meisai]\n    cookies: {{pass: [{name}]}}")
    assert ("session-cookie-passed", 25) in warnings_of(data, tmp_path)


def test_a_directory_in_which_nobody_can_be_found_is_told(tmp_path: Path) -> None:
    start, end = GOOD.index("  patterns:\n"), GOOD.index("  establishments:\n")
    assert ("nobody-known", 38) in warnings_of((GOOD[:start] + GOOD[end:]).encode(), tmp_path)


def test_a_public_route_over_a_whole_app_is_told(tmp_path: Path) -> None:
    text = GOOD.replace("paths: [/meisai]", "paths: [/meisai/]").replace(
        "  - {path: /login, access: public}\n",
        "  - {path: /login, access: public}\n  - {path: /other/**, access: public}\n",
    )
    assert warnings_of(text.encode(), tmp_path) == []
    assert ("public-app", 27) in warnings_of(text.replace("/other/**", "/meisai/**").replace(
        "  - path: /meisai/view\n", "  - path: /view\n").encode(), tmp_path)  # fmt: skip


def test_a_missing_key_ring_is_told_with_the_command_that_makes_it(tmp_path: Path) -> None:
    _, warnings = load_bytes(GOOD.encode(), tmp_path, Faults("f.yaml"))
    assert [warning.code for warning in warnings] == ["no-key-ring"]
    assert "sekisho keys init" in warnings[0].remedy


@pytest.mark.parametrize(("written", "told"), [("location: '*/top'", "/top*"), ("cookie: '*sid'", "app_session_*")])
def test_a_wildcard_at_the_beginning_is_told_with_an_example_of_its_own_kind(
    written: str, told: str, tmp_path: Path
) -> None:
    loaded = changed(SUCCESS, f"success: {{status: 302, {written}}}")
    _, found = load_bytes(loaded, tmp_path, Faults("f.yaml"))
    assert any(told in warning.remedy for warning in found if warning.code == "loose-wildcard")
