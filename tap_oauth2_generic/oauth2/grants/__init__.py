"""The grants, found by their ``grant_type``; each is one file of this folder.

A new grant is a new file here: nothing else names the grants.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, TypeGuard

from tap_oauth2_generic.oauth2.grants.base import Grant

DEFAULT_GRANT = "authorization_code"


def grants() -> dict[str, type[Grant]]:
    """Give every grant that has a file here, by each word that chooses it."""
    found: dict[str, type[Grant]] = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for member in vars(module).values():
            if _is_grant(member):
                found |= dict.fromkeys((member.grant_type, *member.aliases), member)
    return found


def _is_grant(member: Any) -> TypeGuard[type[Grant]]:
    try:
        return issubclass(member, Grant) and "grant_type" in vars(member)
    except TypeError:
        # It is no class at all; in Python 3.10 a generic alias would pass for one.
        return False


__all__ = ["DEFAULT_GRANT", "Grant", "grants"]
