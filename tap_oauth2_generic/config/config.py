"""The whole configuration: parsed once, typed, every mistake found at once.

Only assembles what the rooms declare, and checks what concerns more than one of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tap_oauth2_generic.config.presets import filled_in, with_required_scopes
from tap_oauth2_generic.config.presets import names as provider_names
from tap_oauth2_generic.errors import HostNotAllowedError
from tap_oauth2_generic.net.hosts import HostPolicy, HostSettings
from tap_oauth2_generic.net.rate_limit import RateLimitSettings
from tap_oauth2_generic.net.request_template import RequestSettings, RequestTemplate, templates_in
from tap_oauth2_generic.net.response_rules import RuleSettings
from tap_oauth2_generic.net.retry import ResilienceSettings
from tap_oauth2_generic.net.transport import TransportSettings
from tap_oauth2_generic.oauth2 import (
    DEFAULT_GRANT,
    SECRET_AUTH,
    AssertionSettings,
    Grant,
    OAuth2Settings,
    check_url,
    grants,
)
from tap_oauth2_generic.pagination import DEFAULT_STYLE, PAGINATION, PagingStyle, styles
from tap_oauth2_generic.parsing.page import RecordSettings
from tap_oauth2_generic.records.filters import FilterSettings
from tap_oauth2_generic.records.schema import SchemaSettings
from tap_oauth2_generic.replication.bookmark import IncrementalSettings, moment
from tap_oauth2_generic.replication.partitions import ContextSettings
from tap_oauth2_generic.runtime.redaction import register
from tap_oauth2_generic.runtime.secret_values import of_header, of_string
from tap_oauth2_generic.settings.field_types import (
    BOOLEAN,
    HEADERS,
    JSON_OBJECT,
    NAME,
    NAMES,
    PARAMETERS,
    TEMPLATE,
    array_of,
    enum,
    nested,
    text,
    url,
)
from tap_oauth2_generic.settings.fields import (
    ErrorCollector,
    FieldType,
    names_of,
    near_choice,
    read,
    reject_unknown,
    schema_of,
    setting,
)
from tap_oauth2_generic.settings.limits import MIN_MASKED_LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_oauth2_generic.settings.templates import Template

_BOUNDS = ("start", "end")
_COMPACT_DATE = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class StreamSettings:
    """The settings of a stream that belong to no single room."""

    name: str = setting(NAME, "Name", "Name of the stream, unique.")
    pagination: PagingStyle = setting(
        PAGINATION, "Pagination", "How the API pages.", default=styles()[DEFAULT_STYLE]()
    )
    incremental: IncrementalSettings = setting(
        nested(
            lambda raw, collector: _read_section(IncrementalSettings, raw, collector),
            {**schema_of(IncrementalSettings), "additionalProperties": False},
        ),
        "Incremental",
        "How the API is asked for what changed since the bookmark.",
        default=IncrementalSettings(),
    )
    primary_keys: list[str] = setting(
        NAMES, "Primary keys", "Fields that identify a record.", default=[]
    )
    replication_key: str | None = setting(
        NAME,
        "Replication key",
        "Top-level field whose highest value is the bookmark; makes the stream INCREMENTAL.",
        default=None,
    )
    selected: bool = setting(BOOLEAN, "Selected", "Selected by default.", default=True)


@dataclass(frozen=True)
class StreamConfig:
    """One stream, room by room; ``written`` is its definition as it stands in the configuration."""

    settings: StreamSettings
    request: RequestSettings
    records: RecordSettings
    schema: SchemaSettings
    contexts: ContextSettings
    filters: FilterSettings
    rules: RuleSettings
    written: Mapping[str, Any] = field(repr=False, kw_only=True)

    @property
    def name(self) -> str:
        """The stream's name."""
        return self.settings.name


STREAM_ROOMS = (
    StreamSettings,
    RequestSettings,
    RecordSettings,
    SchemaSettings,
    ContextSettings,
    FilterSettings,
    RuleSettings,
)


def _read_section(declaration: type, raw: dict[str, Any], collector: ErrorCollector) -> Any:
    reject_unknown(raw, names_of(declaration), "", collector)
    return read(declaration, raw, "", collector)


