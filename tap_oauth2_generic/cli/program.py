"""The program: the SDK's Singer command, and the subcommands, one file each.

A subcommand is imported when it is called, so none of them slows down a sync or ``--version``.
"""

from __future__ import annotations

import io
import sys
from importlib import import_module
from typing import Any

import click

from tap_oauth2_generic.cli.boundary import log_to_stderr
from tap_oauth2_generic.singer.message_writer import require_output
from tap_oauth2_generic.tap import TapOAuth2Generic


class Subcommand(click.Command):
    """A subcommand that is imported from ``tap_oauth2_generic.cli`` when it is called."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Parse the arguments as the imported command does; it prints to stdout."""
        log_to_stderr()
        require_output()
        if isinstance(sys.stdout, io.TextIOWrapper):
            # What the terminal's encoding lacks is shown by its escape.
            sys.stdout.reconfigure(errors="backslashreplace")
        command: click.Command = import_module(f"tap_oauth2_generic.cli.{self.name}").command
        return command.make_context(*args, **options)


@click.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
@click.pass_context
def demo(ctx: click.Context) -> None:
    """Serve the demo OAuth2 provider and API on localhost."""
    # It stands alone: the tap must not import it statically, and it parses its own arguments.
    ctx.exit(import_module("tap_oauth2_generic.demo.__main__").main(ctx.args))


class Program(click.Group):
    """The Singer command of the SDK with subcommands; the first argument may name one."""

    def __init__(self) -> None:
        subcommands = [
            Subcommand("login", help="Log in once and store the tokens."),
            Subcommand("connections", help="List, check and remove stored connections."),
            Subcommand("preview", help="Fetch a few records and show each request and response."),
            Subcommand("shard", help="Split the configuration for several workers."),
            demo,
        ]
        super().__init__(
            TapOAuth2Generic.name,
            subcommands,
            callback=self._run_tap,
            help="Run the Singer tap: messages go to stdout, logs to stderr.",
            invoke_without_command=True,
        )
        self._tap = click.Command(None)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the Singer options, unless a subcommand with its own options comes first."""
        if not args or args[0] not in self.commands:
            # Getting the SDK's command configures logging, which a subcommand does differently.
            self._tap = TapOAuth2Generic.cli
            self.params = self._tap.params
        return super().parse_args(ctx, args)

    def _run_tap(self, **options: Any) -> None:
        ctx = click.get_current_context()
        if ctx.invoked_subcommand is None:
            self._tap.invoke(ctx)
        elif options:
            ctx.fail(f"put the options after '{ctx.invoked_subcommand}'")
