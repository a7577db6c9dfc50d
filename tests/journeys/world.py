"""The demo as a person meets it, watched on both sides of the gateway, with a clock that a journey can move on.

    Chromium ── Recorder (public address) ── gateway ── Recorder ── portal · attendance · payslip

The configuration is the demo's routes.yaml with other ports; the apps are the demo's. Who needs the next code moves
the clock on by one step instead of waiting for it: a code counts once.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.processes import free_port
from gateway.demo.apps import NAMES, PORTS, start_apps
from gateway.demo.people_file import write_people
from tests.harness.gateway import GatewayThread, MovableClock
from tests.harness.person import Person
from tests.harness.recorder import Recorder
from tests.harness.totp import code, wrong_codes
from tests.harness.wire import exchange

ROUTES = Path(__file__).resolve().parents[2] / "routes.yaml"
TOKYO = ZoneInfo("Asia/Tokyo")
STEP = 30.0
PASSED = frozenset({"ja", "en"})  # values of the cookie that routes.yaml lets pass
Edits = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class World:
    """The running demo. `phone` is what people's authenticator apps hold: login ID → key."""

    clock: MovableClock
    gateway: GatewayThread
    folder: Path
    public_port: int
    browser_side: Recorder
    app_sides: dict[str, Recorder]
    app_ports: dict[str, int]
    phone: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """What browsers use, without a slash at its end."""
        return f"http://127.0.0.1:{self.public_port}"

    @property
    def now(self) -> datetime:
        """The time in Tokyo, as apps and gateway read it."""
        return datetime.fromtimestamp(self.clock(), TOKYO)

    def fresh_code(self, login_id: str) -> str:
        """What the phone shows a step later: a code that was not used yet."""
        self.clock.forward(STEP)
        return self.shown_code(login_id)

    def shown_code(self, login_id: str) -> str:
        """What the phone shows now."""
        return code(self.phone[login_id], self.clock())

    def wrong_codes(self, login_id: str, count: int) -> list[str]:
        """Codes that the phone shows at no time near now."""
        return wrong_codes(self.phone[login_id], self.clock(), count)

    def person(self) -> Person:
        """Somebody without a browser, at the public address."""
        return Person(self.public_port, f"127.0.0.1:{self.public_port}", self.url, self.clock)

    def vaulted(self) -> set[str]:
        """Every cookie value that an app ever set, but for the one cookie that may pass."""
        return set().union(*(side.cookies_set() for side in self.app_sides.values())) - PASSED

    def legacy_sessions(self) -> list[str]:
        """The session IDs that the portal app handed out, oldest first."""
        found: dict[str, None] = {}
        for answer in self.app_sides["portal"].answers():
            for line in answer.all("set-cookie"):
                name, _, value = line.split(";", 1)[0].partition("=")
                if name == "JSESSIONID" and value.strip('"'):
                    found[value] = None
        return list(found)

    def legacy_alive(self, session_id: str) -> bool:
        """Whether the portal app itself, asked without the gateway, still knows this session as signed in."""
        port = self.app_ports["portal"]
        asked = f"GET /top HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: JSESSIONID={session_id}\r\n\r\n"
        return exchange(port, asked.encode()).status == 200


@contextmanager
def legacy_apps(clock: MovableClock) -> Iterator[dict[str, int]]:
    """The demo's three apps on free ports; their ports by name."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def tokyo_time() -> datetime:
        return datetime.fromtimestamp(clock(), TOKYO).replace(tzinfo=None)

    starting = start_apps(tokyo_time, lambda: secrets.token_hex(16).upper(), (0, 0, 0))
    apps = asyncio.run_coroutine_threadsafe(starting, loop).result(10)
    try:
        yield apps.ports
    finally:
        asyncio.run_coroutine_threadsafe(apps.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def demo_world(folder: Path, edits: Edits = ()) -> Iterator[World]:
    """Start everything. `edits`: pieces of routes.yaml and what stands there in this world."""
    clock, public_port = MovableClock(), free_port()
    with ExitStack() as stack:
        ports = stack.enter_context(legacy_apps(clock))
        app_sides = {name: stack.enter_context(Recorder(ports[name])) for name in NAMES}
        upstreams = tuple(
            (f"http://127.0.0.1:{usual}", f"http://127.0.0.1:{app_sides[name].port}")
            for name, usual in zip(NAMES, PORTS, strict=True)
        )
        addresses = (
            ("listen: 127.0.0.1:8080", "listen: 127.0.0.1:{PORT}"),
            ("public_url: http://127.0.0.1:8080/", f"public_url: http://127.0.0.1:{public_port}/"),
        )
        yaml = edited(ROUTES.read_text(encoding="utf-8"), addresses + upstreams + edits)
        write_people(folder / "var" / "people.db")
        gateway = stack.enter_context(GatewayThread(folder, yaml, clock))
        browser_side = stack.enter_context(Recorder(gateway.port, public_port))
        yield World(clock, gateway, folder, public_port, browser_side, app_sides, ports)


def edited(text: str, edits: Edits) -> str:
    """The text with each piece replaced; every piece must be there exactly once."""
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in routes.yaml"
        text = text.replace(old, new)
    return text
