"""The command ``tap-oauth2-generic``: the SDK's command line inside our boundary for errors."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the tap and end the process."""
    try:
        status = run()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        status = 1
    sys.exit(status)


def run(arguments: list[str] | None = None) -> int:
    """Run the tap and give its exit status."""
    # Imported here, so that even an interruption of the imports is no traceback.
    from tap_oauth2_generic.command import run_cleanly
    from tap_oauth2_generic.tap import TapOAuth2Generic

    return run_cleanly(lambda: TapOAuth2Generic.cli.main(arguments, standalone_mode=False))


if __name__ == "__main__":
    main()
