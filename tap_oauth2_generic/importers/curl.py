"""Import a curl line: its address, a stream of its request, and its secrets apart; pure."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.importers.curl_request import CurlRequest, parse_curl
from tap_oauth2_generic.importers.imported import Imported, ImportOptions
from tap_oauth2_generic.importers.names import looks_secret, stream_name
from tap_oauth2_generic.importers.paging import add_paging

_VALUE = "YOUR_VALUE"


def read(text: str, _: ImportOptions) -> Imported:
    """Read one curl line; raise InputError if it is none."""
    try:
        found = parse_curl(text.strip())
        path = urlsplit(found.url).path
    except ValueError as error:
        raise InputError(str(error)) from None
    shown = "/".join(_VALUE if looks_secret(unquote(step)) else step for step in path.split("/"))
    found.url = f"{found.origin}{shown}"
    definition: dict[str, Any] = {"name": stream_name(shown), **found.definition(found.origin)}
    if definition["method"] == "GET":
        del definition["method"]
    made = Imported({"base_url": found.origin, **_connection(found)}, _secrets(found))
    made.derived = [f"stream {definition['name']!r}: {found.method or 'GET'} {shown or '/'}"]
    if shown != path:
        definition["selected"] = False
        made.unsure.append(
            f"stream {definition['name']!r}: its path seems to hold a secret, which no setting "
            f"keeps; if it is none, put it in place of {_VALUE}, and remove selected"
        )
    made.unsure += (
        f"{option}: the tap has a setting of its own; set proxy or ca_bundle if it is needed"
        for option in found.left_out
        if option in {"--insecure", "--proxy"}
    )
    made.left_out += (
        f"body member {name!r}: it holds a secret, and a body is no secret setting; send it in a "
        "header or parameter if the API takes it there"
        for name in found.left_out_of_body
    )
    add_paging(definition, made)
    made.config["streams"] = [definition]
    return made


def _connection(found: CurlRequest) -> dict[str, Any]:
    """Return the grant: a token lasts until the API rejects it, or there is none."""
    if grant := found.connection.get("grant_type"):
        return {"grant_type": grant, "username": found.connection.get("username", "")}
    return {} if "access_token" in _secrets(found) else {"grant_type": "none"}


def _secrets(found: CurlRequest) -> dict[str, Any]:
    own = {n: v for n, v in found.connection.items() if n not in {"grant_type", "username"}}
    for name, value in found.stand_ins.items():
        known = own.get(name)
        own[name] = {**value, **known} if known and isinstance(value, dict) else known or value
    return own
