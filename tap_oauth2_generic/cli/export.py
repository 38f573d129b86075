"""What a project needs besides its configuration: ``meltano.yml``, variables, commands; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import distribution
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from singer_sdk.mapper import NULL_STRING

from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.log import PREFIX
from tap_oauth2_generic.settings.values import map_leaves

_DISTRIBUTION = "tap-oauth2-generic"
# What Meltano would replace by a variable, unless a backslash is before it.
_VARIABLE = re.compile(r"\$(?=\{\w+\}|[A-Z])")
# JSON Schema types as kinds of Meltano, which passes numbers with decimals on as strings only.
_KINDS = ("boolean", "integer", "array", "object")
_CAPABILITIES = (
    "catalog, state, discover, test, about, activate-version, stream-maps, schema-flattening, "
    "batch, structured-logging"
)
_HEAD = f"""\
default_environment: dev
environments:
- name: dev
send_anonymous_usage_stats: false
plugins:
  extractors:
  - name: tap-oauth2-generic
    namespace: tap_oauth2_generic
%s    pip_url: %s
    executable: tap-oauth2-generic
    capabilities: [{_CAPABILITIES}]
    # The tap remembers inferred schemas in its state; a cached catalog would not follow them.
    use_cached_catalog: false
    commands:
      login: {{args: login --config ENV, description: Log in once and store the tokens}}
      preview: {{args: preview --config ENV, description: Fetch a few records of each stream}}
"""
_LOCAL = "    # A path of this machine: elsewhere, name a copy of the tap there.\n"
_LOADER = """\
  loaders:
  - name: target-duckdb
    namespace: target_duckdb
    pip_url: target-duckdb==0.8.0 duckdb==1.1.3
    executable: target-duckdb
    config:
      filepath: warehouse.duckdb
      default_target_schema: main
      add_metadata_columns: true
"""


def meltano_project(
    shown: Mapping[str, Any],
    secrets: Iterable[str],
    settings: Mapping[str, Mapping[str, Any]],
    pip_url: str,
) -> str:
    """Return a complete ``meltano.yml``.

    ``shown`` are the settings without the secrets, which are ``secrets`` by name; ``settings``
    the JSON Schema of each setting; ``pip_url`` what Meltano installs.
    """
    fitted = {name: _fit(name, value) for name, value in shown.items()}
    head = _HEAD % (_LOCAL if is_local(pip_url) else "", _json(pip_url))
    parts = [head, *_declare(fitted, secrets, settings), *_set(fitted), _LOADER]
    if streams_without_keys(shown):
        parts.append("      # Streams without primary_keys: each run appends their rows.\n")
        parts.append("      primary_key_required: false\n")
    return "".join(parts)


def is_local(pip_url: str) -> bool:
    """Return whether Meltano would install the tap from a path of this machine."""
    return PurePath(pip_url).is_absolute()


def streams_without_keys(shown: Mapping[str, Any]) -> list[str]:
    """Return the names of the streams whose rows a loader cannot update."""
    streams = shown.get("streams")
    listed = streams if isinstance(streams, list) else []
    named = [one for one in listed if isinstance(one, dict)]
    return [str(one.get("name")) for one in named if not one.get("primary_keys")]


def pip_url() -> str:
    """Return what installs this tap again: its folder or repository, or its release."""
    found = distribution(_DISTRIBUTION)
    origin = json.loads(found.read_text("direct_url.json") or "{}")
    url = str(origin.get("url", ""))
    if vcs := origin.get("vcs_info"):
        return f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
    return url2pathname(urlsplit(url).path) if url else f"{_DISTRIBUTION}=={found.version}"


def secret_variables(secrets: Iterable[str]) -> list[str]:
    """Return the names of the variables that hold the secrets."""
    return [f"{PREFIX}{name.upper()}" for name in secrets]


def next_commands(file: str, *, needs_login: bool) -> list[str]:
    """Return the commands to run next, with Meltano and without."""
    login = ["meltano invoke tap-oauth2-generic:login"] if needs_login else []
    run = [f"set -a; . ./.env; set +a; tap-oauth2-generic --config {file}"]
    return ["meltano install", *login, "meltano run tap-oauth2-generic target-duckdb", *run]


def _declare(
    shown: Mapping[str, Any], secrets: Iterable[str], settings: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    yield "    settings:\n"
    for name in shown:
        yield f"    - {{name: {name}, kind: {_kind(settings.get(name, {}), shown[name])}}}\n"
    for name in secrets:
        yield f"    - {{name: {name}, kind: string, sensitive: true}}\n"


def _fit(name: str, value: Any) -> Any:
    """Return the value of a setting so that Meltano passes it on as it was.

    Meltano takes objects apart, which loses nulls: the tap reads its own objects from strings,
    too, and stream maps have a word for null.
    """
    if isinstance(value, dict) and '":null' in _json(value):
        value = _name_nulls(value) if name == "stream_maps" else _json(value)
    return map_leaves(_escape_dots(value), _escape_variables)


def _name_nulls(value: Any) -> Any:
    return map_leaves(value, lambda one: NULL_STRING if one is None else one)


def _escape_variables(value: Any) -> Any:
    return _VARIABLE.sub(r"\\$", value) if isinstance(value, str) else value


def _escape_dots(value: Any) -> Any:
    """Escape the dots in names, which nest objects; those inside lists do not."""
    if isinstance(value, dict):
        return {n.replace(".", r"\."): _escape_dots(one) for n, one in value.items()}
    return value


def _kind(schema: Mapping[str, Any], value: Any) -> str:
    types = schema.get("type", "string")
    names = [types] if isinstance(types, str) else list(types)
    own = {bool: "boolean", int: "integer", list: "array", dict: "object"}.get(type(value), "")
    return own if own in names and own in _KINDS else "string"


def _set(shown: Mapping[str, Any]) -> Iterator[str]:
    yield "    config:\n"
    for name, value in shown.items():
        if name == "streams" and isinstance(value, list) and value:
            yield f"      {name}:\n"
            yield from (f"      - {_json(one)}\n" for one in value)
        else:
            yield f"      {name}: {_json(value)}\n"


def _json(value: Any) -> str:
    # JSON is YAML, all on one line.
    return encode_json(value).decode()
