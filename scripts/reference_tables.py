"""Markdown tables of everything the code declares: settings, styles, grants, presets, demo.

Knows no file; `scripts/generate.py` puts each table where it belongs.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

from command_tables import command_rows, option_rows, tool_rows

from tap_oauth2_generic import errors
from tap_oauth2_generic.config.config import CONFIG_SCHEMA
from tap_oauth2_generic.config.presets import names, preset
from tap_oauth2_generic.config.streams import STREAM_SECTIONS
from tap_oauth2_generic.demo.app import App
from tap_oauth2_generic.net.hosts import HostSettings
from tap_oauth2_generic.net.rate_limit import RateLimitSettings
from tap_oauth2_generic.net.response_rules import RuleSettings
from tap_oauth2_generic.net.retry import ResilienceSettings
from tap_oauth2_generic.net.transport import TransportSettings
from tap_oauth2_generic.oauth2.grants import grants
from tap_oauth2_generic.pagination import styles
from tap_oauth2_generic.replication.bookmark import IncrementalSettings
from tap_oauth2_generic.settings import limits
from tap_oauth2_generic.settings.fields import names_of, schema_of
from tap_oauth2_generic.singer.batch_files import BatchSettings, EncodingSettings, StorageSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_SCHEMA_FILE = Path(__file__).parent.parent / "docs/reference/run-report.schema.json"
_REPORT = json.loads(_SCHEMA_FILE.read_text())
_HTTP = (TransportSettings, ResilienceSettings, RateLimitSettings, HostSettings, RuleSettings)


def areas(settings: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the setting names of each area; ``settings`` is what ``--about`` prints."""
    http = names_of(*_HTTP)
    ours = list(CONFIG_SCHEMA["properties"])
    return {
        "connection": [name for name in ours if name not in http],
        "http": [name for name in ours if name in http],
        "sdk": [name for name in settings["properties"] if name not in ours],
        "streams": names_of(*STREAM_SECTIONS),
        "pagination": ["style", *dict.fromkeys(names_of(*styles().values()))],
        "incremental": names_of(IncrementalSettings),
    }


