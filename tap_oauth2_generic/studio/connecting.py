"""The login of the studio: in a window of the browser, watched by the page.

What is checked of its redirect is decided where the login command has it decided.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from tap_oauth2_generic.cli.callback_server import Listener, listen
from tap_oauth2_generic.cli.login import describe_login, read_redirect
from tap_oauth2_generic.config.config import Config
from tap_oauth2_generic.errors import AuthorizationError
from tap_oauth2_generic.runtime.redaction import printable, redact
from tap_oauth2_generic.settings.values import is_loopback
from tap_oauth2_generic.studio.sessions import open_session, sentence

_SECONDS_FOR_A_PERSON = 300.0
_SECONDS_TO_BEGIN = 20.0
_STOPPED = "the login was stopped; press Save and connect to log in"


@dataclass
class Login:
    """One login, and what the page shows of it; the ``LoginUI`` of the grant.

    ``address`` is where a person logs in. ``pastes``: the redirect leads elsewhere, so its
    address is pasted.
    """

    state: Literal["begins", "waits", "done", "failed"] = "begins"
    address: str = ""
    redirect_uri: str = ""
    pastes: bool = False
    lines: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _pasted: str = ""
    _listener: Listener | None = None
    _thread: threading.Thread | None = None

    @property
    def is_open(self) -> bool:
        """Whether it still waits for the person."""
        return self.state in {"begins", "waits"}

    def begin(self, config: Config) -> None:
        """Start, and return when a person can log in or it has ended."""
        self._thread = threading.Thread(target=self._run, args=(config,), daemon=True)
        self._thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self.state != "begins", _SECONDS_TO_BEGIN)

    def stop(self) -> None:
        """End a login that still waits, and free its port."""
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()
        if self._listener is not None:
            self._listener.cancel(_STOPPED)
        if self._thread is not None:
            self._thread.join(_SECONDS_TO_BEGIN)

    def paste(self, address: str) -> None:
        """Take the address that the browser was redirected to; raise AuthorizationError."""
        read_redirect(address, self.redirect_uri)
        with self._changed:
            self._pasted = address
            self._changed.notify_all()

    def watch(self) -> Iterator[bool]:
        """Yield True for each change, the last time when it has ended; else False each second."""
        seen = self._version()
        while self.is_open:
            with self._changed:
                self._changed.wait(1)
            if self.is_open:
                before, seen = seen, self._version()
                yield before != seen
        yield True

    def _version(self) -> tuple[str, int]:
        return self.state, len(self.lines)

    def say(self, line: str) -> None:
        """Show a line, such as the code of a device."""
        self._change("waits", printable(line.strip()))

    def wait(self, seconds: float) -> None:
        """Wait, unless the login is stopped meanwhile."""
        if self._stopped.wait(seconds):
            raise AuthorizationError(_STOPPED)

    def wait_for_redirect(self, url: str, redirect_uri: str) -> Mapping[str, str]:
        """Have the page open a URL, and return the parameters of its redirect."""
        self.address, self.redirect_uri = url, redirect_uri
        parts = urlsplit(redirect_uri)
        if not (parts.scheme == "http" and is_loopback(parts.hostname)):
            self.pastes = True
            self._change("waits")
            return self._read_pasted(redirect_uri)
        state = dict(parse_qsl(urlsplit(url).query)).get("state", "")
        self._listener = self._stack.enter_context(listen(redirect_uri, state))
        self._change("waits")
        return self._listener.wait(_SECONDS_FOR_A_PERSON)

    def _read_pasted(self, redirect_uri: str) -> Mapping[str, str]:
        with self._changed:
            self._changed.wait_for(
                lambda: self._pasted or self._stopped.is_set(), _SECONDS_FOR_A_PERSON
            )
        if not self._pasted:
            raise AuthorizationError(_STOPPED)
        return read_redirect(self._pasted, redirect_uri)

    def _run(self, config: Config) -> None:
        with ExitStack() as self._stack:
            try:
                with open_session(config) as session:
                    token = session.authenticator.login(self)
                    lines = describe_login(session, token)
            except Exception as error:  # noqa: BLE001 - shown on the page
                said = sentence(error)
                self._show("The login failed", said, worked=False)
                self._change("failed", said)
            else:
                said = " ".join([*lines, "You can close this window."])
                self._show("It worked", said, worked=True)
                self._change("done", redact(" ".join(lines)))

    def _show(self, title: str, text: str, *, worked: bool) -> None:
        if self._listener is not None:
            self._listener.show(title, text, worked=worked)

    def _change(self, state: Literal["waits", "done", "failed"], *lines: str) -> None:
        with self._changed:
            self.state, self.lines = state, [*self.lines, *lines]
            self._changed.notify_all()
