"""Small OpenAPI documents for tests, in each version and notation. No test here."""

from __future__ import annotations

import copy
import json
from typing import Any

import yaml

from tap_oauth2_generic.importers.imported import Imported, ImportOptions, read_source

ID = {"id": {"type": "integer"}, "name": {"type": "string"}}


def param(name: str, kind: str = "integer", place: str = "query", **about: Any) -> dict[str, Any]:
    """Return a parameter; ``required`` is about it, all else about its schema."""
    required = {"required": True} if about.pop("required", place == "path") else {}
    return {"name": name, "in": place, **required, "schema": {"type": kind, **about}}


def listing(schema: dict[str, Any], *params: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a path item whose GET returns a schema."""
    headers = {"headers": more.pop("headers")} if "headers" in more else {}
    content = {"application/json": {"schema": schema}}
    response = {"description": "all", "content": content, **headers}
    return {"get": {"parameters": [*params], "responses": {"200": response}, **more}}


def list_of(item: Any, **members: Any) -> dict[str, Any]:
    """Return the schema of an object whose member ``data`` lists items."""
    found = {"data": {"type": "array", "items": item}, **members}
    return {"type": "object", "properties": found}


def record(**properties: Any) -> dict[str, Any]:
    """Return the schema of a record with an ID, a name and further properties."""
    return {"type": "object", "properties": {**ID, **properties}}


def document(paths: dict[str, Any], url: str = "https://api.example.com/v1", **more: Any) -> Any:
    """Return a document of version 3.0."""
    info = {"title": "Test", "version": "1"}
    return {"openapi": "3.0.3", "info": info, "servers": [{"url": url}], "paths": paths, **more}


def in_version(version: str, made: dict[str, Any]) -> dict[str, Any]:
    """Return a document of version 3.0 as one of 3.1 or 2.0."""
    if version != "2.0":
        return {**made, "openapi": version}
    found = json.loads(json.dumps(made).replace("#/components/schemas/", "#/definitions/"))
    scheme, _, address = found.pop("servers")[0]["url"].partition("://")
    host, _, path = address.partition("/")
    components = found.pop("components", {})
    found |= {"schemes": [scheme], "host": host, "basePath": f"/{path}"}
    found |= {"swagger": "2.0", "definitions": components.get("schemas", {})}
    del found["openapi"]
    for item in found["paths"].values():
        operation = item["get"]
        operation["parameters"] = [{**p, **p.pop("schema")} for p in operation["parameters"]]
        for response in operation["responses"].values():
            response["schema"] = response.pop("content")["application/json"]["schema"]
    return found


def imported(made: Any, *, as_yaml: bool = False, **options: tuple[str, ...]) -> Imported:
    """Import a document, written as YAML or JSON."""
    text = yaml.safe_dump(copy.deepcopy(made)) if as_yaml else json.dumps(made)
    return read_source("openapi", text, ImportOptions(**options))


def stream(made: Imported, name: str) -> dict[str, Any]:
    """Return the definition of an imported stream."""
    return next(one for one in made.config["streams"] if one["name"] == name)