def _read_stream(raw: Any, collector: ErrorCollector) -> StreamConfig | None:
    if not isinstance(raw, Mapping):
        collector.add("", "must be an object")
        return None
    reject_unknown(raw, names_of(*STREAM_ROOMS), "", collector)
    rooms = [read(room, raw, "", collector) for room in STREAM_ROOMS]
    if collector.errors:
        return None
    stream = StreamConfig(*rooms, written=raw)  # type: ignore[arg-type]
    if stream.settings.pagination.needs_every_record and "[?" in stream.records.records_path.text:
        collector.add("records_path", "may not filter with this paging style: use keep")
    in_body = stream.settings.pagination.place_of_params == "body"
    if in_body and isinstance(stream.request.body, list):
        collector.add("pagination.params_in", "body needs a request body that is an object")
    return stream


def _start_date(value: Any) -> str:
    found = text(value).strip()
    if moment(found) is None:
        message = f"must be an ISO 8601 date or time, such as 2024-01-01T00:00:00Z, not {found!r}"
        raise ValueError(message)
    return found


def _base_url(value: Any) -> Template:
    template: Template = TEMPLATE.parse(text(value).strip())
    if not template.placeholders:
        url(template.text)
    return template


_STREAM_SCHEMA = {**schema_of(*STREAM_ROOMS), "additionalProperties": False}


@dataclass(frozen=True, kw_only=True)
class TopSettings:
    """The settings of the top level that belong to no single room."""

    provider: str | None = setting(
        enum(*provider_names()),
        "Provider",
        "A preset that fills in endpoints and peculiarities of a known API; what is given by "
        "hand wins.",
        default=None,
    )
    provider_params: dict[str, Any] = setting(
        JSON_OBJECT,
        "Provider parameters",
        "Your own parts of the preset's addresses, such as a tenant or subdomain.",
        default={},
    )
    base_url: Template = setting(
        FieldType({"type": "string"}, _base_url), "Base URL", "Base of every request. A template."
    )
    grant_type: str = setting(
        enum(*grants()), "Grant type", "How the first token is had.", default=DEFAULT_GRANT
    )
    headers: dict[str, Template | None] = setting(
        HEADERS, "Headers", "Sent with every API request; templates.", default={}, secret=True
    )
    params: dict[str, Any] = setting(
        PARAMETERS,
        "Parameters",
        "Query parameters sent with every API request; templates.",
        default={},
        secret=True,
    )
    start_date: str | None = setting(
        FieldType({"type": "string", "format": "date-time"}, _start_date),
        "Start date",
        "Lower bound of the first run of incremental streams.",
        default=None,
    )
    streams: list[StreamConfig] = setting(
        array_of(_read_stream, _STREAM_SCHEMA), "Streams", "The streams to extract."
    )


_GRANTS = tuple(dict.fromkeys(grants().values()))
_PLAIN_ROOMS = (
    HostSettings,
    TransportSettings,
    ResilienceSettings,
    RateLimitSettings,
    RuleSettings,
)
_TOP_ROOMS = (TopSettings, OAuth2Settings, *_GRANTS, AssertionSettings, *_PLAIN_ROOMS)
#: The JSON Schema of the configuration, from which every list of settings is made.
CONFIG_SCHEMA: dict[str, Any] = schema_of(*_TOP_ROOMS, defaults=True)


@dataclass(frozen=True)
class Config:
    """The parsed configuration, room by room; ``scope`` holds what templates may use."""

    top: TopSettings
    oauth2: OAuth2Settings
    grant: Grant
    assertion: AssertionSettings
    scope: Mapping[str, str]
    hosts: HostSettings
    transport: TransportSettings
    resilience: ResilienceSettings
    pace: RateLimitSettings
    rules: RuleSettings

    def request_template(self, stream: StreamConfig) -> RequestTemplate:
        """Give what a stream asks for, the connection's part included."""
        top = self.top
        return RequestTemplate(top.base_url, top.params, top.headers, stream.request)

    def uses_token(self, stream: StreamConfig) -> bool:
        """Tell whether any template of a stream's requests names a field of the token response."""
        template = self.request_template(stream)
        used = [template.base_url, *(found for _, found in template.templates())]
        used += [found for _, found in templates_in([template.params, template.headers], "")]
        return any(
            placeholder.family == "token" for found in used for placeholder in found.placeholders
        )


