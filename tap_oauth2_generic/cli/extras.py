"""Import what only an extra of this package installs, or say in one line how to get it."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from tap_oauth2_generic.errors import InputError


def import_extra(module: str, what: str, extra: str) -> ModuleType:
    """Import a module above this folder; raise InputError if its extra is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("tap_oauth2_generic"):
            raise
        raise InputError(
            f"{what} needs packages that are not installed ({error.name}); run pip install "
            f"'tap-oauth2-generic[{extra}]'"
        ) from None
