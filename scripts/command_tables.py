"""Markdown tables of the subcommands and their options, as the program declares them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tap_oauth2_generic.agents.tools import TOOLS
from tap_oauth2_generic.cli.program import Program
from tap_oauth2_generic.demo import DEFAULT_PORT

if TYPE_CHECKING:
    from collections.abc import Iterator


def command_rows() -> Iterator[str]:
    """Yield the table of subcommands."""
    yield "| Command | Does |"
    yield "|:--|:--|"
    for name, command in Program().commands.items():
        yield f"| `tap-oauth2-generic {name}` | {command.short_help or command.help} |"


def option_rows() -> Iterator[str]:
    """Yield the table of the subcommands' options."""
    yield "| Command | Option | Default | Meaning |"
    yield "|:--|:--|:--|:--|"
    for name, command in Program().commands.items():
        for option, default, meaning in _options(command):
            yield f"| `{name}` | `{option}` | {default} | {meaning} |"


def tool_rows() -> Iterator[str]:
    """Yield the table of the tools for coding agents."""
    yield "| Tool | Does |"
    yield "|:--|:--|"
    for tool in TOOLS:
        yield f"| `{tool.name}({', '.join(tool.parameters)})` | {tool.about} |"


def _options(command: click.Command) -> Iterator[tuple[str, str, str]]:
    if command.name == "demo":
        # It parses its own arguments, as it stands apart from the tap.
        yield "--port", f"`{DEFAULT_PORT}`", "TCP port; 0 chooses a free one."
        return
    for option in command.params:
        if isinstance(option, click.Option):
            text = " ".join((option.help or "").split())
            yield option.opts[0], _default(option), text


def _default(option: click.Option) -> str:
    if option.required:
        return "required"
    is_number = isinstance(option.default, int | float) and not option.is_flag
    return f"`{option.default:g}`" if is_number else "—"
