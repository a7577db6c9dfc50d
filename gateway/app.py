"""Composition root: the only place that names concrete stores and reads the clock.

configuration ─► keys · session store · registry · directory
              ─► gate (proxy/) ─► lane on TCP ─────────────► legacy apps
                                    └─ private UNIX socket ─► portal (aiohttp)
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import signal
import ssl
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from gateway.config.settings import Configuration
from gateway.core.apps import App, AppTable
from gateway.core.calendar import Calendar
from gateway.core.decide import AccessMap
from gateway.core.doors import Doors
from gateway.core.errors import GatewayError, UpstreamUnavailable
from gateway.core.messages import Answer, Headers, RequestHead, ResponseHead
from gateway.core.own_cookies import OwnCookies
from gateway.core.page_edits import PageEdits
from gateway.core.policy import Policy, effective_policy
from gateway.core.routes import RouteTable
from gateway.core.session import Session
from gateway.core.subject import Kind, Subject
from gateway.directory.base import Directory
from gateway.directory.building import build as build_directory
from gateway.portal.app import build_portal
from gateway.portal.pages import Renderer
from gateway.portal.problems import Problem
from gateway.portal.second_factor import SecondFactors
from gateway.proxy.forwarding import Forwarding
from gateway.proxy.gate import PORTAL, GateParts, LaneGate
from gateway.proxy.pool import Address
from gateway.proxy.reception import Reception
from gateway.proxy.server import Lane
from gateway.proxy.sign_in import ErrorPage, SignIn, SignInParts
from gateway.proxy.sign_out import LegacySignOut
from gateway.proxy.vaulting import Vault
from gateway.proxy.waiting import Waiting
from gateway.stores.base import SessionStore
from gateway.stores.memory import MemorySessions
from gateway.stores.registry import SqlRegistry
from gateway.stores.sealing import KeyRing
from gateway.stores.sessions import Sessions
from gateway.stores.tenants import TenantReader

DRAIN_SECONDS = 10.0
_log = logging.getLogger("sekisho")
Clock = Callable[[], float]


class KeysMismatch(GatewayError):
    """The key file is not the one that sealed what the registry holds."""


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that answers. `ports`: where it listens, in the order of `listen`."""

    ports: tuple[int, ...]
    lane: Lane
    sessions: Sessions
    registry: SqlRegistry
    _stack: AsyncExitStack

    @property
    def port(self) -> int:
        """The first port."""
        return self.ports[0]

    async def close(self, drain: float = 0.0) -> None:
        """Finish what is under way for at most `drain` seconds, then end everything."""
        if drain:
            await self.lane.drain(drain)
        await self._stack.aclose()


class _LaneClient:
    """The lane's own upstream side for those who must exist before the lane does."""

    def __init__(self) -> None:
        self.lane: Lane | None = None

    async def fetch(
        self, upstream: str, method: bytes, target: bytes, headers: Headers, body: bytes, limit: int
    ) -> tuple[ResponseHead, bytes]:
        """See `proxy.actions.UpstreamClient`."""
        if self.lane is None:
            raise UpstreamUnavailable(upstream, "the gateway is still starting")
        return await self.lane.fetcher.fetch(upstream, method, target, headers, body, limit)


