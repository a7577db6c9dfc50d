"""`sekisho check` and `sekisho schema`: the configuration before anything runs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
import yaml

from gateway.cli_trouble import file_trouble
from gateway.config.faults import Fault
from gateway.config.loading import load_with_warnings
from gateway.config.paths import database_file, is_missing
from gateway.config.schema import documented_keys, json_schema
from gateway.config.settings import Configuration
from gateway.core.errors import ConfigRefused


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects instead of lines.")
def check(file: Path, *, as_json: bool) -> None:
    """Say everything that is wrong with FILE, and which ways in stay open.

    Exit code 0: the gateway would start with it. 1: it would not.
    """
    try:
        configuration, warnings = load_with_warnings(file)
        faults = _key_faults(file, configuration) + _template_faults(file, configuration)
        warnings += _expiring(file, configuration)
        registry = _registry_trouble(file, configuration)
        if is_missing(configuration.keys_file):  # nothing was set up so far, or this is not the machine that will serve
            warnings += registry
        else:
            faults += registry
    except ConfigRefused as refused:
        faults, warnings = tuple(fault for fault in refused.faults if isinstance(fault, Fault)), ()
    if as_json:
        rows = [{"severity": "fault", **asdict(fault)} for fault in faults]
        rows += [{"severity": "warning", **asdict(warning)} for warning in warnings]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for fault in faults:
            click.echo(str(fault))
        for warning in warnings:
            click.echo(f"warning: {warning}")
        click.echo(_summary(len(faults), len(warnings)))
    if faults:
        raise SystemExit(1)


def _key_faults(file: Path, configuration: Configuration) -> tuple[Fault, ...]:
    """A key ring that is there must be one; that there is none yet is a warning of the file's."""
    path = configuration.keys_file
    if is_missing(path):
        return ()
    from gateway.stores.sealing import KeyRing  # cryptography, only where a key ring is

    try:
        KeyRing.from_file(path)
    except (OSError, ValueError) as error:
        why = (
            error.strerror
            if isinstance(error, OSError)
            else str(error).removeprefix(f"{path}, ").removeprefix(f"{path} ")
        )
        remedy = "Put the backup of your key file there, readable by the gateway's user."
        if isinstance(error, PermissionError):
            remedy = "Run this as the gateway's user, or give that user the file (chown)."
        return (_placed(file, "keys.file", "no-key-ring", f"{path} can't be used: {why}.", remedy),)
    return ()


def _registry_trouble(file: Path, configuration: Configuration) -> tuple[Fault, ...]:
    """An SQLite registry can be looked at without asking anybody; a server may be out of this machine's reach."""
    path = database_file(configuration.stores.registry)
    trouble = None if path is None else file_trouble(path)
    if trouble is None:
        return ()
    what, remedy = trouble
    return (_placed(file, "stores.registry", "no-registry", f"{path}{what}", remedy),)


def _template_faults(file: Path, configuration: Configuration) -> tuple[Fault, ...]:
    """The operator's own templates are rendered once with sample data: better here than in front of people (I3)."""
    if configuration.service.templates is None:
        return ()
    from gateway.portal.misfits import misfits  # Jinja2 only where templates are replaced

    remedy = "Compare it with the template of this version, or take it out of the folder."
    found = [f"{what}." for what in misfits(configuration.service)]
    return tuple(_placed(file, "service.templates", "misfit", what, remedy) for what in found)


def _expiring(file: Path, configuration: Configuration) -> tuple[Fault, ...]:
    if not any(address.tls for address in configuration.listen):
        return ()
    from gateway.app import expiring_certificates  # much to import, and only where TLS ends here

    remedy = "Put a new one into its place: a running gateway takes it by itself."
    found = expiring_certificates(configuration)
    return tuple(_placed(file, "listen", "expiring", what, remedy) for what in found)


def _placed(file: Path, path: str, code: str, what: str, remedy: str) -> Fault:
    """A fault that is not in the file itself, at the key that leads to it; one that stands there by default is at the
    top."""
    node, line, column = yaml.compose(file.read_bytes(), Loader=yaml.SafeLoader), 1, 1
    for name in path.split("."):
        entries = node.value if isinstance(node, yaml.MappingNode) else ()
        node = next((value for key, value in entries if key.value == name), None)
        if node is None:
            break
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
    return Fault(str(file), line, column, path, code, what, remedy)


def _summary(faults: int, warnings: int) -> str:
    noted = f"{warnings} warning{'' if warnings == 1 else 's'}"
    if faults:
        return f"{faults} fault{'' if faults == 1 else 's'}. A gateway that runs keeps the configuration it has."
    return f"No faults, {noted}." if warnings else "No faults."


@click.command()
@click.option("--keys", is_flag=True, help="Print every key with its meaning instead, one a line.")
def schema(*, keys: bool) -> None:
    """Print the JSON Schema of the configuration.

    Name it in the first line of your file: # yaml-language-server: $schema=sekisho.schema.json
    """
    if keys:
        for name, meaning in documented_keys():
            click.echo(f"{name}: {meaning}")
        return
    click.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))
