"""Writes what the code says of its settings into README.md, meltano.yml and files of their own.

Those are plugin.yaml, for Meltano's Hub, and config.schema.json, for editors.
`python scripts/generate.py` rewrites them, `--check` only says whether they are as they should be.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

from editor_schema import editor_schema
from hub_plugin import hub_plugin

from tap_oauth2_generic.config.config import STREAM_ROOMS
from tap_oauth2_generic.config.presets import names, preset
from tap_oauth2_generic.demo.app import App
from tap_oauth2_generic.oauth2 import grants
from tap_oauth2_generic.pagination import styles
from tap_oauth2_generic.replication.bookmark import IncrementalSettings
from tap_oauth2_generic.settings.fields import schema_of
from tap_oauth2_generic.tap import TapOAuth2Generic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
KINDS = {"integer": "integer", "boolean": "boolean", "array": "array", "object": "object"}
# Meltano fails on a `decimal` from an environment variable: it cannot write it into the tap's
# configuration. A text it passes on, and the tap reads the number in it.
KINDS |= {"number": "string", "string": "string"}


def main() -> int:
    """Write or check every generated part; the exit status is 1 where a check failed."""
    check = "--check" in sys.argv[1:]
    stale = [path.name for path, text in generated().items() if before(path) != text]
    for path, text in generated().items():
        if not check:
            path.write_text(text)
    if check and stale:
        print(f"not as the code says: {', '.join(stale)}; run python scripts/generate.py")
        return 1
    return 0


def generated() -> dict[Path, str]:
    """Give each file with generated parts, as it should be."""
    about = TapOAuth2Generic._get_about_info()  # noqa: SLF001 - what --about prints
    schema = about.settings
    readme, meltano = ROOT / "README.md", ROOT / "meltano.yml"
    parts = {
        "settings": table(schema),
        "streams": table(schema_of(*STREAM_ROOMS, defaults=True)),
        "pagination": "\n".join(pagination_rows()),
        "incremental": table(schema_of(IncrementalSettings, defaults=True)),
        "styles": "\n".join(style_rows()),
        "grants": "\n".join(grant_rows()),
        "providers": "\n".join(provider_rows()),
        "demo": "\n".join(demo_rows()),
    }
    text = readme.read_text()
    for name, part in parts.items():
        text = replaced(text, f"<!-- {name} -->", f"<!-- /{name} -->", f"{part}\n")
    settings = [*meltano_settings(schema)]
    project = meltano.read_text()
    return {
        readme: text,
        meltano: replaced(project, "    # <settings>", "    # </settings>", "".join(settings)),
        ROOT / "plugin.yaml": hub_plugin(project, about, settings),
        ROOT / "config.schema.json": editor_schema(schema),
    }


def before(path: Path) -> str | None:
    """Give a file as it is, None where it is not there yet."""
    return path.read_text() if path.exists() else None


def replaced(text: str, begin: str, end: str, part: str) -> str:
    """Put a part between two markers, each on a line of its own."""
    before, rest = text.split(f"{begin}\n", 1)
    after = rest.split(f"{end}\n", 1)[1]
    return f"{before}{begin}\n{part}{end}\n{after}"


def table(schema: Mapping[str, Any]) -> str:
    """Make a Markdown table of the settings of one object."""
    rows = ["| Setting | Type | Default | Meaning |", "|:--|:--|:--|:--|"]
    for name, about in schema["properties"].items():
        default = default_of(name, schema)
        rows.append(f"| `{name}` | {kind(about)} | {default} | {meaning(about)} |")
    return "\n".join(rows)


def kind(about: Mapping[str, Any]) -> str:
    """Name the type of a setting, and mark what is kept secret."""
    types = about.get("type", "string")
    names = [types] if isinstance(types, str) else [name for name in types if name != "null"]
    text = " or ".join(names)
    return f"{text}, secret" if about.get("secret") else text


def shown(about: Mapping[str, Any]) -> str:
    """Show a default as JSON, and what has none as a dash."""
    default = about.get("default")
    return "—" if default is None else f"`{json.dumps(default, default=sorted)}`"


def meaning(about: Mapping[str, Any]) -> str:
    """Give the description in one line, with the choices where there are some."""
    text = " ".join(about.get("description", "").split()).replace("|", "\\|")
    if choices := about.get("enum"):
        text += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
    return text


def pagination_rows() -> Iterator[str]:
    """Give the table of paging settings: which styles have each, with which default."""
    yield "| Setting | Styles | Type | Default | Meaning |"
    yield "|:--|:--|:--|:--|:--|"
    there_are = {name: schema_of(style, defaults=True) for name, style in styles().items()}
    settings = {n: a for schema in there_are.values() for n, a in schema["properties"].items()}
    yield "| `style` | all | string | `none` | How the API pages; see the table of styles. |"
    for setting, about in settings.items():
        having = [name for name, schema in there_are.items() if setting in schema["properties"]]
        defaults = [default_of(setting, there_are[name]) for name in having]
        default = ", ".join(dict.fromkeys(defaults))
        used_by = "all" if len(having) == len(there_are) else ", ".join(f"`{n}`" for n in having)
        yield f"| `{setting}` | {used_by} | {kind(about)} | {default} | {meaning(about)} |"


def demo_rows() -> Iterator[str]:
    """Give the table of the demo's endpoints, as the demo itself lists them."""
    yield "| Endpoint of the demo | |"
    yield "|:--|:--|"
    for entry in App("", token_lifetime=0, clock=time).endpoints():
        about = entry["about"].replace("``", "`")
        yield f"| {', '.join(entry['methods'])} `{entry['path']}` | {about} |"


