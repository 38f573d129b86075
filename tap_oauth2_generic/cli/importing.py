"""The command ``tap-oauth2-generic import``: a configuration from what a person already has.

What a source means is read in ``importers``; this is its file, its check, and its report.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import msgspec

from tap_oauth2_generic.cli.suggest import Suggester
from tap_oauth2_generic.config.config import CONFIG_SCHEMA
from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.importers.imported import (
    Imported,
    ImportOptions,
    read_source,
    strings_in,
)
from tap_oauth2_generic.importers.paging import doubt
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.log import PREFIX
from tap_oauth2_generic.runtime.redaction import printable, redact, register
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.settings.limits import MAX_IMPORT_BYTES
from tap_oauth2_generic.singer.environment import add_environment
from tap_oauth2_generic.tap import TapOAuth2Generic

# How a source looks that is given in place of a file's name.
_TEXT = re.compile(r"\s*(\$\s*)?(curl(\.exe)?\s|[{\[<]|[\w$\"-]+:\s|.*\n)", re.DOTALL)
_PLACE = re.compile(r"(\w*)(?:\[(\d+)\])?")


def import_source(kind: str, text: str, options: ImportOptions) -> tuple[Imported, list[str]]:
    """Read a source, and leave out what the tap would reject.

    Return it with what has to be added; raise InputError if nothing usable is left.
    """
    made = read_source(kind, text, options)
    register(*strings_in(made.secrets))
    missing = _check(made)
    streams = made.config.pop("streams", [])
    if not streams:
        reason = "; ".join(made.left_out[:3]) or "it names no request that reads a list"
        raise InputError(f"nothing in the source can be imported: {reason}")
    made.config["streams"] = streams
    return made, missing


def _check(made: Imported) -> list[str]:
    """Leave out wrong settings and streams, with a sentence each; return what is missing."""
    while True:
        collector = ErrorCollector()
        given = {name: _fill(name, value) for name, value in made.secrets.items()}
        TapOAuth2Generic.check_configuration({**made.config, **given}, collector)
        wrong: dict[int, str] = {}
        missing, streams = [], made.config.get("streams") or []
        for line in collector.errors:
            name, index = re.findall(_PLACE, line)[0]
            if name == "streams" and index:
                wrong.setdefault(int(index), line.partition("]")[2].lstrip(".:").strip())
            elif name in made.config and name != "streams":
                del made.config[name]
                made.left_out.append(line)
            else:
                missing.append(line)
        if len(missing) == len(collector.errors):
            made.unsure += collector.warnings
            return missing if streams else []
        for index, reason in wrong.items():
            made.left_out.append(f"stream {streams[index].get('name')!r}: {reason}")
        made.config["streams"] = [s for i, s in enumerate(streams) if i not in wrong]


def _fill(name: str, value: Any) -> Any:
    """Return a value for a secret that the user has, so that the other settings can be checked."""
    if isinstance(value, dict):
        return {member: _fill(member, one) for member, one in value.items()}
    return f"<{name}>" if value is None else value


def try_streams(made: Imported) -> None:
    """Read a page or two of each stream, and take over what completes its definition."""
    known = {n: v for n, v in made.secrets.items() if None not in (_values(v))}
    raw = add_environment(CONFIG_SCHEMA, {**made.config, **known}, wins=False)
    collector = ErrorCollector()
    if TapOAuth2Generic.check_configuration(raw, collector) is None:
        made.unsure.append(f"nothing was tried: {collector.errors[0]}")
        return
    tap = TapOAuth2Generic(config=raw, setup_mapper=False)
    suggester, found = Suggester(), []
    try:
        for definition, (name, stream) in zip(
            made.config["streams"], tap.streams.items(), strict=True
        ):
            if definition.get("selected") is False:
                # It lacks values that only the user knows.
                found.append(definition)
                continue
            suggested = suggester.suggest(stream.sample)
            found.append(suggested.definition)
            _report_trial(made, name, suggested.remarks)
    finally:
        tap.session.close()
    made.config["streams"] = found


def _report_trial(made: Imported, name: str, remarks: list[str]) -> None:
    for remark in remarks:
        is_sure = remark.startswith("tried")
        (made.derived if is_sure else made.unsure).append(f"stream {name!r}: {remark}")
        if is_sure:
            made.unsure = [one for one in made.unsure if not one.startswith(doubt(name))]


def _values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else [value]


def report(made: Imported, missing: list[str]) -> Iterator[str]:
    """Yield the lines of the report, without secrets."""
    parts = {
        "derived": made.derived,
        "unsure, so look at it": made.unsure,
        "left out": made.left_out,
        "to add to the configuration": missing,
        "secrets, to set in the environment": [*variables(made)],
    }
    for title, sentences in parts.items():
        if sentences:
            yield f"{title}:"
            # A line break in a name must not begin a line of its own.
            yield from (f"  - {printable(redact(s)).replace(chr(10), '?')}" for s in sentences)


def variables(made: Imported) -> Iterator[str]:
    """Yield the environment variable of each secret, and whether the source has it."""
    for name, value in made.secrets.items():
        where = "the source has it" if None not in _values(value) else "the source has none"
        members = dict.fromkeys(value, "...") if isinstance(value, dict) else {}
        shown = f"='{encode_json(members).decode()}'" if members else ""
        yield f"{PREFIX}{name.upper()}{shown} ({where})"


def read_text(source: str) -> str:
    """Return the text of a source: a file's, that of stdin, or the argument itself."""
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


def write_new(path: Path, text: str) -> None:
    """Write a file that must not exist yet; raise InputError."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path} exists; choose another name, or move it away") from None
    except OSError as error:
        raise InputError(f"cannot write {str(path)!r}: {error.strerror}") from None


def as_json(config: dict[str, Any]) -> str:
    """Return a configuration as it goes into a file."""
    return msgspec.json.format(encode_json(config), indent=2).decode() + "\n"


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
    if kind is None or source is None:
        raise InputError("name the kind of the source, and a file, - for stdin, or the text itself")
    path = Path(output) if output not in (None, "-") else None
    if path is not None and path.exists():
        raise InputError(f"{path} exists; choose another name, or move it away")
    made, missing = import_source(kind, read_text(source), ImportOptions(include, exclude))
    if tries:
        try_streams(made)
        missing = _check(made)
    text = as_json(made.config)
    if path is None:
        click.echo(text, nl=False)
    else:
        write_new(path, text)
    for line in report(made, missing):
        click.echo(line, err=True)
    click.get_current_context().exit(1 if strict and made.left_out else 0)
