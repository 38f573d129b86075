"""Where our commands begin: ``tap-oauth2-generic``, the SDK's command line, and those beside it.

Imports nothing that takes time: even an interruption of the imports is no traceback.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import NoReturn


def main() -> NoReturn:
    """Run the tap and end the process."""
    try:
        status = run()
    except KeyboardInterrupt:
        status = _interrupted()
    end(status)


def login() -> NoReturn:
    """Log in and end the process."""
    _main_of("login")


def preview() -> NoReturn:
    """Preview and end the process."""
    _main_of("preview")


def shard() -> NoReturn:
    """Split a configuration and end the process."""
    _main_of("shard")


def _main_of(module: str) -> NoReturn:
    try:
        import_module(f"tap_oauth2_generic.cli.{module}").main()
    except KeyboardInterrupt:
        sys.exit(_interrupted())
    sys.exit(0)


def _interrupted() -> int:
    sys.stderr.write("interrupted\n")
    return 1


def run(arguments: list[str] | None = None) -> int:
    """Run the tap and give its exit status."""
    from tap_oauth2_generic.cli.boundary import run_cleanly
    from tap_oauth2_generic.tap import TapOAuth2Generic

    return run_cleanly(lambda: TapOAuth2Generic.cli.main(arguments, standalone_mode=False))


def end(status: int) -> NoReturn:
    """End the process at once: what was written is flushed, and nothing else is left to do.

    Taking the interpreter down would cost as much as a page or two, and would find threads
    that still wait for an answer that nobody wants any more.
    """
    import logging

    try:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                # It may be closed; whoever closed it was told.
                stream.flush()
    finally:
        # Also where a signal ends the flush.
        os._exit(status)


if __name__ == "__main__":
    main()
