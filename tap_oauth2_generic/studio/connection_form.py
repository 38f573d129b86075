"""The connection as a form: a preset, the seven usual fields, and every other setting.

Only the names and the order of the first fields are decided here; the rest is declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tap_oauth2_generic.cli.questions import USUAL
from tap_oauth2_generic.config.presets import apply_preset, names, preset
from tap_oauth2_generic.oauth2.grants import DEFAULT_GRANT
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.studio.form_fields import (
    FormField,
    declared_field,
    read_form,
    show_value,
    sort_errors,
    with_value,
)
from tap_oauth2_generic.studio.project import STAND_IN, Project

_ELSEWHERE = frozenset({"provider", "provider_params", "streams", *USUAL})
_NO_PROVIDER: dict[str, Any] = {"title": "", "documentation": [], "params": {}}


@dataclass(frozen=True)
class ConnectionForm:
    """The form as it is shown; ``errors`` and ``warnings`` belong to no field."""

    provider: FormField
    documentation: list[str]
    provider_params: list[FormField]
    usual: list[FormField]
    more: list[FormField]
    errors: list[str]
    warnings: list[str]

    @property
    def wrong(self) -> list[FormField]:
        """The fields with mistakes, in their order on the page."""
        listed = [self.provider, *self.provider_params, *self.usual, *self.more]
        return [one for one in listed if one.errors]

    @property
    def shows_more(self) -> bool:
        """Whether a setting beyond the usual ones is set or wrong."""
        return any(one.is_set or one.errors for one in self.more)

    @property
    def redirect_uri(self) -> str:
        """The address to register with the provider; empty if the grant has no redirect."""
        shown = {one.name: one.value or one.hint for one in self.more}
        return shown["redirect_uri"] if shown["grant_type"] == DEFAULT_GRANT else ""


def make_form(project: Project, *, checks: bool) -> ConnectionForm:
    """Return the form of the draft, with its mistakes if they are to be shown."""
    _, collector = project.check([STAND_IN]) if checks else (None, ErrorCollector())
    raw = project.effective()
    known = [*project.settings]
    errors, others = sort_errors(collector.found, known)
    hints = _preset_values(raw)

    def shown(name: str, label: str = "") -> FormField:
        one = with_value(declared_field(name, project.settings[name], label), raw.get(name))
        found = hints.get(name)
        hint = show_value(one.kind, found) if found and not one.is_secret else one.hint
        return replace(one, hint=hint, errors=tuple(errors.get(name, ())))

    params = errors.pop("provider_params", [])
    chosen = _chosen(raw)
    provider = replace(shown("provider", "Provider preset"), choices=names())
    given = raw.get("provider_params")
    return ConnectionForm(
        provider,
        list(chosen["documentation"]),
        [*_params(chosen, given if isinstance(given, Mapping) else {}, params)],
        [shown(name, label) for name, label in USUAL.items()],
        [shown(name) for name in known if name not in _ELSEWHERE],
        others,
        collector.warnings,
    )


def take_form(project: Project, form: Mapping[str, str]) -> None:
    """Put what was typed into the draft."""
    raw = project.effective()
    schema = project.settings
    fields = [declared_field(name, schema[name]) for name in schema if name != "streams"]
    for name, value in read_form([one for one in fields if one.name in form], form, raw):
        project.change(name, value)
    params = {
        name.removeprefix("provider_params."): value.strip()
        for name, value in form.items()
        if name.startswith("provider_params.") and value.strip()
    }
    is_shown = any(name.startswith("provider_params.") for name in form)
    if is_shown and params != (raw.get("provider_params") or {}):
        project.change("provider_params", params or None)


def _chosen(raw: Mapping[str, Any]) -> dict[str, Any]:
    name = raw.get("provider")
    return {**_NO_PROVIDER, **(preset(str(name)) if name in names() else {})}


def _preset_values(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the preset sets; a placeholder stays empty until its parameter is given."""
    kept = {name: raw[name] for name in ("provider", "provider_params") if name in raw}
    found = apply_preset(kept, ErrorCollector()) if raw.get("provider") in names() else {}
    return {name: value for name, value in found.items() if name not in kept}


def _params(
    chosen: Mapping[str, Any], given: Mapping[str, Any], errors: list[str]
) -> Iterator[FormField]:
    for name, about in chosen["params"].items():
        said = [one for one in errors if repr(name) in one]
        one = FormField(
            f"provider_params.{name}",
            name.replace("_", " ").capitalize(),
            "text",
            about["description"],
            about.get("default", ""),
        )
        yield with_value(one, given.get(name), said)
