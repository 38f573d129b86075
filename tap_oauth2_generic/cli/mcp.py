"""The command ``tap-oauth2-generic mcp``: the tools of coding agents, over stdin and stdout.

The server itself is in ``tap_oauth2_generic.agents``, which needs the packages of an extra.
"""

from __future__ import annotations

from tap_oauth2_generic.cli.extras import import_extra
from tap_oauth2_generic.tap import TapOAuth2Generic


def run(paths: tuple[str, ...]) -> None:
    """Run the command ``mcp``; raise InputError if its extra is not installed."""
    server = import_extra("tap_oauth2_generic.agents.server", "the MCP server", "mcp")
    server.serve(TapOAuth2Generic.merge_configuration(paths))
