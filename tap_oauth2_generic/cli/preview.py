"""The command ``tap-oauth2-generic preview``: a few records of each stream, and each response.

Reads as a sync does, but writes no Singer message and moves no bookmark.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click
import msgspec

from tap_oauth2_generic.cli.ready_streams import list_streams
from tap_oauth2_generic.cli.suggest import Suggester, Suggestion
from tap_oauth2_generic.config.presets import READY
from tap_oauth2_generic.errors import ApiError, InputError, RecordError, TapError
from tap_oauth2_generic.extract.trial_read import describe_records, describe_refused, read_pages
from tap_oauth2_generic.net.request import Response
from tap_oauth2_generic.records.infer import infer, types_of
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.masked_json import mask, mask_headers
from tap_oauth2_generic.runtime.redaction import MASK, escape_controls, printable, redact
from tap_oauth2_generic.runtime.stats import plural
from tap_oauth2_generic.settings.limits import MAX_PREVIEW_FIELDS, MAX_PREVIEW_PAGES
from tap_oauth2_generic.stream import OAuth2Stream
from tap_oauth2_generic.tap import TapOAuth2Generic

# Characters of a field's name at most, and of a value at least.
_MAX_NAME, _LEAST_SHOWN = 30, 20


def preview(
    stream: OAuth2Stream, wanted: int, suggester: Suggester | None = None, *, raises: bool = False
) -> dict[str, Any]:
    """Read until there are ``wanted`` records, and report what happened as JSON-like data.

    ``raises``: an error is raised as TapError, not reported.
    """
    report: dict[str, Any] = {"stream": stream.name, "ok": True, "pages": [], "records": []}
    records: list[dict[str, Any]] = report["records"]
    try:
        for page in islice(read_pages(stream.sample), MAX_PREVIEW_PAGES):
            report["pages"].append(page.describe())
            records += page.records
            if page.failure:
                report |= {"ok": False, "error": page.failure}
            report["paging"] = page.paging
            if len(records) >= wanted:
                break
    except TapError as error:
        if raises:
            raise
        report |= {"ok": False, "error": redact(str(error))}
        if isinstance(error, ApiError) and isinstance(error.response, Response):
            report["pages"].append(describe_refused(error.response))
    if suggester is not None:
        report["suggestion"] = describe_suggestion(suggester.suggest(stream.sample))
    report |= describe_records(records)
    report["records"] = mask(records[:wanted])
    if stream.reader.check.missing:
        report |= {"ok": False, "error": stream.reader.check.missing}
    return report


def describe_suggestion(suggestion: Suggestion) -> dict[str, Any]:
    """Return a suggestion as JSON-like data, without secrets."""
    definition, remarks = mask(suggestion.definition), mask(suggestion.remarks)
    if headers := definition.get("headers"):
        fixed = {name: value for name, value in headers.items() if "{" not in str(value)}
        definition = {**definition, "headers": headers | mask_headers(fixed)}
    if MASK in str(definition):
        remarks = [*remarks, f"put your own values in place of {MASK}, which hides secrets"]
    return {"stream": definition, "remarks": remarks}


def show_report(report: dict[str, Any]) -> None:
    """Print the report on a stream."""
    for line in ("", *_lines(report)):
        # A line break in a name or value must not begin a line of its own.
        click.echo(printable(redact(line)).replace("\n", "?"))


def _lines(report: dict[str, Any]) -> Iterator[str]:
    yield report["stream"]
    for number, page in enumerate(report["pages"], 1):
        yield from _lines_of_page(number, page)
    if "paging" in report:
        yield f"  paging {report['paging']}"
    if not report["ok"]:
        yield f"  failed: {report['error']}"
    if report["records"]:
        yield from _lines_of_records(report)
        if (more := len(report["schema"]["properties"]) - MAX_PREVIEW_FIELDS) > 0:
            yield f"  and {more} more fields; --json shows them"
        for name in ("primary_key", "replication_key"):
            yield f"  {name} candidates: {', '.join(report[f'{name}_candidates']) or 'none'}"
    for remark in report.get("suggestion", {}).get("remarks", []):
        yield f"  - {remark}"


def _show_suggested(reports: list[dict[str, Any]]) -> None:
    """Print what replaces the stream, or the list of streams, in the configuration."""
    found = [report["suggestion"]["stream"] for report in reports]
    click.echo("\nstreams to paste:" if len(found) > 1 else "\na stream definition to paste:")
    pasted = encode_json(found if len(found) > 1 else found[0])
    click.echo(escape_controls(msgspec.json.format(pasted, indent=2).decode()))


def _lines_of_page(number: int, page: dict[str, Any]) -> Iterator[str]:
    yield f"  page {number}: {page['request']['method']} {page['request']['url']}"
    found = page["response"]
    why = f"the response has {found}" if found else "a response rule decided"
    why = "the read failed" if "body" in page else why
    yield f"    status {page['status']}, {plural(page['records'], 'record')}; {why}"
    yield from (_fit(f"      {name}: ", value) for name, value in page["headers"].items())


def _lines_of_records(report: dict[str, Any]) -> Iterator[str]:
    """Yield each record as a block with a line for each field, so that any width will do."""
    columns = dict(islice(infer(report["records"])["properties"].items(), MAX_PREVIEW_FIELDS))
    names = {name: _shorten(name, _MAX_NAME) for name in columns}
    types = {name: _type(column) for name, column in columns.items()}
    longest = max(map(len, names.values()), default=0), max(map(len, types.values()), default=0)
    for number, record in enumerate(report["records"], 1):
        yield f"  record {number}"
        for name in (name for name in columns if name in record):
            begins = f"    {names[name]:<{longest[0]}}  {types[name]:<{longest[1]}}  "
            yield _fit(begins, record[name])


def _fit(begins: str, value: Any) -> str:
    """Return a line whose value is cut to the width of the terminal."""
    width = shutil.get_terminal_size().columns
    return begins + _shorten(value, width - len(begins))


def _shorten(value: Any, length: int) -> str:
    text = printable(value if isinstance(value, str) else encode_json(value).decode())
    limit = max(length, _LEAST_SHOWN)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _type(column: dict[str, Any]) -> str:
    return column.get("format") or " or ".join(sorted(types_of(column))) or "null"


def find_stream(streams: Mapping[str, OAuth2Stream], name: str) -> OAuth2Stream:
    """Return the stream of a name; raise InputError if there is none."""
    if name not in streams:
        raise InputError(f"there is no stream {name!r}; there are: {', '.join(streams)}")
    return streams[name]


def _write_schemas(streams: Sequence[OAuth2Stream], file: str, *, is_single: bool) -> None:
    """Write the schemas to declare; raise TapError if one cannot be inferred."""
    schemas = {stream.name: stream.schema for stream in streams}
    if empty := [name for name, schema in schemas.items() if not schema["properties"]]:
        raise RecordError(f"there are no records to infer a schema from: {', '.join(empty)}")
    found: Any = schemas[streams[0].name] if is_single else schemas
    try:
        Path(file).write_bytes(msgspec.json.format(encode_json(found), indent=2) + b"\n")
    except OSError as error:
        raise InputError(f"cannot write the schema file {file!r}: {error.strerror}") from None


def run(  # noqa: PLR0913 - its options
    paths: tuple[str, ...],
    name: str | None,
    wanted: int,
    *,
    as_json: bool,
    suggests: bool,
    schema_file: str | None,
    offline: bool,
    provider: str | None,
    lists: bool,
) -> None:
    """Run the command ``preview``."""
    if schema_file is not None and offline:
        raise InputError("--schema needs records, and --offline requests none; omit one of them")
    config = TapOAuth2Generic.merge_configuration(paths)
    if provider is not None:
        config = {"streams": READY, **config, "provider": provider}
    if lists:
        list_streams(config.get("provider"), as_json=as_json)
        return
    streams: dict[str, Any] = dict(TapOAuth2Generic(config=config, setup_mapper=False).streams)
    found = [*streams.values()] if name is None else [find_stream(streams, name)]
    chosen = [] if offline else found
    suggester = Suggester() if suggests else None
    reports = [preview(stream, wanted, suggester) for stream in chosen]
    if as_json:
        click.echo(escape_controls(msgspec.json.format(encode_json(reports), indent=2).decode()))
    elif offline:
        click.echo(f"the configuration is valid; its streams are: {', '.join(streams)}")
    else:
        for report in reports:
            show_report(report)
        if suggests:
            _show_suggested(reports)
    if schema_file is not None:
        _write_schemas(chosen, schema_file, is_single=name is not None)
        click.echo(f"wrote the schema to {schema_file}", err=True)
    click.get_current_context().exit(0 if all(report["ok"] for report in reports) else 1)
