"""The dialog of ``import`` without a source: asked on the terminal, from nothing to first rows.

Which settings there are, and what is wrong with a value, is decided where they are declared.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tap_oauth2_generic.cli.boundary import describe_error
from tap_oauth2_generic.cli.env_file import read_env, write_env
from tap_oauth2_generic.cli.export import meltano_project, next_commands, pip_url
from tap_oauth2_generic.cli.import_file import as_json, refuse_existing, try_streams, write_new
from tap_oauth2_generic.cli.login import log_in
from tap_oauth2_generic.cli.preview import preview, show_report
from tap_oauth2_generic.config.presets import READY, apply_preset, names, preset
from tap_oauth2_generic.errors import InputError, TapError
from tap_oauth2_generic.importers.imported import Imported
from tap_oauth2_generic.importers.names import stream_name
from tap_oauth2_generic.runtime.log import PREFIX
from tap_oauth2_generic.runtime.redaction import redact, register
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
_RECORDS = 3
_MELTANO = "meltano.yml"


def ask(output: str | None) -> None:
    """Ask for a connection and a stream, show first rows, and write a project."""
    if not sys.stdin.isatty():
        raise InputError("import without a source asks questions, which needs a terminal")
    file = Path(output or "config.json")
    refuse_existing(file)
    click.echo("Press Enter where you have nothing to say, Ctrl-C to stop.")
    made = Imported({})
    _ask_connection(made)
    _ask_stream(made)
    worked = _connect(made)
    _write(made, file)
    click.get_current_context().exit(0 if worked else 1)


def _ask_connection(made: Imported) -> None:
    if provider := _ask(made, "provider", f"Provider preset, of {len(names())}"):
        for name, about in preset(provider).get("params", {}).items():
            said = f"{name}: {about['description']}"
            click.prompt(said, default=about.get("default"), value_proc=_param(made, name))
    else:
        _ask(made, "base_url", required=True)
        _ask(made, "authorize_url", "Authorize URL, for a login of a person")
        _ask(made, "access_token_url", required="authorize_url" in made.config)
        if "access_token_url" in made.config:
            _ask(made, "refresh_token_url", "Refresh Token URL, if it is another one")
            if "authorize_url" not in made.config:
                made.config["grant_type"] = "client_credentials"
    _ask_credentials(made, apply_preset(made.config, ErrorCollector()))
    if "client_id" in made.config and not provider:
        _ask(made, "scopes")


def _ask_credentials(made: Imported, known: Any) -> None:
    if known.get("grant_type") == "basic":
        _ask(made, "username", "Username, or API key", required=True)
        _ask_secret(made, "password", "Password")
    elif known.get("access_token_url") or known.get("issuer"):
        _ask(made, "client_id", required=True)
        _ask_secret(made, "client_secret", USUAL["client_secret"])
    else:
        _ask_secret(made, "access_token", "Access token or API key")


def _ask_stream(made: Imported) -> None:
    provider = made.config.get("provider")
    if provider and preset(provider).get("streams"):
        made.config["streams"] = READY
        return

    def read_path(path: str) -> str:
        made.config["streams"] = [{"name": stream_name(path), "path": path.strip()}]
        _require(made, "streams")
        return path

    click.prompt("Path of a list to read, such as contacts", value_proc=read_path)


def _ask(made: Imported, name: str, label: str = "", *, required: bool = False) -> str:
    """Ask for a setting until its value is right; leave it out if it is empty."""

    def read(value: str) -> str:
        if value := value.strip():
            made.config[name] = value
            _require(made, name)
        return value

    label = label or USUAL[name]
    default = None if required else ""
    found: str = click.prompt(label, default=default, show_default=False, value_proc=read)
    return found


def _ask_secret(made: Imported, name: str, label: str) -> None:
    label = f"{label} (not shown)"
    if found := click.prompt(label, default="", show_default=False, hide_input=True):
        register(found)
        made.secrets[name] = found


def _param(made: Imported, name: str) -> Callable[[str], str]:
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


def _connect(made: Imported) -> bool:
    """Log in, suggest and show first rows; what was asked outlives any failure."""
    try:
        raw = {**made.config, **made.secrets}
        config = TapOAuth2Generic.parse_configuration(raw)
        if not config.grant.unattended and not config.oauth2.access_token:
            log_in(config, browser=True, timeout=300.0)
        if made.config["streams"] != READY:
            try_streams(made, is_own=True)
            for line in (*made.derived, *made.unsure):
                click.echo(f"  - {redact(line)}")
        tap = TapOAuth2Generic(config={**raw, **made.config}, setup_mapper=False)
        found = preview(next(iter(tap.streams.values())), _RECORDS)
        tap.session.close()
        show_report(found)
    except TapError as error:
        click.echo(f"Error: {redact('; '.join(describe_error(error)))}")
        return False
    return bool(found["ok"])


def _write(made: Imported, file: Path) -> None:
    """Write the settings and the secrets, whatever of it is not there yet."""
    kinds = click.Choice(["config", "meltano"])
    wanted = click.prompt("Write", type=kinds, default="config", show_choices=True)
    write_new(file, as_json(made.config))
    env, variables = (
        file.parent / ".env",
        {f"{PREFIX}{n.upper()}": v for n, v in made.secrets.items()},
    )
    kept = read_env(env)
    for name in [n for n, value in variables.items() if kept.get(n, value) != value]:
        if not click.confirm(f"{env} has another {name}. Replace it?"):
            del variables[name]
    if variables:
        write_env(env, variables)
    if wanted == "meltano":
        schema = TapOAuth2Generic.config_jsonschema
        TapOAuth2Generic.append_builtin_config(schema)
        project = meltano_project(made.config, made.secrets, schema["properties"], pip_url())
        write_new(file.parent / _MELTANO, project)
    commands = next_commands(str(file), needs_login=False)
    shown = commands if wanted == "meltano" else commands[-1:]
    click.echo("\n".join([f"Wrote {file}" + (f", secrets to {env}" if variables else ""), *shown]))
