"""What every command of ours shares: a boundary for errors, and the configuration from its options.

Whatever goes wrong ends in one clear line on stderr and exit status 1, never in a traceback.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import click
from singer_sdk.exceptions import ConfigValidationError

from tap_oauth2_generic.config.environment import check_log_level
from tap_oauth2_generic.errors import OutputError, TapError
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.redaction import protect_logs, redact
from tap_oauth2_generic.runtime.shutdown import Interrupted, uninterrupted
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.settings.limits import MAX_ERROR_LINES, MAX_LINE_LENGTH
from tap_oauth2_generic.singer.message_writer import (
    TAKES_NO_MORE,
    abandon_output,
    flush_output,
    output_error,
    require_output,
)
from tap_oauth2_generic.tap import TapOAuth2Generic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LOG = logging.getLogger(TapOAuth2Generic.name)

#: The option that every command takes, as the SDK defines it for the tap.
CONFIG_OPTION = click.option(
    "--config",
    "paths",
    multiple=True,
    help="Configuration file, or ENV for environment variables, which win; of files later ones do.",
)


def session(paths: Sequence[str]) -> Session:
    """Give the connection of a configuration; raises TapError or ConfigValidationError."""
    require_output()
    return Session.of(TapOAuth2Generic.read_configuration(paths), Clock(), sys.stdout.flush)


def tap_of(paths: Sequence[str]) -> TapOAuth2Generic:
    """Give a tap that reads and emits nothing by itself; raises as ``connection`` does."""
    require_output()
    raw = TapOAuth2Generic.merged_configuration(paths)
    return TapOAuth2Generic(config=raw, setup_mapper=False)


def log_to_stderr() -> None:
    """Send warnings and errors to standard error, plain and masked."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    protect_logs()


def run_cleanly(action: Callable[[], object]) -> int:  # noqa: C901, PLR0911 - a return an end
    """Run a command and give its exit status: 0, 1 for any failure, 2 for a misused option."""
    try:
        # The SDK would take it for granted, at whatever it does first.
        check_log_level(TapOAuth2Generic._env_var_prefix)  # noqa: SLF001 - the SDK's
        status = action()
        flush_output()
    except click.UsageError as error:
        error.show()
        return 1 if isinstance(error, click.BadParameter) else error.exit_code
    except click.ClickException as error:
        return _failed([error.format_message()])
    except (click.Abort, KeyboardInterrupt):
        return _failed(["interrupted"])
    except Interrupted as signal:
        return _interrupted(signal)
    except OutputError as error:
        abandon_output()
        return _failed([str(error)])
    except SystemExit as error:
        # With status 1, click has found stdout closed; other statuses are argparse's, in the demo.
        return _failed(["stdout is closed"]) if error.code == 1 else int(error.code or 0)
    except ConfigValidationError as error:
        return _failed(error.errors or [str(error)])
    except TapError as error:
        return _failed(str(error).split("\n"))
    except RecursionError:
        return _failed(
            ["the configuration, the catalog, the state or an answer is nested too deep"]
        )
    except Exception as error:  # noqa: BLE001 - the boundary: a user never sees a traceback
        return _failed_unexpectedly(error)
    return status if isinstance(status, int) else 0


def _interrupted(signal: Interrupted) -> int:
    if uninterrupted.forced:
        # Nobody may be there who takes what still waits.
        abandon_output()
    return _failed([f"ended by {signal.name}; run again to go on from the last STATE"])


def _failed(sentences: list[str]) -> int:
    more = len(sentences) - MAX_ERROR_LINES
    left_out = [f"and {more} more of them"] if more > 0 else []
    for sentence in [*sentences[:MAX_ERROR_LINES], *left_out]:
        said = redact(" ".join(sentence.split()))
        _LOG.error("%s", said if len(said) <= MAX_LINE_LENGTH else f"{said[:MAX_LINE_LENGTH]} …")
    return 1


def _failed_unexpectedly(error: Exception) -> int:
    if isinstance(error, OSError) and error.errno in TAKES_NO_MORE:
        # click and rich write past our own writer.
        abandon_output()
        return _failed([str(output_error(error))])
    _LOG.debug("What follows is for a report of the fault", exc_info=error)
    said = f"{type(error).__name__}: {error}".splitlines()[0]
    return _failed([f"unexpected {said} (TAP_OAUTH2_GENERIC_LOGLEVEL=DEBUG shows where)"])
