"""From a file to a `Configuration`, or to all of its faults. No side effects: `check` and `serve` make the same call.

bytes ─ nodes ─► tree ─ model ─► blocks ─ build_* ─► core's types ─ ways_in ─► warnings
"""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

from gateway.config.blocks import Record
from gateway.config.build_apps import build_apps
from gateway.config.build_listen import build_listen
from gateway.config.build_people import build_directory, build_policy, build_tenants
from gateway.config.build_routes import build_page_edits, build_routes
from gateway.config.faults import Fault, Faults
from gateway.config.hosts import by_host
from gateway.config.model import FileBlock, LimitsBlock, ServiceBlock, StoresBlock
from gateway.config.nodes import compose
from gateway.config.paths import beside, database_file, database_url, is_missing
from gateway.config.settings import (
    Configuration,
    DirectorySettings,
    Limits,
    PublicOrigin,
    Service,
    Site,
    Stores,
    Support,
)
from gateway.config.ways_in import warn_of_ways_in
from gateway.core.errors import ConfigRefused
from gateway.core.lockout import LockoutLimits
from gateway.core.totp import Window

_EVERYBODY = stat.S_IROTH | stat.S_IWOTH


def load(path: Path) -> Configuration:
    """Read the file. Raises ConfigRefused with every fault; warnings are in the result as lines."""
    configuration, _ = load_with_warnings(path)
    return configuration


def load_with_warnings(path: Path) -> tuple[Configuration, tuple[Fault, ...]]:
    """The same with warnings as `Fault` values, for `check --json`."""
    faults = Faults(str(path))
    try:
        data = path.read_bytes()
    except OSError as error:
        faults.put(1, 1, "", "no-file", f"can't be read: {error.strerror}.", "Give the path of the configuration.")
        data = b""
    faults.raise_if_any()
    return load_bytes(data, path.parent, faults)


def load_bytes(data: bytes, folder: Path, faults: Faults) -> tuple[Configuration, tuple[Fault, ...]]:
    """Read a configuration that is in memory; `folder` is what relative paths belong to."""
    tree = compose(data, faults)
    file = Record(FileBlock).read(tree, faults) if tree is not None else None
    configuration = _built(file, folder, faults) if isinstance(file, FileBlock) else None
    if configuration is None or faults:
        raise ConfigRefused(faults.faults)
    return replace(configuration, warnings=tuple(str(warning) for warning in faults.warnings)), faults.warnings


def _built(file: FileBlock, folder: Path, faults: Faults) -> Configuration:
    """Every part is built even when another is faulty: all faults at once."""
    service = _service(file.service, folder, faults)
    parts = by_host(file, faults)
    main, *sites = [_site(part, folder, faults) for part in parts]
    directory = build_directory(file.directory, folder, faults)
    totp = file.totp
    keys_file = beside(folder, file.keys.file if file.keys else "var/keys").absolute()
    configuration = Configuration(
        listen=build_listen(file, folder, faults),
        public=main.public,
        trusted_proxies=file.trusted_proxies,
        service=service,
        apps=main.apps,
        routes=main.routes,
        page_edits=main.page_edits,
        directory=directory,
        tenants=build_tenants(file.tenants, directory, faults),
        policy=build_policy(file.rollout, file.sessions, service.time_zone, faults),
        lockout=LockoutLimits(totp.tries, totp.lock, totp.stop_after) if totp else LockoutLimits(),
        window=Window(totp.past_steps, totp.future_steps) if totp else Window(),
        stores=_stores(file.stores, folder),
        keys_file=keys_file,
        limits=_limits(file.limits),
        issuer=totp.issuer if totp and totp.issuer else service.name.replace(":", " "),
        operators=frozenset(file.operators),
        audit_keep_seconds=file.audit.keep if file.audit else None,
        sites=tuple(sites),
    )
    if not faults:
        for part, site in zip(parts, (main, *sites), strict=True):
            warn_of_ways_in(part, site.apps, site.routes, faults)
        _warn_of_files(file, keys_file, directory, faults)
    return configuration


