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
    try:
        status = run()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        status = 1
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


if __name__ == "__main__":
    main()
