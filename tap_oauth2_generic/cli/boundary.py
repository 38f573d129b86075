"""What all commands share: errors become one line and an exit status, never a traceback."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

import click

from tap_oauth2_generic.errors import OutputError, TapError
from tap_oauth2_generic.runtime import stdout
from tap_oauth2_generic.runtime.log import LOG, find_log_level
from tap_oauth2_generic.runtime.redaction import protect_logs, redact
from tap_oauth2_generic.runtime.report import REPORT
from tap_oauth2_generic.runtime.shutdown import Interrupted, uninterrupted
from tap_oauth2_generic.settings.limits import MAX_ERROR_LINES, MAX_LINE_LENGTH


def log_to_stderr() -> None:
    """Send warnings and errors, or what the environment asks for, to stderr, plain and masked."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=find_log_level())
    protect_logs()


def run_cleanly(action: Callable[[], object]) -> int:
    """Run a command and return its exit status: 0, 1 for a failure, 2 for a usage error."""
    status, ended, lines = 1, "failed", list[str]()
    try:
        # The SDK would use it, unchecked, before anything else.
        find_log_level()
        found = action()
        stdout.flush_output()
        status, ended = (found if isinstance(found, int) else 0), "success"
    except click.UsageError as error:
        error.show()
        return 1 if isinstance(error, click.BadParameter) else error.exit_code
    except SystemExit as error:
        # click exits with 1 if stdout is closed; the other statuses are argparse's, in the demo.
        if error.code != 1:
            return int(error.code or 0)
        lines = ["stdout is closed"]
    except (Exception, KeyboardInterrupt, Interrupted) as error:  # noqa: BLE001 - the boundary
        if isinstance(error, click.Abort | KeyboardInterrupt | Interrupted):
            ended = "interrupted"
        lines = describe_error(error)
    uninterrupted.has_ended = True
    try:
        REPORT.end(ended, status)
    except Exception as error:  # noqa: BLE001 - as above
        status, lines = 1, [*describe_error(error), *lines]
    _log(lines)
    return status


def describe_error(error: BaseException) -> list[str]:  # noqa: PLR0911 - one for each kind
    """Return the lines about an error that a user is shown, not yet masked."""
    from singer_sdk.exceptions import ConfigValidationError  # only an error needs the SDK here

    match error:
        case click.Abort() | KeyboardInterrupt():
            return ["interrupted"]
        case Interrupted():
            if uninterrupted.forced:
                # The reader of stdout may be gone, so flushing could block.
                stdout.abandon_output()
            return [f"interrupted by {error.name}; rerun to resume from the last STATE"]
        case click.ClickException():
            return [error.format_message()]
        case ConfigValidationError():
            return error.errors or [str(error)]
        case OutputError():
            stdout.abandon_output()
            return [str(error)]
        case TapError():
            return str(error).split("\n")
        case OSError() if error.errno in stdout.TAKES_NO_MORE:
            # click and rich do not write through our own writer.
            stdout.abandon_output()
            return [str(stdout.output_error(error))]
        case RecursionError():
            return ["the configuration, catalog, state or a response is nested too deep"]
    LOG.debug("Traceback for a bug report", exc_info=error)
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    return [f"unexpected {what}; set TAP_OAUTH2_GENERIC_LOGLEVEL=DEBUG to see where"]


def show(lines: list[str]) -> list[str]:
    """Return the lines about an error as a user is shown them: masked, and neither too many."""
    more = len(lines) - MAX_ERROR_LINES
    rest = [f"and {more} more errors"] if more > 0 else []
    shown = [redact(" ".join(line.split())) for line in [*lines[:MAX_ERROR_LINES], *rest]]
    return [s if len(s) <= MAX_LINE_LENGTH else f"{s[:MAX_LINE_LENGTH]} …" for s in shown]


def _log(lines: list[str]) -> None:
    for line in show(lines):
        LOG.error("%s", line)
