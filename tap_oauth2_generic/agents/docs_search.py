"""Search the documentation that is installed with the package, by the words of its sections."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

# Built into the wheel; in a clone they are next to the package.
_PACKAGE = Path(__file__).resolve().parent.parent
_FOLDERS = (_PACKAGE / "docs", _PACKAGE.parent / "docs")
_HEADING = re.compile(r"^#{1,3} (.+)$", re.MULTILINE)
_WORD = re.compile(r"\w{2,}")
# How much more a word counts in a heading.
_HEADING_WEIGHT = 4
_MAX_FOUND = 5
_MAX_CHARACTERS = 2_000


@dataclass(frozen=True)
class _Section:
    page: str
    heading: str
    text: str

    @cached_property
    def words(self) -> Counter[str]:
        found = Counter(_words(self.text))
        for word in _words(f"{self.heading} {self.page}"):
            found[word] += _HEADING_WEIGHT
        return found

    def excerpt(self, wanted: set[str]) -> str:
        """Return the text; of a long one, the lines with most of the words."""
        if len(self.text) <= _MAX_CHARACTERS:
            return self.text
        lines = self.text.splitlines()
        best = sorted(range(len(lines)), key=lambda at: -len(wanted & {*_words(lines[at])}))
        kept, length = set[int](), 0
        for at in best:
            length += len(lines[at]) + 1
            if length > _MAX_CHARACTERS:
                break
            kept.add(at)
        return "\n".join(lines[at] for at in sorted(kept))


def search(query: str) -> list[dict[str, str]]:
    """Return the sections that fit a query best, the best one first."""
    wanted, sections = {*_words(query)}, _sections()
    holders = {word: sum(word in one.words for one in sections) for word in wanted}
    weights = {word: math.log(1 + len(sections) / n) for word, n in holders.items() if n}

    def score(section: _Section) -> float:
        return sum(weight * math.log1p(section.words[word]) for word, weight in weights.items())

    best = sorted((one for one in sections if score(one) > 0), key=score, reverse=True)
    return [
        {"page": one.page, "section": one.heading, "text": one.excerpt(wanted)}
        for one in best[:_MAX_FOUND]
    ]


@cache
def _sections() -> tuple[_Section, ...]:
    return tuple(_read())


def _read() -> Iterator[_Section]:
    folder = next(filter(Path.is_dir, _FOLDERS))
    for path in sorted(folder.rglob("*.md")):
        page = path.relative_to(folder).as_posix()
        if not page.startswith("development/"):
            _, *parts = _HEADING.split(path.read_text("utf-8"))
            for heading, text in zip(parts[::2], parts[1::2], strict=True):
                yield _Section(page, heading, text.strip())


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
