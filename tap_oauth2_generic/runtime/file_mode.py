"""The mode of files that only their owner may read."""

from __future__ import annotations

import os
import sys

OWNER_ONLY = 0o600


def set_mode(descriptor: int, mode: int = OWNER_ONLY) -> None:
    """Set the mode of an open file, whatever the umask; Windows has none, but access lists."""
    if sys.platform != "win32":
        os.fchmod(descriptor, mode)
