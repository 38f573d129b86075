"""Where the records are in the documented response of an operation; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tap_oauth2_generic.importers.openapi_document import Document
from tap_oauth2_generic.importers.openapi_schemas import Schemas
from tap_oauth2_generic.parsing.guess_records import USUAL, guess_records, is_usual_key
from tap_oauth2_generic.settings.paths import flatten

_JSON = re.compile(r"(application|text)/([\w.-]+\+)?json\b|\*(/\*)?$|application/\*")
_PATH = re.compile(r"(\$\.)?[\w@'][^{}$\"]*")
_CODES = ("200", "2XX", "2xx", "206", "203", "201", "default")
# Members around the list of a response; a record has more.
_MAX_ENVELOPE = 8
_NO_SCHEMA = "its response has no schema"
_SINGLE = "it returns one object, not a list"


class NotListedError(Exception):
    """An operation that becomes no stream; the message says why."""


class Responses:
    """Reads the responses of a document; names and schemas alone tell what is a list."""

    def __init__(self, document: Document, schemas: Schemas) -> None:
        self._document, self._schemas = document, schemas

    def read(self, operation: Mapping[str, Any]) -> tuple[list[Any], dict[str, str]]:
        """Return the schemas of the successful response in JSON, and examples of its headers."""
        responses = self._document.resolve(operation.get("responses"))
        codes = [code for code in _CODES if code in responses]
        response = self._document.resolve(responses[codes[0]]) if codes else {}
        if not response:
            raise NotListedError("it documents no successful response")
        headers = {str(name): "1" for name in self._document.resolve(response.get("headers"))}
        headers = {
            name: '<https://api.example.com/?page=2>; rel="next"' if name.lower() == "link" else one
            for name, one in headers.items()
        }
        if self._document.is_swagger:
            if "schema" not in response:
                raise NotListedError(_NO_SCHEMA)
            return [response["schema"]], headers
        content = self._document.resolve(response.get("content"))
        types = [name for name in content if _JSON.match(str(name))]
        if not types:
            named = ", ".join(map(str, list(content)[:3]))
            raise NotListedError(
                f"it returns {named}, not JSON; see response_format" if named else _NO_SCHEMA
            )
        media = self._document.resolve(content[types[0]])
        if "schema" not in media:
            raise NotListedError(_NO_SCHEMA)
        return [media["schema"]], headers

    def records(
        self, path: str, schemas: list[Any], body: Any, *, is_paged: bool
    ) -> tuple[str, list[Any], bool]:
        """Return the path of the records, their schemas, and whether they are so for sure."""
        shape = self._schemas.shape(schemas)
        if shape.kinds == {"array"}:
            return "", shape.items, True
        if "array" in shape.kinds or not shape.properties:
            raise NotListedError("its response has no schema of an object or a list")
        parts = [part for part in path.strip("/").split("/") if "{" not in part]
        last = parts[-1].lower().removesuffix(".json") if parts else ""
        found = guess_records(body, [last, last.replace("-", "_")])
        place = str(found.get("records_path", ""))
        if not place or "records_are_values" in found:
            raise NotListedError(_SINGLE)
        if not _PATH.fullmatch(place):
            raise NotListedError("its list has a name that is no plain path; see records_path")
        keys = [*map(flatten, re.split(r"[.\[]", place.removesuffix("[*].node").lstrip("$.")))]
        is_named = keys[-1] in {*USUAL, flatten(last)}
        items = self._schemas.at(schemas, place if "[*]" in place else f"{place}[*]")
        if not self._is_list(path, schemas, keys, is_named=is_named or is_paged):
            raise NotListedError(_SINGLE)
        if not (is_named or is_paged) and self._schemas.shape(items).kinds != {"object"}:
            raise NotListedError(_SINGLE)
        return place, items, is_named or is_paged

    def _is_list(self, path: str, schemas: list[Any], keys: list[str], *, is_named: bool) -> bool:
        """Return whether the objects around a list are its envelope, not a record that has it."""
        for key in keys:
            shape = self._schemas.shape(schemas)
            if any(is_usual_key(name) for name in shape.properties):
                return False
            lists = [
                n for n, s in shape.properties.items() if "array" in self._schemas.shape(s).kinds
            ]
            if not is_named and (len(shape.properties) > _MAX_ENVELOPE or len(lists) > 1):
                return False
            schemas = next((s for n, s in shape.properties.items() if flatten(n) == key), [])
        return is_named or (len(keys) == 1 and not path.endswith("}"))
