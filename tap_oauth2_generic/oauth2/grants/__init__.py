"""The grants, found by their ``grant_type``; each is one module of this package.

To add a grant, add a module here: nothing else names the grants.
"""

from __future__ import annotations

import importlib
import pkgutil

from tap_oauth2_generic.oauth2.grants.base import Grant

DEFAULT_GRANT = "authorization_code"


def grants() -> dict[str, type[Grant]]:
    """Return every grant that has a module here, by its name and its aliases."""
    for module_info in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module_info.name}")
    known = sorted(Grant.__subclasses__(), key=lambda grant: grant.grant_type)
    return {name: grant for grant in known for name in (grant.grant_type, *grant.aliases)}


__all__ = ["DEFAULT_GRANT", "Grant", "grants"]
