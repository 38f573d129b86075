"""Import only the SDK's modules that a run needs, in the process of this program.

Singer targets, REST streams, joblib and fsspec are left out. Code that asks a package of the SDK
for another of its names still gets it: the package is then initialized in full.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

# Both import every kind of stream, and everything that these need.
_PACKAGES = ("singer_sdk", "singer_sdk.streams")
# What modules call only for plugins and for files of batches; the second imports the first.
# After the import of importlib_metadata (Python < 3.12) every version is read in its slow way.
_RARELY_USED = (
    ("singer_sdk.helpers._compat", "importlib_metadata", "entry_points"),
    ("singer_sdk.helpers._batch", "upath", "UPath"),
)


class _LazyPackage(ModuleType):
    """A package whose ``__init__`` runs when a name is missing that is no submodule's.

    ``importlib.util.LazyLoader`` would run it for the import of any submodule.
    """

    def __getattr__(self, name: str) -> Any:
        if find_spec(f"{self.__name__}.{name}") is not None:
            return import_module(f"{self.__name__}.{name}")
        self.__class__ = ModuleType  # type: ignore[assignment]  # from here on like any other
        if self.__spec__ is not None and self.__spec__.loader is not None:
            self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def import_sdk_lazily() -> None:
    """Make later imports of the SDK lazy, unless it is imported already."""
    if _PACKAGES[0] in sys.modules:
        return
    for name in _PACKAGES:
        if (spec := find_spec(name)) is None:
            return
        package = module_from_spec(spec)
        package.__class__ = _LazyPackage
        sys.modules[name] = package
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, package)
    for user, library, name in _RARELY_USED:
        _import_without(user, library, name)


def _import_without(user: str, library: str, name: str) -> None:
    """Import a module of the SDK without this library of which it imports one name."""
    if library in sys.modules:
        return

    def import_now(*arguments: Any, **options: Any) -> Any:
        return getattr(import_module(library), name)(*arguments, **options)

    stand_in = sys.modules[library] = ModuleType(library)
    setattr(stand_in, name, import_now)
    try:
        import_module(user)
    finally:
        del sys.modules[library]
