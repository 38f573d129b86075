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
    _import_without_fsspec("singer_sdk.helpers._batch")


def _import_without_fsspec(name: str) -> None:
    """Import a module of the SDK that uses fsspec's paths only to open files of batches."""
    if "upath" in sys.modules:
        return
    stand_in = ModuleType("upath")
    stand_in.UPath = _path  # type: ignore[attr-defined]
    sys.modules["upath"] = stand_in
    try:
        import_module(name)
    finally:
        del sys.modules["upath"]


def _path(*arguments: Any, **options: Any) -> Any:
    return import_module("upath").UPath(*arguments, **options)
