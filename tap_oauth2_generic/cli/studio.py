"""The command ``tap-oauth2-generic studio``: connect, try and export on a local page.

The page itself is in ``tap_oauth2_generic.studio``, which needs the packages of an extra.
"""

from __future__ import annotations

from tap_oauth2_generic.cli.extras import import_extra


def run(file: str, port: int, *, no_browser: bool) -> None:
    """Run the command ``studio``; raise InputError if its extra is not installed."""
    server = import_extra("tap_oauth2_generic.studio.server", "the studio", "studio")
    server.serve(file, port, opens=not no_browser)
