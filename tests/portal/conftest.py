"""The pages over the embedded stores, behind a real socket, with a clock that the test sets."""

from __future__ import annotations

import asyncio
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from aiohttp import ClientResponse, ClientSession, DummyCookieJar, web

from gateway.config.settings import PublicOrigin, Service, Support, Tenants
from gateway.core.cookies import Jar
from gateway.core.errors import StoreUnavailable, UpstreamUnavailable
from gateway.core.lockout import LockoutLimits
from gateway.core.password_answer import PasswordAnswer
from gateway.core.policy import Policy, PolicyRules, SessionLimits, TenantSettings
from gateway.core.rollout import Rollout
from gateway.core.session import Session
from gateway.core.subject import Feature, Kind, Subject
from gateway.core.totp import Window
from gateway.portal.app import build_portal
from gateway.portal.pages import Renderer
from gateway.portal.refreshing import Freshness
from gateway.portal.second_factor import SecondFactors
from gateway.portal.visits import Offices
from gateway.stores.memory import MemorySessions
from gateway.stores.records import Continuation, SessionRecord
from gateway.stores.registry import SqlRegistry
from gateway.stores.sealing import KeyRing
from gateway.stores.sessions import LiveSession, Sessions

NOON = 1_795_230_000.0  # 2026-11-21 12:00 in Tokyo
PUNCH_AND_PAYSLIP = frozenset({Feature.ATTENDANCE_PUNCH, Feature.PAYSLIP_OWN})
SERVICE = Service("ネットde顧問 デモ", support=Support("お問合せ窓口", "0120-000-000", "平日9時～17時"))
HELD_ANSWER = Continuation(b"/login", "answer", "pc")
EMPLOYEE = Subject("B00000101", Kind.ESTABLISHMENT, "0001", "000001", "01", "", "植田")
COLLEAGUE = Subject("B00000102", Kind.ESTABLISHMENT, "0001", "000001", "02", "", "佐藤")
CHIEF = Subject("B00000199", Kind.ESTABLISHMENT, "0001", "000001", "99", "administrator", "総務")
STAFF = Subject("A00010001", Kind.OFFICE, "0001", "", "0001", "", "所長")
OTHER_STAFF = Subject("A00020001", Kind.OFFICE, "0002", "", "0001", "", "表")
OTHER_EMPLOYEE = Subject("B00000301", Kind.ESTABLISHMENT, "0002", "000003", "01", "", "竹本")
OPERATOR = Subject("A99990001", Kind.OFFICE, "9999", "", "0001", "", "運営")

Renderers = Callable[[Callable[[], float]], Renderer]


@dataclass
class World:
    """Everything around the pages that a test looks at or turns."""

    sessions: Sessions
    registry: SqlRegistry
    keys: KeyRing
    address: str
    now: list[float]
    policy: list[Policy]
    signed_out: list[str] = field(default_factory=list)
    sign_out_fails: bool = False
    people: dict[str, Subject] = field(default_factory=dict)  # whom the directory knows
    passwords: dict[str, str] = field(default_factory=dict)  # what the app takes; "demo" where nothing is said
    app_answers: bool = True
    asked_passwords: list[str] = field(default_factory=list)  # those that the app was asked about
    stale: bool = False  # the operator's database does not answer
    forgotten: list[tuple[str, str | None]] = field(default_factory=list)  # tenants whose settings were changed

    async def sign_in(
        self,
        subject: Subject = EMPLOYEE,
        *,
        waiting: Continuation | None = HELD_ANSWER,
        restricted: bool = False,
        proven: bool = False,
    ) -> Browser:
        """A browser whose password the app has accepted; `proven`: a code was entered as well."""
        at = self.now[0]
        self.people.setdefault(subject.login_id, subject)
        session = Session(subject, "portal", at, at, at if proven else None, at if restricted else None)
        record = SessionRecord(session, Jar(), secrets.token_urlsafe(24), waiting, typed=subject.login_id)
        return Browser(self, (await self.sessions.open(record)).decode())


