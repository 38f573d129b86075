"""The presets' data files: their form, and what must hold of every one of them."""

from __future__ import annotations

import json
import re
from functools import cache
from urllib.parse import urlsplit

import jsonschema
import pytest

from tests.support import ROOT

FOLDER = ROOT / "tap_oauth2_generic" / "config" / "providers"
FILES = sorted(FOLDER.glob("*.json"))

# Where each provider publishes its own documentation; a new preset needs a file here.
OWN_DOMAINS = {
    file.stem: json.loads(file.read_text("utf-8"))["domains"]
    for file in (ROOT / "tests" / "config" / "providers").glob("*.json")
}

TEXT = {"type": "string", "minLength": 1}
URL = {"type": "string", "pattern": r"^https://[^/\s]+\.[^/\s]+(/\S*)?$"}
SCALARS = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {"type": ["string", "number", "boolean"]},
}
TEXTS = {"type": "object", "minProperties": 1, "additionalProperties": TEXT}

# The settings a preset may fill in. One that only repeats its default says nothing.
SETTINGS = {
    "base_url": {"type": "string", "pattern": r"^(https://[^/\s]+\.\S+|\{token\.\w+\}\S*)$"},
    "grant_type": {"enum": ["client_credentials", "password", "device_code", "basic"]},
    "authorize_url": URL,
    "access_token_url": URL,
    "refresh_token_url": URL,
    "device_authorization_url": URL,
    "client_auth": {"enum": ["client_secret_basic", "private_key_jwt", "tls_client_auth", "none"]},
    "scope_separator": {**TEXT, "not": {"const": " "}},
    "authorize_params": SCALARS,
    "token_params": SCALARS,
    "refresh_params": SCALARS,
    "token_headers": TEXTS,
    "token_request_format": {"enum": ["json", "query"]},
    "token_request_method": {"enum": ["GET"]},
    "client_id_param": {**TEXT, "not": {"const": "client_id"}},
    "client_secret_param": {**TEXT, "not": {"const": "client_secret"}},
    "pkce": {"const": False},
    "access_token_path": {**TEXT, "not": {"const": "access_token"}},
    "refresh_token_path": {**TEXT, "not": {"const": "refresh_token"}},
    "expires_in_path": {**TEXT, "not": {"const": "expires_in"}},
    "expires_at_path": TEXT,
    "token_lifetime": {"type": "number", "exclusiveMinimum": 0},
    "auth_header": {**TEXT, "not": {"const": "Authorization"}},
    "auth_prefix": {"type": "string", "not": {"const": "Bearer"}},
    "auth_param": TEXT,
    "headers": TEXTS,
    "params": SCALARS,
    "password": TEXT,
    "allowed_hosts": {"type": "array", "minItems": 1, "items": TEXT},
    "retry_statuses": {"type": "array", "minItems": 1, "items": {"type": "integer"}},
    "rate_limit_header": TEXT,
    "rate_limit_format": {"enum": ["seconds", "milliseconds", "epoch", "date"]},
    "remaining_header": TEXT,
    "requests_per_second": {"type": "number", "exclusiveMinimum": 0},
    "rate_limits": {"type": "array", "minItems": 1},
    "max_in_flight": {"type": "integer"},
    "response_rules": {"type": "array", "minItems": 1},
}

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["title", "documentation", "settings"],
    "properties": {
        "title": TEXT,
        "documentation": {"type": "array", "minItems": 1, "uniqueItems": True, "items": URL},
        "params": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": "^[a-z][a-z0-9_]*$"},
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["description"],
                "properties": {
                    "description": {"type": "string", "pattern": r"^\S.*\.$"},
                    "default": TEXT,
                },
            },
        },
        "checked": {
            "type": "object",
            "additionalProperties": False,
            "required": ["date", "read"],
            "properties": {
                "date": {"type": "string", "format": "date"},
                "read": {"type": "array", "minItems": 1, "uniqueItems": True, "items": URL},
            },
        },
        "scopes": {"type": "array", "minItems": 1, "uniqueItems": True, "items": TEXT},
        "streams": {
            "type": "array",
            "minItems": 2,
            "items": {"type": "object", "required": ["name", "path", "primary_keys"]},
        },
        "required_scopes": {"type": "array", "minItems": 1, "uniqueItems": True, "items": TEXT},
        "settings": {
            "type": "object",
            "additionalProperties": False,
            "required": ["base_url"],
            "properties": SETTINGS,
        },
    },
}


@cache
def read(file):
    return json.loads(file.read_text("utf-8"))


def texts(value):
    """Return every string inside a value."""
    if isinstance(value, dict):
        return [found for member in value.values() for found in texts(member)]
    if isinstance(value, list):
        return [found for member in value for found in texts(member)]
    return [value] if isinstance(value, str) else []


