"""The partition routers of a manifest as ``parent`` and ``partitions``; pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tap_oauth2_generic.importers.airbyte.expressions import Unknown
from tap_oauth2_generic.importers.airbyte.manifest import Component
from tap_oauth2_generic.importers.airbyte.paging import to_path
from tap_oauth2_generic.importers.airbyte.requests import put_option
from tap_oauth2_generic.importers.airbyte.texts import Texts

#: Returns the name under which a parent stream is imported, and what its slices are called.
NameParent = Callable[[Component], tuple[str, dict[str, str]]]


class Routers:
    """What a stream runs for: known before its request, since templates name it."""

    def __init__(
        self, routers: list[Component], texts: Texts, name_parent: NameParent, own: list[str]
    ) -> None:
        self._own = own
        self.settings: dict[str, Any] = {}
        self._options: list[tuple[Component, str]] = []
        self._texts = texts
        for router in routers:
            self._take(router, name_parent)

    def _take(self, router: Component, name_parent: NameParent) -> None:
        if router.type == "ListPartitionRouter":
            self._take_list(router)
        elif router.type == "SubstreamPartitionRouter":
            self._take_parent(router, name_parent)
        elif router.type == "GroupingPartitionRouter":
            self._take_group(router, name_parent)
        else:
            raise router.fail(f"{router.kind} is custom code")

    def _take_group(self, router: Component, name_parent: NameParent) -> None:
        inner = router.child("underlying_partition_router")
        if inner is None or router.get("group_size") != 1:
            raise router.fail("the tap reads for one parent at a time, not for a group of them")
        self._texts.symbols.is_group = True
        self._take(inner, name_parent)

    def _take_list(self, router: Component) -> None:
        field = str(self._texts.constant(router, router.text("cursor_field")))
        values = router.get("values")
        values = self._texts.constant(router, values)
        if isinstance(values, Unknown):
            values = [str(values)]
        if not isinstance(values, list) or not values or not field:
            raise router.fail("its values are not in the manifest", "values")
        if any(isinstance(one, dict | list) or one is None for one in values):
            raise router.fail("its values are no plain values", "values")
        self.settings.setdefault("partitions", {})[field] = list(dict.fromkeys(values))
        self._name(field, f"partition.{field}", router.child("request_option"))

    def _take_parent(self, router: Component, name_parent: NameParent) -> None:
        parents = router.children("parent_stream_configs", "ParentStreamConfig")
        if len(parents) != 1 or "parent" in self.settings:
            raise router.fail("the tap takes one parent of a stream")
        (parent,) = parents
        stream = parent.child("stream", "DeclarativeStream")
        if stream is None:
            raise parent.fail("it names no parent stream")
        field = str(self._texts.constant(parent, parent.text("partition_field")))
        key = str(self._texts.constant(parent, parent.text("parent_key")))
        if not field or not key:
            raise parent.fail("it lacks partition_field or parent_key")
        name, above = name_parent(stream)
        # The tap adds it to each record, whose own field of that name would hide it.
        column = f"{name}_{field}" if field in self._own or field == "id" else field
        path = to_path(tuple(key.split("/")) if "/" in key else tuple(key.split(".")))
        self._first, keys = column, {column: path}
        for extra in parent.get("extra_fields") or ():
            if isinstance(extra, list) and extra:
                joined = ".".join(map(str, extra))
                keys[joined.replace(".", "_")] = to_path(tuple(extra))
                self._name(f"extra_fields.{joined}", f"parent.{joined.replace('.', '_')}", None)
        self.settings["parent"] = {"stream": name, "keys": keys}
        self._name(field, f"parent.{column}", parent.child("request_option"))
        for called, placeholder in above.items():
            # The records of the parent hold what it has of its own parent.
            above_column = placeholder.partition(".")[2]
            if above_column not in keys:
                keys[above_column] = to_path((above_column,))
            self._name(f"parent_slice.{called}", f"parent.{above_column}", None)

    def _name(self, field: str, placeholder: str, option: Component | None) -> None:
        self._texts.symbols.partition.setdefault(field, placeholder)
        if option is not None:
            self._options.append((option, f"{{{placeholder}}}"))

    def drop_unused(self) -> None:
        """Keep of the parent only what a template names: each key is a column of the child."""
        parent, used = self.settings.get("parent"), self._texts.symbols.used
        if parent:
            kept = {n: p for n, p in parent["keys"].items() if f"parent.{n}" in used}
            parent["keys"] = kept or {self._first: parent["keys"][self._first]}

    def put_options(self, made: dict[str, Any]) -> None:
        """Put the values that travel in parameters of their own into the request."""
        for option, template in self._options:
            self._texts.symbols.used.add(template.strip("{}"))
            put_option(option, template, made, self._texts)
