"""The parsed configuration of a connection, typed, and the settings of its top level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, get_type_hints

from tap_oauth2_generic.config.presets import names as provider_names
from tap_oauth2_generic.config.streams import ON_ERROR, STREAM_SCHEMA, StreamConfig, read_stream
from tap_oauth2_generic.net.hosts import HostSettings
from tap_oauth2_generic.net.rate_limit import RateLimitSettings
from tap_oauth2_generic.net.request_template import RequestTemplate, templates_in
from tap_oauth2_generic.net.response_rules import RuleSettings
from tap_oauth2_generic.net.retry import ResilienceSettings
from tap_oauth2_generic.net.transport import TransportSettings
from tap_oauth2_generic.oauth2.assertion import AssertionSettings
from tap_oauth2_generic.oauth2.grants import DEFAULT_GRANT, Grant, grants
from tap_oauth2_generic.oauth2.settings import OAuth2Settings
from tap_oauth2_generic.replication.bounds import moment
from tap_oauth2_generic.settings.field_types import (
    BOOLEAN,
    HEADERS,
    JSON_OBJECT,
    NAME,
    PARAMETERS,
    TEMPLATE,
    array_of,
    enum,
    section,
)
from tap_oauth2_generic.settings.fields import FieldType, Settings, schema_of, setting
from tap_oauth2_generic.settings.templates import Template
from tap_oauth2_generic.settings.values import text, url
from tap_oauth2_generic.singer.batch_files import BatchSettings


def _date(value: Any, *, may_be_number: bool = True) -> str:
    found = text(value).strip()
    at = moment(found)
    if at is None or not (at.is_instant or may_be_number):
        raise ValueError(
            f"must be an ISO 8601 date or time such as 2024-01-01T00:00:00Z, not {found!r}"
        )
    return found


def _base_url(value: Any) -> Template:
    template: Template = TEMPLATE.parse(text(value).strip())
    if not template.placeholders:
        url(template.text)
    if "?" in template.text or "#" in template.text:
        raise ValueError("takes no query and no fragment; put parameters into params")
    return template


class TopSettings(Settings):
    """The settings of the top level that no other section declares."""

    provider: str | None = setting(
        enum(*provider_names()),
        "Preset with the endpoints and quirks of a known API; your own settings override it.",
    )
    provider_params: dict[str, Any] = setting(
        JSON_OBJECT,
        "Values for the placeholders in the preset's URLs, such as a tenant or subdomain.",
        default={},
    )
    base_url: Template = setting(
        FieldType({"type": "string"}, _base_url),
        "URL that every stream's path is joined to. Template.",
        required=True,
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
        FieldType({"type": "string", "format": "date-time"}, _date),
        "Lower bound of the first run of incremental streams: an ISO 8601 date or time.",
    )
    end_date: str | None = setting(
        FieldType({"type": "string", "format": "date-time"}, partial(_date, may_be_number=False)),
        "Upper bound of incremental streams, for backfills: an ISO 8601 date or time.",
    )
    on_error: str = setting(
        ON_ERROR,
        "What a failed stream, partition or child does to the others. `continue`: they are read, "
        "and the run ends with exit status 1; `fail`: the run ends at once.",
        default="continue",
    )
    run_report: str | None = setting(
        NAME,
        "File for a JSON report of each run, written when the run ends, however it ends. Its "
        "folder must exist.",
    )
    batch_config: BatchSettings | None = setting(
        section(BatchSettings), "Sends records in files that BATCH messages name, for faster loads."
    )
    emit_activate_version_messages: bool = setting(
        BOOLEAN,
        "Send ACTIVATE_VERSION after a complete read, so that the target deletes what is gone.",
        default=False,
    )
    streams: list[StreamConfig] = setting(
        array_of(read_stream, STREAM_SCHEMA),
        "Streams to extract. In the array, `preset` stands for all streams of the provider's "
        "preset, `preset:NAME` for one of them; `preset` alone may replace the array.",
        required=True,
    )


@dataclass(frozen=True)
class Config:
    """The parsed configuration; ``scope`` holds the settings that templates may use."""

    top: TopSettings
    oauth2: OAuth2Settings
    grant: Grant
    assertion: AssertionSettings
    hosts: HostSettings
    transport: TransportSettings
    resilience: ResilienceSettings
    rate_limit: RateLimitSettings
    rules: RuleSettings
    scope: Mapping[str, Any] = field(kw_only=True)

    @property
    def base_host(self) -> str:
        """The host of ``base_url``; a placeholder for the token's own host stays one."""
        return self.top.base_url.text.rpartition("://")[2].partition("/")[0].lower()

    def request_template(self, stream: StreamConfig) -> RequestTemplate:
        """Return the template of a stream's requests, including the connection's part."""
        top = self.top
        return RequestTemplate(top.base_url, top.params, top.headers, stream.request)

    def setting_of(self, stream: StreamConfig, name: str) -> Any:
        """Return a setting of a stream; by default that of the top level."""
        own = getattr(stream.settings, name)
        return getattr(self.top, name) if own is None else own

    def uses_token(self, stream: StreamConfig) -> bool:
        """Return whether a stream's requests use a field of the token response."""
        template = self.request_template(stream)
        connection = [template.base_url, template.params, template.headers]
        used = [*stream.request.templates(), *templates_in(connection, "")]
        return any(one.family == "token" for _, found in used for one in found.placeholders)


#: The sections of a `Config`, in its order; `Grant` stands for one of `grants()`.
CONFIG_SECTIONS = tuple(k for n, k in get_type_hints(Config).items() if n != "scope")
TOP_SECTIONS = (*CONFIG_SECTIONS[:2], *dict.fromkeys(grants().values()), *CONFIG_SECTIONS[3:])
#: The JSON Schema of the configuration, from which every list of settings is made.
CONFIG_SCHEMA: dict[str, Any] = schema_of(*TOP_SECTIONS, defaults=True)
