"""An import whose API is that of the server's own configuration: only its streams are new."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tap_oauth2_generic.agents.owner import FREE
from tap_oauth2_generic.importers.imported import Imported
from tap_oauth2_generic.runtime.log import PREFIX
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.tap import TapOAuth2Generic


def relate(raw: Mapping[str, Any], made: Imported, missing: list[str]) -> list[str]:
    """Make paths relative to the server's base_url, and leave the connection to its own.

    Return what is missing then; an import of another host stays as it is.
    """
    own, found = (str(one.get("base_url") or "").rstrip("/") for one in (raw, made.config))
    if not own or urlsplit(own)[:2] != urlsplit(found)[:2]:
        return missing
    for stream in made.config["streams"]:
        stream["path"] = _relate(own, found, str(stream.get("path") or ""))
    if left := sorted(made.config.keys() - FREE):
        made.derived.append(f"{', '.join(left)}: left to the connection of the server's --config")
    made.config = {name: value for name, value in made.config.items() if name in FREE}
    collector = ErrorCollector()
    TapOAuth2Generic.check_configuration({**raw, **made.config}, collector)
    if not collector.errors:
        # A key in a header is not what a grant brings.
        made.secrets = {
            name: value
            for name, value in made.secrets.items()
            if name in {"headers", "params"} and not _has(raw, name)
        }
    return collector.errors


def _relate(own: str, found: str, path: str) -> str:
    if path.startswith("{"):
        # A link of a parent's record.
        return path
    address = path if urlsplit(path).scheme else f"{found}/{path.lstrip('/')}"
    return address.removeprefix(own) if address.startswith(f"{own}/") else address


def _has(raw: Mapping[str, Any], name: str) -> bool:
    return bool(raw.get(name) or os.environ.get(f"{PREFIX}{name.upper()}"))
