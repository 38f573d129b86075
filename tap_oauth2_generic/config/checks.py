"""Rules that concern more than one setting: connection, templates, bookmarks, parents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tap_oauth2_generic.errors import HostNotAllowedError
from tap_oauth2_generic.net.hosts import HostPolicy
from tap_oauth2_generic.net.request_template import templates_in
from tap_oauth2_generic.oauth2 import SECRET_AUTH, check_url
from tap_oauth2_generic.settings.fields import ErrorCollector, near_choice

if TYPE_CHECKING:
    from tap_oauth2_generic.config.config import Config
    from tap_oauth2_generic.config.streams import StreamConfig

_BOUNDS = ("start", "end")
_COMPACT_DATE = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", re.ASCII)


def check_connection(config: Config, collector: ErrorCollector) -> None:
    """Report missing settings of the grant, the client authentication and the token store."""
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


def check_client_secret(config: Config, raw: Mapping[str, Any], collector: ErrorCollector) -> None:
    """Warn about a client without a secret to prove itself by (RFC 6749 section 4.4)."""
    oauth2, way = config.oauth2, config.oauth2.client_auth
    # They may hold another proof, or make one needless.
    others = (oauth2.token_params, oauth2.token_headers, oauth2.access_token)
    if (
        config.grant.needs_proof
        and way in SECRET_AUTH
        and raw.get("client_secret") is None
        and not any((*others, config.transport.client_cert))
    ):
        collector.warn(
            "",
            f"grant_type {config.grant.grant_type} with client_auth {way} has no client_secret, "
            "which most token endpoints require; set it, or client_auth none for a public client",
        )


def check_streams(config: Config, collector: ErrorCollector) -> None:
    """Report what is wrong with the connection's templates and with each stream."""
    known = {**dict.fromkeys(config.scope, False), "token.": False}
    connection = [("base_url", config.top.base_url)]
    connection += templates_in(config.top.params, "params")
    connection += templates_in(config.top.headers, "headers")
    for place, template in connection:
        # A header or parameter may be a secret, and so may a wrong placeholder in it.
        for sentence in template.errors(known, named=place == "base_url"):
            collector.add(place, sentence)
    if not config.top.streams:
        collector.add("streams", "needs at least one stream")
    if _COMPACT_DATE.fullmatch(config.top.start_date or ""):
        collector.warn("start_date", "is read as a number; write a date as 2024-01-31")
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
        for sentence in template.errors(known):
            collector.add(f"{where}.{place}", sentence)
        used = {placeholder.name for placeholder in template.placeholders} & set(_BOUNDS)
        if used and not config.top.start_date:
            placeholders = " and ".join(f"{{{name}}}" for name in sorted(used))
            collector.add(f"{where}.{place}", f"{placeholders} needs the setting 'start_date'")


def _check_path(
    config: Config, stream: StreamConfig, where: str, collector: ErrorCollector
) -> None:
    """Report an absolute path to a host that is not allowed, before anything is sent."""
    path, base = stream.request.path, config.top.base_url
    try:
        is_absolute = urlsplit(path.text).scheme in {"http", "https"}
    except ValueError:
        collector.add(f"{where}.path", "is neither a path nor a URL")
        return
    if path.placeholders or base.placeholders or not is_absolute:
        return
    try:
        HostPolicy(config.hosts).check(path.text, base.text, "the path")
    except HostNotAllowedError as error:
        collector.add(f"{where}.path", str(error))


def _check_incremental(
    config: Config, stream: StreamConfig, where: str, collector: ErrorCollector
) -> None:
    incremental, start_date = stream.settings.incremental, config.top.start_date
    where = f"{where}.incremental"
    template = config.request_template(stream)
    used = {one.name for _, found in template.templates() for one in found.placeholders}
    if incremental.window is not None:
        if not start_date:
            collector.add(f"{where}.window", "needs the setting 'start_date'")
        for bound in _BOUNDS:
            if not (getattr(incremental, f"{bound}_param") or bound in used):
                sentence = f"needs {bound}_param, or {{{bound}}} in a template"
                collector.add(f"{where}.window", sentence)
    if stream.settings.replication_key:
        return
    needing = [n for n in ("window", "drop_older") if getattr(incremental, n)]
    needing += ["order"] if incremental.order != "none" else []
    for name in needing:
        collector.add(f"{where}.{name}", "needs a replication_key")
    if incremental.start_param and not start_date:
        sentence = "is never sent without a replication_key or the setting 'start_date'"
        collector.warn(f"{where}.start_param", sentence)


def _check_parents(config: Config, collector: ErrorCollector) -> None:
    """Report parents that do not exist, and streams that are their own ancestors."""
    streams = {stream.name: stream for stream in config.top.streams}
    for index, stream in enumerate(config.top.streams):
        where, seen, parent = f"streams[{index}].parent", {stream.name}, stream.contexts.parent
        while parent is not None:
            if parent.stream not in streams:
                near = near_choice(parent.stream, streams)
                collector.add(where, f"there is no stream {parent.stream!r}{near}")
                break
            if parent.stream in seen:
                collector.add(where, f"makes {stream.name!r} its own ancestor")
                break
            seen.add(parent.stream)
            parent = streams[parent.stream].contexts.parent
