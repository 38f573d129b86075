"""Read YAML or JSON into data that knows its lines; pure."""

from __future__ import annotations

from typing import Any

from tap_oauth2_generic.importers.plain_yaml import read_yaml


class Mapping(dict[str, Any]):
    """An object of the document, with the line where it begins and those of its members."""

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


def parse(text: str) -> Any:
    """Return the document; raise ValueError with a sentence."""
    # JSON may be indented by tabs, YAML may not.
    text = text.replace("\t", " ") if text.lstrip()[:1] in {"{", "["} else text
    return read_yaml(text, Mapping)
