"""The files that BATCH messages name: their settings, and a file from its first line to its name.

Knows no message. The types of Parquet files are in ``parquet_file``.
"""

from __future__ import annotations

import os
import re
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from tap_oauth2_generic.settings.field_types import enum, integer, section
from tap_oauth2_generic.settings.fields import FieldType, setting
from tap_oauth2_generic.settings.values import text

_SCHEME = "file://"
# Level 1 takes a third of the time of level 6, for files that are a third larger.
_GZIP_LEVEL, _GZIP_FORMAT = 1, 31
_ENDINGS = {"gzip": ".gz", "zstd": ".zst", "none": ""}
_ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
# The longest file name that file systems take is 255 bytes.
_LONGEST_STREAM = 100


def _path(value: Any) -> str:
    found = text(value)
    if re.search(r"[?#\x00-\x1f]", found):
        # A target reads the address of a file as a URL, without unescaping it.
        raise ValueError("must not contain ?, # or control characters")
    return found


def _root(value: Any) -> Path:
    found = _path(value)
    if not found.startswith(f"{_SCHEME}/"):
        raise ValueError(f"must be the URL of a local folder such as file:///data, not {found!r}")
    return Path(found.removeprefix(_SCHEME))


@dataclass(frozen=True, kw_only=True)
class EncodingSettings:
    """How the records are written."""

    format: str = setting(
        enum("jsonl", "parquet"),
        "Format of the files; `parquet` needs the extra `[parquet]`.",
        default="jsonl",
    )
    compression: str = setting(
        enum(*_ENDINGS),
        "Compression of the files; `zstd` needs the extra `[zstd]`.",
        default="gzip",
    )

    def contradictions(self) -> Iterator[str]:
        """Yield what is not installed."""
        if self.format == "parquet":
            extra, module = "parquet", "pyarrow"
        else:
            extra, module = "zstd", _ZSTD
        if extra in (self.format, self.compression) and not _is_installed(module):
            yield (
                f"{extra} needs a package that is not installed; "
                f"run pip install 'tap-oauth2-generic[{extra}]'"
            )


@dataclass(frozen=True, kw_only=True)
class StorageSettings:
    """Where the files are."""

    root: Path = setting(
        FieldType({"type": "string"}, _root),
        "Folder of the files as a `file://` URL; it is created if it is missing.",
        required=True,
    )
    prefix: str = setting(
        FieldType({"type": "string"}, _path), "What the names of the files begin with.", default=""
    )


@dataclass(frozen=True, kw_only=True)
class BatchSettings:
    """How records are sent in files."""

    encoding: EncodingSettings = setting(
        section(EncodingSettings), "How the files are written.", default=EncodingSettings()
    )
    storage: StorageSettings = setting(
        section(StorageSettings), "Where the files are written.", required=True
    )
    batch_size: int = setting(integer(1), "Maximum number of records in a file.", default=10_000)

    def path(self, stream: str, run: str, number: int) -> Path:
        """Return the path of a file; a target takes no escapes in it."""
        word = re.sub(r"[^A-Za-z0-9._-]", "_", stream)[:_LONGEST_STREAM]
        compression = self.encoding.compression
        end = ".parquet" if self.encoding.format == "parquet" else f".jsonl{_ENDINGS[compression]}"
        prefix = self.storage.prefix
        name = f"{prefix}tap-oauth2-generic--{word}-{run}-{number}{end}"
        return self.storage.root / name


class Lines(Protocol):
    """Writes lines of JSON in one format."""

    def write(self, lines: bytes) -> None:
        """Write full lines, or some of them later."""

    def finish(self) -> None:
        """Write the rest."""

    def abandon(self) -> None:
        """Write nothing more."""


class BatchFile:
    """A file with records of one stream, which gets its name when it is complete."""

    def __init__(
        self, settings: BatchSettings, path: Path, stream: str, schema: Mapping[str, Any]
    ) -> None:
        """Create the file under a temporary name; raise OSError."""
        self._path = path
        self._temporary = path.with_name(f".{path.name}.part")
        self.records = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._temporary.open("xb")
        self._lines: Lines
        if settings.encoding.format == "parquet":
            from tap_oauth2_generic.singer.parquet_file import ParquetLines

            compression = settings.encoding.compression
            self._lines = ParquetLines(self._file, stream, schema, compression)
        else:
            self._lines = JsonLines(self._file, settings.encoding.compression)

    def write(self, lines: bytes) -> None:
        """Add records, a line each; raise OSError, or RecordError if one does not fit."""
        self._lines.write(lines)

    def close(self) -> str:
        """Store the file under its name; return its URL. Raise OSError if it is not stored."""
        self._lines.finish()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._temporary.rename(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return f"{_SCHEME}{self._path}"

    def discard(self) -> None:
        """Delete what was written under the temporary name."""
        with suppress(OSError):
            self._lines.abandon()
            self._file.close()
        with suppress(OSError):
            self._temporary.unlink()


class JsonLines:
    """JSON Lines, compressed as a whole."""

    def __init__(self, file: Any, compression: str) -> None:
        self._file = file
        self._compressor: Any = None
        if compression == "gzip":
            self._compressor = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_FORMAT)
        elif compression == "zstd":
            self._compressor = import_module(_ZSTD).ZstdCompressor()

    def write(self, lines: bytes) -> None:
        """Write full lines."""
        self._file.write(self._compressor.compress(lines) if self._compressor else lines)

    def finish(self) -> None:
        """Write what the compressor still holds."""
        if self._compressor:
            self._file.write(self._compressor.flush())

    def abandon(self) -> None:
        """Write nothing more."""


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
