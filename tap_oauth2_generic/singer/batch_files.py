"""The settings of ``batch_config``, and a file of records from its first line to its name.

Knows no message. The types of Parquet files are in ``parquet_file``.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

from tap_oauth2_generic.settings.field_types import TEXT, enum, integer, section
from tap_oauth2_generic.settings.fields import FieldType, Settings, setting
from tap_oauth2_generic.settings.values import text

_ENDINGS = {"gzip": ".gz", "zstd": ".zst", "none": ""}
_ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
_EXTRAS = {"parquet": "pyarrow", "zstd": _ZSTD}
# The longest file name that file systems take is 255 bytes.
_LONGEST_STREAM = 100


def _root(value: Any) -> Path:
    found = text(value)
    # A target reads the address of a file as a URL, without unescaping it.
    if not re.fullmatch(r"file:///[^?#]*", found):
        raise ValueError(f"must be a local folder like file:///data, without ? and #: {found!r}")
    path = found.removeprefix("file://")
    # file:///C:/data names a drive.
    return Path(path.removeprefix("/") if sys.platform == "win32" else path)


class EncodingSettings(Settings):
    """How the records are written."""

    format: str = setting(enum("jsonl", "parquet"), "Format of the files.", default="jsonl")
    compression: str = setting(enum(*_ENDINGS), "Compression of the files.", default="gzip")

    def contradictions(self) -> Iterator[str]:
        """Yield what is not installed."""
        extra = self.format if self.format in _EXTRAS else self.compression
        try:
            import_module(_EXTRAS.get(extra, "gzip"))
        except ImportError:
            needed = f"'tap-oauth2-generic[{extra}]'"
            yield f"{extra} needs a package that is not installed; run pip install {needed}"


class StorageSettings(Settings):
    """Where the files are."""

    root: Path = setting(
        FieldType({"type": "string"}, _root),
        "Folder of the files as a `file://` URL; it is created if it is missing.",
        required=True,
    )
    prefix: str = setting(TEXT, "Prefix of the file names.", default="")


class BatchSettings(Settings):
    """How records are sent in files."""

    encoding: EncodingSettings = setting(
        section(EncodingSettings), "How the files are written.", default=EncodingSettings()
    )
    storage: StorageSettings = setting(
        section(StorageSettings), "Where the files are written.", required=True
    )
    batch_size: int = setting(integer(1), "Maximum number of records in a file.", default=10_000)


class BatchFile:
    """A file with records of one stream, written by its ``encoder``; named when it is complete."""

    def __init__(self, settings: BatchSettings, stream: str, schema: Mapping[str, Any]) -> None:
        """Create the file under a temporary name; raise OSError."""
        kind, compression = settings.encoding.format, settings.encoding.compression
        end = kind if kind == "parquet" else kind + _ENDINGS[compression]
        # A target takes no escapes in the name.
        name = f"{settings.storage.prefix}{stream[:_LONGEST_STREAM]}-{uuid4().hex}.{end}"
        self._path = settings.storage.root / re.sub(r"[^A-Za-z0-9._-]", "_", name)
        self._temporary = self._path.with_name(f".{self._path.name}.part")
        self.records = 0
        self._file = self._temporary.open("xb")
        self.encoder: Any = self._file
        if kind == "parquet":
            from tap_oauth2_generic.singer.parquet_file import ParquetEncoder

            self.encoder = ParquetEncoder(self._file, stream, schema, compression)
        elif compression == "gzip":
            # Level 1 takes a third of the time of level 6, for files that are a third larger.
            self.encoder = import_module("gzip").GzipFile("", "wb", 1, self._file)
        elif compression == "zstd":
            self.encoder = import_module(_ZSTD).ZstdFile(self._file, "wb")

    def close(self) -> str:
        """Store the file under its name; return its URL. Raise OSError if it is not stored."""
        if self.encoder is not self._file:
            self.encoder.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._temporary.rename(self._path)
        if sys.platform != "win32":  # which opens no folder
            folder = os.open(self._path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        return f"file:///{self._path.as_posix().removeprefix('/')}"

    def discard(self) -> None:
        """Delete what was written under the temporary name."""
        for part in (self.encoder, self._file):
            # What is buffered has no place to go.
            with suppress(OSError, ValueError):
                part.close()
        # The folder may be gone, or read-only by now.
        with suppress(OSError):
            self._temporary.unlink()
