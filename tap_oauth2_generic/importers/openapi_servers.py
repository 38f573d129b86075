"""The server of an OpenAPI document as ``base_url``; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tap_oauth2_generic.importers.imported import Imported
from tap_oauth2_generic.importers.openapi_document import Document
from tap_oauth2_generic.settings.values import url

_UNKNOWN = "https://YOUR-HOST"
_VARIABLE = re.compile(r"\{([^{}]*)\}")


def add_base_url(document: Document, made: Imported) -> None:
    """Add ``base_url``, and say what it is unsure of."""
    addresses = _of_swagger(document) if document.is_swagger else _of_servers(document, made)
    # A user name, password or key in an address may be a real one.
    addresses = [re.split("[?#]", re.sub("//[^/]*@", "//", one))[0] for one in addresses]
    secure = [one for one in addresses if one.startswith("https:")]
    chosen = (secure or addresses or [""])[0]
    if re.match("http://(?!localhost|127)", chosen):
        chosen = f"https{chosen[4:]}"
        made.unsure.append("base_url: the server is plain http; https is taken")
    if not chosen.startswith("http"):
        chosen = f"{_UNKNOWN}/{chosen.lstrip('/')}"
        made.unsure.append("base_url: the document names no host; put it in place of YOUR-HOST")
    try:
        chosen = url(chosen).rstrip("/")
    except ValueError as error:
        made.unsure.append(f"base_url: the server {chosen[:100]!r} {error}; set it yourself")
        chosen = _UNKNOWN
    made.config["base_url"] = chosen.replace("{", "{{").replace("}", "}}")
    if others := [one for one in dict.fromkeys(addresses) if one.rstrip("/") != chosen]:
        made.unsure.append(f"base_url: {chosen}; the document also has {', '.join(others[:5])}")


def _of_swagger(document: Document) -> list[str]:
    raw = document.raw
    host, path = raw.get("host"), raw.get("basePath")
    path = path if isinstance(path, str) else ""
    if not isinstance(host, str) or not host:
        return [path]
    schemes = raw.get("schemes")
    named = [one for one in (schemes if isinstance(schemes, list) else ()) if one in _SCHEMES]
    return [f"{scheme}://{host}/{path.lstrip('/')}" for scheme in named or ["https"]]


_SCHEMES = ("https", "http")


def _of_servers(document: Document, made: Imported) -> list[str]:
    found: list[str] = []
    for server in document.objects(document.raw.get("servers")):
        address, variables = str(server.get("url", "")), document.resolve(server.get("variables"))
        values = {
            name: document.resolve(variables.get(name)) for name in _VARIABLE.findall(address)
        }
        filled = address
        for name, about in values.items():
            filled = filled.replace(f"{{{name}}}", _value(name, about))
        if not found:
            for name, about in values.items():
                made.unsure.append(f"base_url: {_said(name, about)}")
        found.append(f"https:{filled}" if filled.startswith("//") else filled)
    return found


def _value(name: str, about: Mapping[str, Any]) -> str:
    default = about.get("default")
    if isinstance(default, str | int) and default != "":
        return str(default)
    return "YOUR-" + re.sub(r"\W+", "-", name).upper()


def _said(name: str, about: Mapping[str, Any]) -> str:
    choices = about.get("enum")
    others = (
        [str(one) for one in choices if one != about.get("default")]
        if isinstance(choices, list)
        else []
    )
    among = f", or {', '.join(others[:5])}" if others else ""
    return (
        f"the server's variable {name!r} is {_value(name, about)!r}{among}; put yours in its place"
    )
