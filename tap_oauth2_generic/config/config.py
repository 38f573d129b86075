"""Assemble the whole configuration: parsed once, typed, with every mistake reported at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.config.checks import check_client_secret, check_connection, check_streams
from tap_oauth2_generic.config.presets import add_required_scopes, apply_preset
from tap_oauth2_generic.config.presets import names as provider_names
from tap_oauth2_generic.config.secret_settings import register_secrets
from tap_oauth2_generic.config.streams import STREAM_SCHEMA, StreamConfig, read_stream
from tap_oauth2_generic.net.hosts import HostSettings
from tap_oauth2_generic.net.rate_limit import RateLimitSettings
from tap_oauth2_generic.net.request_template import RequestTemplate, templates_in
from tap_oauth2_generic.net.response_rules import RuleSettings
from tap_oauth2_generic.net.retry import ResilienceSettings
from tap_oauth2_generic.net.transport import TransportSettings
from tap_oauth2_generic.oauth2 import (
    DEFAULT_GRANT,
    AssertionSettings,
    Grant,
    OAuth2Settings,
    grants,
)
from tap_oauth2_generic.replication.bounds import moment
from tap_oauth2_generic.settings.field_types import (
    HEADERS,
    JSON_OBJECT,
    PARAMETERS,
    TEMPLATE,
    array_of,
    enum,
)
from tap_oauth2_generic.settings.fields import (
    ErrorCollector,
    FieldType,
    names_of,
    read,
    reject_unknown,
    schema_of,
    setting,
)
from tap_oauth2_generic.settings.values import text, url

if TYPE_CHECKING:
    from tap_oauth2_generic.settings.templates import Template


def _start_date(value: Any) -> str:
    found = text(value).strip()
    if moment(found) is None:
        message = f"must be an ISO 8601 date or time such as 2024-01-01T00:00:00Z, not {found!r}"
        raise ValueError(message)
    return found


def _base_url(value: Any) -> Template:
    template: Template = TEMPLATE.parse(text(value).strip())
    if not template.placeholders:
        url(template.text)
    return template


@dataclass(frozen=True, kw_only=True)
class TopSettings:
    """The settings of the top level that no other section declares."""

    provider: str | None = setting(
        enum(*provider_names()),
        "Preset with the endpoints and quirks of a known API; your own settings override it.",
        default=None,
    )
    provider_params: dict[str, Any] = setting(
        JSON_OBJECT,
        "Values for the placeholders in the preset's URLs, such as a tenant or subdomain.",
        default={},
    )
    base_url: Template = setting(
        FieldType({"type": "string"}, _base_url),
        "URL that every stream's path is joined to. Template.",
    )
    grant_type: str = setting(
        enum(*grants()), "OAuth2 grant used to obtain tokens.", default=DEFAULT_GRANT
    )
    headers: dict[str, Template | None] = setting(
        HEADERS, "Headers of every API request. Templates.", default={}, secret=True
    )
    params: dict[str, Any] = setting(
        PARAMETERS, "Query parameters of every API request. Templates.", default={}, secret=True
    )
    start_date: str | None = setting(
        FieldType({"type": "string", "format": "date-time"}, _start_date),
        "Lower bound of the first run of incremental streams: an ISO 8601 date or time.",
        default=None,
    )
    streams: list[StreamConfig] = setting(
        array_of(read_stream, STREAM_SCHEMA), "Streams to extract."
    )


_GRANTS = tuple(dict.fromkeys(grants().values()))
_PLAIN_SECTIONS = (
    HostSettings,
    TransportSettings,
    ResilienceSettings,
    RateLimitSettings,
    RuleSettings,
)
TOP_SECTIONS = (TopSettings, OAuth2Settings, *_GRANTS, AssertionSettings, *_PLAIN_SECTIONS)
#: The JSON Schema of the configuration, from which every list of settings is made.
CONFIG_SCHEMA: dict[str, Any] = schema_of(*TOP_SECTIONS, defaults=True)


@dataclass(frozen=True)
class Config:
    """The parsed configuration; ``scope`` holds the settings that templates may use."""

    top: TopSettings
    oauth2: OAuth2Settings
    grant: Grant
    assertion: AssertionSettings
    scope: Mapping[str, str]
    hosts: HostSettings
    transport: TransportSettings
    resilience: ResilienceSettings
    rate_limit: RateLimitSettings
    rules: RuleSettings

    def request_template(self, stream: StreamConfig) -> RequestTemplate:
        """Return the template of a stream's requests, including the connection's part."""
        top = self.top
        return RequestTemplate(top.base_url, top.params, top.headers, stream.request)

    def uses_token(self, stream: StreamConfig) -> bool:
        """Return whether a stream's requests use a field of the token response."""
        template = self.request_template(stream)
        used = [template.base_url, *(found for _, found in template.templates())]
        used += [found for _, found in templates_in([template.params, template.headers], "")]
        return any(
            placeholder.family == "token" for found in used for placeholder in found.placeholders
        )


def read_config(
    raw: Mapping[str, Any], others: frozenset[str], collector: ErrorCollector
) -> Config | None:
    """Parse a configuration; return None if there are errors.

    ``others`` are the names of settings that the SDK reads itself.
    """
    register_secrets(raw, TOP_SECTIONS)
    raw = apply_preset(raw, collector)
    known = [*names_of(*TOP_SECTIONS), *others, "$schema"]
    reject_unknown(raw, known, "", collector)
    grant_type = raw.get("grant_type") or DEFAULT_GRANT
    grant_section = grants().get(grant_type) if isinstance(grant_type, str) else None
    if grant_section is not None and not grant_section.unattended:
        # Only the session of a person can be kept alive by a scope.
        raw = add_required_scopes(raw)
    grant = read(grant_section, raw, "", collector) if grant_section else None
    top = read(TopSettings, raw, "", collector)
    oauth2 = read(OAuth2Settings, raw, "", collector)
    rest = [read(section, raw, "", collector) for section in _PLAIN_SECTIONS]
    assertion = read(AssertionSettings, raw, "", collector)
    if top is None or oauth2 is None or grant is None or assertion is None or None in rest:
        return None
    config = Config(top, oauth2, grant, assertion, _scope(raw), *rest)  # type: ignore[arg-type]
    check_connection(config, collector)
    check_client_secret(config, raw, collector)
    check_streams(config, collector)
    return None if collector.errors else config


def _scope(raw: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings that templates may use: scalars that are set and not secret."""
    declared = {f.name: f.metadata["secret"] for section in TOP_SECTIONS for f in fields(section)}
    return {
        name: str(value)
        for name, value in raw.items()
        if name != "base_url" and declared.get(name) is False
        if isinstance(value, str | int | Decimal) and not isinstance(value, bool)
    }
