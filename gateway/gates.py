"""The gates of one configuration: each public host has its own, with its own apps, routes and origin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.config.settings import Configuration
from gateway.core.apps import AppTable
from gateway.core.calendar import Calendar
from gateway.core.decide import AccessMap
from gateway.core.doors import Doors
from gateway.core.insertions import Insertions
from gateway.core.own_cookies import OwnCookies
from gateway.core.page_edits import PageEdits
from gateway.core.public_hosts import PublicHosts
from gateway.core.routes import RouteTable
from gateway.portal.pages import Renderer
from gateway.proxy.actions import UpstreamClient
from gateway.proxy.express import Express
from gateway.proxy.forwarding import Forwarding
from gateway.proxy.gate import TOUCH_SECONDS, GateParts, LaneGate
from gateway.proxy.prepared import Prepared
from gateway.proxy.reception import Reception
from gateway.proxy.sign_in import FindSubject, NotePerson, PolicyOf, Record, SignIn, SignInParts
from gateway.proxy.sites import Sites
from gateway.proxy.throttle import SignInThrottle
from gateway.proxy.vaulting import Vault
from gateway.proxy.waiting import Waiting
from gateway.stores.sessions import Sessions
from gateway.stores.tenants import TenantReader


@dataclass(frozen=True, slots=True)
class Gates:
    """What all of them share; the rest is each one's own. `clock`: Unix seconds."""

    configuration: Configuration
    renderer: Renderer
    busy: Prepared
    client: UpstreamClient
    sessions: Sessions
    tenants: TenantReader
    own: OwnCookies
    find_subject: FindSubject
    policy_of: PolicyOf
    record: Record
    note_person: NotePerson
    throttle: SignInThrottle  # of all hosts together
    clock: Callable[[], float]

    def build(self) -> LaneGate | Sites:
        """The gate with its helpers; of several hosts one each."""
        gates = [(_hosts(part), self._gate(part)) for part in self.configuration.by_host()]
        return Sites(gates) if len(gates) > 1 else gates[0][1]

    def _gate(self, part: Configuration) -> LaneGate:
        limits, apps, access = part.limits, AppTable(part.apps), _access_map(part)
        hosts, origin, error_page = _hosts(part), part.public.origin.encode(), self.renderer.error_answer
        vault = Vault(self.sessions, self.own)
        edits = PageEdits(part.page_edits, Insertions(part.policy.rollout, part.service.time_zone))
        forwarding = Forwarding(vault, edits, self.own, part.trusted_proxies, origin, part.public.scheme)
        return LaneGate(
            GateParts(
                reception=self._reception(part, apps, hosts),
                access=access,
                sessions=self.sessions,
                sign_in=SignIn(self._sign_in_parts(part, vault, edits, forwarding)),
                forwarding=forwarding,
                express=Express(
                    self.sessions, self.tenants, part.policy, access, forwarding, self.clock, TOUCH_SECONDS
                ),
                waiting=Waiting(
                    self.sessions, forwarding, apps, self.own, error_page, origin, limits.held_form_bytes, hosts
                ),
                own=self.own,
                error_page=error_page,
                crowded=self.busy,
                calendar=Calendar(part.service.time_zone),
                sign_in_bytes=limits.sign_in_bytes,
                form_bytes=limits.held_form_bytes,
            )
        )

    def _reception(self, part: Configuration, apps: AppTable, hosts: PublicHosts) -> Reception:
        foreign = frozenset(app.name for app in self.configuration.all_apps) - set(apps.by_name)
        return Reception(
            apps, self.sessions, self.tenants, part.policy, part.trusted_proxies, self.clock, hosts, foreign
        )

    def _sign_in_parts(
        self, part: Configuration, vault: Vault, edits: PageEdits, forwarding: Forwarding
    ) -> SignInParts:
        return SignInParts(
            client=self.client,
            sessions=self.sessions,
            vault=vault,
            own=self.own,
            find_subject=self.find_subject,
            policy_of=self.policy_of,
            record=self.record,
            error_page=self.renderer.error_answer,
            headers_for=forwarding.headers_for,
            public_origin=part.public.origin.encode(),
            answer_limit=part.limits.held_answer_bytes,
            refuse_unknown=part.directory.refuse_unknown,
            hosts=_hosts(part),
            edits=edits,
            note_person=self.note_person,
            throttle=self.throttle,
        )


def _hosts(part: Configuration) -> PublicHosts:
    public = part.public
    return PublicHosts(public.scheme, public.host, public.port)


def _access_map(part: Configuration) -> AccessMap:
    sign_in = tuple(rule for app in part.apps for rule in app.sign_in)
    sign_out = tuple(rule for app in part.apps for rule in app.sign_out)
    return AccessMap(RouteTable(part.routes), Doors(sign_in, sign_out))
