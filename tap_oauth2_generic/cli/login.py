"""The command ``tap-oauth2-generic login``: a person logs in once, the tokens are stored.

What is asked and checked is the grant's; this is the terminal, the browser and the listener.
"""

from __future__ import annotations

import base64
import os
import sys
import webbrowser
from contextlib import ExitStack
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import click
import msgspec

from tap_oauth2_generic.cli.boundary import CONFIG_OPTION, log_to_stderr, session
from tap_oauth2_generic.cli.callback_server import Listener, can_listen
from tap_oauth2_generic.errors import AuthorizationError, TapError
from tap_oauth2_generic.oauth2.authorization import authorization_url, create_code_challenge
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.redaction import printable, redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_oauth2_generic.oauth2.token import Token
    from tap_oauth2_generic.session import Session


class TerminalLogin:
    """The desk at which a person logs in: this terminal, and a browser where there is one."""

    def __init__(
        self, session: Session, *, browser: bool, timeout_seconds: float, stack: ExitStack
    ) -> None:
        """Take the connection to log in for; ``stack`` closes the listener."""
        self._session = session
        self._browser = browser
        self._timeout_seconds = timeout_seconds
        self._stack = stack
        self._clock = Clock()
        self.listener: Listener | None = None

    def say(self, text: str) -> None:
        """Show a line; a provider may have had a say in it."""
        click.echo(printable(text))

    def endpoint(self, name: str) -> str:
        """Give the URL of an endpoint."""
        return self._session.token_client.endpoints.resolve(name)

    def check_issuer(self, issuer: str) -> None:
        """Raise AuthorizationError where an ``iss`` is not the provider's."""
        self._session.token_client.endpoints.check_issuer(issuer)

    def post(self, url: str, fields: Mapping[str, str]) -> dict[str, Any]:
        """Send a form with the client's proof."""
        return self._session.token_client.post_form(url, fields)

    def fetch_token(self, fields: Mapping[str, Any]) -> Token:
        """Send a token request."""
        grant_type = self._session.config.grant.grant_type
        return self._session.token_client.redeem_code(fields, grant_type)

    def wait(self, seconds: float) -> None:
        """Wait for the person."""
        self._clock.sleep(seconds)

    def authorization_url(self, url: str, params: Mapping[str, str]) -> str:
        """Give the address of an authorization request."""
        client_id = self._session.config.oauth2.client_id or ""
        return authorization_url(url, client_id, self._session.token_client.scope, params)

    def create_code_challenge(self) -> tuple[str, str]:
        """Give a new code verifier and its challenge."""
        return create_code_challenge()

    def wait_for_redirect(self, address: str, redirect_uri: str) -> Mapping[str, str]:
        """Send the browser to an address, and give what it comes back with."""
        if not self._browser or not can_listen(redirect_uri):
            return self._pasted(address, redirect_uri)
        self.listener = self._stack.enter_context(Listener(redirect_uri, _state_of(address)))
        click.echo(f"Log in in your browser. If none opens, open this address:\n\n  {address}\n")
        if _has_browser():
            webbrowser.open(address)
        click.echo(f"Waiting for the answer at {redirect_uri} (Ctrl-C ends it) ...")
        return self.listener.wait(self._timeout_seconds)

    def _pasted(self, address: str, redirect_uri: str) -> Mapping[str, str]:
        click.echo(f"Open this address in a browser and log in:\n\n  {address}\n")
        click.echo(
            "Afterwards the browser shows a page that may not load. Copy its whole address, which "
            f"begins with {redirect_uri}"
        )
        click.echo("and paste it here: ", nl=False)
        pasted = sys.stdin.readline().strip()
        if not pasted:
            message = "nothing was pasted; run the login again"
            raise AuthorizationError(message)
        parts = urlsplit(pasted)
        expected = urlsplit(redirect_uri)
        if (parts.scheme, parts.netloc, parts.path or "/") != (
            expected.scheme,
            expected.netloc,
            expected.path or "/",
        ):
            message = (
                f"what was pasted does not begin with the redirect URI {redirect_uri}: paste the "
                "address after the login, and set redirect_uri to the one that is registered"
            )
            raise AuthorizationError(message)
        return dict(parse_qsl(parts.query, keep_blank_values=True))


def _state_of(address: str) -> str:
    return dict(parse_qsl(urlsplit(address).query)).get("state", "")


def _has_browser() -> bool:
    """Tell whether opening a browser can help; in a bare terminal it would take the terminal."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))


def _login(paths: tuple[str, ...], *, browser: bool, timeout_seconds: float) -> None:
    log_to_stderr()
    made = session(paths)
    with ExitStack() as stack:
        ui = TerminalLogin(made, browser=browser, timeout_seconds=timeout_seconds, stack=stack)
        try:
            token = made.authenticator.login(ui)
        except TapError as error:
            if ui.listener is not None:
                ui.listener.show("The login failed", redact(str(error)), worked=False)
            raise
        name = made.authenticator.connection
        sentences = [f"The connection {name!r} is logged in{_whom(token)}."]
        sentences.append(_until(token, unattended=made.config.grant.unattended))
        if ui.listener is not None:
            page = " ".join([*sentences, "You can close this page and go back to the terminal."])
            ui.listener.show("It worked", page, worked=True)
        named = " ".join(f"--config {path}" for path in paths)
        sentences.append(f"Next: tap-oauth2-generic {named} --discover, or meltano run.")
        ui.say("\n" + "\n".join(sentences))


def _until(token: Token, *, unattended: bool) -> str:
    if token.expires_at is None:
        until = "The provider names no end of the access token"
    else:
        until = f"The access token is good until {_date(token.expires_at)}"
    if unattended:
        return f"{until}; this grant needs no login, a new token is had by itself."
    if token.refresh_token:
        return f"{until}; it is renewed by itself from then on."
    return (
        f"{until}, and there is no refresh token: afterwards log in again. Many providers give one "
        "for a scope such as offline_access, or a parameter in authorize_params"
        " such as access_type=offline."
    )


def _date(epoch: float) -> str:
    try:
        return datetime.fromtimestamp(epoch, tz=timezone.utc).isoformat(" ", "seconds")
    except (OverflowError, ValueError, OSError):
        return "a time beyond the calendar"


def _whom(token: Token) -> str:
    """Name the user as the ID token does, if there is one; it is shown, never trusted."""
    try:
        payload = str(token.response["id_token"]).split(".")[1]
        claims = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        found = [claims.get(name) for name in ("email", "preferred_username", "name", "sub")]
        return f" for {next(name for name in found if name)}"
    except (KeyError, IndexError, ValueError, AttributeError, StopIteration):
        return ""


@click.command("login")
@CONFIG_OPTION
@click.option("--no-browser", is_flag=True, help="Paste the redirect address instead of listening.")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), default=300.0, show_default=True,
    help="Seconds to wait for the browser to come back.",
)  # fmt: skip
def command(paths: tuple[str, ...], timeout: float, *, no_browser: bool) -> None:
    """Log in once: authorization code (with PKCE) or device code, as the configuration says."""
    _login(paths, browser=not no_browser, timeout_seconds=timeout)
