"""The command ``tap-oauth2-generic import``: a configuration from what a person already has.

What a source means is read in ``importers``; this is where it is, and its report.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click

from tap_oauth2_generic.cli.asking import ask
from tap_oauth2_generic.cli.import_file import (
    as_json,
    check,
    import_source,
    refuse_existing,
    try_streams,
    values_of,
    write_new,
)
from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.importers.imported import Imported, ImportOptions
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.log import PREFIX
from tap_oauth2_generic.runtime.redaction import printable, redact
from tap_oauth2_generic.settings.limits import MAX_IMPORT_BYTES

# How a source looks that is given in place of a file's name.
_TEXT = re.compile(r"\s*(\$\s*)?(curl(\.exe)?\s|[{\[<]|[\w$\"-]+:\s|.*\n)", re.DOTALL)


def report(made: Imported, missing: list[str]) -> Iterator[str]:
    """Yield the lines of the report, without secrets."""
    parts = {
        "derived": made.derived,
        "unsure, so look at it": made.unsure,
        "left out": made.left_out,
        "to add to the configuration": missing,
    }
    for title, sentences in parts.items():
        if sentences:
            yield f"{title}:"
            # A line break in a name must not begin a line of its own.
            yield from (f"  - {printable(redact(s)).replace(chr(10), '?')}" for s in sentences)
    if made.secrets:
        yield "secrets, to set in the environment:"
        yield from (f"  - {printable(line).replace(chr(10), '?')}" for line in variables(made))


def variables(made: Imported) -> Iterator[str]:
    """Yield the environment variable of each secret, and whether the source has it.

    A value that is also a word of the variable does not mask it.
    """
    for name, value in made.secrets.items():
        where = "the source has it" if None not in values_of(value) else "the source has none"
        members = dict.fromkeys(value, "...") if isinstance(value, dict) else {}
        shown = redact(f"='{encode_json(members).decode()}'") if members else ""
        yield f"{PREFIX}{name.upper()}{shown} ({where})"


def read_text(source: str) -> str:
    """Return the text of a source: a file's, that of stdin, or the argument itself."""
    if not source.strip():
        raise InputError("the source is empty")
    if source != "-" and not _is_file(source):
        if _TEXT.match(source):
            return source
        raise InputError(f"there is no file {source!r}; name a file, - for stdin, or a whole text")
    try:
        if source == "-":
            content = sys.stdin.buffer.read(MAX_IMPORT_BYTES + 1)
        else:
            with Path(source).open("rb") as file:
                content = file.read(MAX_IMPORT_BYTES + 1)
        if len(content) > MAX_IMPORT_BYTES:
            raise InputError(f"the source is larger than {MAX_IMPORT_BYTES:,} bytes; split it")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read the source {source!r}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError("the source is not UTF-8") from None


def _is_file(source: str) -> bool:
    # A long text is no name of a file, nor one with a null character.
    with suppress(OSError, ValueError):
        return Path(source).exists()
    return False


def run(  # noqa: PLR0913 - its options
    kind: str | None,
    source: str | None,
    output: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    *,
    tries: bool,
    strict: bool,
) -> None:
    """Run the command ``import``."""
    if kind is None:
        ask(output)
        return
    if source is None:
        raise InputError("name the source after its kind: a file, - for stdin, or the text itself")
    path = Path(output) if output not in (None, "-") else None
    if path is not None:
        refuse_existing(path)
    made, missing = import_source(kind, read_text(source), ImportOptions(include, exclude))
    if tries:
        try_streams(made, is_own=False)
        missing = check(made)
    text = as_json(made.config)
    if path is None:
        click.echo(text, nl=False)
    else:
        write_new(path, text)
    for line in report(made, missing):
        click.echo(line, err=True)
    click.get_current_context().exit(1 if strict and made.left_out else 0)
