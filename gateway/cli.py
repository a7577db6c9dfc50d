"""The command `sekisho`. Every command lives in a module of its own, imported when it is called: help is instant.

Exit codes: 0 done or valid · 1 refused (a bad file, a check that failed) · 2 wrong usage · 3 a store did not answer.
"""

from __future__ import annotations

import errno
import importlib
from collections.abc import Mapping
from types import MappingProxyType

import click

COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "audit": ("gateway.cli_audit", "Verify the audit record, or print it."),
        "check": ("gateway.cli_check", "Say everything that is wrong with a configuration."),
        "code": ("gateway.cli_code", "Issue registration codes to people."),
        "demo": ("gateway.cli_run", "Run the demo: three small apps behind a gateway."),
        "explain": ("gateway.cli_explain", "Say how a request would be decided, and why."),
        "keys": ("gateway.cli_keys", "Make the key ring."),
        "migrate": ("gateway.cli_migrate", "Bring the registry's schema up to this version."),
        "reset": ("gateway.cli_reset", "Forget people's second factors, so that they enrol again."),
        "rollout": ("gateway.cli_rollout", "Say who will be stopped on a date, before it comes."),
        "schema": ("gateway.cli_check", "Print the JSON Schema of the configuration, for editors."),
        "serve": ("gateway.cli_run", "Run the gateway."),
    }
)


class LazyCommands(click.Group):
    """Knows the commands' names and sentences without importing them."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """All of them."""
        return sorted(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one that is asked for."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """A file or an output that the system refuses is told in a sentence; a broken pipe is click's own affair."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            raise click.ClickException(f"{error}.") from None

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list for `--help`, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, sentence) for name, (_, sentence) in sorted(COMMANDS.items())])


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sekisho", prog_name="sekisho")
def main() -> None:
    """Sekisho puts a second factor in front of legacy web applications that stay as they are."""


if __name__ == "__main__":
    main()
