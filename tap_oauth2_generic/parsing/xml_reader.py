"""XML as JSON-like data: an element is an object, a string or null; pure.

An attribute is ``@name``, text next to other members ``#text``, elements of one name a list.
Namespace prefixes are dropped. A DTD is refused, and with it every entity that could grow.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from tap_oauth2_generic.parsing.charset import find_encoding

_DECLARED = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([\w.:-]+)""")
_MAX_DEPTH = 500
# How XML Schema writes null.
_NIL = {"@nil": "true"}
Keys = tuple[str, ...]


@dataclass
class _Place:
    """Where an element is, if something is said about it or an element below it."""

    is_list: bool = False
    is_records: bool = False
    below: dict[str, _Place] = field(default_factory=dict)

    def at(self, keys: Keys) -> _Place:
        """Return the place that some names lead to."""
        return self.below.setdefault(keys[0], _Place()).at(keys[1:]) if keys else self


_NOWHERE = _Place()


class XmlReader:
    """Reads one document; ``body`` is there at its end.

    The elements at ``lists``, below the root, are lists even if one or none came. Those at
    ``records`` are yielded as they come, and ``body`` has an empty list in place of them.
    """

    def __init__(self, lists: Collection[Keys], records: Keys = ()) -> None:
        self.body: Any = None
        self._names: dict[str, str] = {}
        self._records: list[Any] = []
        root = _Place()
        for keys in (*lists, *([records] if records else [])):
            root.at(keys).is_list = True
        root.at(records).is_records = bool(records)
        # Of each open element: its members, its text and its place; the first holds the root.
        self._open: list[tuple[dict[str, Any], list[str], _Place]] = [({}, [], _NOWHERE)]
        self._root = root

    def read(self, pieces: Iterable[str]) -> Iterator[Any]:
        """Yield the records; raise ValueError if it is no XML, or not all of it."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = _refuse
        try:
            for piece in pieces:
                parser.Parse(piece)
                yield from self._records
                self._records.clear()
            parser.Parse("", True)  # noqa: FBT003 - its last piece
        except expat.ExpatError as error:
            raise ValueError(f"it is not XML ({error})") from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        depth = len(self._open)
        if depth > _MAX_DEPTH:
            raise ValueError("it is nested too deep")
        place = self._open[-1][2].below.get(self._local(name), _NOWHERE)
        members: dict[str, Any] = {}
        for key, value in attributes.items():
            if not key.startswith("xmlns"):
                members[f"@{self._local(key)}"] = value
        self._open.append((members, [], self._root if depth == 1 else place))

    def _text(self, text: str) -> None:
        self._open[-1][1].append(text)

    def _end(self, name: str) -> None:
        members, texts, place = self._open.pop()
        if members == _NIL:
            members = {}
        for key, below in place.below.items():
            if below.is_list:
                members.setdefault(key, [])
        value: Any = "".join(texts)
        if not value or value.isspace():
            value = members or None
        elif members:
            is_leaf = all(key.startswith("@") for key in members)
            value = {**members, "#text": value if is_leaf else value.strip()}
        if len(self._open) == 1:
            self.body = {} if value is None else value
        elif place.is_records:
            self._records.append(value)
        else:
            _add(self._open[-1][0], self._local(name), value, is_list=place.is_list)

    def _local(self, name: str) -> str:
        if name not in self._names:
            self._names[name] = name.rpartition(":")[2]
        return self._names[name]


def _add(members: dict[str, Any], name: str, value: Any, *, is_list: bool) -> None:
    if name not in members:
        members[name] = [value] if is_list else value
    elif isinstance(members[name], list):
        members[name].append(value)
    else:
        members[name] = [members[name], value]


def _refuse(*_: object) -> None:
    raise ValueError("it has a DTD, which is refused")


def find_xml_encoding(head: bytes, charset: str) -> str:
    """Return an encoding by the byte order mark, the declaration or the charset, in this order."""
    declared = _DECLARED.match(head.removeprefix(codecs.BOM_UTF8))
    name = declared[1].decode().lower() if declared else ""
    # Its declaration is readable, so it is none of those; .NET writes that.
    is_wrong = name.startswith(("utf-16", "utf-32", "ucs"))
    return find_encoding(head, charset if is_wrong or not name else name)
