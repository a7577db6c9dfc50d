"""The configuration as frozen objects that nothing downstream parses again. Built by `config.loading`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.core.apps import App, PageEdit
from gateway.core.lockout import LockoutLimits
from gateway.core.policy import PolicyRules, TenantSettings
from gateway.core.routes import Route
from gateway.core.totp import Window


@dataclass(frozen=True, slots=True)
class TlsPair:
    """Files in PEM: a certificate's chain and its key, which may be the same file."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """A TCP address to listen on. `tls`: TLS ends here, with the first pair for names that no other has. `proxies`:
    only these may connect, and each connection begins with a PROXY header."""

    host: str
    port: int
    tls: tuple[TlsPair, ...] = ()
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()


@dataclass(frozen=True, slots=True)
class PublicOrigin:
    """What browsers see. Plain http is accepted for loopback only: cookies are then not `Secure`."""

    scheme: str
    host: str
    port: int

    @property
    def secure(self) -> bool:
        """Whether cookies carry `Secure` and the `__Host-` prefix."""
        return self.scheme == "https"

    @property
    def origin(self) -> str:
        """`scheme://host[:port]` as browsers write it in Origin."""
        default = 443 if self.scheme == "https" else 80
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == default else f":{self.port}")


@dataclass(frozen=True, slots=True)
class Support:
    """Whom a person may ask."""

    name: str = ""
    phone: str = ""
    hours: str = ""
    url: str = ""
    mail: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """I3: the operator's face on the pages."""

    name: str
    operator: str = ""
    logo: Path | None = None
    colour: str = "#0017c1"
    support: Support = field(default_factory=Support)
    sentences: tuple[tuple[str, str], ...] = ()  # (page name, extra sentence)
    templates: Path | None = None
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Tokyo"))


@dataclass(frozen=True, slots=True)
class DirectoryPattern:
    """A full-match regular expression over the canonical login ID; its named groups fill the subject."""

    match: str
    kind: str
    office: str = ""
    role: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class EstablishmentEntry:
    """An establishment that the configuration or its CSV names: to which office it belongs."""

    code: str
    office: str
    name: str = ""
    kana: str = ""


@dataclass(frozen=True, slots=True)
class SqlDirectory:
    """Queries on the operator's own database; parameters are bound, columns are the subject's field names.

    `query`: who `:login_id` is. The others are empty or list the establishments of `:office`, and the people of its
    `:establishment`.
    """

    url: str = field(repr=False)
    query: str = ""
    timeout_seconds: float = 2.0
    cache_seconds: float = 60.0
    establishments_query: str = ""
    people_query: str = ""


@dataclass(frozen=True, slots=True)
class DirectorySettings:
    """Asked in this order: CSV, SQL, patterns. The first that knows the ID answers."""

    patterns: tuple[DirectoryPattern, ...] = ()
    people_csv: Path | None = None
    sql: SqlDirectory | None = None
    establishments: tuple[EstablishmentEntry, ...] = ()
    refuse_unknown: bool = True  # False: an unknown ID needs the second factor; True: it is turned away


@dataclass(frozen=True, slots=True)
class TenantEntry:
    """What the file says of one tenant; `pinned`: the settings pages cannot change it."""

    settings: TenantSettings
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Tenants:
    """Defaults for everybody, then per office and establishment. Keys: office code; (office, establishment)."""

    office_default: TenantSettings
    establishment_default: TenantSettings
    offices: tuple[tuple[str, TenantEntry], ...] = ()
    establishments: tuple[tuple[tuple[str, str], TenantEntry], ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    head_bytes: int = 65536
    head_count: int = 200
    head_seconds: float = 10.0
    body_idle_seconds: float = 60.0
    idle_seconds: float = 75.0
    connect_seconds: float = 5.0
    answer_seconds: float = 120.0
    answer_idle_seconds: float = 300.0
    pool_size: int = 256
    queue: int = 4000  # requests that wait for a connection to one app
    held_answer_bytes: int = 1 << 20
    held_form_bytes: int = 1 << 20
    sign_in_bytes: int = 1 << 16
    connections: int | None = None  # browser connections of one process; None: as many as its open files allow
    connections_per_address: int | None = 2000  # None: any number
    wrong_passwords: int | None = 50  # of one person in half an hour; None: any number
    least_rate: int = 100  # bytes a second that a body, or an answer's reader, must make on average
    overload_seconds: float | None = 0.25  # who waits longer for this process: some are turned away; None: none


@dataclass(frozen=True, slots=True)
class Stores:
    """`memory` or a redis URL; a sqlite or postgresql URL. URLs may hold passwords: never shown.

    `cached_sessions`: how many sessions a worker remembers."""

    sessions: str = field(default="memory", repr=False)
    registry: str = field(default="sqlite:///sekisho.db", repr=False)
    cached_sessions: int = 50_000


@dataclass(frozen=True, slots=True)
class Site:
    """Another public host with what belongs to it alone."""

    public: PublicOrigin
    apps: tuple[App, ...]
    routes: tuple[Route, ...]
    page_edits: tuple[PageEdit, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything the file says. Apps, routes and page edits are those of the public address; `sites` has the others."""

    listen: tuple[ListenAddress, ...]
    public: PublicOrigin
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]
    service: Service
    apps: tuple[App, ...]
    routes: tuple[Route, ...]
    page_edits: tuple[PageEdit, ...]
    directory: DirectorySettings
    tenants: Tenants
    policy: PolicyRules
    lockout: LockoutLimits
    window: Window
    stores: Stores
    keys_file: Path
    limits: Limits
    issuer: str
    operators: frozenset[str] = frozenset()  # canonical login IDs that see the pages of the operator
    audit_keep_seconds: float | None = None  # None: audit events are kept for ever
    warnings: tuple[str, ...] = ()
    sites: tuple[Site, ...] = ()

    @property
    def all_apps(self) -> tuple[App, ...]:
        """The apps of every host."""
        return (*self.apps, *(app for site in self.sites for app in site.apps))

    def by_host(self) -> tuple[Configuration, ...]:
        """What holds at each public host, the main one first."""
        others = (
            replace(self, public=site.public, apps=site.apps, routes=site.routes, page_edits=site.page_edits, sites=())
            for site in self.sites
        )
        return (replace(self, sites=()), *others)
