"""Whose connection a call uses: that of the person who started the server, or the agent's own.

An agent may do what a record tells it to do. So the person's secrets, logins and files serve
only the connection that the person's own configuration describes.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.oauth2.store_engine import SQLITE, TABLE
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.log import LOG_LEVEL, PREFIX, some
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.settings.values import from_json
from tap_oauth2_generic.tap import TapOAuth2Generic

# What an agent may change of the person's connection: none of it names a host, a token or a file
# that a preview uses.
FREE = frozenset({
    "$schema", "streams", "start_date", "end_date", "on_error", "response_rules", "timeout",
    "max_retries", "max_wait", "retry_statuses", "requests_per_second", "rate_limits",
    "rate_limit_header", "rate_limit_format", "remaining_header", "max_in_flight", "run_report",
    "batch_config", "emit_activate_version_messages", "stream_maps", "stream_map_config",
    "faker_config", "flattening_enabled", "flattening_max_depth", "flattening_max_key_length",
    "flattening_separator",
})  # fmt: skip
_FILES = (
    "client_secret_file", "refresh_token_file", "password_file", "private_key_file",
    "token_store_key_file", "ca_bundle", "client_cert", "client_cert_key",
)  # fmt: skip
# A store that an agent names must not be a file that another program would read.
_STORE_ENDINGS = (".sqlite", ".sqlite3", ".db")
_TOKEN_FIELD = re.compile(r"\{\s*token\b")
_MAX_NAMED = 5


class _ConfinedTap(TapOAuth2Generic):
    is_confined = True


@dataclass(frozen=True)
class CallConfig:
    """The configuration of one call; ``remark`` says of a failure what was not used, and why."""

    settings: dict[str, Any]
    is_owners: bool
    remark: str = ""

    def open_tap(self) -> TapOAuth2Generic:
        """Return the tap; raise ConfigValidationError with every mistake."""
        kind = TapOAuth2Generic if self.is_owners else _ConfinedTap
        return kind(config=self.settings, setup_mapper=False)


class Owner:
    """The person who started the server, and the configuration that they gave it."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        schema: dict[str, Any] = TapOAuth2Generic.config_jsonschema
        self._settings: dict[str, Any] = schema["properties"]
        if raw:
            # Registers its secrets; the calls report its mistakes.
            TapOAuth2Generic.check_configuration(raw, ErrorCollector())

    def combine(self, given: Mapping[str, Any]) -> CallConfig:
        """Return the configuration of a call; raise InputError if it names what it must not."""
        given = {name: value for name, value in given.items() if value is not None}
        differing = [name for name in given if name not in FREE and self._differs(name, given)]
        if self.raw and not differing:
            self._refuse_token_fields(given.get("streams"))
            return CallConfig({**self.raw, **given}, is_owners=True)
        _refuse_files(given)
        return CallConfig(given, is_owners=False, remark=self._remark(differing))

    def _differs(self, name: str, given: Mapping[str, Any]) -> bool:
        """Return whether a setting is not the person's; no password can be guessed by it."""
        is_guess = self._settings.get(name, {}).get("secret") and isinstance(given[name], str)
        return bool(is_guess) or self.raw.get(name) != given[name]

    def _remark(self, differing: list[str]) -> str:
        if self.raw:
            return (
                "send only streams, with paths below the base_url of the server: the secrets, "
                "logins and files of --config were not used, because this "
                f"configuration has its own: {some(differing, _MAX_NAMED)}"
            )
        if any(one.startswith(PREFIX) and one != f"{PREFIX}{LOG_LEVEL}" for one in os.environ):
            return (
                "the secrets of the environment were not used; start the server with a --config "
                "that says where they may be sent"
            )
        return ""

    def _refuse_token_fields(self, streams: Any) -> None:
        """Refuse a request that would carry a token in another place than its own."""
        own = from_json(self.raw.get("streams"))
        for index, stream in enumerate(_as_list(from_json(streams))):
            if stream not in _as_list(own) and _TOKEN_FIELD.search(encode_json(stream).decode()):
                raise InputError(
                    f"streams[{index}]: only streams of the server's --config may use "
                    "{token.NAME}, which would send it to any place that the stream names"
                )


def _as_list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else []


def _refuse_files(given: Mapping[str, Any]) -> None:
    """Refuse files; raise InputError."""
    for name in filter(given.get, _FILES):
        raise InputError(
            f"{name}: the configuration of an agent may name no file; put it into the --config "
            "that starts the server"
        )
    store = given.get("token_store")
    if isinstance(store, str) and not _is_token_store(store):
        raise InputError(
            "token_store: the configuration of an agent may name a SQLite file that ends in "
            f"{', '.join(_STORE_ENDINGS)} and is new or a token store; put any other into the "
            "--config that starts the server"
        )


def _is_token_store(url: str) -> bool:
    if not url.startswith(SQLITE):
        return False
    path = Path(unquote(url.removeprefix(SQLITE).partition("?")[0]))
    if path.suffix not in _STORE_ENDINGS:
        return False
    try:
        if not path.exists():
            return True
        address = f"file:{quote(str(path.absolute()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as opened:
            found = opened.execute("SELECT name FROM sqlite_master WHERE name = ?", (TABLE,))
            return found.fetchone() is not None
    except (OSError, ValueError, sqlite3.Error):
        return False
