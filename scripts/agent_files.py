"""Files for coding agents, made from the documentation: llms.txt and AGENTS.md."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_HEAD = "<!-- Written by scripts/generate.py from docs: change those pages. -->\n"

_BELOW = "Below `tap_oauth2_generic/`; each imports only what is below it."


def llms_txt(docs: Path, pages: Mapping[Path, str]) -> str:
    """Return the index of all pages; ``pages`` are those that were generated anew."""
    start = _page(docs / "index.md", pages)
    parts = [f"# {_title(start)}\n\n> {_first_sentence(start)}\n"]
    for section in _toctree(docs / "index.md", start):
        text = _page(section, pages)
        parts.append(f"\n## {_title(text)}\n\n")
        for page in [*_toctree(section, text)] or [section]:
            text = _page(page, pages)
            where = page.relative_to(docs.parent)
            parts.append(f"- [{_title(text)}]({where}): {_first_sentence(text)}\n")
    return "".join(parts)


def agents_md(docs: Path, pages: Mapping[Path, str]) -> str:
    """Return one page for agents: what this is, how to test, where to find what, rules."""
    start = _page(docs / "index.md", pages)
    development = docs / "development"
    guide = _page(development / "contributing.md", pages)
    architecture = _page(development / "architecture.md", pages)
    parts = [
        f"# AGENTS.md\n\n{_HEAD}\n{_first_paragraph(start)}\n",
        f"## Build and test\n\n{_section(guide, 'Build and test')}",
        f"## Find a folder\n\n{_BELOW}\n\n{_marked(architecture, 'folders')}",
        f"## Find the place for a change\n\n{_marked(architecture, 'places')}",
        f"## Rules for a change\n\n{_section(guide, 'Rules for a change')}",
        "## Documentation\n\nIn `docs/`; [`llms.txt`](llms.txt) lists every page.\n",
    ]
    return "\n".join(parts)


def _page(path: Path, pages: Mapping[Path, str]) -> str:
    return pages.get(path) or path.read_text()


def _toctree(page: Path, text: str) -> Iterator[Path]:
    for block in re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for name in block.split("\n"):
            if name and not name.startswith(":"):
                yield page.parent / f"{name}.md"


def _title(text: str) -> str:
    return text.partition("# ")[2].partition("\n")[0]


def _first_paragraph(text: str) -> str:
    return text.split("\n\n", 2)[1]


def _first_sentence(text: str) -> str:
    """Return the first sentence of a page, without its links."""
    paragraphs = (part for part in text.split("\n\n")[1:] if part[:1].isalnum() or part[0] in "`[")
    line = " ".join(next(paragraphs, "").split())
    plain = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", line)
    return re.split(r"(?<=[.:!?]) (?=[A-Z`])", plain)[0].rstrip(":")


def _section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n\n", 1)[1].split("\n## ", 1)[0].rstrip() + "\n"


def _marked(text: str, name: str) -> str:
    return text.split(f"<!-- {name} -->\n", 1)[1].split(f"<!-- /{name} -->", 1)[0]
