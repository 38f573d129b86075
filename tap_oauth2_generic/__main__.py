"""The entry point of ``tap-oauth2-generic``, and how its process ends.

Imports nothing slow, so that Ctrl-C during the imports prints no traceback.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn


def main() -> NoReturn:
    """Run the program and end the process."""
    sys.unraisablehook = _end_if_interrupted
    try:
        status = run()
    except KeyboardInterrupt:
        _end_interrupted()
    end(status)


def run(arguments: list[str] | None = None) -> int:
    """Run the program and return its exit status."""
    from tap_oauth2_generic.cli.boundary import run_cleanly
    from tap_oauth2_generic.cli.program import Program

    program = Program()
    return run_cleanly(
        lambda: program.main(arguments, prog_name=program.name, standalone_mode=False)
    )


def end(status: int) -> NoReturn:
    """Flush all output and end the process at once.

    A normal interpreter exit takes as long as a page or two, and waits for threads whose
    responses nobody needs any more.
    """
    import logging

    try:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            # A closed stream has been reported already.
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
    finally:
        # Also if a signal interrupts the flush.
        os._exit(status)


def _end_if_interrupted(ignored: sys.UnraisableHookArgs) -> None:
    """End on a Ctrl-C in a finalizer, where Python ignores what is raised: importlib has some."""
    if issubclass(ignored.exc_type, KeyboardInterrupt):
        _end_interrupted()
    sys.__unraisablehook__(ignored)


def _end_interrupted() -> NoReturn:
    sys.stderr.write("interrupted\n")
    end(1)


if __name__ == "__main__":
    main()
