"""Sekisho as its users run it: a file with thirty routes, keys, a registry, `sekisho serve`, and people who sign in."""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.app import LARGE, PUNCH, SMALL, UPLOAD
from bench.browser import Browser
from bench.processes import Process, answers, free_port
from gateway.stores.sealing import KeyRing

_CONFIGURATION = """
version: 1
listen: 127.0.0.1:{port}
public_url: http://127.0.0.1:{port}/
service: {{name: 勤怠と給与, support: {{name: 窓口, phone: 03-0000-0000}}}}
keys: {{file: keys}}
stores: {{sessions: "{sessions}", registry: "{registry}"}}
sessions:
  office: {{idle: 2h, absolute: 12h}}
  establishment: {{idle: 2h, absolute: 12h}}
apps:
  legacy:
    upstream: http://127.0.0.1:{upstream}
    paths: [/]
    cookies: {{pass: [lang]}}
    sign_in_page: /login
    sign_in:
      - {{path: /login, login_id: {{form: login_id}}, success: {{status: 302, location: /home}}}}
    sign_out: [{{path: /logout}}]
routes:
{routes}
directory:
  patterns:
    - {{match: "A(?P<office>[0-9]{{4}})(?P<employee>[0-9]{{4}})", kind: office}}
    - {{match: "B(?P<establishment>[0-9]{{6}})(?P<employee>[0-9]{{2}})", kind: establishment}}
  establishments:
    - {{code: "000001", office: "0001", name: 株式会社一番}}
tenants:
  defaults:
    office: {{use: true}}
    establishment: {{use: true, exempt: [attendance.punch]}}
  offices:
    "0001": {{use: true}}
{limits}
"""
# Thirty, as a real file has them: some open, some for punching, some closed by name, most by default.
ROUTES = (
    ("/login", "public", ""),
    ("/static/**", "public", ""),
    ("/help/*", "public", ""),
    ("/lang", "public", ""),
    ("/home", "restricted", ""),
    ("/top", "restricted", ""),
    (f"{PUNCH}/", "restricted", "attendance.punch"),
    (f"{PUNCH}/punch", "restricted", "attendance.punch"),
    (f"{PUNCH}/{{number}}/view", "restricted", "attendance.punch"),
    (f"{PUNCH}/now", "restricted", "attendance.punch"),
    *((f"/todoke/{name}", "restricted", "attendance.notifications") for name in ("new", "status", "list", "shift")),
    *((f"/meisai/{name}", "restricted", "payslip.own") for name in ("list", "view", "shoyo", "gensen")),
    *((f"/jocho/{name}/**", "full", "") for name in ("shonin", "kakunin", "shukei")),
    *((f"/somu/{name}/**", "full", "") for name in ("shain", "kyuyo", "keiyaku")),
    (f"{SMALL}/{{number}}/view", "full", ""),
    (f"{LARGE}/{{number}}/view", "full", ""),
    (f"{UPLOAD}/**", "full", ""),
    ("/master/**", "full", ""),
    ("/debug/**", "deny", ""),
    ("/manager/**", "deny", ""),
)


def route_lines(routes: Sequence[tuple[str, str, str]] = ROUTES) -> str:
    """The routes as YAML."""
    return "\n".join(
        f'  - {{path: "{path}", access: {access}{f", feature: {feature}" if feature else ""}}}'
        for path, access, feature in routes
    )


def write_configuration(
    folder: Path,
    port: int,
    upstream: int,
    *,
    sessions: str = "memory",
    registry: str = "sqlite:///registry.db",
    limits: str = "",
) -> Path:
    """The file and its keys; gives the file."""
    file = folder / "routes.yaml"
    text = _CONFIGURATION.format(
        port=port, upstream=upstream, sessions=sessions, registry=registry, routes=route_lines(), limits=limits
    )
    file.write_text(text, encoding="utf-8")
    if not (folder / "keys").exists():
        KeyRing.generate_file(folder / "keys")
    return file


def serve_command(file: Path) -> list[str]:
    """`sekisho serve FILE` with this Python, and with as many descriptors as this machine allows."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return ["prlimit", f"--nofile={most}:{most}", sys.executable, "-m", "gateway.cli", "serve", str(file)]


class Gateway:
    """Runs while the block does."""

    def __init__(self, upstream: int, core: int | None, *, sessions: str = "memory", limits: str = "") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sekisho-bench-")
        folder = Path(self._folder.name)
        self.port = free_port()
        file = write_configuration(folder, self.port, upstream, sessions=sessions, limits=limits)
        self.process = Process(
            serve_command(file), folder / "log", core=core, ready=lambda: answers(self.port, "/login")
        )

    def full_cookies(self, people: int) -> list[str]:
        """Cookie headers of so many people of an office, each signed in with a password and a code."""
        return asyncio.run(_cookies(self.port, people, full=True))

    def restricted_cookies(self, people: int) -> list[str]:
        """The same for employees who chose to go without a code."""
        return asyncio.run(_cookies(self.port, people, full=False))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.stop()
        self._folder.cleanup()


async def _cookies(port: int, people: int, *, full: bool) -> list[str]:
    headers = []
    for number in range(1, people + 1):
        browser = Browser(port)
        if full:
            await browser.full(f"A0001{number:04}")
        else:
            await browser.restricted(f"B000001{number:02}")
        await browser.close()
        headers.append(browser.cookie)
    return headers
