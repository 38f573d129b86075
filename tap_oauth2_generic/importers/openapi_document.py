"""An OpenAPI document, its local references followed; pure.

References to other documents are never fetched; each that leads nowhere is noted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import msgspec
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.importers.names import looks_secret
from tap_oauth2_generic.importers.plain_yaml import read_yaml

_MAX_DEPTH = 200
_MAX_SHOWN = 100
# One object, so that what is known of it is kept by its place in memory.
_NONE: dict[str, Any] = {}
_NO_DOCUMENT = "this is no OpenAPI document: {}"


@dataclass
class Document:
    """A document of version 2.0, 3.0 or 3.1; ``broken`` are references without their targets."""

    raw: dict[str, Any]
    broken: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare to follow references, none of which leaves the document."""
        contents: Resource[Any] = Resource.opaque(self.raw)
        self._resolver = Registry[Any]().with_resource("", contents).resolver()
        self._found: dict[str, Any] = {}

    @property
    def is_swagger(self) -> bool:
        """Whether it is of version 2.0."""
        return "swagger" in self.raw

    def resolve(self, value: Any) -> dict[str, Any]:
        """Return the object that a value is or refers to, an empty one if there is none."""
        ref = None
        for _ in range(_MAX_DEPTH):
            if not isinstance(value, dict):
                return _NONE
            ref = value.get("$ref")
            if not isinstance(ref, str):
                return value
            value = self._look_up(ref)
        self.broken[str(ref)[:_MAX_SHOWN]] = "it refers to itself"
        return _NONE

    def objects(self, value: Any) -> Iterator[dict[str, Any]]:
        """Yield the objects in a list, references followed."""
        for member in value if isinstance(value, list) else ():
            if found := self.resolve(member):
                yield found

    def _look_up(self, ref: str) -> Any:
        if ref not in self._found:
            self._found[ref] = None
            if not ref.startswith("#"):
                self.broken[ref[:_MAX_SHOWN]] = "it is in another document, which is not fetched"
                return None
            try:
                self._found[ref] = self._resolver.lookup(ref).contents
            except (Unresolvable, LookupError, TypeError, ValueError, AttributeError):
                self.broken[ref[:_MAX_SHOWN]] = "there is nothing at it"
        return self._found[ref]


def read_document(text: str) -> Document:
    """Read JSON or YAML; raise InputError if it is no OpenAPI document of a known version."""
    raw = _parse(text)
    if not isinstance(raw, dict):
        raise InputError(_NO_DOCUMENT.format("its top is no object"))
    version = str(raw.get("swagger", raw.get("openapi", "")))
    if not version.startswith(("2.", "3.")) or ("swagger" in raw) != version.startswith("2."):
        said = f"version {version[:20]!r} is not known" if version else "it names no version"
        said += "; it begins with 'swagger' (2.0) or 'openapi' (3.0, 3.1)"
        raise InputError(_NO_DOCUMENT.format(said))
    if not isinstance(raw.get("paths"), dict) or not raw["paths"]:
        raise InputError(_NO_DOCUMENT.format("it has no paths"))
    return Document(raw)


def operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Yield the path, method, operation and path item of each operation."""
    for path, raw in document.raw["paths"].items():
        item = document.resolve(raw)
        for method in ("get", "post", "put", "patch", "delete"):
            if operation := document.resolve(item.get(method)):
                yield str(path), method, operation, item


def is_secret_step(step: str) -> bool:
    """Return whether a step of a path has the form of a token outside its placeholders."""
    return looks_secret(unquote(re.sub(r"\{[^{}]*\}", "", step)))


def shown_path(path: str) -> str:
    """Return a path for the report: without its query, and without what may be a secret."""
    steps = re.split("[?#]", path)[0].split("/")
    return "/".join("…" if is_secret_step(step) else step for step in steps)


def names_of(path: str, operation: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what globs are compared with: the path, the ID and the tags of an operation."""
    tags = operation.get("tags")
    named = [operation.get("operationId"), *(tags if isinstance(tags, list) else ())]
    return (path, *(name for name in named if isinstance(name, str)))


def _parse(text: str) -> Any:
    text = text.lstrip("\ufeff \t\r\n")
    try:
        if text[:1] in {"{", "["}:
            try:
                return msgspec.json.decode(text)
            except (msgspec.DecodeError, UnicodeError):
                # JSON with comments or a trailing comma may still be YAML.
                return read_yaml(text.replace("\t", " "))
        return read_yaml(text)
    except RecursionError:
        raise InputError(_NO_DOCUMENT.format("it is nested too deep")) from None
    except ValueError as error:
        raise InputError(_NO_DOCUMENT.format(error)) from None
