"""The dialog of ``import`` without a source: asked on the terminal, from nothing to first rows.

Which settings there are, and what is wrong with a value, is decided where they are declared.
"""

from __future__ import annotations

import sys
import textwrap
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from tap_oauth2_generic.cli.boundary import describe_error
from tap_oauth2_generic.cli.export import next_commands
from tap_oauth2_generic.cli.import_file import (
    MELTANO,
    ask_kind,
    refuse_existing,
    try_streams,
    write_project,
)
from tap_oauth2_generic.cli.login import log_in
from tap_oauth2_generic.cli.preview import preview, show_report
from tap_oauth2_generic.cli.questions import (
    USUAL,
    ask_keys,
    ask_other,
    ask_path,
    ask_secret,
    ask_setting,
    param_reader,
)
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
from tap_oauth2_generic.oauth2.client_auth import SECRET_AUTH
from tap_oauth2_generic.runtime.redaction import redact
from tap_oauth2_generic.runtime.shutdown import Interrupted
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.tap import TapOAuth2Generic

_RECORDS = 3
# The statuses of a response that are about the secret.
_REFUSED = frozenset({401, 403})
# The codes of a token endpoint (RFC 6749 section 5.2): with another one, its URL may be wrong.
_CODES = frozenset({
    "invalid_client", "invalid_grant", "invalid_request", "invalid_scope",
    "unauthorized_client", "unsupported_grant_type",
})  # fmt: skip


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
        ended = _connect(made)
        wanted = ask_kind(file)
    except (KeyboardInterrupt, click.Abort, Interrupted):
        click.echo()
        write_project(made, file, "config", is_asking=False)
        # A signal has no STATE to resume from here.
        raise click.Abort from None
    write_project(made, file, wanted, is_asking=True)
    if ended is None:
        commands = next_commands(str(file), needs_login=False)
        shown = ["Next:", *(commands[:-1] if wanted == "meltano" else commands[-1:])]
    else:
        files = f"{file} and {MELTANO}" if wanted == "meltano" else str(file)
        shown = [f"not working yet: correct {files} or the secrets, then run"]
        variables = "set -a; . ./.env; set +a; " if made.secrets else ""
        tap = f"{variables}tap-oauth2-generic"
        shown += [f"{tap} login --config {file}"] if _is_of_login(made, ended) else []
        shown.append(f"{tap} preview --config {file}")
    click.echo("\n  ".join(shown))
    click.get_current_context().exit(0 if ended is None else 1)


def _ask_connection(made: Imported) -> None:
    presets = textwrap.fill(", ".join(names()), break_on_hyphens=False)
    label = f"Provider preset (? lists the {len(names())}, Enter for none)"
    if provider := ask_setting(made, "provider", label, listed=presets):
        for name, about in preset(provider).get("params", {}).items():
            said = f"{name}: {about['description']}"
            click.prompt(said, default=about.get("default"), value_proc=param_reader(made, name))
    else:
        ask_setting(made, "base_url", required=True)
        ask_setting(made, "authorize_url", "Authorize URL, for a login of a person")
        ask_setting(made, "access_token_url", required="authorize_url" in made.config)
        if "access_token_url" in made.config:
            ask_setting(made, "refresh_token_url", "Refresh Token URL, if it is another one")
            if "authorize_url" not in made.config:
                made.config["grant_type"] = "client_credentials"
    _ask_credentials(made, apply_preset(made.config, ErrorCollector()))
    if "client_id" in made.config and not provider:
        ask_setting(made, "scopes")


def _ask_credentials(made: Imported, known: Any) -> None:
    if known.get("grant_type") == "basic":
        ask_setting(made, "username", "Username, or API key", required=True)
        ask_secret(made, "password", "Password")
    elif known.get("access_token_url") or known.get("issuer"):
        ask_setting(made, "client_id", required=True)
        ask_secret(made, "client_secret", USUAL["client_secret"])
    else:
        ask_secret(made, "access_token", "Access token or API key")


def _ask_stream(made: Imported) -> None:
    provider = made.config.get("provider")
    if provider and preset(provider).get("streams"):
        made.config["streams"] = READY
    else:
        ask_path(made, "Path of a list to read, such as contacts")


def _connect(made: Imported) -> TapError | None:
    """Show first rows; ask for what was wrong until they come, or nothing else is typed.

    Return the error that was left, None if rows came.
    """
    logged_in_with = None
    while True:
        try:
            connection = {**made.config, **made.secrets, "streams": None}
            if logged_in_with != connection:
                _log_in(made)
                logged_in_with = connection
            report = _read_rows(made)
        except TapError as error:
            click.echo(f"Error: {redact('; '.join(describe_error(error)))}")
            if not _ask_again(made, error):
                return error
        else:
            if made.config["streams"] != READY:
                ask_keys(made, report["schema"]["properties"], report["primary_key_candidates"])
            return None


def _log_in(made: Imported) -> None:
    config = TapOAuth2Generic.parse_configuration({**made.config, **made.secrets})
    if not config.grant.unattended and not config.oauth2.access_token:
        if redirect_uri := getattr(config.grant, "redirect_uri", ""):
            click.echo(f"Register this redirect URI at the provider: {redirect_uri}")
        log_in(config, browser=True, timeout=300.0)


def _is_of_login(made: Imported, error: TapError) -> bool:
    """Return whether an error is one of a person's login."""
    needs_person = bool(apply_preset(made.config, ErrorCollector()).get("authorize_url"))
    return needs_person and isinstance(error, AuthorizationError)


def _ask_again(made: Imported, error: TapError) -> bool:
    """Ask for what an error is about; return whether something else was typed."""
    status = error.status if isinstance(error, ApiError) else None
    if isinstance(error, TokenRequestError) and "access_token_url" in made.config:
        url = made.config["access_token_url"]
        auth = made.config.get("client_auth", SECRET_AUTH[0])
        return (
            (error.code not in _CODES and ask_other(made, "access_token_url", url))
            or _ask_other_secret(made)
            or ask_other(made, "client_auth", auth)
        )
    # A login of a person also fails because of that person, or of the port.
    refused = TokenRequestError if "authorize_url" in made.config else AuthorizationError
    if (isinstance(error, refused) or status in _REFUSED) and _ask_other_secret(made):
        return True
    if isinstance(error, StreamError) and made.config["streams"] != READY:
        return ask_path(made, "Another path, Enter keeps", made.config["streams"][0]["path"])
    # The person denied it, or an old tab of the browser ended it.
    return _is_of_login(made, error) and click.confirm("Log in again?")


def _ask_other_secret(made: Imported) -> bool:
    secret_of = {"username": "password", "client_id": "client_secret"}
    found = [secret for name, secret in secret_of.items() if name in made.config]
    name = found[0] if found else "access_token"
    return ask_secret(made, name, f"Another {name}, Enter keeps it")


def _read_rows(made: Imported) -> dict[str, Any]:
    """Suggest and show first rows, and return the report; raise TapError if they cannot be read."""
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
    return found