def _site(file: FileBlock, folder: Path, faults: Faults) -> Site:
    public, apps = _public(file, faults), build_apps(file.apps, folder, faults)
    return Site(
        public,
        apps,
        build_routes(file.routes, apps, faults),
        build_page_edits(file.page_edits, faults),
    )


def _public(file: FileBlock, faults: Faults) -> PublicOrigin:
    """Plain http has cookies without `Secure`: for one's own machine only."""
    url = file.public_url
    if url.scheme == "http" and not _loopback(url.host):
        what = "plain http outside of this machine: passwords and sessions could be read on the way."
        faults.add(
            file.at("public_url"),
            "plain-http",
            what,
            f"Write https://{url.host}/ and end TLS here (listen: tls) or in front.",
        )
    return PublicOrigin(url.scheme, url.host, url.port)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _service(block: ServiceBlock | None, folder: Path, faults: Faults) -> Service:
    if block is None:
        return Service(name="")
    support = block.support
    return Service(
        name=block.name,
        operator=block.operator,
        logo=_logo(block, folder, faults),
        colour=block.colour,
        support=Support(support.name, support.phone, support.hours, support.url, support.mail)
        if support
        else Support(),
        sentences=block.sentences,
        templates=_templates(block, folder, faults),
        time_zone=block.time_zone,
    )


def _logo(block: ServiceBlock, folder: Path, faults: Faults) -> Path | None:
    if not block.logo:
        return None
    path = beside(folder, block.logo).absolute()
    if path.suffix.lower() not in (".svg", ".png"):
        faults.add(block.at("logo"), "bad-value", "neither .svg nor .png.", "Use an SVG or PNG file.")
    elif not path.is_file():
        faults.add(
            block.at("logo"), "no-file", f"there is no file {path}.", "Relative paths begin at this file's folder."
        )
    return path


def _templates(block: ServiceBlock, folder: Path, faults: Faults) -> Path | None:
    if not block.templates:
        return None
    path = beside(folder, block.templates).absolute()
    if not path.is_dir():
        what = f"there is no folder {path}."
        faults.add(block.at("templates"), "no-file", what, "Relative paths begin at this file's folder.")
    return path


def _stores(block: StoresBlock | None, folder: Path) -> Stores:
    registry = block.registry if block else "sqlite:///var/registry.db"
    if block is None:
        return Stores("memory", database_url(folder, registry))
    return Stores(block.sessions, database_url(folder, registry), block.cached_sessions)


def _limits(block: LimitsBlock | None) -> Limits:
    if block is None:
        return Limits()
    return Limits(
        head_bytes=block.head,
        head_count=block.headers,
        head_seconds=block.head_time,
        body_idle_seconds=block.body_idle,
        idle_seconds=block.idle,
        connect_seconds=block.connect,
        answer_seconds=block.answer,
        answer_idle_seconds=block.answer_idle,
        pool_size=block.pool,
        queue=block.queue,
        held_answer_bytes=block.held_answer,
        held_form_bytes=block.held_form,
        sign_in_bytes=block.sign_in,
        connections=block.connections,
        connections_per_address=block.connections_per_address,
        wrong_passwords=block.wrong_passwords,
        least_rate=block.least_rate,
        overload_seconds=block.overload,
    )


def _warn_of_files(file: FileBlock, keys_file: Path, directory: DirectorySettings, faults: Faults) -> None:
    if is_missing(keys_file):
        what = f"there is no key ring {keys_file} yet."
        faults.warn(
            file.at("keys", "file"), "no-key-ring", what, "Make it once: sekisho keys init FILE. Then back it up."
        )
    elif os.access(keys_file, os.F_OK) and keys_file.is_file() and keys_file.stat().st_mode & _EVERYBODY:
        what = f"every user of this machine may read {keys_file}, which opens every second factor."
        faults.warn(file.at("keys", "file"), "open-key-ring", what, f"Its owner alone: chmod 600 {keys_file}")
    people = database_file(directory.sql.url) if directory.sql is not None else None
    if people is not None and is_missing(people):
        what = f"there is no file {people} yet: nobody can sign in."
        faults.warn(file.at("directory", "sql", "url"), "no-people", what, "The demo makes its own: make demo.")