def read_config(
    raw: Mapping[str, Any], others: frozenset[str], collector: ErrorCollector
) -> Config | None:
    """Parse a configuration; None where ``problems`` says why.

    ``others`` are names of settings that are not the house's own. Secrets are registered
    first of all, so that not even a mistake in the configuration shows one.
    """
    _register_secrets(raw)
    raw = filled_in(raw, collector)
    known = [*names_of(*_TOP_ROOMS), *others, "$schema"]
    reject_unknown(raw, known, "", collector)
    grant_type = raw.get("grant_type") or DEFAULT_GRANT
    grant_room = grants().get(grant_type) if isinstance(grant_type, str) else None
    if grant_room is not None and not grant_room.unattended:
        # A client that acts for itself has no session that a scope could keep alive.
        raw = with_required_scopes(raw)
    grant = read(grant_room, raw, "", collector) if grant_room else None
    top = read(TopSettings, raw, "", collector)
    oauth2 = read(OAuth2Settings, raw, "", collector)
    rest = [read(room, raw, "", collector) for room in _PLAIN_ROOMS]
    assertion = read(AssertionSettings, raw, "", collector)
    if top is None or oauth2 is None or grant is None or assertion is None or None in rest:
        return None
    config = Config(top, oauth2, grant, assertion, _scope(raw), *rest)  # type: ignore[arg-type]
    _check_connection(config, collector)
    _check_secret(config, raw, collector)
    _check_streams(config, collector)
    return None if collector.errors else config


def _register_secrets(raw: Mapping[str, Any]) -> None:
    for declared in (declared for room in _TOP_ROOMS for declared in fields(room)):
        value = raw.get(declared.name)
        if declared.metadata["secret"] and value:
            value = _decoded(value)
            shortest = MIN_MASKED_LENGTH if isinstance(value, Mapping) else 0
            register(*(found for found in _texts(value) if len(found) >= shortest))