@dataclass
class Browser:
    """Sends what a browser sends, keeps its cookie, follows nothing by itself."""

    world: World
    token: str | None
    language: str = "ja"
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0
    location: str = ""
    text: str = ""
    answer_headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **headers: str) -> Browser:
        return await self._ask("GET", path, None, headers)

    async def post(self, path: str, form: dict[str, str], *, csrf: str | None = None, **headers: str) -> Browser:
        return await self._ask("POST", path, {"csrf": await self.csrf() if csrf is None else csrf, **form}, headers)

    async def csrf(self) -> str:
        live = await self.live()
        return live.record.csrf if live is not None else ""

    async def live(self) -> LiveSession | None:
        return None if self.token is None else await self.world.sessions.load(self.token.encode())

    async def _ask(self, method: str, path: str, form: dict[str, str] | None, headers: dict[str, str]) -> Browser:
        sent = {"Accept": "text/html", "Accept-Language": self.language, "X-Sekisho-Reference": "R-77"}
        sent |= {"X-Sekisho-Client": "192.0.2.7"} | self.headers
        if self.token is not None:
            sent["Cookie"] = f"sekisho={self.token}"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        async with ClientSession(cookie_jar=DummyCookieJar()) as client:
            asked = client.request(method, self.world.address + path, data=form, headers=sent, allow_redirects=False)
            async with asked as answer:
                await self._take(answer)
        return self

    async def _take(self, answer: ClientResponse) -> None:
        self.status = answer.status
        # Sentences are compared as they are read: what only keeps a word whole at a line's end is taken out.
        self.text = re.sub(r'<span class="whole">(.*?)</span>', r"\1", await answer.text())
        self.location = answer.headers.get("Location", "")
        self.answer_headers = dict(answer.headers)
        for cookie in answer.headers.getall("Set-Cookie", []):
            found = re.match(r"sekisho=([^;]*)", cookie)
            if found is not None:
                self.token = found[1] or None

    def key(self) -> str:
        """The secret that the enrolment page shows."""
        found = re.search(r'data-copy="([A-Z2-7]+)"', self.text)
        assert found is not None
        return found[1]


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all migrations, made once."""
    path = tmp_path_factory.mktemp("registry") / "registry.db"

    async def make() -> None:
        registry = SqlRegistry(f"sqlite:///{path}", KeyRing([secrets.token_bytes(32)]))
        await registry.start()
        await registry.close()

    asyncio.run(make())
    return path


@pytest.fixture
def rollout() -> Rollout:
    """The dates; a module may have its own."""
    return Rollout()


@pytest.fixture
def tenants() -> Tenants:
    """What the configuration says of offices and establishments; a module may have its own."""
    return Tenants(TenantSettings(), TenantSettings(exempt=PUNCH_AND_PAYSLIP))


@pytest.fixture(scope="session")
def renderer() -> Renderers:
    """One renderer for every world, with the clock of the one that asks last: templates are compiled once."""
    clocks: list[Callable[[], float]] = []

    def now() -> float:
        return clocks[-1]()

    made = Renderer(SERVICE, now, secure=False)

    def under(clock: Callable[[], float]) -> Renderer:
        clocks.append(clock)
        return made

    return under


@pytest.fixture
async def world(
    tmp_path: Path, empty_registry: Path, rollout: Rollout, tenants: Tenants, renderer: Renderers
) -> AsyncIterator[World]:
    async with open_world(tmp_path, empty_registry, rollout, tenants, renderer) as opened:
        yield opened


@asynccontextmanager
async def open_world(
    folder: Path, empty_registry: Path, rollout: Rollout, tenants: Tenants, renderer: Renderers
) -> AsyncIterator[World]:
    """Everything, on the running loop."""
    now = [NOON]
    clock = lambda: now[0]  # noqa: E731
    keys = KeyRing.generate_file(folder / "keys")
    shutil.copy(empty_registry, folder / "registry.db")
    registry = SqlRegistry(f"sqlite:///{folder}/registry.db", keys)
    await registry.start()
    sessions = Sessions(MemorySessions(clock), keys, clock, lambda _: 43200.0)
    policy = [Policy(True, PUNCH_AND_PAYSLIP, 1800.0, 43200.0, "tenant uses 2FA")]
    made = World(sessions, registry, keys, "", now, policy)

    async def policy_of(_: Session) -> Policy:
        return made.policy[0]

    async def sign_out_legacy(live: LiveSession) -> None:
        made.signed_out.append(live.record.session.subject.login_id)
        if made.sign_out_fails:
            raise StoreUnavailable("app", "down")

    factors = SecondFactors(registry, keys, LockoutLimits(), Window(), "ネットde顧問", clock)
    app = build_portal(
        renderer(clock),
        sessions,
        factors,
        policy_of,
        sign_out_legacy,
        {"portal": "/login"},
        clock,
        PublicOrigin("http", "127.0.0.1", 8080),
        registry.record,
        offices_of(made, rollout, tenants),
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()
    await registry.close()


def offices_of(world: World, rollout: Rollout, tenants: Tenants) -> Offices:
    """What the pages of offices touch, over this world."""

    async def find_subject(login_id: str) -> Subject | None:
        return world.people.get(login_id)

    async def check_password(live: LiveSession, password: str, client: str) -> PasswordAnswer:
        world.asked_passwords.append(password)
        if not world.app_answers:
            raise UpstreamUnavailable("portal", "down")
        right = world.passwords.get(live.record.session.subject.login_id, "demo")
        return PasswordAnswer.RIGHT if password == right else PasswordAnswer.WRONG

    async def end_sessions(login_ids: Sequence[str]) -> None:
        for login_id in login_ids:
            await world.sessions.end_owner(login_id)

    limits = SessionLimits(1800.0, 43200.0)
    return Offices(
        registry=world.registry,
        tenants=tenants,
        forget_tenant=lambda office, establishment: world.forgotten.append((office, establishment)),
        refresh=Roster(world),
        find_subject=find_subject,
        check_password=check_password,
        end_sessions=end_sessions,
        keys=world.keys,
        rules=PolicyRules(rollout, limits, limits),
        operators=frozenset({OPERATOR.login_id}),
    )


class Roster:
    """Stands for the operator's database: nothing to fetch, or no answer."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def establishments(self, office: str) -> Freshness:
        return Freshness(not self._world.stale, NOON - 3600 if self._world.stale else None)

    async def people(self, office: str, establishment: str) -> Freshness:
        return await self.establishments(office)


def needs(world: World, exempt: frozenset[Feature] = frozenset()) -> None:
    """Change what the tenant has set."""
    world.policy[0] = replace(world.policy[0], exempt=exempt)
