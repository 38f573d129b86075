"""The partition routers of a manifest as ``parent`` and ``partitions``; pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tap_oauth2_generic.importers.airbyte.expressions import Unknown
from tap_oauth2_generic.importers.airbyte.manifest import Component
from tap_oauth2_generic.importers.airbyte.paging import to_path
from tap_oauth2_generic.importers.airbyte.requests import put_option
from tap_oauth2_generic.importers.airbyte.texts import Texts

#: Returns the name under which a parent stream is imported.
NameParent = Callable[[Component], str]


class Routers:
    """What a stream runs for: known before its request, since templates name it."""

    def __init__(self, routers: list[Component], texts: Texts, name_parent: NameParent) -> None:
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
            raise router.fail("the tap reads for one parent at a time, not for a group of them")
        else:
            raise router.fail(f"{router.kind} is code of its own")

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
        keys = {field: to_path(tuple(key.split("/")) if "/" in key else tuple(key.split(".")))}
        for extra in parent.get("extra_fields") or ():
            if isinstance(extra, list) and extra:
                joined = ".".join(map(str, extra))
                keys[joined.replace(".", "_")] = to_path(tuple(extra))
                self._name(joined, f"parent.{joined.replace('.', '_')}", None)
        self.settings["parent"] = {"stream": name_parent(stream), "keys": keys}
        self._name(field, f"parent.{field}", parent.child("request_option"))
        self._take_grandparents(stream, keys)

    def _take_grandparents(self, stream: Component, keys: dict[str, str]) -> None:
        """Take what the parent has of its own parent: its records hold those keys."""
        retriever = stream.child("retriever", "SimpleRetriever")
        for router in retriever.children("partition_router") if retriever else ():
            for above in router.children("parent_stream_configs"):
                field = above.text("partition_field")
                if field and field not in keys:
                    keys[field] = to_path((field,))
                    self._name(field, f"parent.{field}", None)
            if router.type == "ListPartitionRouter" and (field := router.text("cursor_field")):
                keys.setdefault(field, to_path((field,)))
                self._name(field, f"parent.{field}", None)

    def _name(self, field: str, placeholder: str, option: Component | None) -> None:
        self._texts.symbols.partition.setdefault(field, placeholder)
        if option is not None:
            self._options.append((option, f"{{{placeholder}}}"))

    def put_options(self, made: dict[str, Any]) -> None:
        """Put the values that travel in parameters of their own into the request."""
        for option, template in self._options:
            put_option(option, template, made, self._texts)
