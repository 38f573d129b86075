"""Assemble each stream of a manifest; what would read wrong rows is left out, with its line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.importers.airbyte.cursors import StartDates, bound_names, read_cursor
from tap_oauth2_generic.importers.airbyte.error_handlers import read_rules
from tap_oauth2_generic.importers.airbyte.jobs import read_job
from tap_oauth2_generic.importers.airbyte.manifest import Component, LeftOutError
from tap_oauth2_generic.importers.airbyte.paging import read_paging, token_of
from tap_oauth2_generic.importers.airbyte.records import Records, read_decoder, strip_root
from tap_oauth2_generic.importers.airbyte.requests import read_request
from tap_oauth2_generic.importers.airbyte.routers import Routers
from tap_oauth2_generic.importers.airbyte.settings_of_spec import SpecSettings
from tap_oauth2_generic.importers.airbyte.symbols import Symbols
from tap_oauth2_generic.importers.airbyte.texts import Texts
from tap_oauth2_generic.records.declared import SchemaSettings
from tap_oauth2_generic.settings.fields import ErrorCollector, read


@dataclass
class Stream:
    """A stream that was imported: its definition, and what its connection needs."""

    definition: dict[str, Any]
    authenticator: Component | None
    line: int
    stream_map: dict[str, Any]
    notes: list[str]
    lost: list[str]
    secrets: dict[str, dict[str, str | None]]
    partition: dict[str, str]

    @property
    def name(self) -> str:
        """The name of the stream."""
        return str(self.definition["name"])


@dataclass
class StreamReader:
    """Reads the streams of one manifest, parents that are only parents included."""

    spec: SpecSettings
    dates: StartDates = field(default_factory=StartDates)
    read: dict[str, Stream] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    _known: dict[int, str] = field(default_factory=dict)
    _failed: dict[str, str] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    def take(self, stream: Component, *, selected: bool = True) -> str | None:
        """Read a stream; return its name, None if it is left out."""
        if stream.type == "StateDelegatingStream":
            full = stream.child("full_refresh_stream", "DeclarativeStream")
            return self.take(full, selected=selected) if full else None
        name = self._name(stream)
        if name in self.read:
            self.read[name].definition.pop("selected", None) if selected else None
            return name
        if name in self._failed:
            return None
        if name in self._open:
            raise stream.fail("it is its own ancestor")
        self._open.append(name)
        try:
            made = self._read(stream, name)
            if not selected:
                made.definition["selected"] = False
            self.read[name] = made
        except LeftOutError as error:
            self._failed[name] = str(error)
            self.left_out.append(_place_in_stream(str(error), name))
            return None
        except (TypeError, AttributeError, LookupError, ArithmeticError):
            # Each part expects the types of the manifest's own schema.
            self._failed[name] = "a field of it has a wrong type"
            self.left_out.append(f"line {stream.line}, stream {name!r}: {self._failed[name]}")
            return None
        finally:
            self._open.remove(name)
        return name

    def _name(self, stream: Component) -> str:
        texts = Texts(self.spec)
        try:
            return str(texts.constant(stream, stream.text("name")) or f"line_{stream.line}")
        except LeftOutError:
            return f"line_{stream.line}"

    def _parent(self, parent: Component) -> tuple[str, dict[str, str]]:
        name = self.take(parent, selected=False)
        if name is None:
            raise parent.fail(f"its parent {self._name(parent)!r} is left out")
        return name, self.read[name].partition

    def _read(self, stream: Component, name: str) -> Stream:
        if stream.type not in ("DeclarativeStream", ""):
            raise stream.fail(f"{stream.kind} has no counterpart")
        retriever = stream.child("retriever", "SimpleRetriever")
        if retriever is None or retriever.type not in ("SimpleRetriever", "AsyncRetriever"):
            kind = retriever.kind if retriever else "a stream without a retriever"
            raise (retriever or stream).fail(f"{kind} is custom code")
        paginator = retriever.child("paginator") or retriever.child("download_paginator")
        cursor = stream.child("incremental_sync")
        symbols = Symbols(interval=bound_names(cursor), token=token_of(paginator))
        texts = Texts(self.spec, symbols)
        primary = _primary_keys(stream, texts)
        routers = Routers(retriever.children("partition_router"), texts, self._parent, primary)
        made, authenticator = _request(retriever, texts)
        routers.put_options(made)
        definition: dict[str, Any] = {"name": name, **made}
        records = Records(texts)
        decoder = retriever.child("download_decoder") or retriever.child("decoder")
        records.settings |= read_decoder(decoder)
        records.take_selector(retriever.child("record_selector", "RecordSelector"))
        if decoder and not retriever.child("download_decoder"):
            strip_root(records.settings)
        records.take_transformations(stream)
        definition |= records.settings
        if paging := read_paging(paginator, definition, texts):
            definition["pagination"] = paging
        if primary:
            definition["primary_keys"] = primary
        if cursor is not None:
            definition |= read_cursor(cursor, definition, texts, self.dates)
        _drop_older(stream, records, definition)
        _check_keys(stream, definition, records, routers)
        definition |= _contexts(routers, records)
        lost = [*texts.lost, *records.lost]
        handler = _requester(retriever).child("error_handler", "DefaultErrorHandler")
        if rules := read_rules(handler, texts, lost):
            definition["response_rules"] = rules
        definition |= _schema(stream)
        found = (records.stream_map, texts.notes, lost, texts.of_connection, symbols.partition)
        return Stream(definition, authenticator, stream.line, *found)


def _place_in_stream(sentence: str, name: str) -> str:
    line, _, rest = sentence.partition(": ")
    return f"{line}, stream {name!r}: {rest}"


def _requester(retriever: Component) -> Component:
    name = "creation_requester" if retriever.type == "AsyncRetriever" else "requester"
    found = retriever.child(name, "HttpRequester")
    if found is None:
        raise retriever.fail(f"it has no {name}")
    return found


def _request(retriever: Component, texts: Texts) -> tuple[dict[str, Any], Component | None]:
    requester = _requester(retriever)
    authenticator = requester.child("authenticator")
    if retriever.type == "AsyncRetriever":
        return {"job": read_job(retriever, texts)}, authenticator
    return read_request(requester, texts), authenticator


def _primary_keys(stream: Component, texts: Texts) -> list[str]:
    found = texts.constant(stream, stream.get("primary_key"))
    if found in (None, "", []):
        return []
    listed = found if isinstance(found, list) else [found]
    if any(isinstance(one, list) and len(one) > 1 for one in listed):
        raise stream.fail("its primary_key is inside an object", "primary_key")
    return [str(one[0] if isinstance(one, list) and one else one) for one in listed]


def _drop_older(stream: Component, records: Records, definition: dict[str, Any]) -> None:
    key = definition.get("replication_key")
    if records.newer_key is None or key is None:
        return
    if records.newer_key != key:
        raise stream.fail(f"its filter compares {records.newer_key!r}, its bookmark is of {key!r}")
    definition.setdefault("incremental", {})["drop_older"] = True


def _check_keys(
    stream: Component, definition: dict[str, Any], records: Records, routers: Routers
) -> None:
    """Raise LeftOutError if a key is a column that the tap cannot make before its maps."""
    for key in definition.get("primary_keys", ()):
        code = records.stream_map.get(key)
        if code and re.fullmatch(r"'[^'\\]*'", code):
            # A partition of one value is a column, too, and there before the maps.
            del records.stream_map[key]
            routers.settings.setdefault("partitions", {})[key] = [code[1:-1]]
    keys = [*definition.get("primary_keys", ()), definition.get("replication_key")]
    for key in keys:
        if key in records.stream_map and key is not None:
            raise stream.fail(f"its key {key!r} is computed or removed by a transformation")
        if any(f"column {key!r} is not added" in one for one in records.lost):
            raise stream.fail(f"its key {key!r} is a column that the tap cannot add")


def _contexts(routers: Routers, records: Records) -> dict[str, Any]:
    parent = routers.settings.get("parent")
    for name, source in records.parent_keys.items():
        if parent and source in parent["keys"]:
            parent["keys"][name] = parent["keys"][source]
            records.texts.symbols.used.add(f"parent.{name}")
    routers.drop_unused()
    return routers.settings


def _schema(stream: Component) -> dict[str, Any]:
    """Return the schema in the manifest, which a wrong type in it does not stop."""
    loader = stream.child("schema_loader") or next(iter(stream.children("schema_loader")), None)
    schema = loader.get("schema") if loader and loader.type == "InlineSchemaLoader" else None
    if not isinstance(schema, dict) or not schema.get("properties"):
        return {}
    schema = {**_plain(schema), "type": "object"}
    collector = ErrorCollector()
    read(SchemaSettings, {"schema": schema}, collector)
    if collector.errors:
        # It is inferred then: a mistake in it says nothing of the rows.
        return {}
    return {"schema": schema, "on_type_change": "variant", "new_fields": "add"}


def _plain(value: Any) -> Any:
    """Return a schema as plain data."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if key != "$parameters"}
    return [_plain(one) for one in value] if isinstance(value, list) else value
