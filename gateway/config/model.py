"""The file as blocks: every key with its shape, its default and what it means."""

from __future__ import annotations

from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from itertools import pairwise
from zoneinfo import ZoneInfo

from gateway.config.blocks import Block, Record, block, key, optional
from gateway.config.faults import Faults
from gateway.config.model_apps import AppBlock
from gateway.config.model_listen import LISTEN_ENTRY, ListenBlock
from gateway.config.model_people import DirectoryBlock, TenantsBlock
from gateway.config.model_routes import PageEditBlock, RouteBlock
from gateway.config.redis_url import REMEDY, parse_redis_url
from gateway.config.settings import ListenAddress
from gateway.config.shapes import ListOf, MapOf, OrNull
from gateway.config.words import (
    COLOUR,
    FILE,
    LOGIN_ID,
    LONG_TEXT,
    MOMENT,
    NAME,
    NETWORK,
    ORIGIN,
    SECRET,
    TEXT,
    VERSION,
    ZONE,
    Origin,
    count,
    duration,
    size,
    words,
)

PAGES = (
    "choice", "enrolment", "code", "locked", "step-up", "problem", "install", "notice", "registration", "reset",
    "settings", "people", "audit", "progress", "rollout", "help",
)  # fmt: skip


@block
class SupportBlock(Block):
    """service.support"""

    name: str = key(TEXT, "Whom people may ask.", default="")
    phone: str = key(TEXT, "The number that they may call.", default="")
    hours: str = key(TEXT, "When somebody answers.", default="")
    url: str = key(TEXT, "A page with help.", default="")
    mail: str = key(TEXT, "An address that they may write to.", default="")


@block
class ServiceBlock(Block):
    """service"""

    name: str = key(TEXT, "The service's name as people know it; it heads every page.")
    operator: str = key(TEXT, "Who runs the service; stands at the foot of every page.", default="")
    logo: str = key(FILE, "An SVG or PNG file for the head of every page.", default="")
    colour: str = key(COLOUR, "The colour of the main button and of links.", default="#0017c1")
    templates: str = key(FILE, "A folder whose templates replace those of the same name.", default="")
    time_zone: ZoneInfo = key(
        ZONE, "The zone of every date in this file and on the pages.", default=ZoneInfo("Asia/Tokyo")
    )
    support: SupportBlock | None = optional(Record(SupportBlock), "Whom people may ask; shown with every error.")
    sentences: tuple[tuple[str, str], ...] = key(
        MapOf(LONG_TEXT, words(*PAGES)), f"An extra sentence per page: {', '.join(PAGES)}.", default=()
    )


@block
class KeysBlock(Block):
    """keys"""

    file: str = key(FILE, "The key ring that seals cookies and second factors; `sekisho keys init` makes it once.")


@block
class StoresBlock(Block):
    """stores"""

    sessions: str = key(
        SECRET,
        "`memory` (one process), redis://host:6379/0, redis+sentinel://host:26379,host2:26379/name/0 or "
        "redis+cluster://host:6379,host2:6379.",
        default="memory",
    )
    cached_sessions: int = key(
        count(1000, 10_000_000),
        "Of so many sessions a worker remembers what they are, those used last: about 2.5 KiB of memory for each.",
        default=50_000,
    )
    registry: str = key(
        SECRET, "sqlite:///file or postgresql://user:password@host/name.", default="sqlite:///var/registry.db"
    )

    def check(self, faults: Faults) -> None:
        """The schemes that there are stores for."""
        if self.sessions != "memory":
            try:
                parse_redis_url(self.sessions)
            except ValueError as fault:
                faults.add(self.at("sessions"), "bad-value", str(fault), REMEDY)
        if not self.registry.startswith(("sqlite:///", "postgresql://", "postgresql+asyncpg://")):
            remedy = "Write sqlite:///file or postgresql://user:password@host/name."
            faults.add(self.at("registry"), "bad-value", "no such store.", remedy)


