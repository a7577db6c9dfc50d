"""An app with one awkward sign-in, and a gateway in front of it; each test brings its own kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness.echo import EchoApp, Seen
from tests.harness.gateway import GatewayThread, MovableClock
from tests.harness.person import Person

HOST = "app.test"
ORIGIN = "https://app.test"
WORKER = "B0000011"

YAML = """
version: 1
listen: 127.0.0.1:{PORT}
public_url: https://app.test/
service: {name: Kinds}
keys: {file: var/keys}
stores: {sessions: memory, registry: "sqlite:///var/registry.db"}
apps:
  legacy:
    upstream: http://127.0.0.1:{UPSTREAM}
    paths: [/]
    sign_in_page: /login
    {APP}
    sign_out: [{path: /logout}]
routes:
  - {path: /login, access: public}
  - {path: /spa/**, access: public}
  - {path: /top, access: restricted}
  - {path: /own, access: restricted, feature: attendance.punch}
directory:
  patterns: [{match: "B(?P<establishment>[0-9]{6})(?P<employee>[0-9])", kind: establishment}]
  establishments: [{code: "000001", office: "0001"}, {code: "000002", office: "0002"}]
tenants:
  defaults: {office: {use: true}, establishment: {use: true, exempt: [attendance.punch]}}
  offices: {"0002": {use: false}}
{MORE}
"""


def answer(status: str = "200 OK", body: bytes = b"", *headers: str) -> bytes:
    """An answer of the app, HTML by default."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    if not any(line.lower().startswith("content-type") for line in headers):
        lines.append("Content-Type: text/html; charset=utf-8")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@dataclass
class World:
    """The gateway and the app behind it."""

    gateway: GatewayThread
    app: EchoApp
    clock: MovableClock

    def person(self) -> Person:
        """Somebody with a fresh browser."""
        return Person(self.gateway.port, HOST, ORIGIN, self.clock)

    def seen(self) -> list[Seen]:
        """What the app saw since the last look."""
        requests = list(self.app.log.requests)
        self.app.clear()
        return requests


@contextmanager
def world(folder: Path, app_yaml: str, handler: Callable[[Seen], bytes], more: str = "") -> Iterator[World]:
    """Start both. `app_yaml`: flow or block lines below the app, indented by four."""
    clock = MovableClock()
    with EchoApp(handler) as app:
        text = YAML.replace("{UPSTREAM}", str(app.port)).replace("{APP}", app_yaml.strip()).replace("{MORE}", more)
        with GatewayThread(folder, text, clock) as gateway:
            yield World(gateway, app, clock)
