"""`sekisho keys init`: the key ring, made once."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli_loading import loaded
from gateway.stores.sealing import KeyRing


@click.group()
def keys() -> None:
    """Make the key ring that seals cookies and second factors."""


@keys.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def init(file: Path) -> None:
    """Make the key ring that FILE names in keys.file. Never overwrites one: it would cost every second factor."""
    path = loaded(file).keys_file
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        ring = KeyRing.generate_file(path)
    except FileExistsError:
        click.echo(f"{path} is there already and stays as it is.", err=True)
        raise SystemExit(1) from None
    except OSError as error:
        click.echo(f"{path} can't be written: {error.strerror}.", err=True)
        raise SystemExit(1) from None
    click.echo(f"{path} made, fingerprint {ring.fingerprint()}. Back it up: without it every second factor is lost.")
