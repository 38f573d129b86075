"""The command ``tap-oauth2-generic login``: a person logs in once, and the tokens are stored.

The grant decides what to ask and check; this is the terminal, the browser and the listener.
"""

from __future__ import annotations

import base64
import os
import sys
import webbrowser
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import click
import msgspec

from tap_oauth2_generic.cli.callback_server import Listener, listen
from tap_oauth2_generic.config.config import Config
from tap_oauth2_generic.errors import AuthorizationError, TapError
from tap_oauth2_generic.oauth2.token import Token
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.redaction import printable, redact
from tap_oauth2_generic.runtime.timestamps import format_epoch
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.settings.values import is_loopback
from tap_oauth2_generic.tap import TapOAuth2Generic


@dataclass
class TerminalLogin:
    """The ``LoginUI`` of this terminal; the stack closes the listener for the browser."""

    wait: Callable[[float], None]
    stack: ExitStack
    browser: bool
    timeout_seconds: float
    listener: Listener | None = None

    def say(self, line: str) -> None:
        """Print a line, without control characters that the provider may have sent."""
        click.echo(printable(line))

    def show(self, title: str, text: str, *, worked: bool) -> None:
        """Show the outcome in the browser, if it waits for it."""
        if self.listener is not None:
            self.listener.show(title, text, worked=worked)

    def wait_for_redirect(self, url: str, redirect_uri: str) -> Mapping[str, str]:
        """Send the browser to a URL and return the parameters of its redirect."""
        parts = urlsplit(redirect_uri)
        if not (self.browser and parts.scheme == "http" and is_loopback(parts.hostname)):
            return _ask_for_redirect(url, redirect_uri)
        state = dict(parse_qsl(urlsplit(url).query)).get("state", "")
        self.listener = self.stack.enter_context(listen(redirect_uri, state))
        click.echo(f"Log in in your browser. If none opens, open this address:\n\n  {url}\n")
        if has_browser():
            webbrowser.open(url)
        click.echo(f"Waiting for the redirect to {redirect_uri} (Ctrl-C to stop) ...")
        return self.listener.wait(self.timeout_seconds)


def _ask_for_redirect(address: str, redirect_uri: str) -> Mapping[str, str]:
    click.echo(
        f"Open this address in a browser and log in:\n\n  {address}\n\n"
        "The browser then shows a page that may not load. Copy its full address, which begins "
        f"with {redirect_uri}\nand paste it here: ",
        nl=False,
    )
    return read_redirect(sys.stdin.readline().strip(), redirect_uri)


def read_redirect(pasted: str, redirect_uri: str) -> Mapping[str, str]:
    """Return the parameters of a pasted redirect; raise AuthorizationError if it is another."""
    if not pasted:
        raise AuthorizationError("nothing was pasted; run the login again")
    parts = [urlsplit(pasted), urlsplit(redirect_uri)]
    if len({(one.scheme, one.netloc, one.path or "/") for one in parts}) > 1:
        raise AuthorizationError(
            f"the pasted address does not begin with the redirect URI {redirect_uri}; paste the "
            "address after the login, and set redirect_uri to the registered one"
        )
    # A provider may put its parameters into the fragment.
    given = f"{parts[0].query}&{parts[0].fragment}"
    return dict(parse_qsl(given, keep_blank_values=True))


def has_browser() -> bool:
    """Return False in a bare terminal, which a terminal browser would take over."""
    named = any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))
    return named or not sys.platform.startswith("linux")


def _validity(token: Token, config: Config, *, renewable: bool) -> str:
    if token.expires_at is None:
        valid = "The provider does not say how long the access token is valid"
    else:
        end = format_epoch(token.expires_at) or "a time beyond the calendar"
        valid = f"The access token is valid until {end}"
    if config.grant.unattended:
        return f"{valid}; this grant needs no login: the tap gets new tokens by itself."
    if renewable:
        return f"{valid}; the tap refreshes it from then on."
    asked = {"scope": config.oauth2.scopes, **getattr(config.grant, "authorize_params", {})}
    words = {name: getattr(value, "text", value) or "" for name, value in asked.items()}
    usual = {"scope": "offline_access", "access_type": "offline", "prompt": "consent"}
    missing = [f"{n}={word}" for n, word in usual.items() if word not in words.get(n, "")]
    hint = f"; many providers return one for {' or '.join(missing)}" if missing else ""
    return f"{valid}, and there is no refresh token, so you have to log in again then{hint}."


def _user(token: Token) -> str:
    """Return the user in the ID token, if there is one; to be shown, never to be trusted."""
    try:
        payload = str(token.response["id_token"]).split(".")[1]
        claims = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        found = [claims.get(name) for name in ("email", "preferred_username", "name", "sub")]
        return f" for {next(name for name in found if name)}"
    except (KeyError, IndexError, ValueError, AttributeError, StopIteration):
        return ""


def describe_login(session: Session, token: Token) -> list[str]:
    """Return whose login a token is of, and how long it lasts: two sentences."""
    authenticator = session.authenticator
    return [
        f"The connection {authenticator.connection!r} is logged in{_user(token)}.",
        _validity(token, session.config, renewable=authenticator.is_renewable),
    ]


def run(paths: tuple[str, ...], timeout: float, *, no_browser: bool) -> None:
    """Run the command ``login``."""
    config = TapOAuth2Generic.parse_configuration(TapOAuth2Generic.merge_configuration(paths))
    log_in(config, browser=not no_browser, timeout=timeout)
    options = " ".join(f"--config {path}" for path in paths)
    click.echo(f"Next: tap-oauth2-generic {options} --discover, or meltano run.")


def log_in(config: Config, *, browser: bool, timeout: float) -> None:
    """Log in and say for whom and until when; raise TapError."""
    session = Session.of(config, Clock(), sys.stdout.flush)
    with ExitStack() as stack:
        ui = TerminalLogin(session.clock.sleep, stack, browser, timeout)
        try:
            token = session.authenticator.login(ui)
        except TapError as error:
            ui.show("The login failed", redact(str(error)), worked=False)
            raise
        lines = describe_login(session, token)
        page = " ".join([*lines, "You can close this page and go back to the terminal."])
        ui.show("It worked", page, worked=True)
        ui.say("\n" + "\n".join(lines))
