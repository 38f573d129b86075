"""Write what the code declares into docs, README.md, meltano.yml and files of their own.

Those are plugin.yaml, for Meltano's Hub, config.schema.json, for editors, and llms.txt and
AGENTS.md, for coding agents.
`python scripts/generate.py` rewrites them; `--check` only reports which are out of date.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_files import agents_md, llms_txt
from architecture import folder_rows, picture
from editor_schema import editor_schema
from hub_plugin import hub_plugin
from reference_tables import meaning, readme_settings, shown, tables, types_of

from comparison import report
from tap_oauth2_generic.tap import TapOAuth2Generic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
KINDS = {"integer": "integer", "boolean": "boolean", "array": "array", "object": "object"}
# Meltano cannot write a `decimal` from an environment variable into the tap's configuration. It
# passes a string on, and the tap reads the number in it.
KINDS |= {"number": "string", "string": "string"}


def main() -> int:
    """Write or check every generated part; return 1 if a check fails."""
    check = "--check" in sys.argv[1:]
    made = generated()
    stale = [path for path, text in made.items() if before(path) != text]
    if check and stale:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        print(f"out of date: {names}; run python scripts/generate.py")
        return 1
    for path in stale:
        path.write_text(made[path])
    return 0


def generated() -> dict[Path, str]:
    """Return each file that has generated parts, as it should be."""
    about = TapOAuth2Generic._get_about_info()  # noqa: SLF001 - what --about prints
    settings = [*meltano_settings(about.settings)]
    readme, meltano = ROOT / "README.md", ROOT / "meltano.yml"
    project = meltano.read_text()
    folders = "".join(f"{row}\n" for row in folder_rows())
    pages = dict(filled_pages({**tables(about.settings), "folders": folders, **report.parts()}))
    return {
        **pages,
        DOCS / "development" / "architecture.svg": picture(),
        ROOT / "llms.txt": llms_txt(DOCS, pages),
        ROOT / "AGENTS.md": agents_md(DOCS, pages),
        readme: filled(
            readme.read_text(),
            {"settings": readme_settings(about.settings), "rows_lost": report.readme()},
        ),
        meltano: replaced(project, "    # <settings>", "    # </settings>", "".join(settings)),
        ROOT / "plugin.yaml": hub_plugin(project, about, settings),
        ROOT / "config.schema.json": editor_schema(about.settings),
    }


def filled_pages(parts: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Yield the pages of docs that have markers, with their parts between them."""
    missing = {*parts}
    for path in sorted(DOCS.rglob("*.md")):
        text = path.read_text()
        named = {*re.findall(r"^<!-- (\w+) -->$", text, re.MULTILINE)} & {*parts}
        missing -= named
        if named:
            yield path, filled(text, {name: parts[name] for name in named})
    if missing:
        sys.exit(f"no page of docs has markers for: {', '.join(sorted(missing))}")


def before(path: Path) -> str | None:
    """Return a file's present content, or None if there is no such file."""
    return path.read_text() if path.exists() else None


def filled(text: str, parts: Mapping[str, str]) -> str:
    """Put each part between its markers, ``<!-- name -->`` and ``<!-- /name -->``."""
    for name, part in parts.items():
        text = replaced(text, f"<!-- {name} -->", f"<!-- /{name} -->", part)
    return text


def replaced(text: str, begin: str, end: str, part: str) -> str:
    """Put a part between two markers, each on a line of its own."""
    head, rest = text.split(f"{begin}\n", 1)
    tail = rest.split(f"{end}\n", 1)[1]
    return f"{head}{begin}\n{part}{end}\n{tail}"


def meltano_settings(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield the settings as Meltano declares them.

    Without values: Meltano passes a default on as if the user had set it.
    """
    for name, about in schema["properties"].items():
        yield f"    - name: {name}\n"
        yield f"      kind: {meltano_kind(about)}\n"
        if choices := about.get("enum"):
            yield "      options:\n"
            for choice in choices:
                yield f"      - label: {choice}\n        value: {choice}\n"
        yield f"      label: {json.dumps(about.get('title', name))}\n"
        text = meaning({**about, "enum": None})
        if about.get("default") is not None:
            text += f" Default: {shown(about)}"
        yield f"      description: {json.dumps(text, ensure_ascii=False)}\n"
        if about.get("secret"):
            yield "      sensitive: true\n"


def meltano_kind(about: Mapping[str, Any]) -> str:
    """Translate a JSON type into Meltano's word for it."""
    if about.get("enum"):
        return "options"
    if about.get("format") == "date-time":
        return "date_iso8601"
    types = types_of(about)
    # A setting that may be a plain string must be allowed to be one.
    return "string" if "string" in types else KINDS[types[0]]


if __name__ == "__main__":
    sys.exit(main())
