"""The program: the SDK's Singer command, and the subcommands.

Imports neither the SDK nor the tap: ``--version`` and ``--help`` need none of them.
"""

from __future__ import annotations

import gc
from importlib import metadata
from typing import Any

import click

from tap_oauth2_generic.cli.subcommands import SUBCOMMANDS, option
from tap_oauth2_generic.singer.lazy_sdk import import_sdk_lazily

NAME = "tap-oauth2-generic"


def _show_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's
    if value:
        click.echo(f"{NAME} v{_version(NAME)}, Meltano SDK v{_version('singer-sdk')}")
        ctx.exit()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "[could not be detected]"


# As the SDK declares them, for --version and --help alone.
_SHOWN_OPTIONS: list[click.Parameter] = [
    option("Display the package version.", "--version", is_flag=True, callback=_show_version),
    option("Display package metadata and settings.", "--about", is_flag=True),
    option("Specify output style for --about", "--format", type=click.Choice(["json", "markdown"])),
    option("Configuration file location or 'ENV' to use environment variables.", "--config"),
    option("Run the tap in discovery mode.", "--discover", is_flag=True),
    option(
        "Use --test to sync a single record for each stream. Use --test=schema to test schema "
        "output without syncing records.", "--test",
    ),
    option("Use a Singer catalog file with the tap.", "--catalog", metavar="FILENAME"),
    option("Use a bookmarks file for incremental replication.", "--state", metavar="FILENAME"),
]  # fmt: skip


class Program(click.Group):
    """The Singer command of the SDK with subcommands; the first argument may name one."""

    def __init__(self) -> None:
        super().__init__(
            NAME,
            SUBCOMMANDS,
            callback=self._run_tap,
            help="Run the Singer tap: messages go to stdout, logs to stderr.",
            invoke_without_command=True,
        )
        self._tap = click.Command(None)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the Singer options, unless a subcommand with its own options comes first."""
        if args in (["--version"], ["--help"]):
            self.params = _SHOWN_OPTIONS
        elif not args or args[0] not in self.commands:
            # Imports leave no garbage, and looking for it takes a tenth of their time.
            gc.disable()
            try:
                import_sdk_lazily()
                from tap_oauth2_generic.tap import TapOAuth2Generic  # slow to import
            finally:
                gc.enable()
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
