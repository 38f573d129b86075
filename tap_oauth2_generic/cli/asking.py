"""The dialog of ``import`` without a source: asked on the terminal, from nothing to first rows.

Which settings there are, and what is wrong with a value, is decided where they are declared.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from tap_oauth2_generic.cli.boundary import describe_error
from tap_oauth2_generic.cli.import_file import ask_kind, refuse_existing, try_streams, write_project
from tap_oauth2_generic.cli.login import log_in
from tap_oauth2_generic.cli.preview import preview, show_report
from tap_oauth2_generic.config.presets import READY, apply_preset, names, preset
from tap_oauth2_generic.errors import (
    ApiError,
    AuthorizationError,
    InputError,
    StreamError,
    TapError,
    TokenRequestError,
)
from tap_oauth2_generic.importers.imported import Imported
from tap_oauth2_generic.importers.names import stream_name
from tap_oauth2_generic.runtime.redaction import redact, register
from tap_oauth2_generic.runtime.shutdown import Interrupted
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
_RECORDS = 3
# The statuses of a response that are about the secret.
_REFUSED = frozenset({401, 403})


def ask(output: str | None) -> None:
    """Ask for a connection and a stream, show first rows, and write a project."""
    if not sys.stdin.isatty():
        raise InputError("import without a source asks questions, which needs a terminal")
    file = Path(output or "config.json")
    refuse_existing(file, "write another file with import --output NAME")
    with suppress(ImportError):  # not on Windows
        # Without it, Python waits for another line after one with a null character.
        import_module("readline")
    click.echo("Press Enter where you have nothing to say, Ctrl-C to stop.")
    made = Imported({})
    _ask_connection(made)
    _ask_stream(made)
    try:
        worked = _connect(made)
        wanted = ask_kind(file)
    except (KeyboardInterrupt, click.Abort, Interrupted):
        click.echo()
        write_project(made, file, "config", is_asking=False)
        raise
    write_project(made, file, wanted, is_asking=True)
    if not worked:
        preview_it = f"tap-oauth2-generic preview --config {file}"
        click.echo(f"not working yet: correct {file} or the secrets, then run {preview_it}")
    click.get_current_context().exit(0 if worked else 1)


def _ask_connection(made: Imported) -> None:
    presets = textwrap.fill(", ".join(names()), break_on_hyphens=False)
    label = f"Provider preset (? lists the {len(names())}, Enter for none)"
    if provider := _ask(made, "provider", label, listed=presets):
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
    else:
        _ask_path(made, "Path of a list to read, such as contacts")


def _ask_path(made: Imported, label: str, kept: str | None = None) -> bool:
    """Ask for the path of the stream; return whether there is another one than before."""
    before = made.config.get("streams")

    def read(path: str) -> str:
        stream = {"name": stream_name(path), "path": path.strip()}
        made.config["streams"] = before if path == kept else [stream]
        _require(made, "streams")
        return path

    found: str = click.prompt(label, default=kept, value_proc=read)
    return found != kept


def _ask(
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


def _ask_secret(made: Imported, name: str, label: str) -> bool:
    """Ask for a secret; return whether one was typed."""
    label = f"{label} (not shown)"
    if found := click.prompt(label, default="", show_default=False, hide_input=True):
        register(found)
        made.secrets[name] = found
    return bool(found)


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
    """Show first rows; ask for what was wrong until they come, or nothing else is typed."""
    logged_in_with = None
    while True:
        try:
            if logged_in_with != made.secrets:
                _log_in(made)
                logged_in_with = dict(made.secrets)
            _read_rows(made)
        except TapError as error:
            click.echo(f"Error: {redact('; '.join(describe_error(error)))}")
            if not _ask_again(made, error):
                return False
        else:
            return True


def _log_in(made: Imported) -> None:
    config = TapOAuth2Generic.parse_configuration({**made.config, **made.secrets})
    if not config.grant.unattended and not config.oauth2.access_token:
        if redirect_uri := getattr(config.grant, "redirect_uri", ""):
            click.echo(f"Register this redirect URI at the provider: {redirect_uri}")
        log_in(config, browser=True, timeout=300.0)


def _ask_again(made: Imported, error: TapError) -> bool:
    """Ask for what an error is about; return whether something else was typed."""
    status = error.status if isinstance(error, ApiError) else None
    # A login of a person also fails because of that person, or of the port.
    refused = TokenRequestError if "authorize_url" in made.config else AuthorizationError
    if isinstance(error, refused) or status in _REFUSED:
        secret_of = {"username": "password", "client_id": "client_secret"}
        name = next((secret_of[one] for one in secret_of if one in made.config), "access_token")
        return _ask_secret(made, name, f"Another {name}, Enter keeps it")
    if isinstance(error, StreamError) and made.config["streams"] != READY:
        return _ask_path(made, "Another path, Enter keeps", made.config["streams"][0]["path"])
    return False


def _read_rows(made: Imported) -> None:
    """Suggest and show first rows; raise TapError if they cannot be read."""
    tried = Imported(dict(made.config), made.secrets)
    if tried.config["streams"] != READY:
        try_streams(tried, is_own=True)
    tap = TapOAuth2Generic(config={**tried.config, **made.secrets}, setup_mapper=False)
    try:
        found = preview(next(iter(tap.streams.values())), _RECORDS, raises=True)
    finally:
        tap.session.close()
    if not found["ok"]:
        raise StreamError(found["error"])
    made.config = tried.config
    for line in (*tried.derived, *tried.unsure):
        click.echo(f"  - {redact(line)}")
    show_report(found)
