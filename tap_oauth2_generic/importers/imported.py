"""What an import makes of a source: settings, the secrets apart from them, and its report; pure.

Which settings are secret is declared where they are; no value of one stays in ``config``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib import import_module
from typing import Any
from urllib.parse import unquote_plus

from tap_oauth2_generic.config.config import CONFIG_SCHEMA
from tap_oauth2_generic.importers.curl_values import decode_basic
from tap_oauth2_generic.importers.names import is_secret
from tap_oauth2_generic.settings.values import from_json

_SECRET = frozenset(n for n, about in CONFIG_SCHEMA["properties"].items() if about.get("secret"))
# A shorter secret may be an ordinary word.
_SHORTEST_LEAK = 12


@dataclass(frozen=True)
class ImportOptions:
    """Which parts of a source to read, by globs of their names."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def takes(self, *names: str) -> bool:
        """Return whether to read a part that has these names, such as its path and its stream."""

        def fits(globs: tuple[str, ...]) -> bool:
            return any(fnmatchcase(name, glob) for name in names for glob in globs)

        return (not self.include or fits(self.include)) and not fits(self.exclude)


@dataclass
class Imported:
    """Settings as they go into a file, secrets, and the sentences of the report.

    ``secrets`` are settings by name: the value that was found, or None where the user has one;
    ``headers`` and ``params`` have such a value for each member. A sentence is in lower case:
    where in the source, what, what to do.
    """

    config: dict[str, Any]
    secrets: dict[str, Any] = field(default_factory=dict)
    derived: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def separate_secrets(self) -> None:
        """Move each secret setting out of the configuration, and drop what repeats a secret."""
        for name in _SECRET & self.config.keys():
            value = self.config[name]
            decoded = from_json(value)
            value = decoded if isinstance(decoded, Mapping) else value
            if isinstance(value, Mapping) and name not in self.secrets and not _holds_one(value):
                continue
            del self.config[name]
            known = self.secrets.get(name)
            if isinstance(value, Mapping) and isinstance(known, Mapping):
                # One variable holds all members: those of a file would hide it.
                value = {**value, **known}
            self.secrets[name] = value if isinstance(value, Mapping) else known or value
        for stream in self.config.get("streams") or []:
            for place in ("headers", "params"):
                self._take_from_stream(stream, place)
        found = [part for part in _parts(self.secrets) if len(part) >= _SHORTEST_LEAK]
        self.config = self._without(self.config, found, "")

    def _take_from_stream(self, stream: Any, place: str) -> None:
        """Move secrets of a stream to those of the connection: only its settings are secret."""
        members: Any = stream.get(place) if isinstance(stream, dict) else None
        for name in [n for n, v in (members or {}).items() if _is_one(n, v)]:
            value = members.pop(name)
            if self.secrets.setdefault(place, {}).setdefault(name, value) == value:
                said = "holds a secret, which every stream sends now"
                self.derived.append(f"stream {stream.get('name')!r}: {place}.{name} {said}")
            else:
                said = "holds a secret, of which another stream has another value; import it alone"
                self.left_out.append(f"stream {stream.get('name')!r}: {place}.{name} {said}")
        if members == {}:
            del stream[place]

    def _without(self, value: Any, secrets: list[str], place: str) -> Any:
        if isinstance(value, dict):
            return {
                name: self._without(member, secrets, f"{place}.{name}".lstrip("."))
                for name, member in value.items()
                if not self._repeats(member, secrets, f"{place}.{name}".lstrip("."))
            }
        if isinstance(value, list):
            return [
                self._without(member, secrets, f"{place}[{index}]")
                for index, member in enumerate(value)
                if not self._repeats(member, secrets, f"{place}[{index}]")
            ]
        return value

    def _repeats(self, value: Any, secrets: list[str], place: str) -> bool:
        spelled = (value, unquote_plus(value)) if isinstance(value, str) else ()
        found = any(secret in one for one in spelled for secret in secrets)
        if found:
            self.left_out.append(f"{place}: repeats a secret; set it without the secret")
        return found


def read_source(kind: str, text: str, options: ImportOptions) -> Imported:
    """Read a source of a kind; raise InputError if there is nothing to read in it."""
    made: Imported = import_module(f"tap_oauth2_generic.importers.{kind}").read(text, options)
    made.separate_secrets()
    return made


def strings_in(value: Any) -> Iterator[str]:
    """Yield the strings in JSON-like data."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from strings_in(member)
    elif isinstance(value, str):
        yield value


def _parts(secrets: Mapping[str, Any]) -> Iterator[str]:
    """Yield each secret and its parts, where a header has some."""
    headers = secrets.get("headers")
    for name, value in headers.items() if isinstance(headers, Mapping) else ():
        if isinstance(value, str):
            yield from _parts_of_header(str(name).lower(), value)
    yield from strings_in(secrets)


def _parts_of_header(name: str, value: str) -> Iterator[str]:
    """Yield the values of cookies, and the token, user or parameters (RFC 9110) of a login."""
    if name == "cookie":
        yield from (pair.partition("=")[2].strip('"') for pair in re.split(r"[;\s]+", value))
    elif name.endswith("authorization"):
        for word in re.split(r"[,\s]+", value):
            yield word
            yield word.partition("=")[2].strip('"')
            yield from decode_basic(word).split(":")


def _holds_one(members: Mapping[str, Any]) -> bool:
    """Return whether a member is a secret."""
    return any(_is_one(name, value) for name, value in members.items())


def _is_one(name: str, value: Any) -> bool:
    """Return whether a header or parameter is a secret; a template is none."""
    return is_secret(name) and isinstance(value, str) and value != "" and "{" not in value