def tables(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return every table by the name of its markers."""
    found = {
        area: setting_rows(_only(settings, members))
        for area, members in areas(settings).items()
        if area in {"connection", "http", "sdk"}
    }
    found |= {
        "streams": setting_rows(schema_of(*STREAM_SECTIONS, defaults=True)),
        "pagination": pagination_rows(),
        "incremental": setting_rows(schema_of(IncrementalSettings, defaults=True)),
        "batch": setting_rows(batch_schema()),
        "styles": style_rows(),
        "grants": grant_rows(),
        "providers": provider_rows(),
        "commands": command_rows(),
        "options": option_rows(),
        "tools": tool_rows(),
        "bounds": limit_rows(),
        "errors": error_rows(),
        "report": report_rows(_REPORT["properties"]),
        "stream_report": report_rows(_REPORT["properties"]["streams"]["items"]["properties"]),
        "demo": demo_rows(),
    }
    return {name: _joined(rows) for name, rows in found.items()}


def readme_settings(settings: Mapping[str, Any]) -> str:
    """Return the README's table: the names of all settings, area by area."""
    pages = {
        "connection": ("Connection", "settings.md#connection"),
        "http": ("HTTP", "settings.md#http"),
        "streams": ("Streams", "streams.md"),
        "pagination": ("Pagination", "pagination.md"),
        "incremental": ("Incremental", "incremental.md"),
        "sdk": ("From the Singer SDK", "settings.md#from-the-singer-sdk"),
    }
    found = areas(settings)
    rows = ["| Area | Settings |", "|:--|:--|"]
    for area, (title, page) in pages.items():
        listed = ", ".join(f"`{name}`" for name in found[area])
        rows.append(f"| [{title}](docs/reference/{page}) | {listed} |")
    return _joined(rows)


def setting_rows(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield a table of the settings of one object."""
    yield "| Setting | Type | Default | Meaning |"
    yield "|:--|:--|:--|:--|"
    for name, about in schema["properties"].items():
        default = _default_of(name, schema)
        yield f"| `{name}` | {_type_of(about)} | {default} | {meaning(about)} |"


def batch_schema() -> dict[str, Any]:
    """Return the settings of ``batch_config``, those of its objects by their full names."""
    flat: dict[str, Any] = {"properties": {}, "required": []}
    parts = {"encoding.": EncodingSettings, "storage.": StorageSettings, "": BatchSettings}
    for prefix, settings in parts.items():
        schema = schema_of(settings, defaults=True)
        members = {f"{prefix}{n}": about for n, about in schema["properties"].items()}
        flat["properties"] |= {n: a for n, a in members.items() if f"{n}." not in parts}
        flat["required"] += [f"{prefix}{name}" for name in schema.get("required", [])]
    return flat


def pagination_rows() -> Iterator[str]:
    """Yield the table of paging settings: the styles that have each, and its default."""
    yield "| Setting | Styles | Type | Default | Meaning |"
    yield "|:--|:--|:--|:--|:--|"
    yield "| `style` | all | string | `none` | How the API pages; see the styles above. |"
    schemas = {name: schema_of(style, defaults=True) for name, style in styles().items()}
    settings = {n: a for schema in schemas.values() for n, a in schema["properties"].items()}
    for setting, about in settings.items():
        having = [name for name, schema in schemas.items() if setting in schema["properties"]]
        default = ", ".join(dict.fromkeys(_default_of(setting, schemas[name]) for name in having))
        used_by = "all" if len(having) == len(schemas) else ", ".join(f"`{n}`" for n in having)
        yield f"| `{setting}` | {used_by} | {_type_of(about)} | {default} | {meaning(about)} |"


def style_rows() -> Iterator[str]:
    """Yield the table of paging styles: the response each fits, and its own settings."""
    yield "| Style | Response of the API | Its own settings |"
    yield "|:--|:--|:--|"
    shared = set.intersection(*({*style.__dataclass_fields__} for style in styles().values()))
    for name, style in styles().items():
        own = [f"`{field}`" for field in style.__dataclass_fields__ if field not in shared]
        yield f"| `{name}` | {style.fits} | {', '.join(own) or '—'} |"


def grant_rows() -> Iterator[str]:
    """Yield the table of grants and what each needs."""
    yield "| `grant_type` | Needs |"
    yield "|:--|:--|"
    for name, grant in grants().items():
        yield f"| `{name}` | {grant.needs} |"


def provider_rows() -> Iterator[str]:
    """Yield the table of presets: their parameters, and the pages their facts come from."""
    yield "| `provider` | API | `provider_params` | Streams | Documentation |"
    yield "|:--|:--|:--|:--|:--|"
    for name in names():
        found = preset(name)
        params = [
            f"`{param}` ({about['default']})" if "default" in about else f"`{param}`"
            for param, about in found.get("params", {}).items()
        ]
        pages = ", ".join(f"[{n}]({page})" for n, page in enumerate(found["documentation"], 1))
        streams = ", ".join(f"`{one['name']}`" for one in found.get("streams", []))
        cells = (f"`{name}`", found["title"], ", ".join(params) or "—", streams or "—", pages)
        yield f"| {' | '.join(cells)} |"


def limit_rows() -> Iterator[str]:
    """Yield the table of limits and of what happens beyond each."""
    yield "| What is limited | Limit | Beyond it |"
    yield "|:--|--:|:--|"
    source = Path(limits.__file__).read_text()
    for comment, name in re.findall(r"((?:^#: .*\n)+)^(\w+) = ", source, re.MULTILINE):
        what, beyond = " ".join(comment.replace("#: ", "").split("\n")).split(" | ")
        yield f"| {what} | {getattr(limits, name):,.15g} | {beyond.strip()} |"


def error_rows() -> Iterator[str]:
    """Yield the table of error classes: what each is a case of, and what it means."""
    yield "| Error | Kind of | Meaning |"
    yield "|:--|:--|:--|"
    for name, member in vars(errors).items():
        if isinstance(member, type) and member.__module__ == errors.__name__:
            first = (member.__doc__ or "").partition("\n\n")[0].replace("``", "`")
            yield f"| `{name}` | `{member.__bases__[0].__name__}` | {' '.join(first.split())} |"


def report_rows(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield a table of the fields of the run report, from its published schema."""
    yield "| Field | Meaning |"
    yield "|:--|:--|"
    for name, about in fields.items():
        choices = ", ".join(f"`{choice}`" for choice in about.get("enum", ()))
        yield f"| `{name}` | {choices}{': ' if choices else ''}{about['description']} |"


def demo_rows() -> Iterator[str]:
    """Yield the table of the demo's endpoints, as the demo itself lists them."""
    yield "| Endpoint | Response |"
    yield "|:--|:--|"
    for entry in App("", token_lifetime=0, clock=time).endpoints():
        about = entry["about"].replace("``", "`")
        yield f"| {', '.join(entry['methods'])} `{entry['path']}` | {about} |"


def meaning(about: Mapping[str, Any]) -> str:
    """Return a setting's description in one line, with its choices if it has some."""
    text = " ".join(about.get("description", "").split()).replace("|", "\\|")
    if choices := about.get("enum"):
        text += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
    return text


def shown(about: Mapping[str, Any]) -> str:
    """Return a default as JSON, or a dash if there is none."""
    default = about.get("default")
    return "—" if default is None else f"`{json.dumps(default, default=sorted)}`"


def types_of(about: Mapping[str, Any]) -> list[str]:
    """Return the JSON types of a setting without null."""
    types = about.get("type", "string")
    return [types] if isinstance(types, str) else [name for name in types if name != "null"]


def _only(settings: Mapping[str, Any], members: Iterable[str]) -> dict[str, Any]:
    return {**settings, "properties": {name: settings["properties"][name] for name in members}}


def _type_of(about: Mapping[str, Any]) -> str:
    text = " or ".join(types_of(about))
    return f"{text}, secret" if about.get("secret") else text


def _default_of(setting: str, schema: Mapping[str, Any]) -> str:
    if setting in schema.get("required", []):
        return "required"
    return shown(schema["properties"][setting])


def _joined(rows: Iterable[str]) -> str:
    return "".join(f"{row}\n" for row in rows)
