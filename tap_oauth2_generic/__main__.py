"""The command ``tap-oauth2-generic``: the SDK's command line inside a boundary for errors.

Whatever goes wrong ends in one clear line on stderr and exit status 1, never in a traceback.
"""

from __future__ import annotations

import logging
import sys
from typing import NoReturn

import click
from singer_sdk.exceptions import ConfigValidationError

from tap_oauth2_generic.errors import OutputError, TapError
from tap_oauth2_generic.interruption import Interrupted
from tap_oauth2_generic.messages import abandon_output
from tap_oauth2_generic.redaction import redact
from tap_oauth2_generic.tap import TapOAuth2Generic

_LOG = logging.getLogger(TapOAuth2Generic.name)


def main() -> NoReturn:
    """Run the tap and end the process."""
    sys.exit(run())


def run(arguments: list[str] | None = None) -> int:  # noqa: PLR0911 - one return a kind of end
    """Run the tap and give its exit status: 0, 1 for any failure, 2 for a misused option."""
    try:
        status = TapOAuth2Generic.cli.main(arguments, standalone_mode=False)
        sys.stdout.flush()
    except click.UsageError as error:
        error.show()
        return 1 if isinstance(error, click.BadParameter) else error.exit_code
    except click.ClickException as error:
        return _failed([error.format_message()])
    except (click.Abort, KeyboardInterrupt):
        return _failed(["interrupted"])
    except Interrupted as signal:
        return _failed([f"ended by {signal.name}; run again to go on from the last STATE"])
    except (OutputError, BrokenPipeError) as error:
        abandon_output()
        return _failed([str(error)])
    except ConfigValidationError as error:
        return _failed(error.errors or [str(error)])
    except TapError as error:
        return _failed(str(error).split("\n"))
    except Exception as error:  # noqa: BLE001 - the boundary: a user never sees a traceback
        return _failed_unexpectedly(error)
    return status if isinstance(status, int) else 0


def _failed(sentences: list[str]) -> int:
    for sentence in sentences:
        _LOG.error("%s", redact(" ".join(sentence.split())))
    return 1


def _failed_unexpectedly(error: Exception) -> int:
    _LOG.debug("What follows is for a report of the fault", exc_info=error)
    said = f"{type(error).__name__}: {error}".splitlines()[0]
    return _failed([f"unexpected {said} (LOGLEVEL=DEBUG shows where)"])


if __name__ == "__main__":
    main()
