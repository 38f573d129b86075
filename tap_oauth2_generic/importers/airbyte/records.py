"""What becomes of the records: where they are, which are kept, how they change; pure."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.importers.airbyte.expressions import chain_of
from tap_oauth2_generic.importers.airbyte.manifest import Component, LeftOutError
from tap_oauth2_generic.importers.airbyte.paging import to_path
from tap_oauth2_generic.importers.airbyte.record_code import (
    find_newer_key,
    reads_bound,
    to_conditions,
    to_expression,
)
from tap_oauth2_generic.importers.airbyte.texts import Texts

_RENAMING = ("KeysToLower", "KeysToSnakeCase", "KeysReplace")


@dataclass
class Records:
    """Settings of a stream about its records; ``lost`` are columns that differ, with lines."""

    texts: Texts
    settings: dict[str, Any] = field(default_factory=dict)
    stream_map: dict[str, Any] = field(default_factory=dict)
    parent_keys: dict[str, str] = field(default_factory=dict)
    newer_key: str | None = None
    lost: list[str] = field(default_factory=list)

    def take_selector(self, selector: Component | None) -> None:
        """Read the extractor and the filter; raise LeftOutError if rows would be wrong."""
        if selector is None:
            return
        if selector.type not in ("RecordSelector", ""):
            raise selector.fail(f"{selector.kind} is custom code")
        extractor = selector.child("extractor", "DpathExtractor")
        if extractor is not None:
            self._take_extractor(extractor)
        if (one := selector.child("record_filter", "RecordFilter")) is not None:
            self._take_filter(one)

    def _take_extractor(self, extractor: Component) -> None:
        if extractor.type != "DpathExtractor":
            raise extractor.fail(f"{extractor.kind} has no counterpart")
        if extractor.child("record_expander"):
            raise extractor.fail("its record_expander has no counterpart")
        path = extractor.get("field_path")
        keys = [
            str(self.texts.render(extractor, str(one)))
            for one in (path if isinstance(path, list) else [])
        ]
        if not keys:
            return
        if keys[-1] == "*" and "*" not in keys[:-1]:
            self.settings["records_are_values"] = True
            self.texts.notes.append(
                f"line {extractor.line_of('field_path')}: records are the values of an object; "
                "if it is a list, remove records_are_values"
            )
            keys = keys[:-1]
        if "*" in keys:
            self.settings["records_path"] = "$" + "".join(
                "[*]" if key == "*" else f"['{key}']" for key in keys
            )
        elif keys:
            self.settings["records_path"] = to_path(tuple(keys))

    def _take_filter(self, one: Component) -> None:
        if one.type != "RecordFilter":
            raise one.fail(f"{one.kind} is custom code")
        parts = self.texts.parts(one, one.text("condition"))
        nodes = [part for part in parts if isinstance(part, ast.expr)]
        if not parts or (len(nodes) == 1 and _is_true(nodes[0])):
            return
        if len(nodes) != 1 or len(parts) != 1:
            raise one.fail("its condition is no single expression", "condition")
        node = nodes[0]
        if (key := find_newer_key(node, self.texts.symbols)) is not None:
            self.newer_key = key
        elif (found := to_conditions(node)) is not None:
            self.settings["keep"] = found
        elif (code := self._expression(node)) is not None:
            self.stream_map["__filter__"] = code
        else:
            raise one.fail(f"its condition has no counterpart: {ast.unparse(node)[:80]}")

    def take_transformations(self, stream: Component) -> None:
        """Read each transformation in order; raise LeftOutError if rows would be wrong."""
        for one in stream.children("transformations"):
            if one.type == "AddFields":
                self._add_fields(one)
            elif one.type == "RemoveFields":
                self._remove_fields(one)
            elif one.type in _RENAMING:
                raise one.fail(f"{one.type} renames columns, which the tap does not")
            elif one.type in ("FlattenFields", "DpathFlattenFields"):
                self._flatten(one)
            elif one.type == "CustomTransformation":
                # It changes a record in place, so no row is lost.
                self.lost.append(
                    f"line {one.line}: {one.kind} is custom code; its columns are missing"
                )
            else:
                raise one.fail(f"{one.kind} is custom code")

    def _flatten(self, one: Component) -> None:
        path = one.get("field_path")
        keys = [str(key) for key in path] if isinstance(path, list) else []
        if one.get("replace_record") is not True:
            self.lost.append(f"line {one.line}: {one.type}: the fields of objects stay inside them")
            return
        changed = self.settings.keys() & {"records_are_values", "keep", "add_fields"}
        if not keys or changed or self.stream_map or self.newer_key or self.parent_keys:
            raise one.fail(f"{one.type} replaces records that a filter or transformation reads")
        if one.get("key_transformation"):
            raise one.fail(f"{one.type} renames columns, which the tap does not")
        base = str(self.settings.get("records_path", "$"))
        if not base.startswith("$"):
            outer = base.replace("'", "").split(".")
            base = "$" + "".join(f"['{key}']" for key in outer)
        inner = "".join(f"['{key}']" for key in keys)
        self.settings["records_path"] = f"{base.removesuffix('[*]')}[*]{inner}"
        self.texts.notes.append(
            f"line {one.line}: a record is the object at {'.'.join(keys)}; one without it is not "
            "read"
        )

    def _add_fields(self, one: Component) -> None:
        for added in one.children("fields", "AddedFieldDefinition"):
            path = added.get("path")
            name = self._name(added, path)
            value = added.get("value")
            if name is None or one.get("condition") or not isinstance(value, str | int | float):
                self.lost.append(f"line {added.line}: the field {path} is not added")
            elif not self._add_field(added, name, value):
                self.lost.append(f"line {added.line}: the column {name!r} is not added")

    def _expression(self, node: ast.expr) -> str | None:
        return None if reads_bound(node, self.texts.symbols) else to_expression(node)

    def _name(self, added: Component, path: Any) -> str | None:
        if not isinstance(path, list) or len(path) != 1:
            return None
        return str(self.texts.constant(added, str(path[0])))

    def _add_field(self, added: Component, name: str, value: Any) -> bool:
        try:
            parts = self.texts.parts(added, str(value))
        except LeftOutError:
            return False
        node = parts[0] if len(parts) == 1 else None
        if _is_default(node, name):
            self.lost.append(f"line {added.line}: {name!r} stays null where the API sends none")
            return True
        chain = chain_of(node) if isinstance(node, ast.expr) else None
        if chain and chain[0] == "record" and len(chain) > 1:
            self.settings.setdefault("add_fields", {})[name] = to_path(chain[1:])
            return True
        if chain and self._add_context(chain, name):
            return True
        codes = [repr(part) if isinstance(part, str) else self._expression(part) for part in parts]
        if not all(codes):
            return False
        code = (
            str(codes[0])
            if len(codes) == 1
            else " + ".join(
                code if isinstance(part, str) else f"str({code})"
                for part, code in zip(parts, map(str, codes), strict=True)
            )
        )
        self.stream_map[name] = code
        return True

    def _add_context(self, chain: Any, name: str) -> bool:
        """Add a value of the context: it is a column already, or becomes one by another name."""
        placeholder = self.texts.symbols.find(chain) or ""
        family, _, field_name = placeholder.partition(".")
        if family == "parent":
            self.parent_keys[name] = field_name
        elif family == "partition" and name != field_name:
            self.stream_map[name] = field_name
        return family in ("parent", "partition")

    def _remove_fields(self, one: Component) -> None:
        for pointer in one.get("field_pointers") or ():
            is_top = isinstance(pointer, list) and len(pointer) == 1
            if is_top and not one.get("condition") and "*" not in str(pointer[0]):
                self.stream_map[str(pointer[0])] = None
            else:
                self.lost.append(f"line {one.line}: the field {pointer} stays")


def _is_default(node: Any, name: str) -> bool:
    """Return whether a value is the field itself, or another where there is none."""
    is_or = isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or)
    return is_or and chain_of(node.values[0]) == ("record", name)


def _is_true(node: ast.expr) -> bool:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return any(map(_is_true, node.values))
    return isinstance(node, ast.Constant) and bool(node.value)


def read_decoder(decoder: Component | None) -> dict[str, Any]:
    """Return the settings of a response's format; raise LeftOutError."""
    if decoder is None or decoder.type in ("JsonDecoder", "JsonParser", "GraphQLDecoder", ""):
        return {}
    inner = decoder.child("decoder") or decoder.child("parser") or decoder.child("inner_parser")
    if decoder.type in ("GzipDecoder", "GzipParser", "CompositeRawDecoder"):
        return read_decoder(inner)
    if decoder.type == "ZipfileDecoder":
        return {"archive_member": "*", **read_decoder(inner)}
    if decoder.type in ("JsonlDecoder", "JsonLineParser"):
        return {"response_format": "jsonl"}
    if decoder.type == "XmlDecoder":
        return {"response_format": "xml"}
    if decoder.type in ("CsvDecoder", "CsvParser"):
        found: dict[str, Any] = {"response_format": "csv"}
        delimiter = decoder.text("delimiter", ",").replace("\\t", "\t")
        if delimiter != ",":
            found["csv_separator"] = delimiter
        if encoding := decoder.text("encoding"):
            found["encoding"] = encoding
        return found
    raise decoder.fail(f"{decoder.kind} has no counterpart")


def strip_root(settings: dict[str, Any]) -> None:
    """Cut the root element off ``records_path``: the paths of the tap begin below it."""
    keys = str(settings.get("records_path", "")).split(".")
    if settings.get("response_format") == "xml" and keys != [""]:
        rest = ".".join(keys[1:])
        settings.pop("records_path")
        settings |= {"records_path": rest} if rest else {}
