"""The command ``tap-oauth2-generic preview``: a few records of each stream, and how they came.

Goes the very way of a sync; emits no Singer message and moves no bookmark.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

import click
import msgspec

from tap_oauth2_generic.cli.boundary import CONFIG_OPTION, log_to_stderr, tap_of
from tap_oauth2_generic.cli.suggest import (
    SUGGESTED,
    primary_key_candidates,
    replication_key_candidates,
    suggest,
)
from tap_oauth2_generic.errors import InputError, TapError
from tap_oauth2_generic.pagination import Paginator
from tap_oauth2_generic.records.schema import infer
from tap_oauth2_generic.runtime.redaction import MASK, printable, redact
from tap_oauth2_generic.settings.limits import MAX_PREVIEW_FIELDS, MAX_PREVIEW_PAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from tap_oauth2_generic.extract.page_reader import FetchedPage
    from tap_oauth2_generic.net.client import Response
    from tap_oauth2_generic.stream import OAuth2Stream

# Numbers keep every digit, as in a sync.
_ENCODER = msgspec.json.Encoder(decimal_format="number")
# What was asked for of ``json`` and ``suggest``.
Show = tuple[str, ...]
_SHOWN_LENGTH = 60


def preview(stream: OAuth2Stream, wanted: int, *, suggests: bool) -> dict[str, Any]:
    """Read until so many records were found, and tell what happened, as JSON-like data.

    ``ok`` tells whether it worked; an error is one sentence.
    """
    told: dict[str, Any] = {"stream": stream.name, "ok": True, "pages": [], "records": []}
    answers: list[Response] = []
    try:
        for paginator, turn in _turns(stream, answers):
            told["pages"].append(_page(turn))
            told["records"] += turn.records
            told["paging"] = _paging(paginator)
            if len(told["records"]) >= wanted or len(told["pages"]) >= MAX_PREVIEW_PAGES:
                break
    except TapError as error:
        told |= {"ok": False, "error": redact(str(error))}
    if suggests and answers and (suggestion := _suggestion(stream, answers[0])):
        told["suggestion"] = suggestion
    records = told["records"]
    told["schema"] = infer(records)
    told["primary_key_candidates"] = primary_key_candidates(records)
    told["replication_key_candidates"] = replication_key_candidates(records)
    told["records"] = records[:wanted]
    if missing := stream.reader.missing_records():
        told |= {"ok": False, "error": missing}
    return told


def _turns(
    stream: OAuth2Stream, answers: list[Response]
) -> Iterator[tuple[Paginator, FetchedPage]]:
    """Give the pages; ``answers`` keeps what came, also where it cannot be read."""
    for context in islice(stream.sampled_contexts(), MAX_PREVIEW_PAGES):
        paginator, span = Paginator(stream.stream.settings.pagination), stream.first_span(context)
        while paginator.stop is None:
            answers.append(stream.reader.fetch(span, paginator.token, paginator.pages + 1))
            yield paginator, stream.reader.take(span, answers[-1], paginator)


def _page(turn: FetchedPage) -> dict[str, Any]:
    """Tell of one request and its answer; what may be a secret is masked."""
    headers = {name: MASK if _may_be_secret(name) else redact(value)
               for name, value in turn.response.request.headers.items()}  # fmt: skip
    page = turn.page
    return {
        "request": {
            "method": turn.response.request.method,
            "url": redact(turn.response.url),
            "headers": headers,
            "body": json.loads(redact(_ENCODER.encode(turn.response.request.body).decode())),
        },
        "status": turn.response.status,
        "records": len(turn.records),
        "found": page is not None and page.found,
        "answer": "decided by a response rule" if page is None else page.keys,
    }


def _may_be_secret(header: str) -> bool:
    return any(word in header.lower() for word in ("auth", "key", "token", "secret", "cookie"))


def _paging(paginator: Paginator) -> str:
    if paginator.stop is not None:
        return f"ends: {paginator.stop.reason}"
    return f"goes on: {redact(paginator.next_request())}"


def _suggestion(stream: OAuth2Stream, answer: Response) -> dict[str, Any] | None:
    settings = stream.stream
    base = {"name": stream.name, "path": settings.request.path.text}
    if settings.request.method != "GET":
        base["method"] = settings.request.method
    made = suggest(answer)
    if made is None:
        return None
    definition = {**base, **made.settings}
    # Their values may be secrets, so they are not shown.
    if others := [n for n in settings.written if n not in {*definition, *SUGGESTED, "method"}]:
        made.remarks.append(f"keep what else is in its definition: {', '.join(others)}")
    return {"stream": definition, "remarks": made.remarks}


def _show(told: dict[str, Any]) -> None:
    from rich.console import Console  # only for people
    from rich.markup import escape

    console = Console(highlight=False)

    def say(text: str) -> None:
        console.print(escape(printable(text)), soft_wrap=True)

    say(f"\n{told['stream']}")
    for number, page in enumerate(told["pages"], 1):
        say(f"  page {number}: {page['request']['method']} {page['request']['url']}")
        found = f"{page['records']} records; the answer has {page['answer']}"
        say(f"    status {page['status']}, {found}")
    if "paging" in told:
        say(f"  paging {told['paging']}")
    if not told["ok"]:
        say(f"  failed: {told['error']}")
    if told["records"]:
        console.print(_table(told))
        if (more := len(told["schema"]["properties"]) - MAX_PREVIEW_FIELDS) > 0:
            say(f"  and {more} more fields, which --json shows")
        for what in ("primary_key", "replication_key"):
            say(f"  {what} candidates: {', '.join(told[f'{what}_candidates']) or 'none'}")
    if "suggestion" in told:
        say("  a stream definition that fits this answer:")
        click.echo(
            printable(json.dumps(told["suggestion"]["stream"], indent=2, ensure_ascii=False))
        )
        for remark in told["suggestion"]["remarks"]:
            say(f"  - {remark}")


def _table(told: dict[str, Any]) -> Table:
    from rich.markup import escape  # only for people
    from rich.table import Table

    table = Table("field", "type", *(f"record {n}" for n in range(1, len(told["records"]) + 1)))
    for name, column in islice(told["schema"]["properties"].items(), MAX_PREVIEW_FIELDS):
        values = [_shown(record.get(name)) for record in told["records"]]
        table.add_row(escape(printable(name)), _type(column), *map(escape, values))
    return table


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else _ENCODER.encode(value).decode()
    text = printable(redact(text))
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"


def _type(column: dict[str, Any]) -> str:
    types = column.get("type", "any")
    names = [types] if isinstance(types, str) else [name for name in types if name != "null"]
    return column.get("format") or " or ".join(names)


def _run(paths: tuple[str, ...], name: str | None, wanted: int, show: Show) -> int:
    log_to_stderr()
    streams: dict[str, Any] = dict(tap_of(paths).streams)
    if name is not None and name not in streams:
        message = f"there is no stream {name!r}; there are: {', '.join(streams)}"
        raise InputError(message)
    chosen = streams.values() if name is None else [streams[name]]
    told = [preview(stream, wanted, suggests="suggest" in show) for stream in chosen]
    if "json" in show:
        click.echo(msgspec.json.format(_ENCODER.encode(told), indent=2))
    else:
        for one in told:
            _show(one)
    return 0 if all(one["ok"] for one in told) else 1


@click.command("preview")
@CONFIG_OPTION
@click.option("--stream", "name", help="Only this stream.")
@click.option(
    "--records", "wanted", type=click.IntRange(1), default=5, show_default=True,
    help="Records to show of each stream.",
)  # fmt: skip
@click.option("--json", "show", flag_value="json", multiple=True, help="For programs.")
@click.option(
    "--suggest", "show", flag_value="suggest", multiple=True, help="Print the definition that fits."
)
@click.pass_context
def command(
    ctx: click.Context, paths: tuple[str, ...], name: str | None, wanted: int, show: Show
) -> None:
    """Fetch a few records of each stream and show how they came."""
    ctx.exit(_run(paths, name, wanted, show))
