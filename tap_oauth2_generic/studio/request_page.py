"""The request block: any request through the connection, and its response as a tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from tap_oauth2_generic.config.streams import read_stream
from tap_oauth2_generic.importers.curl_request import CurlRequest, parse_curl
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.settings.values import from_json
from tap_oauth2_generic.studio.form_fields import (
    declared_field,
    read_value,
    sort_errors,
)
from tap_oauth2_generic.studio.json_tree import tree_of
from tap_oauth2_generic.studio.pages import Form, Studio, fragments, page
from tap_oauth2_generic.studio.project import Project
from tap_oauth2_generic.studio.raw_request import Sending, send_raw
from tap_oauth2_generic.studio.sessions import connection_config
from tap_oauth2_generic.studio.stream_form import BLOCK, DECLARED, block_fields

_CREDENTIALS = ("access_token", "username", "password", "grant_type")
# Any of them makes a connection.
_OF_CONNECTIONS = ("provider", "issuer", "access_token_url", "access_token", "grant_type")


def read_block(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that were typed into the block."""
    empty = (declared_field(name, DECLARED[name]) for name in BLOCK)
    read = {one.name: read_value(one.kind, typed.get(one.name, ""), None) for one in empty}
    return {name: value for name, value in read.items() if value is not None}


def show(studio: Studio, _: Form) -> Response:
    """Return the page, with what was typed last."""
    values = read_block(studio.typed_request)
    return page(studio, "request", fields=block_fields(values, {}), response=None, tree=None)


def read_curl(studio: Studio, form: Form) -> Response:
    """Fill the block in from a curl line."""
    try:
        found = parse_curl(form.get("curl", "").strip())
    except ValueError as error:
        return fragments(studio, alert=str(error))
    left_out = _take_connection(studio.project, found)
    base_url = str(studio.project.effective().get("base_url") or "")
    fields = block_fields(found.definition(base_url), {})
    studio.typed_request = {one.name: one.value for one in fields}
    said = ["The curl line is filled in"]
    if secrets := [name for name in found.connection if studio.project.is_secret(name)]:
        said.append(f"for .env, when you save: {', '.join(secrets)}")
    if left_out:
        said.append(f"left out, because the connection has its own: {', '.join(left_out)}")
    if found.left_out:
        names = ", ".join(found.left_out)
        said.append(f"left out, as a placeholder or a matter of curl and browsers: {names}")
    if found.left_out_of_body:
        names = ", ".join(found.left_out_of_body)
        said.append(f"left out, because the body is saved as it is shown: {names}")
    return fragments(studio, "request_form", notice="; ".join(said), fields=fields)


def _take_connection(project: Project, found: CurlRequest) -> list[str]:
    """Put what a curl line holds of its connection into the draft; return what is left out.

    An own connection stays: its credentials are not replaced by those of a pasted line.
    """
    raw, new = project.effective(), found.connection
    if not raw.get("base_url"):
        project.change("base_url", found.origin)
    left_out = []
    if any(raw.get(name) for name in _OF_CONNECTIONS):
        left_out = [name for name in _CREDENTIALS if new.pop(name, None)]
        # A scheme of its own, or a key as the user of -u.
        if new.get("headers", {}).pop("Authorization", None):
            left_out.append("header Authorization")
        new = {name: value for name, value in new.items() if value}
    elif new and not {*_CREDENTIALS} & {*new}:
        new["grant_type"] = "none"
    for name, value in new.items():
        before = from_json(raw.get(name))
        is_both = isinstance(value, dict) and isinstance(before, dict)
        project.change(name, {**before, **value} if is_both else value)
    return left_out


def keep(studio: Studio, form: Form) -> Response:
    """Remember what is typed, without judging it."""
    studio.typed_request = {name: form.get(name, "") for name in BLOCK}
    return fragments(studio)


def stop(studio: Studio, _: Form) -> Response:
    """Wait no longer for the response to a request."""
    if studio.sending is not None:
        studio.sending.stop()
    return fragments(studio)


def send(studio: Studio, form: Form) -> Response:
    """Send the request once; show any response."""
    studio.typed_request = {name: form.get(name, "") for name in BLOCK}
    studio.sent_request = studio.typed_request
    definition, collector = read_block(studio.typed_request), ErrorCollector()
    read_stream({"name": "request", **definition}, collector)
    errors, others = sort_errors(collector.found, BLOCK)
    fields = block_fields(definition, errors)
    if errors or others:
        alert = "; ".join(["Nothing was sent: correct the request", *others])
        return fragments(studio, "request_form", alert=alert, fields=fields)
    config, named = connection_config(studio.project), {"name": "request", **definition}
    studio.sending = Sending(lambda: send_raw(config, named))
    response = studio.sending.wait()
    tree = None if response.body is None else tree_of(response.body, is_cut=response.is_cut)
    return fragments(
        studio, "request_form", "response", fields=fields, response=response, tree=tree
    )