def placeholders(file):
    """Return every placeholder of the settings."""
    return {
        placeholder
        for text in texts([read(file)["settings"], read(file).get("streams", [])])
        for placeholder in re.findall("{(.*?)}", text)
    }


def filled(file, text):
    """Fill the user's own parts of an address with their defaults, or with a plain word."""
    for name, about in read(file).get("params", {}).items():
        text = text.replace(f"{{provider.{name}}}", about.get("default", "mine.example"))
    return text


each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def test_preset_schema_is_valid():
    """The schema of the preset files is a JSON Schema."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_each_provider_with_a_known_domain_has_a_preset():
    """The files and the table of documentation domains name the same providers."""
    assert [file.stem for file in FILES] == sorted(OWN_DOMAINS)


@each_file
def test_preset_follows_the_schema(file):
    """A preset has known keys only, settings of the right type, and none at its default."""
    errors = jsonschema.Draft202012Validator(SCHEMA).iter_errors(read(file))
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


@each_file
def test_preset_is_named_in_snake_case(file):
    """The name of the file is the name a user writes."""
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\.json", file.name)


@each_file
def test_preset_sets_nothing_twice(file):
    """No object of a preset has a key twice; JSON would drop the first silently."""

    def unique(pairs):
        names = [name for name, _ in pairs]
        assert sorted(set(names)) == sorted(names)
        return dict(pairs)

    json.loads(file.read_text("utf-8"), object_pairs_hook=unique)


@each_file
def test_presets_share_one_layout(file):
    """Presets are formatted alike, so that a diff shows only what changed."""
    laid_out = json.dumps(read(file), indent=2, ensure_ascii=False) + "\n"
    assert file.read_text("utf-8") == laid_out


@each_file
def test_placeholders_are_the_declared_params(file):
    """Every declared param is used in the settings, and every one used is declared."""
    used = {
        placeholder.removeprefix("provider.")
        for placeholder in placeholders(file)
        if placeholder.startswith("provider.")
    }
    assert used == set(read(file).get("params", {}))


@each_file
def test_other_placeholders_are_token_fields_in_the_base_url(file):
    """Apart from params, a preset uses fields of the token response in the base URL only."""
    found = re.findall("{(.*?)}", json.dumps(list(texts(read(file)["settings"]))))
    others = {placeholder for placeholder in found if not placeholder.startswith("provider.")}
    in_base_url = set(re.findall("{(.*?)}", read(file)["settings"]["base_url"]))
    assert others <= in_base_url
    assert all(re.fullmatch(r"token\.\w+", placeholder) for placeholder in others)


@each_file
def test_every_url_uses_https(file):
    """No preset leads to a URL without https, once the params are filled in."""
    given = read(file)
    found = [filled(file, text) for text in texts(given) if "://" in text]
    assert found
    assert not [address for address in found if re.search(r"(?<!https)://", address)]


@each_file
def test_endpoint_is_a_plain_url(file):
    """An endpoint has a host name and no user, port, query, fragment or brace."""
    for name, address in read(file)["settings"].items():
        if name.endswith("_url") and not address.startswith("{token."):
            parts = urlsplit(filled(file, address))
            assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc), name
            assert re.fullmatch(r"[\w./-]*", parts.path), name
            assert not parts.query + parts.fragment, name


@each_file
def test_no_url_ends_with_a_slash(file):
    """A path is joined to the base URL by exactly one slash."""
    settings = read(file)["settings"]
    assert not [name for name in settings if name.endswith("_url") and settings[name][-1] == "/"]


@each_file
def test_documentation_is_the_providers_own(file):
    """Each documentation URL uses https and a domain of the provider."""
    for address in read(file)["documentation"]:
        parts = urlsplit(address)
        host = f".{parts.hostname}"
        assert parts.scheme == "https"
        assert any(host.endswith(f".{domain}") for domain in OWN_DOMAINS[file.stem]), address


@each_file
def test_preset_has_no_credentials_and_no_scopes(file):
    """The user's own client stays out: no parameter carries an ID or a secret."""
    settings = read(file)["settings"]
    groups = ("authorize_params", "token_params", "refresh_params", "token_headers", "headers")
    names = {name.lower() for group in groups for name in settings.get(group, {})}
    forbidden = {"client_id", "client_secret", "scope", "refresh_token", "authorization", "code"}
    assert not names & forbidden


@each_file
def test_rule_that_ends_a_read_names_a_status(file):
    """Otherwise an error without the field that the rule looks for would be an empty page."""
    content = read(file)
    places = [content["settings"], *content.get("streams", [])]
    rules = [rule for place in places for rule in place.get("response_rules", [])]
    assert all("status" in rule for rule in rules if rule["action"] in {"end", "ignore"})
