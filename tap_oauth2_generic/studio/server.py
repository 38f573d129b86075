"""Serve the page on loopback until Ctrl-C, and open it in a browser."""

from __future__ import annotations

import errno
import signal
import socket
import sys
import webbrowser
from contextlib import suppress
from pathlib import Path

import click
import uvicorn

from tap_oauth2_generic.cli.login import has_browser
from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.studio.access import Access
from tap_oauth2_generic.studio.app import make_app
from tap_oauth2_generic.studio.project import Project
from tap_oauth2_generic.studio.sessions import close_sessions

_HOST = "127.0.0.1"
_SECONDS_TO_END = 1


def serve(file: str, port: int, *, opens: bool) -> None:
    """Serve the page for a configuration file; raise InputError if that is impossible."""
    project = Project(Path(file))
    with _listen(port) as listener:
        access = Access(listener.getsockname()[1])
        app = make_app(project, access)
        address = f"http://{_HOST}:{access.port}/?key={access.key}"
        click.echo(f"The studio is open at this address, once:\n\n  {address}\n")
        click.echo("Press Ctrl-C to stop.")
        sys.stdout.flush()
        if opens and has_browser():
            webbrowser.open(address)
        config = uvicorn.Config(
            app,
            log_config=None,
            # It logs a traceback for each request that the end cuts off.
            log_level="critical",
            access_log=False,
            server_header=False,
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=_SECONDS_TO_END,
        )
        # uvicorn raises the signal again that has ended it.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])
        close_sessions()


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    if sys.platform != "win32":  # where two programs could then share the port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
        # Before the address is printed, so that whoever opens it at once is not refused.
        listener.listen()
    except OSError as error:
        listener.close()
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"failed: {error.strerror}"
        raise InputError(f"port {port} {reason}; choose another with --port") from None
    return listener
