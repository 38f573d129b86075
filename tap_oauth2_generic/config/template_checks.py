"""Rules for placeholders: which of them exist where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from tap_oauth2_generic.config.config import Config
from tap_oauth2_generic.config.streams import StreamConfig
from tap_oauth2_generic.net.request_template import templates_in
from tap_oauth2_generic.settings.fields import WrongSettingError
from tap_oauth2_generic.settings.templates import OF_REQUEST

#: The placeholders of the bounds of a read.
BOUNDS = ("start", "end")
# The settings of a stream that hold templates, by section.
_TEMPLATES = {
    "request": ("path", "params", "raw_params", "headers", "body", "graphql", "job"),
    "records": ("records_path",),
}
# Those of them whose values may be new for each request.
_OF_REQUEST = ("params", "raw_params", "headers", "body", "graphql", "job")


def readable(errors: Iterable[str]) -> Iterator[str]:
    """Yield errors up to the first that depends on a setting which is wrong itself."""
    with suppress(WrongSettingError):
        yield from errors


def connection_template_errors(config: Config) -> Iterator[str]:
    """Yield what is wrong with the placeholders of the connection."""
    known = _known_names(config)
    yield from readable(_placeholder_errors(config.top, "base_url", known))
    of_request = known | OF_REQUEST
    for place in ("params", "headers"):
        yield from readable(_placeholder_errors(config.top, place, of_request, is_secret=True))
    for place in ("token_params", "refresh_params", "token_headers"):
        yield from readable(_placeholder_errors(config.oauth2, place, of_request, is_secret=True))
    yield from readable(_exchange_errors(config, of_request))
    yield from readable(_login_errors(config))


def _known_names(config: Config) -> dict[str, bool]:
    """Return the placeholders that may be used everywhere; none of them takes a format."""
    known = dict.fromkeys(config.scope, False)
    with suppress(WrongSettingError):
        if not config.grant.requests_tokens:
            return known
    return known | {"token.": False}


def _login_errors(config: Config) -> Iterator[str]:
    """Yield wrong placeholders of the login, which has no token yet."""
    if hasattr(config.grant, "authorize_params"):
        known = dict.fromkeys(config.scope, False) | OF_REQUEST
        yield from _placeholder_errors(config.grant, "authorize_params", known)


def _exchange_errors(config: Config, known: Mapping[str, bool]) -> Iterator[str]:
    exchange = config.oauth2.token_exchange
    if exchange is None:
        return
    if not config.grant.requests_tokens:
        yield f"token_exchange: grant_type {config.grant.grant_type} requests no token to exchange"
        return
    for name in ("url", "params", "headers"):
        for error in _placeholder_errors(exchange, name, known, is_secret=True):
            yield f"token_exchange.{error}"


def stream_template_errors(config: Config, stream: StreamConfig) -> Iterator[str]:
    """Yield what is wrong with the placeholders of a stream."""
    known = _known_names(config) | dict.fromkeys(BOUNDS, True) | _context_names(stream)
    for section, names in _TEMPLATES.items():
        paging = _paging_names(stream) if section == "request" else {}
        for name in names:
            part = getattr(stream, section)
            of_request = OF_REQUEST if name in _OF_REQUEST else {}
            of_job = {"job.": False} if name == "job" else {}
            names_known = {**known, **paging, **of_request, **of_job}
            yield from readable(_placeholder_errors(part, name, names_known))
            yield from readable(_bound_errors(part, name, config, stream))


def _context_names(stream: StreamConfig) -> dict[str, bool]:
    """Return the placeholders of a context; of a wrong parent or partition, any name."""
    known: dict[str, bool] = {}
    try:
        parent = stream.contexts.parent
        known |= {f"parent.{name}": False for name in (parent.keys if parent else ())}
    except WrongSettingError:
        known["parent."] = False
    try:
        known |= {f"partition.{name}": False for name in (stream.contexts.partitions or ({},))[0]}
    except WrongSettingError:
        known["partition."] = False
    return known


def _paging_names(stream: StreamConfig) -> dict[str, bool]:
    """Return the placeholders of the paging style; of a wrong style, those of all."""
    try:
        names = list(stream.settings.pagination.scope(None))
    except WrongSettingError:
        names = ["page", "offset", "cursor", "page_size"]
    return dict.fromkeys(names, False)


def _placeholder_errors(
    section: Any, name: str, known: Mapping[str, bool], *, is_secret: bool = False
) -> Iterator[str]:
    for place, template in templates_in(getattr(section, name), name):
        yield from (f"{place}: {error}" for error in template.errors(known, is_secret=is_secret))


def _bound_errors(section: Any, name: str, config: Config, stream: StreamConfig) -> Iterator[str]:
    for place, template in templates_in(getattr(section, name), name):
        used = {placeholder.name for placeholder in template.placeholders} & set(BOUNDS)
        if used and not config.top.start_date and stream.settings.initial_value is None:
            placeholders = " and ".join(f"{{{one}}}" for one in sorted(used))
            yield f"{place}: {placeholders} needs the setting 'start_date'"
