"""The program: the SDK's Singer command, and the subcommands.

Imports neither the SDK nor the tap: ``--version`` and ``--help`` need none of them.
"""

from __future__ import annotations

import io
import re
import sys
from importlib import import_module, metadata
from typing import Any

import click

from tap_oauth2_generic.cli.boundary import log_to_stderr
from tap_oauth2_generic.importers.kinds import KINDS
from tap_oauth2_generic.runtime.stdout import require_output
from tap_oauth2_generic.settings.limits import MAX_SHARDS
from tap_oauth2_generic.singer.lazy_sdk import import_sdk_lazily

NAME = "tap-oauth2-generic"


def option(about: str, *names: str, **settings: Any) -> click.Option:
    """Return an option with this help."""
    return click.Option(names, help=about, **settings)


_CONFIG = option(
    "Configuration file; later files win. Secrets that no file holds are read from "
    "environment variables; ENV reads all settings from there, and they win over all files.",
    "--config", "paths", multiple=True,
)  # fmt: skip
_JSON = option("Print JSON for programs.", "--json", "as_json", is_flag=True)
_MAX_PORT = 65_535


class _Kind(click.Choice):  # type: ignore[type-arg]  # generic since click 8.2
    """The kind of a source to import; a whole curl line in its place is not shown."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if re.match(r"\s*(\$\s*)?curl(\.exe)?\s", str(value)):
            self.fail("the kind is missing before the line: import curl 'curl …'", param, ctx)
        return super().convert(value, param, ctx)


class Subcommand(click.Command):
    """A subcommand whose module below ``tap_oauth2_generic.cli`` is imported when it runs."""

    def __init__(
        self,
        name: str,
        short: str,
        text: str,
        *options: click.Parameter,
        config: click.Option | None = _CONFIG,
        module: str = "",
    ) -> None:
        params = [config, *options] if config else [*options]
        super().__init__(name, params=params, callback=self._run, help=text, short_help=short)
        self._module = f"tap_oauth2_generic.cli.{module or name}"

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Parse the arguments; all that the command prints goes to stdout."""
        log_to_stderr()
        require_output()
        if isinstance(sys.stdout, io.TextIOWrapper):
            # What the terminal's encoding lacks is shown by its escape.
            sys.stdout.reconfigure(errors="backslashreplace")
        return super().make_context(*args, **options)

    def _run(self, **options: Any) -> None:
        import_sdk_lazily()
        import_module(self._module).run(**options)


@click.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
@click.pass_context
def demo(ctx: click.Context) -> None:
    """Serve the demo OAuth2 provider and API on localhost."""
    # It stands alone: the tap must not import it statically, and it parses its own arguments.
    ctx.exit(import_module("tap_oauth2_generic.demo.__main__").main(ctx.args))


SUBCOMMANDS = (
    Subcommand(
        "login", "Log in once and store the tokens.", "Log in once and store the tokens.\n\n"
        "The configuration decides how: authorization code with PKCE, or device code.",
        option("Paste the redirect address instead of listening.", "--no-browser", is_flag=True),
        option("Seconds to wait for the redirect.", "--timeout", default=300.0, show_default=True,
               type=click.FloatRange(min=0, min_open=True)),
    ),
    Subcommand(
        "connections", "List, check and remove stored connections.", "List the stored connections.",
        _JSON,
        option("Renew this connection, or use it once.", "--check", "checks", is_flag=True),
        option("Remove a connection from the token store.", "--remove", metavar="NAME"),
        option("Encrypt all connections with the key in this file.", "--new-key-file",
               metavar="FILE"),
    ),
    Subcommand(
        "preview", "Fetch a few records and show each request and response.",
        "Fetch a few records and show each request and response.",
        option("Only this stream.", "--stream", "name"),
        option("Records to show of each stream.", "--records", "wanted", default=5,
               show_default=True, type=click.IntRange(1)),
        _JSON,
        option("Print complete definitions, tried, to paste.", "--suggest", "suggests",
               is_flag=True),
        option("Write the schema to declare to this file.", "--schema", "schema_file"),
        option("Only check the configuration; send nothing.", "--offline", is_flag=True),
        option("Preset to use; its streams, if no file has any.", "--provider", metavar="NAME"),
        option("List the streams of the preset; send nothing.", "--list", "lists", is_flag=True),
    ),
    Subcommand(
        "import", "Make a configuration from what you have, such as a curl line.",
        "Make a configuration from SOURCE: a file, - for stdin, or the text itself.\n\n"
        "The configuration goes to stdout or a new file, the report to stderr, no secret to either."
        " `import` alone asks on the terminal, and writes into the current folder."
        "\n\n" + "\n".join(f"{name}: {about}." for name, about in KINDS.items()),
        click.Argument(["kind"], required=False, type=_Kind([*KINDS])),
        click.Argument(["source"], required=False),
        option("New file for the configuration.", "--output", metavar="FILE"),
        option("Request a page or two of each stream, and correct it.", "--try", "tries",
               is_flag=True),
        option("Exit with 1 if anything was left out.", "--strict", is_flag=True),
        option("Glob of what to read, such as a path or name.", "--include", multiple=True),
        option("Glob of what not to read.", "--exclude", multiple=True),
        config=None, module="importing",
    ),
    Subcommand(
        "shard", "Split the configuration for several workers.",
        "Split the configuration by its partitions, for several workers.\n\n"
        "Prints a configuration and a state ID suffix for each worker.",
        option("Number of workers.", "--shards", required=True,
               type=click.IntRange(1, MAX_SHARDS)),
        option("Carry over the bookmarks of a state file.", "--state", "states", multiple=True),
    ),
    Subcommand(
        "studio", "Connect, try and export on a local page.",
        "Connect, try and export on a page of this computer.\n\n"
        "Nobody else can open it: its address has a key that works once.",
        option("TCP port; 0 picks a free one.", "--port", default=0,
               type=click.IntRange(0, _MAX_PORT)),
        option("Print the address without opening it.", "--no-browser", is_flag=True),
        config=option("Configuration file to edit; Save creates it.", "--config", "file",
                      default="config.json", show_default=True, metavar="FILE"),
    ),
    Subcommand(
        "mcp", "Serve tools for coding agents over stdin and stdout.",
        "Serve tools for coding agents over stdin and stdout.\n\n"
        "Secrets and logins are used only for the connection that --config describes.",
    ),
    demo,
)  # fmt: skip


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
            import_sdk_lazily()
            from tap_oauth2_generic.tap import TapOAuth2Generic  # slow to import

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
