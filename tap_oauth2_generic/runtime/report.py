"""The file of a run report, written whole or not at all.

Counts nothing; ``docs/reference/run-report.schema.json`` has the fields and their meaning.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.runtime.redaction import escape_controls

_BEGINNING = b'{\n  "tap": "tap-oauth2-generic"'


class ReportFile:
    """The file of this process's report, once a run has begun that writes one."""

    _path: str | None = None

    def begin(self, path: str, make: Callable[[str, int], dict[str, Any]]) -> None:
        """Expect a run that ends with a report, made of its status; raise InputError."""
        with _beside(path):
            self._path, self._make = path, make

    def end(self, status: str, exit_status: int) -> None:
        """Write the report of a run that has begun; raise InputError."""
        path, self._path = self._path, None
        if path is None:
            return
        import msgspec  # only a run needs it

        from tap_oauth2_generic.runtime.json_encoder import encode_json

        report = msgspec.json.format(encode_json(self._make(status, exit_status)), indent=2)
        with _beside(path) as file:
            file.write(escape_controls(f"{report.decode()}\n").encode())
            file.flush()
            os.fsync(file.fileno())
            # Windows moves and deletes no open file.
            file.close()
            Path(file.name).replace(os.path.realpath(path))


@contextmanager
def _beside(path: str) -> Iterator[IO[bytes]]:
    """Yield a new file in the folder of a path, deleted unless renamed; raise InputError."""
    import secrets  # slow to import, and few runs write a report

    try:
        target = Path(os.path.realpath(path))
        if not _may_be_written(target):
            raise InputError(f"run_report: {path!r} is no file of a report; name another one")
        # Not by ``tempfile``, whose files only their owner may read.
        with target.with_name(f".{secrets.token_hex(8)}.tmp").open("xb") as file:
            try:
                yield file
            finally:
                file.close()
                Path(file.name).unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"run_report: cannot write {path!r}: {reason}; name a file in a folder that exists "
            "and has space"
        ) from None


def _may_be_written(target: Path) -> bool:
    """Return whether a file is new, empty or a report, so no configuration or token store."""
    if not target.is_file():
        return not os.path.lexists(target)
    with target.open("rb") as file:
        return _BEGINNING.startswith(file.read(len(_BEGINNING)))


#: The report of this process's run: an exit status is the process's, too.
REPORT = ReportFile()
