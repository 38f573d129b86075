"""A response as a tree to click: its lists and values with the paths that lead to them.

Pure. A huge response is cut: what is left out of a list or object is counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.settings.paths import join_keys, parse_path

_MAX_NODES, _MAX_MEMBERS, _MAX_SHOWN = 1_500, 50, 300
_OPEN_LEVELS = 2


@dataclass
class TreeNode:
    """A member of a response; ``path`` leads to it, empty if no setting can name it.

    ``use`` is what a stream takes of it: the path of the records, and below them of a value.
    ``left_out`` counts the members that are not shown.
    """

    name: str
    kind: str
    shown: str
    path: str
    use: str = ""
    is_open: bool = False
    members: list[TreeNode] = field(default_factory=list)
    left_out: int = 0

    @property
    def is_records(self) -> bool:
        """Whether it may be the list of records."""
        return self.kind == "list"

    @property
    def is_value(self) -> bool:
        """Whether a child stream could use it."""
        return self.kind in {"string", "number"} and bool(self.path)


def tree_of(body: Any, *, is_cut: bool = False, most: int = _MAX_NODES) -> TreeNode:
    """Return the tree of decoded JSON; of a cut one, the last members may be incomplete.

    It has ``most`` nodes.
    """
    tree = last = _Tree(most).node("response", body, ())
    while is_cut and last.kind in {"object", "list"}:
        last.shown = f"{last.shown[:-1]} or more{last.shown[-1]}"
        if last.left_out or not last.members:
            break
        last = last.members[-1]
    return tree


class _Tree:
    def __init__(self, most: int) -> None:
        self._left = most

    def node(self, name: str, value: Any, keys: tuple[str, ...], records: int = -1) -> TreeNode:
        """Return a node with as many members as are left.

        ``records`` is the number of keys that lead to the list it is in, -1 without one.
        """
        self._left -= 1
        made = TreeNode(name, _kind(value), _shown(value), _path(keys))
        if made.is_records and made.path:
            made.use, records = made.path, len(keys)
        elif made.is_value and len(keys) > records + (records >= 0):
            # A record is below its list; without a list, the response is the record.
            below = _path(keys[records + 1 :] if records >= 0 else keys)
            made.use = below and f"{_path(keys[:records]) if records >= 0 else '$'}\n{below}"
        if not isinstance(value, dict | list):
            return made
        # The first record shows what all of them are like.
        made.is_open = len(keys) < _OPEN_LEVELS or (len(keys) == _OPEN_LEVELS and name == "0")
        pairs: Iterable[tuple[Any, Any]]
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, member in islice(pairs, _MAX_MEMBERS):
            if self._left <= 0:
                break
            made.members.append(self.node(str(key), member, (*keys, str(key)), records))
        made.left_out = len(value) - len(made.members)
        return made


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "list"
    if isinstance(value, str):
        return "string"
    return "word" if value is None or isinstance(value, bool) else "number"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{len(value)}}}"
    if isinstance(value, list):
        return f"[{len(value)}]"
    text = value if isinstance(value, str) else encode_json(value).decode()
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def _path(keys: tuple[str, ...]) -> str:
    """Return the path of a place, ``$`` for the response itself; empty if none parses."""
    path = join_keys(keys) if keys else "$"
    try:
        parse_path(path)
    except ValueError:
        return ""
    return path
