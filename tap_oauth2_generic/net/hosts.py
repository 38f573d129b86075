"""Which hosts a token may go to; asked before anything is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from tap_oauth2_generic.errors import HostNotAllowedError
from tap_oauth2_generic.settings.field_types import NAMES
from tap_oauth2_generic.settings.fields import FieldType, setting
from tap_oauth2_generic.settings.values import is_loopback

_DEFAULT_PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/@\\?#\[\]]+)(?::(\d{1,5}))?")


def _hosts(value: Any) -> list[str]:
    hosts: list[str] = NAMES.parse(value)
    for host in hosts:
        if not _HOST.fullmatch(host) or "*" in host:
            message = f"takes host names such as api.example.com or localhost:8080, not {host!r}"
            raise ValueError(message)
    return hosts


@dataclass(frozen=True, kw_only=True)
class HostSettings:
    """The hosts beside that of ``base_url``."""

    allowed_hosts: list[str] = setting(
        FieldType(NAMES.schema, _hosts),
        "Hosts a token may be sent to, `name` or `name:port`; the host of `base_url` always is.",
        default=[],
    )


class HostPolicy:
    """Tells whether a URL may be asked with a token."""

    def __init__(self, settings: HostSettings) -> None:
        """Take the hosts that were named."""
        self._named = {_split(host) for host in settings.allowed_hosts}

    def check(self, url: str, base_url: str, came_from: str) -> None:
        """Raise HostNotAllowedError unless a token may go there.

        ``came_from`` says in the message what led to the address.
        """
        target = _target(url)
        if target is None:
            message = f"{came_from} leads to an address that is no plain http(s) URL"
            raise HostNotAllowedError(message)
        scheme, host, port = target
        if scheme == "http" and not is_loopback(host.strip("[]")):
            message = (
                f"{came_from} leads to plain http on {host}, where anyone could read the token"
            )
            raise HostNotAllowedError(message)
        base = _target(base_url)
        if base is not None and (host, port) == base[1:]:
            return
        if (host, port) not in self._named and not (
            port == _DEFAULT_PORTS[scheme] and (host, None) in self._named
        ):
            shown = host if port == _DEFAULT_PORTS[scheme] else f"{host}:{port}"
            message = (
                f"{came_from} leads to {shown}, which is not in allowed_hosts; nothing was sent "
                "there. If the token may go there, add it to allowed_hosts"
            )
            raise HostNotAllowedError(message)


def _split(host: str) -> tuple[str, int | None]:
    match = _HOST.fullmatch(host)
    name, port = match.groups() if match else (host, None)
    # Written as the sender writes it: a name beyond ASCII becomes punycode.
    parsed = parse_url(f"https://{name}").host or name
    return parsed.lower().rstrip("."), int(port) if port else None


# A request is looked at twice, and its base address with each.
@lru_cache(maxsize=64)
def _target(url: str) -> tuple[str, str, int] | None:
    """Give where a URL leads, None where it is not plain.

    The sender uses two parsers, for the connection and for the request; where they see two
    hosts in one text, it is no address to send a token to.
    """
    try:
        parts, others = parse_url(url), urlsplit(url)
        host = (parts.host or "").lower()
        other = parse_url(f"https://{_bracketed(others.hostname or '')}/")
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


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
