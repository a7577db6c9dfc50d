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
_MAGIC = b"SQLite format 3\0"
_OWN = "Give this user the file and its folder (chown), or run as its owner."
_UNREADABLE = ", which SQLite can't read.", "Put a backup of the registry in its place, or write another path."
_FULL = ": the disk is full.", "Make room there."


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


def file_trouble(file: Path) -> tuple[str, str] | None:
    """Why SQLite can't keep the registry in this file, as far as a look at it tells, and the remedy. The former goes on
    from the file's name."""
    barred = next((one for one in reversed(file.parents) if one.is_dir() and not os.access(one, os.X_OK)), None)
    if barred is not None:
        return f", and this user may not look into {barred}.", _OWN
    if not file.parent.is_dir():
        return f", and there is no folder {file.parent}.", "Make it, or write another path."
    if file.is_dir():
        return ", which is a folder.", "Write the path of a file."
    if not _is_database(file):
        return _UNREADABLE
    if shutil.disk_usage(file.parent).free == 0:
        return _FULL
    parts = (file.with_name(file.name + suffix) for suffix in ("", "-wal", "-shm"))
    shut = [part for part in parts if part.exists() and not os.access(part, os.R_OK | os.W_OK)]
    if shut or not os.access(file.parent, os.W_OK):
        return f", and this user may not write {shut[0] if shut else 'there'}.", _OWN
    return None


def _is_database(file: Path) -> bool:
    """Or will be one, or can't be looked at."""
    if not file.exists() or not os.access(file, os.R_OK):
        return True
    with file.open("rb") as opened:
        return opened.read(len(_MAGIC)) in (b"", _MAGIC)


def _about_file(file: Path, what: str) -> str:
    trouble = file_trouble(file)
    if trouble is None and ("not a database" in what or "malformed" in what):
        trouble = _UNREADABLE
    if trouble is None and "full" in what:
        trouble = _FULL
    if trouble is None and "locked" in what:
        trouble = ", and another program keeps it to itself.", f"`fuser {file}` names it."
    known, remedy = trouble or (":", "see what the system says of that disk.")
    return f"stores.registry is {file}{known} {remedy}"


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
