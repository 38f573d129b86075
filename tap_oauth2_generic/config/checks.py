"""Rules that concern more than one setting; each mistake or warning is one line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from tap_oauth2_generic.config.config import Config
from tap_oauth2_generic.config.streams import StreamConfig
from tap_oauth2_generic.config.template_checks import (
    BOUNDS,
    connection_template_errors,
    readable,
    stream_template_errors,
)
from tap_oauth2_generic.errors import HostNotAllowedError
from tap_oauth2_generic.net.hosts import HostPolicy
from tap_oauth2_generic.oauth2.client_auth import SECRET_AUTH, choose_auth
from tap_oauth2_generic.replication.bookmark import IncrementalSettings
from tap_oauth2_generic.replication.bounds import Bound
from tap_oauth2_generic.settings.fields import WrongSettingError, near_choice

_COMPACT_DATE = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", re.ASCII)


def find_errors(config: Config) -> Iterator[str]:
    """Yield what is wrong with the connection, then with each stream."""
    rules = (_endpoint_errors, _client_errors, _grant_errors, _key_errors, _host_errors)
    for rule in (*rules, _date_errors):
        yield from readable(rule(config))
    yield from connection_template_errors(config)
    yield from readable(_stream_errors(config))


def _stream_errors(config: Config) -> Iterator[str]:
    if not config.top.streams:
        yield "streams: needs at least one stream"
    names: set[str] = set()
    parents: dict[str, Any] = {}
    for stream in config.top.streams:
        with suppress(WrongSettingError):
            parents[stream.name] = stream.contexts.parent
    for index, stream in enumerate(config.top.streams):
        with suppress(WrongSettingError):
            if stream.name in names:
                yield f"streams[{index}]: the name {stream.name!r} is taken by another stream"
            names.add(stream.name)
        found = [_parent_errors(parents, stream)]
        found += [find(config, stream) for find in _STREAM_RULES]
        yield from (f"streams[{index}].{error}" for one in found for error in readable(one))


def find_warnings(config: Config, raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is allowed but probably not meant."""
    oauth2 = config.oauth2
    way = choose_auth(oauth2.client_auth, config.assertion, signs=config.grant.signs)
    # They may hold another proof, or make one needless.
    others = (oauth2.token_params, oauth2.token_headers, oauth2.access_token)
    has_proof = raw.get("client_secret") is not None or config.transport.client_cert or any(others)
    if config.grant.needs_proof and way in SECRET_AUTH and not has_proof:
        # RFC 6749 section 4.4: only a confidential client may use such a grant.
        yield (
            f"grant_type {config.grant.grant_type} with client_auth {way} has no client_secret, "
            "which most token endpoints require; set it, or client_auth none for a public client"
        )
    if _COMPACT_DATE.fullmatch(config.top.start_date or ""):
        yield "start_date: is read as a number; write a date as 2024-01-31"
    for index, stream in enumerate(config.top.streams):
        yield from (f"stream {stream.name!r}: {r}" for r in stream.settings.pagination.remarks())
        bounded = stream.settings.replication_key or config.top.start_date
        if stream.settings.incremental.start_param and not bounded:
            yield (
                f"streams[{index}].incremental.start_param: is never sent without a "
                "replication_key or the setting 'start_date'"
            )


def _endpoint_errors(config: Config) -> Iterator[str]:
    oauth2 = config.oauth2
    if not config.grant.requests_tokens or config.grant.signs_tokens:
        return
    lasting = oauth2.access_token and not oauth2.refresh_token and not config.grant.unattended
    if not (oauth2.access_token_url or oauth2.issuer or lasting):
        yield "setting 'access_token_url' is required"


def _client_errors(config: Config) -> Iterator[str]:
    oauth2 = config.oauth2
    named = oauth2.client_id or oauth2.token_params or config.assertion.jwt_issuer
    if config.grant.requests_tokens and not named and (oauth2.access_token_url or oauth2.issuer):
        yield "setting 'client_id' is required"
    if not oauth2.refresh_token_param.strip():
        yield "setting 'refresh_token_param' is empty; omit it for 'refresh_token'"


def _grant_errors(config: Config) -> Iterator[str]:
    for name in config.grant.requires:
        if not getattr(config.grant, name, None) and not getattr(config.assertion, name, None):
            yield f"setting {name!r} is required with grant_type {config.grant.grant_type}"


def _key_errors(config: Config) -> Iterator[str]:
    way = config.oauth2.client_auth
    if way == "private_key_jwt" and not config.assertion.private_key:
        yield "setting 'private_key' is required with client_auth private_key_jwt"
    if way == "client_secret_jwt" and not config.oauth2.client_secret:
        yield "setting 'client_secret' is required with client_auth client_secret_jwt"
    if way == "tls_client_auth" and not config.transport.client_cert:
        yield "setting 'client_cert' is required with client_auth tls_client_auth"


def _host_errors(config: Config) -> Iterator[str]:
    for host in config.hosts.tokenless_hosts:
        if host.lower() == config.base_host:
            yield f"tokenless_hosts: {host!r} is the host of base_url, which gets the token"


def _date_errors(config: Config) -> Iterator[str]:
    start, end = config.top.start_date, config.top.end_date
    if start and end and Bound.of(end, "epoch").is_before(start):
        yield "end_date: is before start_date"


def _parent_errors(parents: Mapping[str, Any], stream: StreamConfig) -> Iterator[str]:
    seen, parent = {stream.name}, stream.contexts.parent
    while parent is not None:
        if (name := parent.stream) not in parents:
            yield f"parent: there is no stream {name!r}{near_choice(name, parents)}"
            return
        if name in seen:
            yield f"parent: makes {stream.name!r} its own ancestor"
            return
        seen.add(name)
        parent = parents[name]


def _incremental_errors(config: Config, stream: StreamConfig) -> Iterator[str]:
    incremental = stream.settings.incremental
    if incremental.window is not None:
        if not config.top.start_date:
            yield "incremental.window: needs the setting 'start_date'"
        for bound in BOUNDS:
            if bound not in stream.sent_bounds:
                yield f"incremental.window: needs {bound}_param, or {{{bound}}} in a template"
    elif incremental.window_bounds != IncrementalSettings.window_bounds:
        yield "incremental.window_bounds: needs window"
    if incremental.window and stream.settings.initial_value is not None:
        yield "incremental.window: needs a replication_key that is a time; remove initial_value"
    if not stream.settings.replication_key:
        if stream.settings.initial_value is not None:
            yield "initial_value: needs a replication_key"
        needing = [n for n in ("window", "drop_older", "key_format") if getattr(incremental, n)]
        needing += ["order"] if incremental.order != "none" else []
        yield from (f"incremental.{name}: needs a replication_key" for name in needing)


def _path_errors(config: Config, stream: StreamConfig) -> Iterator[str]:
    """Yield an absolute path to a host that is not allowed, before anything is sent."""
    path, base = stream.request.path, config.top.base_url
    try:
        is_absolute = urlsplit(path.text).scheme in {"http", "https"}
        if is_absolute and not path.placeholders and not base.placeholders:
            HostPolicy(config.hosts).check(path.text, base.text, "the path")
    except ValueError:
        yield "path: is neither a path nor a URL"
    except HostNotAllowedError as error:
        yield f"path: {error}"


_STREAM_RULES = (stream_template_errors, _incremental_errors, _path_errors)
