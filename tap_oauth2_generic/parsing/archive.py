"""The files in a zip or tar archive, one at a time and within bounds; pure."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

from tap_oauth2_generic.parsing.spool import Spool, spool
from tap_oauth2_generic.parsing.unpacking import CORRUPT, Bound, pieces_of
from tap_oauth2_generic.runtime.log import some

_ZIP = b"PK"
_MAX_NAMED = 10
_UNREADABLE = (*CORRUPT, zipfile.BadZipFile, tarfile.TarError, RuntimeError, NotImplementedError)
# The size of each file, and what opens it.
_Files = dict[str, tuple[int, Callable[[], Any]]]


def read_members(source: Spool, pattern: str) -> Iterator[tuple[str, Spool]]:
    """Yield the files whose whole name matches a glob, in order of their names.

    A compressed file is unpacked. Raises ValueError for what is no archive, or is corrupt, a
    bomb, or without such a file.
    """
    with _reading():
        files = _open(source)
        chosen = sorted(name for name in files if fnmatchcase(name, pattern))
        if not chosen:
            named = some(sorted(files), _MAX_NAMED) or "no files"
            raise ValueError(f"archive_member {pattern!r} matches no file; it has {named}")
        bound = Bound(source.size)
        for name in chosen:
            size, open_file = files[name]
            with open_file() as file:
                member = spool(bound.check(pieces_of(file, size)))
            yield name, member


def list_members(source: Spool) -> list[str]:
    """Return the names of the files, sorted; raise ValueError."""
    with _reading():
        return sorted(_open(source))


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise ValueError(f"the archive is corrupt or cannot be read ({error})") from None


def _open(source: Spool) -> _Files:
    return _open_zip(source) if source.head.startswith(_ZIP) else _open_tar(source)


def _open_zip(source: Spool) -> _Files:
    archive = zipfile.ZipFile(source.open())
    found = (info for info in archive.infolist() if not info.is_dir())
    return {i.filename: (i.file_size, lambda i=i: archive.open(i)) for i in found}  # type: ignore[misc]


def _open_tar(source: Spool) -> _Files:
    # Members are read in another order than that of a compressed stream.
    plain = spool(pieces_of(source.open(), source.size))
    try:
        archive = tarfile.open(fileobj=plain.open(), mode="r:")  # noqa: SIM115
    except tarfile.ReadError:
        raise ValueError("it is no zip or tar archive") from None
    found = [info for info in archive.getmembers() if info.isfile()]
    if archive.offset >= plain.size:
        # Zeros end an archive: without them, files may be missing.
        raise EOFError("it ends too early")
    return {i.name: (i.size, lambda i=i: archive.extractfile(i)) for i in found}  # type: ignore[misc]
