"""The command ``tap-oauth2-generic preview``: a few records of each stream, and each response.

Reads as a sync does, but writes no Singer message and moves no bookmark.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import click
import msgspec

from tap_oauth2_generic.cli.boundary import CONFIG_OPTION
from tap_oauth2_generic.cli.suggest import (
    SUGGESTED,
    primary_key_candidates,
    replication_key_candidates,
    suggest,
)
from tap_oauth2_generic.errors import InputError, TapError
from tap_oauth2_generic.extract.page_reader import FetchedPage
from tap_oauth2_generic.net.client import Response
from tap_oauth2_generic.pagination import Paginator
from tap_oauth2_generic.parsing.extract_records import add_fields
from tap_oauth2_generic.records.infer import infer
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.redaction import MASK, printable, redact
from tap_oauth2_generic.settings.limits import MAX_PREVIEW_FIELDS, MAX_PREVIEW_PAGES
from tap_oauth2_generic.stream import OAuth2Stream
from tap_oauth2_generic.tap import TapOAuth2Generic

_SHOWN_LENGTH = 60
_SECRET_WORDS = ("auth", "key", "token", "secret", "cookie")


def preview(stream: OAuth2Stream, wanted: int, *, suggests: bool) -> dict[str, Any]:
    """Read until there are ``wanted`` records, and report what happened as JSON-like data."""
    report: dict[str, Any] = {"stream": stream.name, "ok": True, "pages": [], "records": []}
    responses: list[Response] = []
    added = stream.stream.records.add_fields
    try:
        for paginator, fetched in _pages(stream, responses):
            report["pages"].append(_describe(fetched))
            report["records"] += [add_fields(record, added) for record in fetched.records]
            stop = paginator.stop
            if stop and stop.failed:
                report |= {"ok": False, "error": redact(stop.reason)}
            following = redact(paginator.next_request()) if stop is None else ""
            report["paging"] = f"ends: {stop.reason}" if stop else f"goes on: {following}"
            if len(report["records"]) >= wanted or len(report["pages"]) >= MAX_PREVIEW_PAGES:
                break
    except TapError as error:
        report |= {"ok": False, "error": redact(str(error))}
    if suggests and responses and (suggestion := _suggestion(stream, responses[0])):
        report["suggestion"] = suggestion
    records = report["records"]
    report["schema"] = infer(records)
    report["primary_key_candidates"] = primary_key_candidates(records)
    report["replication_key_candidates"] = replication_key_candidates(records)
    report["records"] = records[:wanted]
    if stream.reader.check.missing:
        report |= {"ok": False, "error": stream.reader.check.missing}
    return report


def _pages(
    stream: OAuth2Stream, responses: list[Response]
) -> Iterator[tuple[Paginator, FetchedPage]]:
    """Yield the pages; ``responses`` also gets a response that cannot be read."""
    for context in islice(stream.sample.contexts(), MAX_PREVIEW_PAGES):
        paginator, slice_ = Paginator(stream.stream.settings.pagination), stream.plan.first(context)
        while paginator.stop is None:
            responses.append(stream.reader.fetch(slice_, paginator.token, paginator.pages + 1))
            for fetched in stream.reader.take(slice_, responses[-1], paginator):
                yield paginator, fetched


def _describe(fetched: FetchedPage) -> dict[str, Any]:
    request, page = fetched.response.request, fetched.page
    return {
        "request": {
            "method": request.method,
            "url": redact(fetched.response.url),
            "headers": {
                name: MASK if any(word in name.lower() for word in _SECRET_WORDS) else redact(value)
                for name, value in request.headers.items()
            },
            "body": json.loads(redact(encode_json(request.body).decode())),
        },
        "status": fetched.response.status,
        "records": len(fetched.records),
        "found": page is not None and page.found,
        "response": None if page is None else page.keys,
    }


def _suggestion(stream: OAuth2Stream, response: Response) -> dict[str, Any] | None:
    suggestion = suggest(response)
    if suggestion is None:
        return None
    settings, remarks = stream.stream, suggestion.remarks
    definition = {"name": stream.name, "path": settings.request.path.text}
    if settings.request.method != "GET":
        definition["method"] = settings.request.method
    definition |= suggestion.settings
    # Only their names: the values may be secrets.
    if others := [n for n in settings.written if n not in {*definition, *SUGGESTED, "method"}]:
        remarks.append(f"keep the other settings of its definition: {', '.join(others)}")
    return {"stream": definition, "remarks": remarks}


def _show(report: dict[str, Any]) -> None:
    def show(line: str) -> None:
        click.echo(printable(line))

    show(f"\n{report['stream']}")
    for number, page in enumerate(report["pages"], 1):
        show(f"  page {number}: {page['request']['method']} {page['request']['url']}")
        count = f"{page['records']} record{'' if page['records'] == 1 else 's'}"
        found = page["response"]
        why = f"the response has {found}" if found else "a response rule decided"
        show(f"    status {page['status']}, {count}; {why}")
    if "paging" in report:
        show(f"  paging {report['paging']}")
    if not report["ok"]:
        show(f"  failed: {report['error']}")
    if report["records"]:
        _show_table(report)
        if (more := len(report["schema"]["properties"]) - MAX_PREVIEW_FIELDS) > 0:
            show(f"  and {more} more fields; --json shows them")
        for name in ("primary_key", "replication_key"):
            show(f"  {name} candidates: {', '.join(report[f'{name}_candidates']) or 'none'}")
    if suggestion := report.get("suggestion"):
        show("  a stream definition for this response:")
        show(json.dumps(suggestion["stream"], indent=2, ensure_ascii=False))
        for remark in suggestion["remarks"]:
            show(f"  - {remark}")


def _show_table(report: dict[str, Any]) -> None:
    from rich.console import Console  # not for --json
    from rich.markup import escape
    from rich.table import Table

    records = report["records"]
    table = Table("field", "type", *(f"record {n}" for n in range(1, len(records) + 1)))
    for name, column in islice(report["schema"]["properties"].items(), MAX_PREVIEW_FIELDS):
        cells = [printable(name), _type(column), *(_shorten(r.get(name)) for r in records)]
        table.add_row(*map(escape, cells))
    Console(highlight=False).print(table)


def _shorten(value: Any) -> str:
    text = printable(redact(value if isinstance(value, str) else encode_json(value).decode()))
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"


def _type(column: dict[str, Any]) -> str:
    types = column.get("type", "any")
    names = [types] if isinstance(types, str) else [name for name in types if name != "null"]
    return column.get("format") or " or ".join(names)


@click.command("preview")
@CONFIG_OPTION
@click.option("--stream", "name", help="Only this stream.")
@click.option(
    "--records", "wanted", type=click.IntRange(1), default=5, show_default=True,
    help="Records to show of each stream.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.option("--suggest", "suggests", is_flag=True, help="Print a stream definition to paste.")
def command(
    paths: tuple[str, ...], name: str | None, wanted: int, *, as_json: bool, suggests: bool
) -> None:
    """Fetch a few records and show each request and response."""
    config = TapOAuth2Generic.merge_configuration(paths)
    streams: dict[str, Any] = dict(TapOAuth2Generic(config=config, setup_mapper=False).streams)
    if name is not None and name not in streams:
        raise InputError(f"there is no stream {name!r}; there are: {', '.join(streams)}")
    chosen = streams.values() if name is None else [streams[name]]
    reports = [preview(stream, wanted, suggests=suggests) for stream in chosen]
    if as_json:
        click.echo(msgspec.json.format(encode_json(reports), indent=2))
    else:
        for report in reports:
            _show(report)
    click.get_current_context().exit(0 if all(report["ok"] for report in reports) else 1)
