"""The ``.env`` file next to a configuration: where the studio keeps secrets.

Its other lines stay as they are. Nobody but its owner may read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values, set_key

from tap_oauth2_generic.errors import InputError

_OWNER_ONLY = 0o600


def read_env(path: Path) -> dict[str, str]:
    """Return the variables of a file, none if there is no file; raise InputError."""
    try:
        found = dotenv_values(path, interpolate=False) if path.exists() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path.name}: {error}") from None
    return {name: value for name, value in found.items() if value}


def write_env(path: Path, values: Mapping[str, str]) -> None:
    """Set variables in a file; raise InputError if it cannot be written."""
    try:
        if not path.exists():
            path.touch(_OWNER_ONLY)
        path.chmod(_OWNER_ONLY)
        for name, value in values.items():
            set_key(path, name, value)
        path.chmod(_OWNER_ONLY)
    except OSError as error:
        raise InputError(f"cannot write {path.name}: {error.strerror}") from None