@block
class TotpBlock(Block):
    """totp"""

    issuer: str = key(TEXT, "The name beside the code in the app; default: service.name.", default="")
    past_steps: int = key(count(0, 10), "How many 30-second steps old a code may be.", default=1)
    future_steps: int = key(count(0, 10), "How many steps a device's clock may be ahead.", default=1)
    tries: int = key(count(1, 20), "Wrong codes until the login ID is locked.", default=5)
    lock: float = key(duration(60, 86400), "How long a lock lasts.", default=1800.0)
    stop_after: int | None = key(
        OrNull(count(2, 1000)), "Wrong codes in a row until only a reset helps; null: never.", default=20
    )

    def check(self, faults: Faults) -> None:
        """The label of RFC 6238 apps is `issuer:account`; the limits must be reachable in their order."""
        if ":" in self.issuer:
            faults.add(self.at("issuer"), "bad-value", "an issuer holds no colon.", "Leave the colon out.")
        if self.stop_after is not None and self.stop_after < self.tries:
            remedy = f"Write at least {self.tries}, or null."
            faults.add(self.at("stop_after"), "out-of-order", "it is smaller than totp.tries.", remedy)
        if self.stop_after is None:
            what = "guessing never ends: with the password, 23 % of codes are found within a year."
            faults.warn(self.at("stop_after"), "unlimited-guesses", what, "Write stop_after: 20.")


@block
class LimitsOfKindBlock(Block):
    """sessions.office, sessions.establishment"""

    idle: float = key(duration(60, 86400 * 7), "Without a request for so long, a session is over.", default=1800.0)
    absolute: float = key(duration(300, 86400 * 30), "So long after sign-in, a session is over.", default=43200.0)

    def check(self, faults: Faults) -> None:
        """An idle limit beyond the absolute one never acts."""
        if self.idle > self.absolute:
            faults.add(self.at("idle"), "out-of-order", "idle is longer than absolute.", "Write a shorter idle.")


@block
class SessionsBlock(Block):
    """sessions"""

    office: LimitsOfKindBlock | None = optional(Record(LimitsOfKindBlock), "Limits for people of offices.")
    establishment: LimitsOfKindBlock | None = optional(Record(LimitsOfKindBlock), "Limits for employees.")


@block
class RolloutBlock(Block):
    """rollout"""

    optional_from: datetime | None = optional(MOMENT, "Before this nobody is asked for a code; left out: now.")
    announced_from: datetime | None = optional(MOMENT, "From this on clients see a notice.")
    mandatory_from: datetime | None = optional(MOMENT, "From this on everybody needs a code, whatever is set.")

    def check(self, faults: Faults) -> None:
        """The three dates follow each other (F1)."""
        names = ("optional_from", "announced_from", "mandatory_from")
        given = [(name, moment) for name in names if (moment := getattr(self, name)) is not None]
        for (before, earlier), (after, later) in pairwise(given):
            if later < earlier:
                what = f"{after} lies before {before}."
                faults.add(self.at(after), "out-of-order", what, f"Write a date from {earlier:%Y-%m-%d} on.")


@block
class AuditBlock(Block):
    """audit"""

    keep: float | None = key(
        OrNull(duration(86400, 86400 * 36500)),
        "How long audit events are kept, such as 1100d; null (default): for ever.",
        default=None,
    )


