"""What a project needs besides its configuration: ``meltano.yml``, variables, commands; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.log import PREFIX

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
    pip_url: tap-oauth2-generic
    executable: tap-oauth2-generic
    capabilities: [{_CAPABILITIES}]
    # The tap remembers inferred schemas in its state; a cached catalog would not follow them.
    use_cached_catalog: false
    commands:
      login: {{args: login --config ENV, description: Log in once and store the tokens}}
      preview: {{args: preview --config ENV, description: Fetch a few records of each stream}}
"""
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
    shown: Mapping[str, Any], secrets: Mapping[str, str], settings: Mapping[str, Mapping[str, Any]]
) -> str:
    """Return a complete ``meltano.yml``.

    ``shown`` are the settings without the secrets, whose names are the keys of ``secrets``;
    ``settings`` the JSON Schema of each setting.
    """
    return "".join([_HEAD, *_declare(shown, secrets, settings), *_set(shown), _LOADER])


def secret_variables(secrets: Mapping[str, str]) -> list[str]:
    """Return the names of the variables that hold the secrets."""
    return [f"{PREFIX}{name.upper()}" for name in secrets]


def next_commands(file: str, grant_type: str) -> list[str]:
    """Return the commands to run next, with Meltano and without."""
    needs_person = grant_type in {"authorization_code", "device_code"}
    login = ["meltano invoke tap-oauth2-generic:login"] if needs_person else []
    run = [f"set -a; . ./.env; set +a; tap-oauth2-generic --config {file}"]
    return ["meltano install", *login, "meltano run tap-oauth2-generic target-duckdb", *run]


def _declare(
    shown: Mapping[str, Any], secrets: Mapping[str, str], settings: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    yield "    settings:\n"
    for name in shown:
        yield f"    - {{name: {name}, kind: {_kind(settings.get(name, {}), shown[name])}}}\n"
    for name in secrets:
        yield f"    - {{name: {name}, kind: string, sensitive: true}}\n"


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
