"""One configuration at work: gate, lane, portal and directory over stores that are open already.

A new configuration makes a new generation beside the old one, which finishes what is under way and ends.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING

from gateway.config.settings import Configuration
from gateway.config.upstream_tls import upstream_context
from gateway.core.apps import App, AppTable
from gateway.core.doors import Doors
from gateway.core.errors import UpstreamUnavailable
from gateway.core.heads import Networks
from gateway.core.messages import Headers, ResponseHead
from gateway.core.own_cookies import OwnCookies
from gateway.core.policy import Policy, effective_policy
from gateway.core.problems import Problem
from gateway.core.session import Session
from gateway.core.subject import Subject
from gateway.directory.base import Directory
from gateway.directory.building import build as build_directory
from gateway.gates import Gates
from gateway.part import WHOLE, Part
from gateway.portal.pages import Renderer, language_of
from gateway.portal.words import LANGUAGES
from gateway.proxy.busy import Busy
from gateway.proxy.gate import PORTAL, LaneGate
from gateway.proxy.own_requests import OwnRequests
from gateway.proxy.password_check import PasswordCheck
from gateway.proxy.pool import Address
from gateway.proxy.prepared import Prepared
from gateway.proxy.server import Lane
from gateway.proxy.sign_out import LegacySignOut
from gateway.proxy.sites import Sites
from gateway.proxy.throttle import SignInThrottle
from gateway.proxy.upstreams import Place
from gateway.retention import Retention
from gateway.roster import RosterKeeper
from gateway.stores.base import Registry
from gateway.stores.revisions import Revisions
from gateway.stores.sealing import KeyRing
from gateway.stores.sessions import Sessions
from gateway.stores.tenants import TenantMemory, TenantReader

if TYPE_CHECKING:
    from gateway.page_server import PageServer
    from gateway.portal.visits import EndSessions

Clock = Callable[[], float]
_SETTINGS_SECONDS = 0.4  # so old may tenants' settings be; with the half second of a watch over WebSockets under one


@dataclass(frozen=True, slots=True)
class Ground:
    """What every generation stands on. `clock`: Unix seconds; `monotonic`: seconds that never go back."""

    keys: KeyRing
    sessions: Sessions
    registry: Registry
    revisions: Revisions
    clock: Clock
    monotonic: Clock
    end_sessions: EndSessions
    part: Part = WHOLE
    tenants: TenantMemory = field(default_factory=TenantMemory)


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


class Generation:
    """Everything that one configuration makes: gate, lane, portal, directory."""

    def __init__(self, ground: Ground, configuration: Configuration) -> None:
        self.configuration = configuration
        self.clock = ground.clock
        self.keys = ground.keys
        self.sessions = ground.sessions
        self.registry = ground.registry
        self.end_sessions = ground.end_sessions
        self.part = ground.part
        self.pages: PageServer | None = None
        self.stack = AsyncExitStack()
        self.own = OwnCookies(configuration.public.secure)
        self.origin = configuration.public.origin.encode()
        self.client = _LaneClient()
        tenants = configuration.tenants
        self.tenants = TenantReader(
            self.registry,
            dict(tenants.offices),
            dict(tenants.establishments),
            tenants.office_default,
            tenants.establishment_default,
            ground.monotonic,
            ground.revisions,
            max_age=_SETTINGS_SECONDS,
            memory=ground.tenants,
        )
        self.stack.push_async_callback(self.tenants.close)
        self.directory: Directory = build_directory(configuration.directory, ground.monotonic)
        self.stack.push_async_callback(self.directory.close)
        self.roster = RosterKeeper(self.registry, self.directory, configuration, ground.clock, ground.monotonic)
        self.stack.push_async_callback(self.roster.close)

    async def open(self, sockets: tuple[socket.socket, ...]) -> None:
        """Start the portal and the lane; the lane takes connections from copies of these sockets."""
        if self.part.pages:
            await self.roster.begin()
            retention = Retention(self.registry, self.configuration.audit_keep_seconds, self.clock)
            retention.start()
            self.stack.push_async_callback(retention.close)
        configuration = self.configuration
        framed = any(rule.framed for app in configuration.all_apps for rule in app.sign_in)
        secure = configuration.public.secure
        renderer = Renderer(configuration.service, self.clock, framed=framed, secure=secure)
        upstreams: dict[str, Address | Place] = {app.name: _place(app) for app in configuration.all_apps}
        upstreams[PORTAL] = await self.portal(renderer) if self.part.pages else self.part.address
        # It writes pages whose templates are translated then: beside the loop, which has requests to carry.
        busy = await asyncio.to_thread(Prepared, Problem.BUSY, renderer.error_answer, LANGUAGES, language_of)
        gate = self.gate(renderer, busy)
        lane = Lane(
            gate,
            upstreams,
            configuration.limits,
            tls=_tls(configuration.all_apps),
            shortcut=gate.shortcut,
            uncounted=_uncounted(configuration),
            surplus=_surplus(configuration, self.own, busy),
        )
        self.stack.push_async_callback(lane.close)
        listen = configuration.listen if self.part.lane else ()
        await lane.start(listen, sockets=[bound.dup() for bound in sockets])
        self.client.lane = lane

    async def drain(self, seconds: float, idle_seconds: float | None = None) -> None:
        """Let what is under way finish for at most `seconds`; see `Lane.drain`. A second call may shorten the first."""
        if self.client.lane is not None:
            await self.client.lane.drain(seconds, idle_seconds=idle_seconds)
        await self._drain_pages(seconds)

    async def retire(self, successor: Generation, seconds: float) -> None:
        """Hand over to a generation that is open already, finish what is under way, then end."""
        lane, next_lane = self.client.lane, successor.client.lane
        self.roster.leave_off()
        if lane is not None and next_lane is not None:
            await lane.retire(next_lane, seconds)
        await self._drain_pages(seconds)
        await self.close()

    async def close(self) -> None:
        """End at once."""
        await self.stack.aclose()

    async def _drain_pages(self, seconds: float) -> None:
        """Pages for the lane in this process have nothing under way once that has not."""
        if self.pages is not None and self.part.listening is not None:
            await self.pages.drain(seconds)

    async def policy_of(self, subject: Subject) -> Policy:
        """What holds for a person now. Raises StoreUnavailable."""
        facts = await self.tenants.read(subject)
        return effective_policy(subject, facts, self.configuration.policy, self.clock())

    def gate(self, renderer: Renderer, busy: Prepared) -> LaneGate | Sites:
        """What judges the requests of the lane."""
        return Gates(
            configuration=self.configuration,
            renderer=renderer,
            busy=busy,
            client=self.client,
            sessions=self.sessions,
            tenants=self.tenants,
            own=self.own,
            find_subject=self.directory.subject,
            policy_of=self.policy_of,
            record=self.registry.record,
            note_person=self.roster.note,
            throttle=SignInThrottle(self.configuration.limits.wrong_passwords, _uncounted(self.configuration)),
            clock=self.clock,
        ).build()

    async def portal(self, renderer: Renderer) -> str:
        """The portal on a private UNIX socket; gives its path."""
        # A process that has only a lane starts in two thirds of the time without these.
        from gateway.page_server import PageServer
        from gateway.portal.app import build_portal
        from gateway.portal.second_factor import SecondFactors
        from gateway.portal.visits import Offices

        configuration = self.configuration
        factors = SecondFactors(
            self.registry, self.keys, configuration.lockout, configuration.window, configuration.issuer, self.clock
        )
        apps = AppTable(configuration.all_apps)
        origins = {app.name: part.public.origin for part in configuration.by_host() for app in part.apps}
        requests = OwnRequests(
            self.client, self.origin, self.clock, configuration.limits.held_answer_bytes, origins=origins
        )
        sign_out = LegacySignOut(apps, requests)

        async def policy_of(session: Session) -> Policy:
            return await self.policy_of(session.subject)

        application = build_portal(
            renderer,
            self.sessions,
            factors,
            policy_of,
            sign_out,
            {app.name: app.sign_in_page for app in configuration.all_apps if app.sign_in},
            self.clock,
            configuration.public,
            self.registry.record,
            Offices(
                registry=self.registry,
                tenants=configuration.tenants,
                forget_tenant=self.tenants.forget,
                refresh=self.roster,
                find_subject=self.directory.subject,
                check_password=PasswordCheck(apps, requests, sign_out),
                end_sessions=self.end_sessions,
                keys=self.keys,
                rules=configuration.policy,
                operators=configuration.operators,
            ),
            origins,
        )
        pages = self.pages = PageServer(application)
        self.stack.push_async_callback(pages.close)
        return await pages.start(self.part.listening)


def _uncounted(configuration: Configuration) -> Networks:
    """Addresses whose connections carry many people: proxies in front, and what runs on this machine."""
    announcing = tuple(network for entry in configuration.listen for network in entry.proxies)
    return (*configuration.trusted_proxies, *announcing, ip_network("127.0.0.0/8"), ip_network("::1"))


def _surplus(configuration: Configuration, own: OwnCookies, busy: Prepared) -> Busy:
    doors = Doors((), tuple(rule for app in configuration.all_apps for rule in app.sign_out))
    return Busy(doors, own, busy)


def _tls(apps: tuple[App, ...]) -> dict[str, ssl.SSLContext]:
    """Upstreams by https are verified as a browser would: chain and host name."""
    return {app.name: upstream_context(app.tls) for app in apps if app.address.scheme == "https"}


def _place(app: App) -> Place:
    addresses = tuple((address.host, address.port) for address in (app.address, *app.more_addresses))
    return Place(addresses, app.sticky, app.tls.server_name or None)
