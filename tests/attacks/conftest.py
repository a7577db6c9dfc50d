"""One gateway and one echo app for all attack lines, set up by the corpus's convention.

/pub/* is open to a restricted session, /admin/* needs a code, /own/view only with id=<own id>=1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.harness.echo import EchoApp, LegacySignIn, Seen
from tests.harness.gateway import GatewayThread, MovableClock
from tests.harness.person import Person

HOST = "app.test"
ORIGIN = "https://app.test"
SOURCE = "127.0.0.5"  # where attackers connect from: no forged address equals it
OWN = "B0000011"  # establishment 000001, employee 1: punch is exempt, so there is a choice

YAML = """
version: 1
listen: 127.0.0.1:{PORT}
public_url: https://app.test/
service: {name: Attacked}
keys: {file: var/keys}
stores: {sessions: memory, registry: "sqlite:///var/registry.db"}
rollout: {optional_from: 2020-01-01}
limits: {head_time: 2s}
apps:
  echo:
    upstream: http://127.0.0.1:{UPSTREAM}
    paths: [/]
    host: keep
    cookies: {VAULT}
    session_ids: [jsessionid, PHPSESSID]
    sign_in_page: /login
    sign_in:
      - path: /login
        login_id: {form: login_id}
        success: [{status: 302, location: /top}]
    sign_out: [{path: /logout}]
routes:
  - {path: /login, access: public}
  - {path: /top, access: restricted}
  - {path: /pub/**, methods: [GET, POST], access: restricted, feature: attendance.punch}
  - {path: /ws, access: restricted, feature: attendance.punch}
  - {path: /own/view, access: restricted, feature: payslip.own, where: {query.id: subject.employee}}
  - {path: /own/view, methods: [POST, PUT], access: restricted, where: {form.id: subject.employee}}
  - {path: /own/asked, methods: [POST, PUT], access: restricted, where: {query.id: subject.employee}}
  - {path: /own/user, access: restricted, feature: payslip.own, where: {query.user_id: subject.employee}}
  - {path: /own/user, methods: [POST, PUT], access: restricted, where: {form.user_id: subject.employee}}
  - {path: /admin/**, access: full}
directory:
  patterns: [{match: "B(?P<establishment>[0-9]{6})(?P<employee>[0-9])", kind: establishment}]
  establishments: [{code: "000001", office: "0001", name: One}]
tenants:
  defaults: {office: {use: true}, establishment: {use: true, exempt: [attendance.punch, payslip.own]}}
"""
SOME_VAULTED = "{vault: [JSESSIONID, ci_session]}"
ALL_VAULTED = '{vault: ["*"]}'


@dataclass(slots=True)
class Stage:
    """A gateway, the app behind it, and people."""

    gateway: GatewayThread
    app: EchoApp
    legacy: LegacySignIn
    clock: MovableClock
    _restricted: dict[str, Person] = field(default_factory=dict)

    @property
    def port(self) -> int:
        """Where the gateway listens."""
        return self.gateway.port

    def person(self) -> Person:
        """A fresh browser."""
        return Person(self.port, HOST, ORIGIN, self.clock, SOURCE)

    def restricted(self) -> Person:
        """The restricted session of OWN, alive: a refusal must be for the attack. Signed in again when one cost it."""
        known = self._restricted.get(OWN)
        if known is None or known.get("/pub/alive").status != 200:
            known = self._restricted[OWN] = self.person()
            known.restricted(OWN)
            assert known.get("/pub/alive").status == 200
        self.app.clear()
        return known

    def seen(self) -> list[Seen]:
        """What the app saw since the person was handed out."""
        return list(self.app.log.requests)


def make_stage(folder: Path, vault: str) -> Iterator[Stage]:
    """Start app and gateway."""
    legacy, clock = LegacySignIn(), MovableClock()
    with EchoApp(legacy) as app:
        yaml = YAML.replace("{UPSTREAM}", str(app.port)).replace("{VAULT}", vault)
        with GatewayThread(folder, yaml, clock) as gateway:
            yield Stage(gateway, app, legacy, clock)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Two cookies are vaulted by name, all others pass: the harder case for the cookie rules."""
    yield from make_stage(tmp_path_factory.mktemp("attacked"), SOME_VAULTED)


@pytest.fixture(scope="session")
def closed_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The default: every cookie is vaulted."""
    yield from make_stage(tmp_path_factory.mktemp("closed"), ALL_VAULTED)


@pytest.fixture
def own_stage(tmp_path: Path) -> Iterator[Stage]:
    """A gateway for one test alone: it locks, restarts and moves the clock."""
    yield from make_stage(tmp_path, SOME_VAULTED)