@block
class LimitsBlock(Block):
    """limits"""

    head: int = key(size(1 << 10, 1 << 20), "The largest request or answer head.", default=65536)
    headers: int = key(count(16, 1000), "The most header lines in one head.", default=200)
    head_time: float = key(duration(1, 120), "How long a browser may take over a head.", default=10.0)
    body_idle: float = key(duration(1, 3600), "How long a request body may pause.", default=60.0)
    idle: float = key(duration(1, 3600), "How long an idle connection is kept.", default=75.0)
    connect: float = key(duration(0.1, 120), "How long connecting to an app may take.", default=5.0)
    answer: float = key(duration(1, 3600), "How long an app may take to begin its answer.", default=120.0)
    answer_idle: float = key(duration(1, 86400), "How long an answer may pause.", default=300.0)
    held_answer: int = key(size(1 << 10, 16 << 20), "The largest sign-in answer that is held.", default=1 << 20)
    held_form: int = key(size(1 << 10, 16 << 20), "The largest form kept while a code is entered.", default=1 << 20)
    sign_in: int = key(
        size(1 << 10, 64 << 20),
        "The largest sign-in request, and the largest of all else that is sent to a sign-in address: uploads too, where"
        " an app has one address for everything. Above 1MiB it holds for uploads of people with a code.",
        default=1 << 16,
    )
    pool: int = key(count(1, 10000), "The most connections to one app, at each of its addresses.", default=256)
    queue: int = key(
        count(1, 100_000),
        "The most requests that wait for a connection to one app; one more gets 503 at once, so that an app that hangs"
        " gathers no more.",
        default=4000,
    )
    connections: int | None = key(
        OrNull(count(16, 1_000_000)),
        "The most browser connections of one process; idle ones give way to new ones. null (default): as many as its"
        " open files allow.",
        default=None,
    )
    connections_per_address: int | None = key(
        OrNull(count(1, 1_000_000)),
        "The most connections from one address (IPv6: one /64); null: any number. Proxies of trusted_proxies and this"
        " machine itself are not counted.",
        default=2000,
    )
    wrong_passwords: int | None = key(
        OrNull(count(5, 10_000)),
        "How many failed sign-ins of one person in half an hour are passed on to the app, and 20 times as many of one"
        " address (but of proxies and this machine); then 429. Where they have signed in before, strangers' do not"
        " count. null: any number.",
        default=50,
    )
    least_rate: int = key(
        size(0, 1 << 20), "What a body, or an answer's reader, must make in a second, over a minute.", default=100
    )
    overload: float | None = key(
        OrNull(duration(0.01, 10)),
        "When requests wait longer than this, for the gateway or for their turn at the apps, as many get 503 at once as"
        " the others need to be quick; null: none.",
        default=0.25,
    )


@block
class FileBlock(Block):
    """The whole file."""

    version: int = key(VERSION, "The version of this format: 1.", default=1, must=True)
    listen: tuple[ListenAddress | ListenBlock, ...] = key(
        ListOf(LISTEN_ENTRY, one=True, few=1), "Addresses to listen on: 127.0.0.1:8080.", default=(), must=True
    )
    public_url: Origin = key(
        ORIGIN,
        "The address in the browser: https://www.example.jp/.",
        default=Origin("https", "localhost", 443),
        must=True,
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = key(
        ListOf(NETWORK), "Proxies in front whose X-Forwarded-For counts.", default=()
    )
    service: ServiceBlock | None = optional(
        Record(ServiceBlock), "What people see of the operator on every page.", must=True
    )
    keys: KeysBlock | None = optional(Record(KeysBlock), "Where the key ring is; default: var/keys.")
    stores: StoresBlock | None = optional(Record(StoresBlock), "Where sessions and durable records are kept.")
    totp: TotpBlock | None = optional(Record(TotpBlock), "Codes and lock-outs.")
    sessions: SessionsBlock | None = optional(Record(SessionsBlock), "How long sessions last.")
    rollout: RolloutBlock | None = optional(Record(RolloutBlock), "From when a code is needed.")
    apps: tuple[tuple[str, AppBlock], ...] = key(
        MapOf(Record(AppBlock), NAME), "The apps behind, each with a name.", default=(), must=True
    )
    routes: tuple[RouteBlock, ...] = key(
        ListOf(Record(RouteBlock)),
        "Who may reach what. The first route whose path, methods and where fit wins; without one: a code is needed.",
        default=(),
        must=True,
    )
    page_edits: tuple[PageEditBlock, ...] = key(
        ListOf(Record(PageEditBlock)),
        "What of the apps' pages is taken out in restricted sessions, and what of ours is put in.",
        default=(),
    )
    directory: DirectoryBlock | None = optional(Record(DirectoryBlock), "How a login ID becomes a person.")
    tenants: TenantsBlock | None = optional(Record(TenantsBlock), "Who uses second factors, until they set it.")
    operators: tuple[str, ...] = key(
        ListOf(LOGIN_ID),
        "Login IDs that see the pages of the operator: every office's audit record, the rollout.",
        default=(),
    )
    audit: AuditBlock | None = optional(Record(AuditBlock), "The audit record.")
    limits: LimitsBlock | None = optional(Record(LimitsBlock), "Sizes and times.")
