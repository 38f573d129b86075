"""The strings of an authenticator, with its secrets kept apart; pure."""

from __future__ import annotations

import ast
from typing import Any

from tap_oauth2_generic.importers.airbyte.expressions import Unknown
from tap_oauth2_generic.importers.airbyte.manifest import Component
from tap_oauth2_generic.importers.airbyte.texts import OMITTED, Texts


def text_of(one: Component, name: str, texts: Texts) -> str:
    """Return a setting that is written into the file; a secret in it raises LeftOutError."""
    found = texts.render(one, one.text(name), "params")
    return "" if found is OMITTED else str(found)


def plain(one: Component, name: str, texts: Texts) -> tuple[str, bool]:
    """Return a string without its secrets, and whether it had any."""
    before = len(texts.secrets)
    parts = texts.parts(one, one.text(name))
    has_secret = len(texts.secrets) > before
    del texts.secrets[before:]
    kept = [
        part if isinstance(part, str) else str(part.value)
        for part in parts
        if isinstance(part, str) or (isinstance(part, ast.Constant) and not _is_secret(part.value))
    ]
    unread = any(isinstance(p, ast.expr) and not isinstance(p, ast.Constant) for p in parts)
    return "".join(kept), has_secret or unread


def _is_secret(value: Any) -> bool:
    return isinstance(value, Unknown) and value.is_secret
