"""Mutate an input as JSON, for both engines.

Mutated as bytes, hardly any input would get past the parser.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from tests.fuzz.fuzz_values import MACROS, NASTY, SECRETS, TEXTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

Place = tuple["str | int", ...]
_MOST_CHANGES = 4
_LONGEST_TEXT = 5000
_MOST_PLACES = 2000
_LARGEST = 1e60


def mutate(
    case: dict[str, Any], places: Sequence[Place], words: Sequence[str], random: Random
) -> dict[str, Any]:
    """Return a case with one to four changes below ``places``; ``words`` are names to use."""
    changed = copy.deepcopy(case)
    for _ in range(random.randint(1, _MOST_CHANGES)):
        there = [place for place in places if _is_there(changed, place)]
        if not there:
            break
        place = random.choice(there)
        below = [(*place, *inner) for inner in _places(_at(changed, place))]
        _change(changed, random.choice(below), words, random)
    return changed


def _is_there(case: Any, place: Place) -> bool:
    try:
        _at(case, place)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _at(value: Any, place: Place) -> Any:
    for step in place:
        if not isinstance(value, dict | list):
            raise TypeError
        value = value[step]
    return value


def _places(value: Any) -> list[Place]:
    """Return every place inside a value, itself first."""
    found: list[Place] = []
    waiting: list[tuple[Place, Any]] = [((), value)]
    while waiting and len(found) < _MOST_PLACES:
        place, inner = waiting.pop()
        found.append(place)
        if isinstance(inner, dict):
            waiting += [((*place, name), member) for name, member in inner.items()]
        elif isinstance(inner, list):
            waiting += [((*place, index), member) for index, member in enumerate(inner)]
    return found


def _change(case: dict[str, Any], place: Place, words: Sequence[str], random: Random) -> None:
    holder, step = _at(case, place[:-1]), place[-1]
    old = holder[step]
    kinds: list[Callable[[], Any]] = [
        lambda: _put(holder, step, random.choice(NASTY)),
        lambda: _put(holder, step, random.choice(NASTY)),
        lambda: _put(holder, step, random.choice(([old], {"a": old}, [old, old]))),
        lambda: _put(holder, step, _pick_elsewhere(case, random)),
        lambda: _remove(holder, step),
    ]
    if len(place) > 1 and isinstance(holder, dict):
        kinds.append(lambda: _rename(holder, step, words, random))
    if isinstance(old, dict):
        kinds += [lambda: _add(old, words, case, random)] * 4
    if isinstance(old, list):
        kinds += [lambda: _insert(old, case, random)] * 3
    if isinstance(old, str):
        kinds += [lambda: _put(holder, step, _edit_string(old, random))] * 6
    if isinstance(old, int | float) and not isinstance(old, bool):
        kinds += [lambda: _put(holder, step, _other_number(old, random))] * 3
    random.choice(kinds)()


def _put(holder: Any, step: Any, value: Any) -> None:
    holder[step] = copy.deepcopy(value)


def _pick_elsewhere(case: dict[str, Any], random: Random) -> Any:
    """Return a value from elsewhere in the case, never a secret."""
    value = _at(case, random.choice(_places(case)))
    return None if SECRETS.search(repr(value)) else value


def _remove(holder: Any, step: Any) -> None:
    del holder[step]


def _rename(holder: Any, step: Any, words: Sequence[str], random: Random) -> None:
    name = f"{step}{random.choice('sS_ .')}"
    if not SECRETS.search(repr(holder[step])):
        name = random.choice((name, random.choice(words), random.choice(TEXTS)))
    holder[name] = holder.pop(step)


def _add(holder: dict[str, Any], words: Sequence[str], case: Any, random: Random) -> None:
    name = random.choice((random.choice(words), random.choice(words), random.choice(TEXTS)))
    if not SECRETS.search(repr(holder.get(name))):
        values = (random.choice(NASTY), random.choice(words), _pick_elsewhere(case, random))
        _put(holder, name, random.choice(values))


def _insert(holder: list[Any], case: Any, random: Random) -> None:
    members = [random.choice(NASTY), _pick_elsewhere(case, random)]
    if holder:
        members.append(random.choice(holder))
    at = random.randint(0, len(holder))
    holder[at:at] = [copy.deepcopy(random.choice(members))] * random.choice((1, 1, 1, 2, 30))


def _edit_string(text: str, random: Random) -> str:
    if text in MACROS:
        word, _, number = text.rpartition(" ")
        more = random.choice(("1", "200", "3000"))
        return f"{word} {more}" if number.isdigit() else random.choice(MACROS)
    begin, end = sorted((random.randint(0, len(text)), random.randint(0, len(text))))
    piece, some = text[begin:end], random.randint(0, 127)
    changes = (
        text[:begin] + text[end:],
        text[:begin] + piece * random.choice((2, 3, 30)) + text[end:],
        text[:begin] + random.choice(TEXTS) + text[begin:],
        text[:begin] + random.choice(TEXTS) + text[end:],
        text[:begin] + chr(random.choice((some, random.randint(0, 0x10FFFF)))) + text[begin:],
        text[:begin] + piece.swapcase() + text[end:],
    )
    return random.choice(changes)[:_LONGEST_TEXT]


def _other_number(old: float, random: Random) -> Any:
    if abs(old) > _LARGEST:
        return random.choice((1, -1))
    return random.choice(
        (-old, old + 1, old - 1, old * 10, old / 7, f"{old}", old * 10**9, float(old), bool(old))
    )