class _Build:
    """One gateway being put together; each method opens or makes one thing."""

    def __init__(self, configuration: Configuration, clock: Clock, stack: AsyncExitStack) -> None:
        self.configuration = configuration
        self.clock = clock
        self.stack = stack
        self.own = OwnCookies(configuration.public.secure)
        self.origin = configuration.public.origin.encode()
        self.client = _LaneClient()

    async def stores(self) -> None:
        """Keys, session store, registry, directory, tenants' settings."""
        configuration = self.configuration
        self.keys = KeyRing.from_file(configuration.keys_file)
        store = _session_store(configuration.stores.sessions, self.clock)
        self.stack.push_async_callback(store.close)
        limits = {Kind.ESTABLISHMENT: configuration.policy.establishment_limits.absolute_seconds}
        office = configuration.policy.office_limits.absolute_seconds

        def absolute_seconds(session: Session) -> float:
            return limits.get(session.subject.kind, office)

        self.sessions = Sessions(store, self.keys, self.clock, absolute_seconds)
        self.registry = SqlRegistry(configuration.stores.registry)
        self.stack.push_async_callback(self.registry.close)
        await self.registry.start()
        await _check_keys(self.registry, self.keys, configuration.keys_file)
        self.directory: Directory = build_directory(configuration.directory, time.monotonic)
        self.stack.push_async_callback(self.directory.close)
        tenants = configuration.tenants
        self.tenants = TenantReader(
            self.registry,
            dict(tenants.offices),
            dict(tenants.establishments),
            tenants.office_default,
            tenants.establishment_default,
            time.monotonic,
        )

    async def policy_of(self, subject: Subject) -> Policy:
        """What holds for a person now. Raises StoreUnavailable."""
        facts = await self.tenants.read(subject)
        return effective_policy(subject, facts, self.configuration.policy, self.clock())

    def gate(self, renderer: Renderer) -> LaneGate:
        """The gate with its helpers."""
        configuration, limits = self.configuration, self.configuration.limits
        apps = AppTable(configuration.apps)
        vault = Vault(self.sessions, self.own)
        edits = PageEdits(configuration.page_edits)
        forwarding = Forwarding(
            vault, edits, self.own, configuration.trusted_proxies, self.origin, configuration.public.scheme
        )
        sign_in = SignIn(
            SignInParts(
                client=self.client,
                sessions=self.sessions,
                vault=vault,
                own=self.own,
                find_subject=self.directory.subject,
                policy_of=self.policy_of,
                record=self.registry.record,
                error_page=_error_page(renderer),
                headers_for=forwarding.headers_for,
                public_origin=self.origin,
                answer_limit=limits.held_answer_bytes,
                refuse_unknown=configuration.directory.refuse_unknown,
            )
        )
        waiting = Waiting(
            self.sessions, forwarding, apps, self.own, _error_page(renderer), self.origin, limits.held_form_bytes
        )
        return LaneGate(
            GateParts(
                reception=Reception(
                    apps,
                    self.sessions,
                    self.tenants,
                    configuration.policy,
                    configuration.trusted_proxies,
                    self.clock,
                ),
                access=_access_map(configuration),
                sessions=self.sessions,
                sign_in=sign_in,
                forwarding=forwarding,
                waiting=waiting,
                own=self.own,
                error_page=_error_page(renderer),
                calendar=Calendar(configuration.service.time_zone),
                sign_in_bytes=limits.sign_in_bytes,
                form_bytes=limits.held_form_bytes,
            )
        )

    async def portal(self, renderer: Renderer) -> str:
        """The portal on a private UNIX socket; gives its path."""
        configuration = self.configuration
        factors = SecondFactors(
            self.registry, self.keys, configuration.lockout, configuration.window, configuration.issuer, self.clock
        )
        host = self.origin.partition(b"://")[2]

        async def policy_of(session: Session) -> Policy:
            return await self.policy_of(session.subject)

        application = build_portal(
            renderer,
            self.sessions,
            factors,
            policy_of,
            LegacySignOut(AppTable(configuration.apps), self.client, host, self.clock),
            {app.name: app.sign_in_page for app in configuration.apps if app.sign_in},
            self.clock,
            configuration.public,
            self.registry.record,
        )
        folder = Path(tempfile.mkdtemp(prefix="sekisho-"))  # mode 0700: nobody else reaches the socket
        self.stack.callback(shutil.rmtree, folder, ignore_errors=True)
        runner = web.AppRunner(application, access_log=None, auto_decompress=False, handle_signals=False)
        await runner.setup()
        self.stack.push_async_callback(runner.cleanup)
        path = str(folder / "portal.sock")
        await web.UnixSite(runner, path).start()
        return path


async def start(configuration: Configuration, *, clock: Clock = time.time) -> Running:
    """Open everything and listen. Raises StoreUnavailable, KeysMismatch, OSError; then nothing is left open."""
    async with AsyncExitStack() as stack:
        build = _Build(configuration, clock, stack)
        await build.stores()
        framed = any(rule.framed for app in configuration.apps for rule in app.sign_in)
        renderer = Renderer(configuration.service, framed=framed, secure=configuration.public.secure, clock=clock)
        pages = await build.portal(renderer)
        upstreams: dict[str, Address] = {app.name: (app.address.host, app.address.port) for app in configuration.apps}
        upstreams[PORTAL] = pages
        lane = Lane(build.gate(renderer), upstreams, configuration.limits, tls=_tls(configuration.apps))
        build.client.lane = lane
        stack.push_async_callback(lane.close)
        ports = await lane.start(configuration.listen)
        return Running(ports, lane, build.sessions, build.registry, stack.pop_all())
    raise AssertionError("an exit stack swallows nothing here")


def serve(configuration: Configuration) -> None:
    """Run until INT or TERM, then finish what is under way."""
    import uvloop

    uvloop.run(_serve(configuration))


async def _serve(configuration: Configuration) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    running = await start(configuration)
    _log.info("listening on %s", ", ".join(str(port) for port in running.ports))
    print(f"ready {configuration.public.origin}/", flush=True)
    await stop.wait()
    await running.close(DRAIN_SECONDS)


def _session_store(url: str, clock: Clock) -> SessionStore:
    if url == "memory":
        return MemorySessions(clock)
    from gateway.stores.redis import RedisSessions

    return RedisSessions(url, clock)


async def _check_keys(registry: SqlRegistry, keys: KeyRing, path: Path) -> None:
    """With another key every second factor would be lost without a word: better not to start."""
    noted = await registry.note_fingerprint(keys.fingerprint())
    if not keys.holds(noted):
        raise KeysMismatch(
            f"{path} does not hold the key {noted} that sealed the registry's second factors. Put that key file back."
        )


def _error_page(renderer: Renderer) -> ErrorPage:
    """The renderer as the gate calls it: by the problem's word."""

    def answer(problem: str, head: RequestHead | None, reference: str, **details: Any) -> Answer:  # noqa: ANN401 (as error_answer says)
        return renderer.error_answer(Problem(problem), head, reference, **details)

    return answer


def _access_map(configuration: Configuration) -> AccessMap:
    sign_in = tuple(rule for app in configuration.apps for rule in app.sign_in)
    sign_out = tuple(rule for app in configuration.apps for rule in app.sign_out)
    return AccessMap(RouteTable(configuration.routes), Doors(sign_in, sign_out))


def _tls(apps: tuple[App, ...]) -> dict[str, ssl.SSLContext]:
    """Upstreams by https are verified as a browser would: chain and host name."""
    return {app.name: ssl.create_default_context() for app in apps if app.address.scheme == "https"}
