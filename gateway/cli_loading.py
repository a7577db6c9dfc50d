"""Loading for commands: a bad file ends them with its faults and exit code 1."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.config.loading import load
from gateway.config.settings import Configuration
from gateway.core.errors import ConfigRefused


def loaded(file: Path) -> Configuration:
    """The configuration; its faults go to stderr and end the process."""
    try:
        return load(file)
    except ConfigRefused as refused:
        click.echo(str(refused), err=True)
        click.echo(f"{len(refused.faults)} fault(s); see `sekisho check {file}`.", err=True)
        raise SystemExit(1) from None


configuration_file = click.argument(
    "file",
    envvar="SEKISHO_CONFIG",
    default="routes.yaml",
    type=click.Path(path_type=Path, dir_okay=False),
)
"""FILE of commands about a gateway that is there: what SEKISHO_CONFIG names, else routes.yaml."""
