"""The command ``tap-oauth2-generic studio``: connect, try and export on a local page.

The page itself is in ``tap_oauth2_generic.studio``, which needs the packages of an extra.
"""

from __future__ import annotations

from importlib import import_module

from tap_oauth2_generic.errors import InputError


def run(file: str, port: int, *, no_browser: bool) -> None:
    """Run the command ``studio``; raise InputError if its extra is not installed."""
    try:
        # Above this folder, and only with its extra.
        serve = import_module("tap_oauth2_generic.studio.server").serve
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("tap_oauth2_generic"):
            raise
        raise InputError(
            f"the studio needs packages that are not installed ({error.name}); run pip install "
            "'tap-oauth2-generic[studio]'"
        ) from None
    serve(file, port, opens=not no_browser)
