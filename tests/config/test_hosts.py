"""`public_host`: which apps, routes and page edits belong to which host, and what is wrong across hosts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.config.faults import Faults
from gateway.config.loading import load_bytes
from gateway.config.settings import Configuration
from gateway.core.errors import ConfigRefused
from tests.config.sample import GOOD
from tests.proxy.certificate_kit import pair

SECOND = """
  second:
    public_host: b.example.jp
    upstream: http://127.0.0.1:9003
    paths: [/]
    sign_in:
      - path: /login
        login_id: {form: login_id}
        success: {status: 302, location: /top}
    sign_out: [{path: /logout}]
routes:
  - {path: /login, access: public, public_host: b.example.jp}
"""
TWO = GOOD.replace("routes:\n", SECOND.lstrip("\n"), 1)


def built(text: str, folder: Path = Path("/nonexistent")) -> tuple[Configuration, list[str]]:
    configuration, warnings = load_bytes(text.encode(), folder, Faults("f.yaml"))
    return configuration, [str(warning) for warning in warnings]


def refused(old: str, new: str) -> list[str]:
    assert TWO.count(old) == 1, old
    with pytest.raises(ConfigRefused) as fault:
        built(TWO.replace(old, new))
    return str(fault.value).splitlines()


def test_each_host_has_what_names_it_and_nothing_else() -> None:
    configuration, warnings = built(TWO)
    first, second = configuration.by_host()
    assert first.public.origin == "https://login.example.jp"
    assert second.public.origin == "https://b.example.jp"
    assert [app.name for app in first.apps] == ["portal", "payslip"]
    assert [app.name for app in second.apps] == ["second"]
    assert [app.name for app in configuration.all_apps] == ["portal", "payslip", "second"]
    assert [route.path for route in first.routes] == ["/login", "/top", "/meisai/view"]
    assert [route.path for route in second.routes] == ["/login"]
    assert (len(first.page_edits), len(second.page_edits)) == (1, 0)
    assert (first.sites, second.sites) == ((), ())
    plain, before = built(GOOD)
    assert [line for line in warnings if "second" in line] == []
    assert len(warnings) == len(before)
    assert plain.by_host() == (plain,)


def test_a_sign_in_page_that_is_closed_on_its_own_host_is_told() -> None:
    _, warnings = built(TWO.replace(", public_host: b.example.jp}", ", methods: POST, public_host: b.example.jp}"))
    assert [line for line in warnings if " apps.second" in line and "GET /login is not public" in line] != []


def test_a_route_for_a_host_that_no_app_has() -> None:
    assert refused("access: public, public_host: b.example.jp", "access: public, public_host: c.example.jp") == [
        "f.yaml:35:49 routes[0].public_host: no app is at c.example.jp. Known: login.example.jp, b.example.jp."
    ]


def test_a_host_without_a_way_to_sign_in() -> None:
    old = SECOND[SECOND.index("    upstream:") : SECOND.index("    sign_out")]
    assert refused(old, "    upstream: http://127.0.0.1:9003\n    paths: [/]\n") == [
        "f.yaml:26:5 apps.second: no app has sign_in: nobody can ever sign in. Add sign_in to one app."
    ]


def test_the_public_address_itself_must_have_an_app() -> None:
    text = GOOD.replace("  portal:\n", "  portal:\n    public_host: b.example.jp\n")
    text = text.replace("  payslip:\n", "  payslip:\n    public_host: b.example.jp\n")
    with pytest.raises(ConfigRefused) as fault:
        built(text)
    assert (
        "f.yaml:14:3 apps: every app has a public_host, and none is at login.example.jp, the host of public_url."
        " Leave public_host out for the main app."
    ) in str(fault.value).splitlines()


@pytest.mark.parametrize("name", ["B.example.jp", "https://b.example.jp", "b.example.jp:443", "b..jp", "-b.jp", "*.jp"])
def test_a_public_host_is_a_name_alone(name: str) -> None:
    assert refused("    public_host: b.example.jp\n", f'    public_host: "{name}"\n')[0] == (
        f"f.yaml:26:18 apps.second.public_host: got '{name}'. Write a host name alone, such as www.example.jp."
    )


def test_plain_http_is_for_this_machine_at_every_host() -> None:
    text = TWO.replace("https://login.example.jp/", "http://localhost:8080/")
    with pytest.raises(ConfigRefused) as fault:
        built(text)
    assert "Write https://b.example.jp/" in str(fault.value)
    configuration, _ = built(text.replace("b.example.jp", "b.localhost"))
    assert configuration.sites[0].public.origin == "http://b.localhost:8080"


def test_a_certificate_must_be_for_every_host(tmp_path: Path) -> None:
    pair(tmp_path, "login.example.jp")
    listen = "listen: [{address: 0.0.0.0:443, tls: {certificate: server.crt, key: server.key}}]"
    _, warnings = built(TWO.replace("listen: 127.0.0.1:8080", listen), tmp_path)
    assert [line for line in warnings if "other-name" in line or "browsers refuse" in line] == [
        (
            "f.yaml:2:38 listen[0].tls: browsers refuse it: it is for login.example.jp, not for b.example.jp."
            " Get a certificate for b.example.jp."
        )
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("GET", "/login"), 0, "app       portal"),
        (("--host", "b.example.jp", "GET", "/login"), 0, "app       second"),
        (("--host", "b.example.jp", "GET", "/meisai/view"), 1, "sign-in needed"),
        (("--host", "c.example.jp", "GET", "/"), 2, "known: login.example.jp, b.example.jp."),
    ],
)
def test_explain_asks_at_one_host(arguments: tuple[str, ...], code: int, said: str, tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(TWO, encoding="utf-8")
    command = [sys.executable, "-m", "gateway.cli", "explain", str(tmp_path / "f.yaml"), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, said in ended.stdout + ended.stderr) == (code, True), ended.stdout + ended.stderr
