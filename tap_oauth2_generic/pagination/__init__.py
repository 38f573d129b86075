"""The paging styles, found by their ``style`` name.

To add a style, add a file here: nothing else lists the styles.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from tap_oauth2_generic.pagination.base import PagingStyle, Token
from tap_oauth2_generic.pagination.paginator import Paginator, Stop
from tap_oauth2_generic.settings.field_types import enum, nested
from tap_oauth2_generic.settings.fields import (
    WRONG,
    ErrorCollector,
    FieldType,
    names_of,
    near_choice,
    read,
    reject_unknown,
    schema_of,
)

__all__ = ["DEFAULT_STYLE", "PAGINATION", "Paginator", "PagingStyle", "Stop", "Token"]
__all__ += ["read_style", "styles"]

DEFAULT_STYLE = "none"
_ORDER = ("none", "page_number", "offset", "cursor", "next_url", "link_header", "last_record")


def styles() -> dict[str, type[PagingStyle]]:
    """Return every style that has a file here, by name, the best known first."""
    for module_info in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module_info.name}")
    kinds = PagingStyle.__subclasses__()
    for kind in kinds:
        kinds += kind.__subclasses__()
    found = {kind.style: kind for kind in kinds if "style" in vars(kind)}
    return {name: found[name] for name in [*_ORDER, *sorted(found.keys() - set(_ORDER))]}


def read_style(raw: Mapping[str, Any], collector: ErrorCollector) -> Any:
    """Parse a ``pagination`` object into its style, wrong settings left out."""
    known = styles()
    name = raw.get("style") or DEFAULT_STYLE
    chosen = known.get(name) if isinstance(name, str) else None
    if chosen is None:
        sentence = f"style must be one of {', '.join(known)}, not {name!r}"
        collector.add("", sentence + near_choice(name, known))
        return WRONG
    settings = {key: value for key, value in raw.items() if key != "style"}
    own = names_of(chosen)
    misspelled = [key for key in settings if near_choice(key, ["style"]) and "style" not in raw]
    reject_unknown(misspelled, ["style"], "", collector)
    if misspelled:
        return WRONG
    for key in [key for key in settings if key not in own]:
        if others := [other for other, style in known.items() if key in names_of(style)]:
            rest = f"not {name}" if raw.get("style") else "and no style is set"
            collector.add("", f"{key!r} belongs to style {', '.join(others)}, {rest}")
            del settings[key]
    reject_unknown(settings, own, "", collector)
    return read(chosen, settings, collector)


_STYLE = {
    **enum(*styles()).schema,
    "title": "Style",
    "description": "How the API pages; the default is none.",
}
_PROPERTIES = {"style": _STYLE, **schema_of(*styles().values())["properties"]}
#: One flat object with the style and the settings of all styles.
PAGINATION: FieldType = nested(
    read_style, {"type": "object", "properties": _PROPERTIES, "additionalProperties": False}
)