def default_of(setting: str, schema: Mapping[str, Any]) -> str:
    """Give the default of a setting, or that it has none because it is required."""
    if setting in schema.get("required", []):
        return "required"
    return shown(schema["properties"][setting])


def style_rows() -> Iterator[str]:
    """Give the table of paging styles: the answer each fits and the settings of its own."""
    yield "| Style | Fits an API that answers | Settings of its own |"
    yield "|:--|:--|:--|"
    shared = set.intersection(*({*style.__dataclass_fields__} for style in styles().values()))
    for name, style in styles().items():
        own = [f"`{field}`" for field in style.__dataclass_fields__ if field not in shared]
        yield f"| `{name}` | {style.fits} | {', '.join(own) or '—'} |"


def grant_rows() -> Iterator[str]:
    """Give the table of grants: what each needs."""
    yield "| `grant_type` | Needs |"
    yield "|:--|:--|"
    for name, grant in grants().items():
        yield f"| `{name}` | {grant.needs} |"


def provider_rows() -> Iterator[str]:
    """Give the table of presets: what is still to be given, and where its facts are from."""
    yield "| `provider` | API | `provider_params` | Documentation |"
    yield "|:--|:--|:--|:--|"
    for name in names():
        found = preset(name)
        params = [
            f"`{param}` ({about['default']})" if "default" in about else f"`{param}`"
            for param, about in found.get("params", {}).items()
        ]
        pages = ", ".join(f"[{n}]({page})" for n, page in enumerate(found["documentation"], 1))
        yield f"| `{name}` | {found['title']} | {', '.join(params) or '—'} | {pages} |"


def meltano_settings(schema: Mapping[str, Any]) -> Iterator[str]:
    """Give the settings as Meltano declares them.

    Without values: what Meltano passes counts as given by hand, and a default is none.
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
    types = about.get("type", "string")
    names = [types] if isinstance(types, str) else [name for name in types if name != "null"]
    # What may be a plain text must be allowed to be one.
    return "string" if "string" in names else KINDS[names[0]]


if __name__ == "__main__":
    sys.exit(main())
