"""Which hosts a token may be sent to; checked before every request."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from tap_oauth2_generic.errors import HostNotAllowedError
from tap_oauth2_generic.settings.field_types import NAMES
from tap_oauth2_generic.settings.fields import FieldType, Settings, setting
from tap_oauth2_generic.settings.values import is_loopback

_DEFAULT_PORTS = {"https": 443, "http": 80}
# Nothing after it can change how a parser reads it.
_PLAIN = re.compile(r"https?://[a-z0-9.-]+(:\d+)?/")
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/@\\?#\[\]]+)(?::(\d{1,5}))?")


def _hosts(value: Any) -> list[str]:
    hosts: list[str] = NAMES.parse(value)
    for host in hosts:
        if not _HOST.fullmatch(host) or "*" in host:
            message = f"takes host names such as api.example.com or localhost:8080, not {host!r}"
            raise ValueError(message)
    return hosts


class HostSettings(Settings):
    """The hosts besides that of ``base_url``."""

    allowed_hosts: list[str] = setting(
        FieldType(NAMES.schema, _hosts),
        "Hosts a token may be sent to, as `name` or `name:port`, besides that of `base_url`.",
        default=[],
    )


class HostPolicy:
    """Refuses to send a token to a host that is not allowed."""

    def __init__(self, settings: HostSettings) -> None:
        self._named = {_split(host) for host in settings.allowed_hosts}

    def check(self, url: str, base_url: str, came_from: str) -> None:
        """Raise HostNotAllowedError unless a token may go to a URL.

        ``came_from`` names in the message where the URL comes from.
        """
        plain = _PLAIN.match(url)
        target = _target(plain[0] if plain else url)
        if target is None:
            raise HostNotAllowedError(f"{came_from} leads to an invalid or ambiguous http(s) URL")
        scheme, host, port = target
        if scheme == "http" and not is_loopback(host.strip("[]")):
            message = f"{came_from} leads to plain http on {host}, which would expose the token"
            raise HostNotAllowedError(message)
        base = _target(base_url)
        if base is not None and (host, port) == base[1:]:
            return
        is_default = port == _DEFAULT_PORTS[scheme]
        if (host, port) not in self._named and not (is_default and (host, None) in self._named):
            shown = host if is_default else f"{host}:{port}"
            raise HostNotAllowedError(
                f"{came_from} leads to {shown}, which is not in allowed_hosts; nothing was sent. "
                "If that host may receive the token, add it to allowed_hosts"
            )


def _split(host: str) -> tuple[str, int | None]:
    match = _HOST.fullmatch(host)
    name, port = match.groups() if match else (host, None)
    # As it is sent: a name beyond ASCII becomes punycode.
    parsed = parse_url(f"https://{name}").host or name
    return parsed.lower().rstrip("."), int(port) if port else None


# Each request is checked twice, and its base URL with it; most URLs differ in the path only.
@lru_cache(maxsize=64)
def _target(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of a URL, None if it is invalid or ambiguous.

    Two parsers read it on the way, one for the connection and one for the request; if they
    disagree about the host, no token is sent.
    """
    try:
        parts, others = parse_url(url), urlsplit(url)
        host, name = (parts.host or "").lower(), others.hostname or ""
        other = parse_url(f"https://{f'[{name}]' if ':' in name else name}/")
        same = (parts.scheme, host, parts.port, "/") == (
            others.scheme,
            (other.host or "").lower(),
            others.port,
            other.path,
        )
    except (LocationParseError, ValueError):
        return None
    if not same or parts.scheme not in _DEFAULT_PORTS or not host or "@" in others.netloc:
        return None
    return parts.scheme, host.rstrip("."), parts.port or _DEFAULT_PORTS[parts.scheme]
