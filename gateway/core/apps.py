"""A legacy app as the configuration describes it: where it is, which paths are its own, how one gets in and out."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from gateway.core.cookies import CookieRules
from gateway.core.html import Spot
from gateway.core.signin import SignInRule, SignOutRule

PAGES = b"/.sekisho/"  # reserved: the gateway's own pages


@dataclass(frozen=True, slots=True)
class UpstreamAddress:
    """Where an app listens. `authority` is what its Host header says when the app wants its own name."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> bytes:
        """`host:port` as it stands in a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}".encode()


@dataclass(frozen=True, slots=True)
class UpstreamTls:
    """How an app by https proves itself, and we to it. Files in PEM; empty: the system's authorities, the address's
    host name, no certificate of ours."""

    ca: str = ""
    server_name: str = ""
    certificate: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class App:
    """One legacy app. The app with the longest prefix of a path (raw bytes) gets the request."""

    name: str
    address: UpstreamAddress
    paths: tuple[bytes, ...]
    cookies: CookieRules
    sign_in_page: str
    sign_in: tuple[SignInRule, ...] = ()
    sign_out: tuple[SignOutRule, ...] = ()
    host_header: bytes | None = None  # None: the browser's own Host
    session_id_names: tuple[str, ...] = ("jsessionid",)  # session IDs in addresses: taken out, both ways
    pass_headers: frozenset[bytes] = field(default_factory=frozenset)  # credentials headers let through, lower case
    ignores_case: bool = False  # the app takes /Top for /top, and so do its routes and doors
    more_addresses: tuple[UpstreamAddress, ...] = ()  # where the same app listens, too
    sticky: bool = True  # of several addresses, who has a session of the app stays where it began
    tls: UpstreamTls = field(default_factory=UpstreamTls)


@dataclass(frozen=True, slots=True)
class Removal:
    """Take every element that `select` finds out of a page, unless this feature (or `any`) is exempt for the person."""

    select: str
    unless: str | None = None  # a Feature value, or None: always removed in a restricted session


class OwnPart(enum.StrEnum):
    """What the gateway can put into a page of an app; `core.insertions` says for whom and until when."""

    SETTINGS_LINK = "settings-link"
    RESET_LINK = "reset-link"
    ROLLOUT_NOTICE = "rollout-notice"
    ENROLMENT_NOTICE = "enrolment-notice"


@dataclass(frozen=True, slots=True)
class Insertion:
    """Put a part of ours at the first element that `select` finds. `wrap`: the name of an element around it."""

    what: OwnPart
    spot: Spot
    select: str
    wrap: str = ""


@dataclass(frozen=True, slots=True)
class PageEdit:
    """What goes out of a page in restricted sessions (C4), and what comes in for whoever it is meant for (D1)."""

    paths: tuple[str, ...]
    remove: tuple[Removal, ...] = ()
    insert: tuple[Insertion, ...] = ()
    line: int = 0


class AppTable:
    """Finds the app of a target."""

    def __init__(self, apps: tuple[App, ...]) -> None:
        self.apps = apps
        self.by_name = {app.name: app for app in apps}
        pairs = [(prefix, app) for app in apps for prefix in app.paths]
        self._prefixes = sorted(pairs, key=lambda pair: len(pair[0]), reverse=True)

    def owner(self, path: bytes) -> App | None:
        """The app whose prefix is the longest. `/a` owns `/a` and `/a/…`; `/a/` owns `/a/…` only."""
        for prefix, app in self._prefixes:
            if path.startswith(prefix) and (
                prefix.endswith(b"/") or len(path) == len(prefix) or path[len(prefix) : len(prefix) + 1] in b"/;"
            ):
                return app
        return None

    def first_for_pages(self, path: bytes) -> App | None:
        """Whom the gateway's own pages count under where no app owns `/`; no app ever sees such a path."""
        return self.apps[0] if path.startswith(PAGES) and self.apps else None
