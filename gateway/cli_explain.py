"""`sekisho explain`: how one request would be decided, by the same code that decides it in a running gateway."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlencode

import click

from gateway.cli_loading import loaded
from gateway.config.explaining import Explanation, Question, explain_request
from gateway.config.settings import Configuration
from gateway.core.errors import ConfigRefused, StoreUnavailable
from gateway.core.subject import Subject, canonical_login_id
from gateway.directory import build


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--login-id", help="Who asks. Left out: somebody who is not signed in.")
@click.option("--choice", type=click.Choice(["restricted", "full"]), help="What the person chose after sign-in.")
@click.option("--totp", is_flag=True, help="A code was entered.")
@click.option("--at", "moment", metavar="TIME", help="2027-04-01T09:00 in service.time_zone; default: now.")
@click.option("--form", "form", multiple=True, metavar="NAME=VALUE", help="A field of the form that is sent.")
@click.option("--host", help="The public_host that is asked; default: that of public_url.")
@click.argument("method")
@click.argument("target")
def explain(
    file: Path,
    login_id: str | None,
    choice: str | None,
    moment: str | None,
    host: str | None,
    form: tuple[str, ...],
    method: str,
    target: str,
    *,
    totp: bool,
) -> None:
    """Say how METHOD TARGET would be decided, which route won, and why others did not.

    Tenants' settings are those of FILE; what offices have set on the settings pages is not looked at.
    Exit code 0: the request would reach the app. 1: it would not.
    """
    if (choice or totp) and login_id is None:
        raise click.UsageError("--choice and --totp need --login-id.")
    if not target.startswith("/"):
        raise click.BadParameter("write a path from the root, such as /top.", param_hint="TARGET")
    configuration = _at(loaded(file), host)
    question = Question(
        method=method.upper().encode("ascii", "replace"),
        target=quote(target, safe="/!$&'()*+,:;=@~-._%?[]#\\\"<>^`{|}").encode(),
        now=_moment(moment, configuration),
        subject=_subject(configuration, login_id) if login_id is not None else None,
        restricted=choice == "restricted",
        totp=totp,
        form=_form(form),
    )
    answer = explain_request(configuration, question)
    _show(answer)
    if not answer.passes:
        raise SystemExit(1)


def _at(configuration: Configuration, host: str | None) -> Configuration:
    """What holds at one host."""
    parts = {part.public.host: part for part in configuration.by_host()}
    if host is not None and host not in parts:
        raise click.BadParameter(f"known: {', '.join(parts)}.", param_hint="--host")
    return parts[host or configuration.public.host]


def _show(answer: Explanation) -> None:
    width = max(len(name) for name, _ in answer.lines)
    for name, text in answer.lines:
        click.echo(f"{name:<{width}}  {text}")
    for line in answer.others:
        click.echo(f"  {line}")


def _moment(text: str | None, configuration: Configuration) -> float:
    if text is None:
        return time.time()  # noqa: TID251  a person asks about now; nothing that runs depends on it
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("write 2027-04-01 or 2027-04-01T09:00.", param_hint="--at") from None
    aware = local if local.tzinfo else local.replace(tzinfo=configuration.service.time_zone)
    return aware.timestamp()


def _form(fields: tuple[str, ...]) -> bytes | None:
    pairs = [field.partition("=") for field in fields]
    if any(not mark or not name for name, mark, _ in pairs):
        raise click.BadParameter("write NAME=VALUE.", param_hint="--form")
    return urlencode([(name, value) for name, _, value in pairs]).encode() if pairs else None


def _subject(configuration: Configuration, typed: str) -> Subject | str:
    """The subject, or the canonical ID when the directory does not know it."""
    try:
        login_id = canonical_login_id(typed)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="--login-id") from None
    try:
        return asyncio.run(_asked(configuration, login_id)) or login_id
    except StoreUnavailable as error:
        click.echo(str(error), err=True)
        raise SystemExit(3) from None
    except ConfigRefused as refused:
        click.echo(str(refused), err=True)
        raise SystemExit(1) from None


async def _asked(configuration: Configuration, login_id: str) -> Subject | None:
    directory = build(configuration.directory)
    try:
        return await directory.subject(login_id)
    finally:
        await directory.close()
