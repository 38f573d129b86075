"""Streams in any contexts, the rows of each, and which records a whole read of them emits."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zlib import crc32

from hypothesis import strategies as st

from tests.properties.any_api import BEGIN, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from tests.support.key_types import KeyType

DAY = timedelta(days=1)
CONTEXTS = ("plain", "partitions", "children", "partitioned children")
PARTITIONS = {"lists": {"region": ["n", "s"]}, "items": {"kind": ["a", 1, True]}}
#: What the rows of a parent name.
NAMED = {"lists": ("part", ["p", "q", "r"]), "items": ("tag", ["x", "y"])}
#: Values of types that share no column.
LOOSE = (1, 1.5, "text", True, None)


def as_query(value: Any) -> str:
    """Return a value as the tap writes it into a parameter."""
    return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True)
class Node:
    """A stream: the fields of its contexts that come from its parent, and its partitions."""

    name: str
    keys: tuple[str, ...] = ()
    partitions: dict[str, list[Any]] = field(default_factory=dict)
    child: Node | None = None
    is_incremental: bool = True

    def settings(self) -> dict[str, Any]:
        """Return the settings of the stream that make its contexts."""
        params = {name: f"{{parent.{name}}}" for name in self.keys}
        params |= {name: f"{{partition.{name}}}" for name in self.partitions}
        found: dict[str, Any] = {"name": self.name, "path": self.name, "params": params}
        return found | ({"partitions": self.partitions} if self.partitions else {})

    def contexts(self, keys: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the contexts of some values of its parent."""
        found = [keys]
        for name, values in self.partitions.items():
            found = [{**one, name: value} for one in found for value in values]
        yield from found

    def in_full(self) -> Node:
        """Return this stream and those below it as FULL_TABLE streams."""
        child = self.child.in_full() if self.child else None
        return replace(self, child=child, is_incremental=False)

    def line(self) -> list[Node]:
        """Return this stream and those below it."""
        return [self, *(self.child.line() if self.child else [])]


@st.composite
def nodes(draw: Any, contexts: str) -> Node:
    """Draw the streams of a kind of contexts."""
    if contexts in {"plain", "partitions"}:
        return Node("items", partitions=PARTITIONS["items"] if contexts == "partitions" else {})
    divided = {"lists": {}, "items": {}}
    if contexts == "partitioned children":
        chosen = draw(st.sampled_from([("lists",), ("items",), ("lists", "items")]))
        divided |= {name: PARTITIONS[name] for name in chosen}
    flags = st.tuples(*[st.booleans()] * 3).filter(any)
    lists_move, items_move, notes_move = draw(flags)
    # A child may come from a part of its parent's context or from all of it.
    more = [name for name in divided["lists"] if draw(st.booleans())]
    notes = Node("notes", ("tag", *draw(st.sampled_from([(), ("part",)]))), {}, None, notes_move)
    child = notes if notes_move and not items_move else draw(st.sampled_from([None, notes]))
    items = Node("items", ("part", *more), divided["items"], child, items_move)
    return Node("lists", (), divided["lists"], items, lists_move)


@dataclass
class Rows:
    """The rows of each stream, for each of its contexts some of them."""

    of_stream: dict[str, Sequence[Row]]

    def __call__(self, path: str, query: dict[str, str]) -> Sequence[Row]:
        """Return the rows of the contexts that a request names."""
        name = path.strip("/")
        given = {key: query[key] for key in ("region", "part", "kind", "tag") if key in query}
        return self._of(name, given)

    def _of(self, name: str, given: dict[str, str]) -> Sequence[Row]:
        number = crc32(json.dumps(given, sort_keys=True).encode()) % 7 if given else 0
        # Some contexts have all rows, some none, most a part of them.
        parts = (slice(None), slice(None, None, 2), slice(1, None, 2), slice(0, 0), slice(2, 9))
        return self.of_stream[name][parts[number % len(parts)]]

    def records(self, node: Node, visible: Callable[[Row], bool], form: Any) -> Counter[Any]:
        """Return the records that a whole read of a stream and those below it emits, counted."""
        found: Counter[Any] = Counter()
        contexts = {json.dumps(one): one for one in node.contexts({})}
        for one in node.line():
            named: dict[str, dict[str, Any]] = {}
            for context in contexts.values():
                texts = {name: as_query(value) for name, value in context.items()}
                for row in filter(visible, self._of(one.name, texts)):
                    record = {**row.fields, **context}
                    found[one.name, form(record)] += 1
                    if one.child:
                        keys = {name: record[name] for name in one.child.keys}
                        named |= {json.dumps(made): made for made in one.child.contexts(keys)}
            contexts = named
        return found


@st.composite
def rows(
    draw: Any, node: Node, order: str, key: KeyType, *, with_id: bool, lateness: Sequence[int]
) -> list[Row]:
    """Draw the rows of a stream, whose times repeat and leave gaps, in an order of their keys.

    ``lateness``: how many days a row's key may be after the day the row was made on.
    """
    most = 25 if node.name == "items" and not node.keys else 9
    # The first example that is drawn is the least one, which should not be empty.
    many = most - draw(st.integers(0, most))
    # Over no time, or over the time of several windows; some share a time.
    days, shared = draw(st.sampled_from([80, 0, 10, 80])), draw(st.integers(1, 3))
    late = draw(st.lists(st.sampled_from(lateness), min_size=many, max_size=many))
    # Rows without an id make pages equal, the more so the fewer values there are.
    cycle = draw(st.integers(1, 3))
    loose = with_id and draw(st.booleans())
    made: list[Row] = []
    for number in range(many):
        created = BEGIN + number // shared * shared * days // many * DAY
        at = created + late[number] * DAY
        fields = {"id": number} if with_id else {"value": number % cycle}
        if node.child:
            name, values = NAMED[node.name]
            fields[name] = values[draw(st.integers(0, len(values) - 1))]
        if loose:
            fields |= {"loose": draw(st.sampled_from(LOOSE)), "deep": {f"k{number % 3}": number}}
        made.append(Row({**fields, "at": key.write(at)}, created, at))
    if order == "none":
        return draw(st.permutations(made)) if made else made
    return sorted(made, key=_at, reverse=order == "desc")


def _at(row: Row) -> datetime:
    return row.at


def configuration(server, root, shared, **settings):
    """Return the configuration of a stream and those below it, children first or last."""
    streams, parent = [], None
    for node in root.line():
        stream = {**shared, **node.settings()}
        if not node.is_incremental:
            del stream["replication_key"], stream["incremental"]
        if parent:
            stream["parent"] = {"stream": parent.name, "keys": {name: name for name in node.keys}}
        streams.append(stream)
        parent = node
    return server.config(*streams, **settings)


def paged(config, **pagination):
    """Return the configuration with further settings of the pagination."""
    streams = [
        {**stream, "pagination": {**stream["pagination"], **pagination}}
        for stream in config["streams"]
    ]
    return {**config, "streams": streams}
