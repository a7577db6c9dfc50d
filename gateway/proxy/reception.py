"""Who comes, and to which app: everything about a request that is found out before it is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from gateway.core import heads
from gateway.core.apps import AppTable
from gateway.core.cookies import cookie_pairs
from gateway.core.jar import Jar
from gateway.core.messages import RequestHead, first_header
from gateway.core.policy import PolicyRules, TenantFacts, effective_policy
from gateway.core.problems import Problem
from gateway.core.public_hosts import PublicHosts
from gateway.core.target import parse_target
from gateway.core.urlsession import has_url_session, strip_url_session
from gateway.core.websocket import is_handshake
from gateway.proxy.actions import Peer
from gateway.proxy.sign_in import JAR_SECONDS
from gateway.proxy.visit import Visit, Visitor
from gateway.stores.sessions import LiveSession, Sessions
from gateway.stores.tenants import TenantReader


@dataclass(frozen=True, slots=True)
class Unwelcome:
    """A request that leads to no app, with the problem's word and a reason."""

    problem: Problem
    reason: str
    status: int | None = None


class Reception:
    """Makes a Visit of a request and finds out who is asking."""

    def __init__(
        self,
        apps: AppTable,
        sessions: Sessions,
        tenants: TenantReader,
        rules: PolicyRules,
        trusted: tuple[IPv4Network | IPv6Network, ...],
        clock: Callable[[], float],
        hosts: PublicHosts,
        foreign: frozenset[str] = frozenset(),
    ) -> None:
        """`foreign`: apps of other hosts; who signed in to one of them is a stranger here (R-151)."""
        self._apps = apps
        self._sessions = sessions
        self._tenants = tenants
        self._rules = rules
        self._trusted = trusted
        self._clock = clock
        self._hosts = hosts
        self._foreign = foreign

    def receive(self, head: RequestHead, peer: Peer, has_body: bool) -> Visit | Unwelcome:
        """The visit of a proper request. A session ID in the address is dropped like a vaulted cookie is."""
        host = first_header(head.headers, b"host") or b""
        if not self._hosts.ours(host):
            return Unwelcome(Problem.MALFORMED, "foreign-host", 421)
        upgrade = self._hosts.handshake(head.headers)
        if upgrade is False:
            return Unwelcome(Problem.REFUSED, "foreign-origin")
        target = parse_target(head.target)
        app = self._apps.owner(target.path) or self._apps.first_for_pages(target.path)
        if app is None:
            return Unwelcome(Problem.REFUSED, "no-app")
        if app.ignores_case:
            target = parse_target(head.target, case_insensitive=True)
        if app.session_id_names and has_url_session(target.raw, app.session_id_names):
            raw = strip_url_session(target.raw, app.session_id_names)
            if has_url_session(raw, app.session_id_names):
                return Unwelcome(Problem.MALFORMED, "session-id-in-address")
            target = parse_target(raw, case_insensitive=app.ignores_case)
        client, trusted = heads.client_address(peer.address, head.headers, self._trusted)
        cookies = cookie_pairs(head.headers)
        visit = Visit(head, target, app, host, cookies, peer.address, client, trusted, has_body, self._clock())
        if upgrade:
            visit.handshake = is_handshake(head)
        return visit

    def recognise(self, visit: Visit) -> bool:
        """Bind what this process knows of the session, without I/O; False when it must be looked up."""
        live = self._sessions.peek(visit.token) if visit.token is not None else None
        facts = self._tenants.peek(live.record.session.subject) if live is not None else None
        if live is None or facts is None or live.record.session.app in self._foreign:
            return False
        self._bind(visit, live, facts)
        return True

    async def look_up(self, visit: Visit) -> None:
        """Ask the stores who this is. Raises StoreUnavailable; nobody is signed in who could not be looked up."""
        live = await self._sessions.load(visit.token) if visit.token is not None else None
        if live is None or live.record.session.app in self._foreign:
            await self.take_jar(visit)
        else:
            self._bind(visit, live, await self._tenants.read(live.record.session.subject))

    async def again(self, visit: Visit) -> None:
        """Find out anew who asks, after a body that may have taken its time (R-032). Raises StoreUnavailable."""
        visit.visitor = Visitor()
        visit.now = self._clock()
        if (visit.token is not None or visit.sealed_jar is not None) and not self.recognise(visit):
            await self.look_up(visit)

    async def take_jar(self, visit: Visit) -> None:
        """Open an anonymous visitor's jar; one that was signed in with is spent for ever. Raises StoreUnavailable."""
        opened = self._sessions.open_jar(visit.sealed_jar, JAR_SECONDS) if visit.sealed_jar is not None else None
        if opened is not None and not await self._sessions.jar_spent(opened[1]):
            visit.visitor.jar, visit.visitor.jar_id = opened

    async def make_stranger(self, visit: Visit) -> None:
        """Treat a session that has not proven everything as a stranger, with a stranger's jar.

        What is public is public for everybody, and nobody's vault goes there: the app would answer a vault with what
        it shows to those who are signed in.
        """
        visitor = visit.visitor
        visitor.live, visitor.previous = None, visitor.live
        visitor.jar, visitor.jar_id = Jar(), b""
        await self.take_jar(visit)

    def _bind(self, visit: Visit, live: LiveSession, facts: TenantFacts) -> None:
        visitor = visit.visitor
        visitor.live, visitor.jar = live, live.record.jar
        visitor.policy = effective_policy(live.record.session.subject, facts, self._rules, visit.now)
