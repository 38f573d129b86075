"""The command ``tap-oauth2-generic demo``: start the demo, print what to do next, wait."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from tap_oauth2_generic.demo import DEFAULT_PORT, HOST
from tap_oauth2_generic.demo.clients import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    PUBLIC_CLIENT_ID,
    USERNAME,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_PORT = 65_535
_BANNER = """\
Demo API with OAuth2, on this computer only. Its data is invented. Press Ctrl-C to stop.

  base_url          {url}/api/v1
  authorize_url     {url}/oauth/authorize
  access_token_url  {url}/oauth/token
  client            {client_id} / {client_secret}   (public, with PKCE: {public_client_id})
  user              {username} / {password}
  all endpoints     {url}/

Next, in another terminal, in the folder of the repository:

  {next_command}

Change some rows, so that the next sync has something new to fetch:

  curl -X POST {url}/demo/change
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo until SIGTERM or Ctrl-C and return the exit status."""
    port = _parser().parse_args(arguments).port
    # A signal may interrupt anything, more than once; stopping on request is no error.
    with contextlib.suppress(KeyboardInterrupt):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return _serve(port)
    return 0


def _serve(port: int) -> int:
    from tap_oauth2_generic.demo.server import DemoServer  # not for --help

    with contextlib.ExitStack() as stack:
        try:
            demo = stack.enter_context(DemoServer(port))
        except OSError as error:
            reason = error.strerror or error
            sys.stderr.write(
                f"the demo cannot listen on {HOST}:{port}: {reason}; choose another with --port\n"
            )
            return 1
        try:
            sys.stdout.write(_banner(demo.url, port))
            sys.stdout.flush()
        except BrokenPipeError:
            # A closed stdout must not stop the demo; the interpreter flushes again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        threading.Event().wait()
    return 0


def _banner(url: str, port: int) -> str:
    run = "tap-oauth2-generic --config sample_config.json"
    if port != DEFAULT_PORT:
        run += "\n  (after you copy base_url and access_token_url into that file)"
    return _BANNER.format(
        url=url,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        public_client_id=PUBLIC_CLIENT_ID,
        username=USERNAME,
        password=PASSWORD,
        next_command=run,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tap-oauth2-generic demo",
        description="An OAuth2 provider and a REST API on loopback to try the tap with.",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        help="TCP port; 0 picks a free one (default: %(default)s)",
    )
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _MAX_PORT:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to {_MAX_PORT}, not {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
