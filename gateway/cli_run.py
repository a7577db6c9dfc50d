"""`sekisho serve` and `sekisho demo`."""

from __future__ import annotations

import contextlib
import errno
import sys
from pathlib import Path

import click

from gateway.cli_loading import loaded
from gateway.cli_trouble import store_failed, with_remedy


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    envvar="SEKISHO_WORKERS",
    help="Processes that carry requests, about one per core; from 2 on another one has the pages. Needs Redis.",
)
def serve(file: Path, workers: int) -> None:
    """Run the gateway that FILE describes until it is told to stop.

    INT and TERM finish what is under way, a second one does not. HUP reads FILE anew; a file
    with faults changes nothing. With several workers USR2 replaces each by a new process: an
    upgrade takes effect.

    Exit code 1: FILE is refused, don't start it again. 3: a store did not answer.
    """
    configuration = loaded(file)
    for warning in configuration.warnings:
        _warn(warning)
    from gateway.app import expiring_certificates
    from gateway.core.errors import GatewayError, StoreUnavailable
    from gateway.proxy.open_files import raise_limit
    from gateway.workers.process import ProcessFailed

    for sentence in expiring_certificates(configuration):
        _warn(sentence)
    raise_limit()

    try:
        if workers == 1:
            from gateway.serving import serve as serve_alone

            serve_alone(file, configuration)
        else:
            from gateway.workers.supervisor import supervise

            supervise(file, configuration, workers)
    except ProcessFailed as error:
        click.echo(with_remedy(str(error), configuration.stores), err=True)
        raise SystemExit(error.code) from None
    except StoreUnavailable as error:
        store_failed(error, configuration.stores)
    except (GatewayError, OSError) as error:
        click.echo(_listen_trouble(error) or str(error), err=True)
        raise SystemExit(1) from None


def _warn(sentence: str) -> None:
    """A log on a full disk is no reason to keep people out."""
    with contextlib.suppress(OSError):
        click.echo(f"warning: {sentence}", err=True)


def _listen_trouble(error: Exception) -> str:
    """What to do about a port that can't be had; empty for anything else."""
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"listen: {error}. End the other program (`ss -ltnp` names it), or write another port."
    if isinstance(error, OSError) and error.errno == errno.EADDRNOTAVAIL:
        return f"listen: {error}. Write an address of this machine (`ip address` names them), or 0.0.0.0 for all."
    return ""


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True, help="The gateway's port.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="The folder that keeps everything.")
def demo(port: int, data: Path | None) -> None:
    """Run three small apps behind a gateway; prints where, and who may sign in."""
    from gateway.demo.run import DATA, main

    sys.exit(main(port, data or DATA))
