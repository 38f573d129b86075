"""The requests of a Postman collection, with what their folders give them; pure.

Version 2.1 lists what version 2.0 has as objects. Any part may be of another type than it should.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.importers.names import is_secret, looks_secret

_VARIABLE = re.compile(r"\{\{\s*([^{}]{1,200}?)\s*\}\}")
# An address of the provider is no secret, whatever it is called.
_ADDRESS = re.compile("(ur[il]|host|domain|endpoint|path|prefix)$", re.IGNORECASE)
_MOST_NESTED = 10
_LONGEST = 100_000


@dataclass(frozen=True)
class Scope:
    """The variables of a request by name; those of an environment are not in a collection."""

    values: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()

    def below(self, variables: Any) -> Scope:
        """Return the scope of a folder or request, whose own variables win."""
        values, hidden = dict(self.values), set(self.hidden)
        for one in members(variables):
            name = string(one.get("key") or one.get("id"))
            if name and not one.get("disabled") and (value := string(one.get("value"))):
                values[name] = value
                is_hidden = one.get("type") == "secret" or _is_hidden(name, value)
                (hidden.add if is_hidden else hidden.discard)(name)
        return Scope(values, frozenset(hidden))

    def resolve(self, text: str, *, shows_hidden: bool = False) -> str:
        """Fill in the variables that have a value; hidden ones stay unless they are asked for."""

        def fill(found: re.Match[str]) -> str:
            name = found[1]
            is_shown = shows_hidden or name not in self.hidden
            return self.values.get(name, found[0]) if is_shown else found[0]

        for _ in range(_MOST_NESTED):
            filled = _VARIABLE.sub(fill, text)
            if filled == text or len(filled) > _LONGEST:
                break
            text = filled
        return text


@dataclass(frozen=True)
class Item:
    """A request, ``auth`` and ``scope`` as it inherits them, and the names of its scripts."""

    names: tuple[str, ...]
    request: Mapping[str, Any]
    responses: list[Mapping[str, Any]]
    auth: Mapping[str, Any]
    scope: Scope
    scripts: tuple[str, ...]

    @property
    def where(self) -> str:
        """Its folders and name, for the report."""
        return f"request {' / '.join(self.names)!r}"


@dataclass(frozen=True)
class _Folder:
    node: Mapping[str, Any]
    names: tuple[str, ...] = ()
    auth: Mapping[str, Any] = field(default_factory=dict)
    scope: Scope = Scope()
    scripts: tuple[str, ...] = ()

    def enter(self) -> _Folder:
        """Return it with what itself declares."""
        auth, label = self.node.get("auth"), " / ".join(self.names) or "collection"
        kinds = [string(one.get("listen")) for one in members(self.node.get("event")) if _runs(one)]
        return _Folder(
            self.node,
            self.names,
            auth if isinstance(auth, Mapping) else self.auth,
            self.scope.below(self.node.get("variable")),
            (*self.scripts, *(f"script {kind!r} of {label!r}" for kind in kinds)),
        )


def items_of(collection: Mapping[str, Any]) -> Iterator[Item]:
    """Yield the requests of a collection in its order."""
    pending = [_Folder(collection)]
    while pending:
        folder = pending.pop().enter()
        node = folder.node
        if isinstance(node.get("item"), list):
            inner = [
                _Folder(one, (*folder.names, title(one)), folder.auth, folder.scope, folder.scripts)
                for one in members(node["item"])
            ]
            pending += reversed(inner)
            continue
        request = node.get("request")
        request = {"url": request} if isinstance(request, str) else request
        if isinstance(request, Mapping):
            own = request.get("auth")
            auth = own if isinstance(own, Mapping) else folder.auth
            responses = list(members(node.get("response")))
            yield Item(folder.names, request, responses, auth, folder.scope, folder.scripts)


def members(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a list; of an object, a pair for each member, as version 2.0 has it."""
    if isinstance(value, Mapping):
        yield from ({"key": name, "value": member} for name, member in value.items())
    elif isinstance(value, list):
        yield from (one for one in value if isinstance(one, Mapping))


def string(value: Any) -> str:
    """Return a string or number as a string, anything else as an empty one."""
    is_plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value) if is_plain else ""


def title(node: Mapping[str, Any]) -> str:
    """Return the name of a part in one short line."""
    return " ".join(string(node.get("name")).split())[:80] or "unnamed"


def open_variables(text: str) -> list[str]:
    """Return the names of the variables that have no value."""
    return _VARIABLE.findall(text)


def _is_hidden(name: str, value: str) -> bool:
    is_named = is_secret(name) and not _ADDRESS.search(name)
    return is_named or looks_secret(value) or re.search("://[^/]*@", value) is not None


def _runs(event: Mapping[str, Any]) -> bool:
    script = event.get("script")
    lines = script.get("exec") if isinstance(script, Mapping) else script
    lines = [lines] if isinstance(lines, str) else lines
    return isinstance(lines, list) and any(string(line).strip() for line in lines)