def _decoded(value: Any) -> Any:
    """Decode an object that came as JSON text, so that each of its values is known."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            return [value, json.loads(value)]
        except ValueError:
            return value
    return value


def _texts(value: Any, secrets: Callable[[str], list[str]] = of_string) -> list[str]:
    if isinstance(value, Mapping):
        return [found for member in value.values() for found in _texts(member, of_header)]
    if isinstance(value, list | tuple):
        return [found for member in value for found in _texts(member, secrets)]
    return [] if value is None or isinstance(value, bool) else secrets(str(value))


def _scope(raw: Mapping[str, Any]) -> dict[str, str]:
    """Give the settings that templates may name: those that are set, plain and no secret."""
    declared = {f.name: f.metadata["secret"] for room in _TOP_ROOMS for f in fields(room)}
    return {
        name: str(value)
        for name, value in raw.items()
        if name != "base_url" and declared.get(name) is False
        if isinstance(value, str | int | Decimal) and not isinstance(value, bool)
    }


def _check_connection(config: Config, collector: ErrorCollector) -> None:
    oauth2, grant = config.oauth2, config.grant
    lasting = oauth2.access_token and not oauth2.refresh_token and not grant.unattended
    has_endpoint = oauth2.access_token_url or oauth2.issuer
    if not has_endpoint and not lasting:
        collector.add("", "setting 'access_token_url' is required")
    named = oauth2.client_id or oauth2.token_params or config.assertion.jwt_issuer
    if has_endpoint and not named:
        collector.add("", "setting 'client_id' is required")
    for name in grant.missing(config.assertion):
        collector.add("", f"setting {name!r} is required with grant_type {grant.grant_type}")
    if oauth2.client_auth == "private_key_jwt" and not config.assertion.has_key:
        collector.add("", "setting 'private_key' is required with client_auth private_key_jwt")
    if oauth2.client_auth == "tls_client_auth" and not config.transport.client_cert:
        collector.add("", "setting 'client_cert' is required with client_auth tls_client_auth")
    if oauth2.token_store and (sentence := check_url(oauth2.token_store)):
        collector.add("token_store", sentence)


def _check_secret(config: Config, raw: Mapping[str, Any], collector: ErrorCollector) -> None:
    """Say where a client has no secret to prove itself by, as RFC 6749 section 4.4 asks."""
    oauth2, way = config.oauth2, config.oauth2.client_auth
    # They may hold another proof, or make one needless.
    others = (oauth2.token_params, oauth2.token_headers, oauth2.access_token)
    if (
        config.grant.needs_proof
        and way in SECRET_AUTH
        and raw.get("client_secret") is None
        and not any((*others, config.transport.client_cert))
    ):
        grant_type = config.grant.grant_type
        collector.warn(
            "",
            f"grant_type {grant_type} with client_auth {way} has no client_secret, which most "
            "token endpoints ask for; a client that has none has client_auth none",
        )


def _check_streams(config: Config, collector: ErrorCollector) -> None:
    known = {**dict.fromkeys(config.scope, False), "token.": False}
    connection = [("base_url", config.top.base_url)]
    connection += templates_in(config.top.params, "params")
    connection += templates_in(config.top.headers, "headers")
    for place, template in connection:
        # What stands in a header or parameter may be a secret, a wrong hole included.
        for sentence in template.collector(known, named=place == "base_url"):
            collector.add(place, sentence)
    if not config.top.streams:
        collector.add("streams", "needs at least one stream")
    if _COMPACT_DATE.fullmatch(config.top.start_date or ""):
        collector.warn("start_date", "is a number, for numeric keys; a date is written 2024-01-31")
    _check_parents(config, collector)
    names: set[str] = set()
    for index, stream in enumerate(config.top.streams):
        where = f"streams[{index}]"
        if stream.name in names:
            collector.add(where, f"the name {stream.name!r} is taken by another stream")
        names.add(stream.name)
        _check_templates(config, stream, where, collector)
        _check_incremental(config, stream, where, collector)
        _check_path(config, stream, where, collector)
        for remark in stream.settings.pagination.remarks():
            collector.warn(f"stream {stream.name!r}", remark)


def _check_templates(
    config: Config, stream: StreamConfig, where: str, collector: ErrorCollector
) -> None:
    known = {**dict.fromkeys(config.scope, False), "token.": False, **dict.fromkeys(_BOUNDS, True)}
    contexts = stream.contexts
    known |= {f"parent.{name}": False for name in (contexts.parent.keys if contexts.parent else ())}
    known |= {f"partition.{name}": False for name in (contexts.partitions or ({},))[0]}
    templates = [*config.request_template(stream).templates()]
    templates += templates_in(stream.records.records_path, "records_path")
    for place, template in templates:
        for sentence in template.collector(known):
            collector.add(f"{where}.{place}", sentence)
        used = {placeholder.name for placeholder in template.placeholders} & set(_BOUNDS)
        if used and not config.top.start_date:
            placeholders = " and ".join(f"{{{name}}}" for name in sorted(used))
            collector.add(f"{where}.{place}", f"{placeholders} needs the setting 'start_date'")


def _check_path(
    config: Config, stream: StreamConfig, where: str, collector: ErrorCollector
) -> None:
    """Find an absolute path that leads to a foreign host before anything is sent."""
    path = stream.request.path
    try:
        urlsplit(path.text)
    except ValueError:
        collector.add(f"{where}.path", "is neither a path nor a URL")
        return
    if (
        path.placeholders
        or config.top.base_url.placeholders
        or urlsplit(path.text).scheme not in {"http", "https"}
    ):
        return
    try:
        HostPolicy(config.hosts).check(path.text, config.top.base_url.text, "the path")
    except HostNotAllowedError as error:
        collector.add(f"{where}.path", str(error))


def _check_incremental(
    config: Config, stream: StreamConfig, where: str, collector: ErrorCollector
) -> None:
    incremental = stream.settings.incremental
    template = config.request_template(stream)
    placeholders = {
        placeholder.name for _, found in template.templates() for placeholder in found.placeholders
    }
    if incremental.window is not None:
        if not config.top.start_date:
            collector.add(f"{where}.incremental.window", "needs the setting 'start_date'")
        if not (incremental.end_param or "end" in placeholders):
            collector.add(f"{where}.incremental.window", "needs end_param, or {end} in a template")
        if not (incremental.start_param or "start" in placeholders):
            collector.add(
                f"{where}.incremental.window", "needs start_param, or {start} in a template"
            )
    needing = [n for n in ("window", "drop_older") if getattr(incremental, n)]
    needing += ["order"] if incremental.order != "none" else []
    if not stream.settings.replication_key:
        for name in needing:
            collector.add(f"{where}.incremental.{name}", "needs a replication_key")
        if incremental.start_param and not config.top.start_date:
            sentence = "is never sent: it needs a replication_key, or the setting 'start_date'"
            collector.warn(f"{where}.incremental.start_param", sentence)


def _check_parents(config: Config, collector: ErrorCollector) -> None:
    """Find parents that are not there, and streams that are their own ancestors."""
    streams = {stream.name: stream for stream in config.top.streams}
    for index, stream in enumerate(config.top.streams):
        where, seen, parent = f"streams[{index}].parent", {stream.name}, stream.contexts.parent
        while parent is not None:
            if parent.stream not in streams:
                near = near_choice(parent.stream, streams)
                collector.add(where, f"there is no stream {parent.stream!r}{near}")
                break
            if parent.stream in seen:
                collector.add(where, f"{stream.name!r} would be its own ancestor")
                break
            seen.add(parent.stream)
            parent = streams[parent.stream].contexts.parent
