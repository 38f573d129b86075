"""The grants, found by their ``grant_type``; each is one module of this package.

To add a grant, add a module here: nothing else names the grants.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, TypeGuard

from tap_oauth2_generic.oauth2.grants.base import Grant

DEFAULT_GRANT = "authorization_code"


def grants() -> dict[str, type[Grant]]:
    """Return every grant that has a module here, by its name and its aliases."""
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
        # Not a class; in Python 3.10 a generic alias passes for one.
        return False


__all__ = ["DEFAULT_GRANT", "Grant", "grants"]
