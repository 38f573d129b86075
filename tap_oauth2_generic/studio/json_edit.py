"""Change JSON text to hold another value; the parts that stay equal keep their bytes.

Pure: knows no file and no setting.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any

import msgspec

from tap_oauth2_generic.runtime.json_encoder import encode_json

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(parse_float=Decimal)
_DEFAULT_INDENT = "  "


@dataclass(frozen=True)
class _Node:
    """A value with its place in the text; ``members`` if it is an object or array."""

    start: int
    end: int
    value: Any
    members: list[_Member] | None = None


@dataclass(frozen=True)
class _Member:
    """A member of an object, or of an array, whose ``name`` is None."""

    start: int
    name: str | None
    node: _Node


def read_json(text: str) -> Any:
    """Decode JSON with exact numbers; raise ValueError for what no file can hold."""
    found = json.loads(text, parse_float=Decimal)
    # Half of a surrogate pair is no text.
    encode_json(found)
    return found


def edit_json(text: str, value: Any) -> str:
    """Return the text changed to hold a value; raise ValueError if it is not JSON."""
    if not text.strip():
        return _write(value, _DEFAULT_INDENT) + "\n"
    read_json(text)
    node = _parse(text, _skip(text, 0))
    indent = next(iter(re.findall(r"\n([ \t]+)", text)), _DEFAULT_INDENT)
    return text[: node.start] + _Editor(text, indent).edit(node, value) + text[node.end :]


class _Editor:
    def __init__(self, text: str, indent: str) -> None:
        self._text, self._indent = text, indent
        self._newline = "\r\n" if "\r\n" in text else "\n"

    def edit(self, node: _Node, value: Any) -> str:
        """Return the text of a node changed to hold a value."""
        if _same(node.value, value):
            return self._text[node.start : node.end]
        if node.members and type(value) is type(node.value) and value:
            if isinstance(value, dict):
                return self._fill(node, [*self._object(node.members, value)])
            return self._fill(node, [*self._array(node.members, value)])
        return self._new(value, self._margin(node.start))

    def _object(
        self, members: list[_Member], value: dict[str, Any]
    ) -> Iterator[tuple[_Member | None, str]]:
        counted = {one.name: one for one in members}
        for one in members:
            if one.name in value:
                # Of a repeated name the last one counts.
                is_last = counted[one.name] is one
                new = value[one.name] if is_last else one.node.value
                yield one, self._text[one.start : one.node.start] + self.edit(one.node, new)
        margin = self._margin(members[0].start)
        for name in (name for name in value if name not in counted):
            yield None, f"{_write(name)}: {self._new(value[name], margin)}"

    def _array(
        self, members: list[_Member], value: list[Any]
    ) -> Iterator[tuple[_Member | None, str]]:
        margin = self._margin(members[0].start)
        before = [encode_json(one.node.value) for one in members]
        matcher = SequenceMatcher(None, before, [*map(encode_json, value)], autojunk=False)
        for _, i1, i2, j1, j2 in matcher.get_opcodes():
            for offset, new in enumerate(value[j1:j2]):
                one = members[i1 + offset] if i1 + offset < i2 else None
                yield one, self.edit(one.node, new) if one else self._new(new, margin)

    def _fill(self, node: _Node, parts: list[tuple[_Member | None, str]]) -> str:
        """Return an object or array of these members, laid out as before."""
        text, members = self._text, node.members or []
        lead = text[node.start + 1 : members[0].start]
        tail = text[members[-1].node.end : node.end - 1]
        between = {
            id(after): text[before.node.end : after.start]
            for before, after in itertools.pairwise(members)
        }
        usual = next(iter(between.values()), f",{lead if lead.strip(' ') else ' '}")
        made = [text[node.start], lead, parts[0][1]]
        for (before, _), (after, part) in itertools.pairwise(parts):
            is_kept = before and after and members.index(after) == members.index(before) + 1
            made += [between[id(after)] if is_kept else usual, part]
        return "".join([*made, tail, text[node.end - 1]])

    def _new(self, value: Any, margin: str | None) -> str:
        if margin is None:
            return _write(value)
        return _write(value, self._indent).replace("\n", f"{self._newline}{margin}")

    def _margin(self, start: int) -> str | None:
        """Return the indentation of the line that a place is in; None in the middle of one."""
        line = self._text[self._text.rfind("\n", 0, start) + 1 : start]
        found = re.match(r"[ \t]*", line)
        is_first = re.fullmatch(r"[ \t]*(\"(?:[^\"\\]|\\.)*\"[ \t]*:[ \t]*)?", line)
        return found[0] if found and is_first else None


def _write(value: Any, indent: str = "") -> str:
    encoded = encode_json(value)
    if indent and isinstance(value, dict | list) and value:
        levels = msgspec.json.format(encoded, indent=1).decode().split("\n")
        depths = (len(line) - len(line.lstrip(" ")) for line in levels)
        return "\n".join(
            indent * depth + line[depth:] for depth, line in zip(depths, levels, strict=True)
        )
    return msgspec.json.format(encoded, indent=0).decode()


def _same(one: Any, other: Any) -> bool:
    return encode_json(one) == encode_json(other)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _parse(text: str, start: int) -> _Node:
    """Parse the valid JSON value that begins at a place."""
    if text[start] not in "{[":
        value, end = _DECODER.raw_decode(text, start)
        return _Node(start, end, value)
    members: list[_Member] = []
    is_object = text[start] == "{"
    at = _skip(text, start + 1)
    while text[at] not in "}]":
        begin = at
        name: str | None = None
        if is_object:
            name, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        node = _parse(text, at)
        members.append(_Member(begin, name, node))
        at = _skip(text, node.end)
        at = _skip(text, at + 1) if text[at] == "," else at
    values: Any = [one.node.value for one in members]
    if is_object:
        values = {one.name: one.node.value for one in members}
    return _Node(start, at + 1, values, members)
