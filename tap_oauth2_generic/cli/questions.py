"""The questions of the dialog of ``import``: each is asked until its value is right."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

import click

from tap_oauth2_generic.config.presets import names
from tap_oauth2_generic.importers.imported import Imported
from tap_oauth2_generic.importers.names import stream_name
from tap_oauth2_generic.runtime.redaction import redact, register
from tap_oauth2_generic.settings.field_types import STRINGS
from tap_oauth2_generic.settings.fields import ErrorCollector, near_choice
from tap_oauth2_generic.tap import TapOAuth2Generic

#: The usual fields of a hosted connector, under its names.
USUAL = {
    "base_url": "Base URL",
    "authorize_url": "Authorize URL",
    "access_token_url": "Access Token URL",
    "refresh_token_url": "Refresh Token URL",
    "client_id": "OAuth Client ID",
    "client_secret": "OAuth Client Secret",
    "scopes": "OAuth Scopes",
}


def ask_setting(
    made: Imported, name: str, label: str = "", *, required: bool = False, listed: str = ""
) -> str:
    """Ask for a setting until its value is right; leave it out if it is empty.

    ``listed`` is shown after a question mark.
    """

    def read(value: str) -> str:
        if (value := value.strip()) and not (listed and value == "?"):
            made.config[name] = STRINGS.parse(value) if name == "scopes" else value
            _require(made, name)
        return value

    label = label or USUAL[name]
    default = None if required else ""
    while True:
        found: str = click.prompt(label, default=default, show_default=False, value_proc=read)
        if not listed or found != "?":
            return found
        click.echo(listed)


def ask_secret(made: Imported, name: str, label: str) -> bool:
    """Ask for a secret; return whether one was typed."""
    label = f"{label} (not shown)"
    if found := click.prompt(label, default="", show_default=False, hide_input=True):
        register(found)
        made.secrets[name] = found
    return bool(found)


def ask_path(made: Imported, label: str, kept: str | None = None) -> bool:
    """Ask for the path of the stream; return whether there is another one than before."""
    before = made.config.get("streams")

    def read(path: str) -> str:
        stream = {"name": stream_name(path), "path": path.strip()}
        made.config["streams"] = before if path == kept else [stream]
        _require(made, "streams")
        return path

    found: str = click.prompt(label, default=kept, value_proc=read)
    return found != kept


def ask_keys(made: Imported, fields: Collection[str], candidates: Sequence[str]) -> None:
    """Ask for the primary keys of the stream where no field of its records is one for certain.

    Without them nothing is lost, while a loader merges the records that a wrong one makes equal.
    """
    (stream,) = made.config["streams"]
    if stream.get("primary_keys") or not candidates:
        return

    def read(value: str) -> str:
        # The name of a column may have spaces.
        keys = [value] if value in fields else STRINGS.parse(value)
        for key in keys:
            if key not in fields:
                raise click.UsageError(f"no record has {key!r}{near_choice(key, fields)}")
        if keys:
            stream["primary_keys"] = keys
        return value

    label = f"Primary key, such as {candidates[0]}; without one, each run appends its rows"
    click.prompt(redact(label), default="", show_default=False, value_proc=read)


def ask_other(made: Imported, name: str, kept: str) -> bool:
    """Ask for another value of a setting; return whether one was typed."""
    before = made.config

    def read(value: str) -> str:
        if (value := value.strip()) != kept:
            made.config = {**before, name: value}
            try:
                _require(made, name)
            except click.UsageError:
                made.config = before
                raise
        return value

    found: str = click.prompt(f"Another {name}, Enter keeps", default=kept, value_proc=read)
    return found != kept


def param_reader(made: Imported, name: str) -> Callable[[str], str]:
    """Return what reads a parameter of the preset; raise UsageError for a wrong value."""

    def read(value: str) -> str:
        before = made.config.get("provider_params", {})
        made.config["provider_params"] = {**before, name: value.strip()}
        try:
            _require(made, "provider_params", repr(name))
        except click.UsageError:
            made.config["provider_params"] = before
            raise
        return value

    return read


def _require(made: Imported, name: str, member: str = "") -> None:
    """Raise UsageError, after which click asks again, if the value of a setting is wrong."""
    collector = ErrorCollector()
    TapOAuth2Generic.check_configuration({**made.config, **made.secrets}, collector)
    errors = collector.errors
    lines = [one for one in errors if re.match(rf"{name}\b", one) and member in one]
    if lines:
        value = made.config.pop(name)
        if name == "provider":
            lines = [f"there is no preset {value!r}{near_choice(value, names())}"]
        raise click.UsageError(redact(lines[0]))
