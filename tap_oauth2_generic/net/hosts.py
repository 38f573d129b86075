"""Which hosts a token may be sent to; checked before every request."""

from __future__ import annotations

import re
from collections.abc import Iterable
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


def _tokenless(value: Any) -> list[str]:
    hosts: list[str] = NAMES.parse(value)
    for host in hosts:
        name = host.removeprefix("*.")
        if not _HOST.fullmatch(name) or "*" in name or (name != host and "." not in name):
            raise ValueError(
                f"takes host names such as files.example.com or *.example.com, not {host!r}"
            )
    return hosts


class HostSettings(Settings):
    """The hosts besides that of ``base_url``."""

    allowed_hosts: list[str] = setting(
        FieldType(NAMES.schema, _hosts),
        "Hosts a token may be sent to, as `name` or `name:port`, besides that of `base_url`.",
        default=[],
    )
    tokenless_hosts: list[str] = setting(
        FieldType(NAMES.schema, _tokenless),
        "Hosts that a redirect, next link or download may lead to without the token, such as "
        "storage: `name`, `name:port`, or `*.name` for its subdomains.",
        default=[],
    )

    def contradictions(self) -> list[str]:
        """Return the hosts that should have a token and no token, a sentence each."""
        allowed = {_split(host) for host in self.allowed_hosts}
        both = [host for host in self.tokenless_hosts if _split(host) in allowed]
        return [f"tokenless_hosts: {host!r} is in allowed_hosts, too; remove one" for host in both]


class HostPolicy:
    """Refuses to send a token to a host that is not allowed."""

    def __init__(self, settings: HostSettings) -> None:
        self._named = {_split(host) for host in settings.allowed_hosts}
        self._tokenless = {_split(host) for host in settings.tokenless_hosts}

    def check(self, url: str, base_url: str, came_from: str, *, is_link: bool = False) -> bool:
        """Return whether a token may go to a URL; raise HostNotAllowedError if no request may.

        ``came_from`` names in the message where the URL comes from. Only a link of the server may
        lead to where no token may go.
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
        is_default = port == _DEFAULT_PORTS[scheme]
        ports: tuple[int | None, ...] = (port, None) if is_default else (port,)
        if (base is not None and (host, port) == base[1:]) or _holds(self._named, host, ports):
            return True
        parents = {f"*.{host[dot.end() :]}" for dot in re.finditer(r"\.", host)}
        if is_link and any(_holds(self._tokenless, one, ports) for one in (host, *parents)):
            return False
        shown = host if is_default else f"{host}:{port}"
        without = ", or to tokenless_hosts if it needs no token" if is_link else ""
        raise HostNotAllowedError(
            f"{came_from} leads to {shown}, which is not in allowed_hosts; nothing was sent. "
            f"If that host may receive the token, add it to allowed_hosts{without}"
        )


def _holds(named: set[tuple[str, int | None]], host: str, ports: Iterable[int | None]) -> bool:
    return any((host, port) in named for port in ports)


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
