"""What an operator does about a store that does not answer: where the file says it is, and the remedy.

A store's own fault says what happened and hides its address, which may hold a password.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import click

from gateway.config.paths import database_file
from gateway.config.settings import Stores
from gateway.core.errors import StoreUnavailable

_LOGIN = ("password", "authenti", "role ", "wrongpass", "noauth")
_ABSENT = ("invalidcatalogname", 'database "')


def store_failed(error: StoreUnavailable, stores: Stores) -> NoReturn:
    """Print the fault with its remedy and end with exit code 3."""
    click.echo(with_remedy(str(error), stores), err=True)
    raise SystemExit(3) from None


def with_remedy(what: str, stores: Stores) -> str:
    """What a store said, and what to do about it. No user and no password of an address is shown."""
    for store, url in (("registry", stores.registry), ("sessions", stores.sessions)):
        if what.startswith(f"{store} did not answer"):
            file = database_file(url)
            return f"{what}\n{_about_file(file, what) if file else _about_server(store, url, what.lower())}"
    return what


def _about_file(file: Path, what: str) -> str:
    named = f"stores.registry is {file}"
    if not file.parent.is_dir():
        return f"{named}, and there is no folder {file.parent}. Make it, or write another path."
    if file.is_dir():
        return f"{named}, which is a folder. Write the path of a file."
    if "not a database" in what or "malformed" in what:
        return f"{named}, which SQLite can't read. Put a backup of the registry in its place, or write another path."
    if "full" in what or shutil.disk_usage(file.parent).free == 0:
        return f"{named}: the disk is full. Make room there."
    if "locked" in what:
        return f"{named}, and another program keeps it to itself. `fuser {file}` names it."
    if not os.access(file.parent, os.W_OK | os.X_OK) or (file.exists() and not os.access(file, os.W_OK)):
        return (
            f"{named}, and this user may not write there. Give it the file and its folder (chown), or run as its owner."
        )
    return f"{named}: see what the system says of that disk."


def _about_server(store: str, url: str, what: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"It is what stores.{store} says."
    place = parts.netloc.rpartition("@")[2] + parts.path
    named = f"stores.{store} is {place}"
    if any(word in what for word in _LOGIN):
        return f"{named}: write the right user and password there (special characters as %XX)."
    if any(word in what for word in _ABSENT):
        return f"{named}: make the database first, or write the name of the right one."
    return f"{named}: see that the server runs there and that this machine reaches it."
