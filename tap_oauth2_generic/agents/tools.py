"""The tools: what an agent may call, and what each returns.

Knows no protocol. A mistake is an exception; ``run`` makes its lines of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tap_oauth2_generic.agents.calls import Call, Tool, read_arguments
from tap_oauth2_generic.agents.docs_search import search
from tap_oauth2_generic.cli.boundary import describe_error, show
from tap_oauth2_generic.cli.connections import describe, judge
from tap_oauth2_generic.cli.import_file import import_source
from tap_oauth2_generic.cli.importing import variables
from tap_oauth2_generic.cli.preview import describe_suggestion, find_stream, preview
from tap_oauth2_generic.cli.suggest import Suggester
from tap_oauth2_generic.errors import ConfigurationError, InputError, StreamError
from tap_oauth2_generic.importers.imported import ImportOptions
from tap_oauth2_generic.importers.kinds import KINDS
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.masked_json import mask
from tap_oauth2_generic.runtime.redaction import escape_controls
from tap_oauth2_generic.settings.fields import ErrorCollector, near_choice
from tap_oauth2_generic.settings.limits import MAX_RESULT_BYTES
from tap_oauth2_generic.tap import TapOAuth2Generic

# Stands in for the streams of a configuration that has none yet.
_STAND_IN = [{"name": "request", "path": "/"}]


@dataclass(frozen=True)
class Outcome:
    """The parts of a result, and whether they tell of a failure."""

    texts: list[str]
    failed: bool = False


def run(call: Call, name: str, arguments: Mapping[str, Any]) -> Outcome:
    """Run a tool; an error becomes its lines."""
    try:
        tool = _find(name)
        text = _encode(tool.function(call, **read_arguments(tool, arguments)))
    except Exception as error:  # noqa: BLE001 - the boundary
        lines = show([*filter(None, [call.remark]), *_name_tools(describe_error(error))])
        partial = [] if call.partial is None else [_encode(call.partial)]
        return Outcome(["\n".join(lines), *partial], failed=True)
    return Outcome([text])


def _encode(found: Any) -> str:
    text = escape_controls(encode_json(mask(found)).decode())
    if (length := len(text.encode())) > MAX_RESULT_BYTES:
        raise InputError(
            f"the result has {length:,} bytes, more than {MAX_RESULT_BYTES:,}; ask for fewer "
            "records"
        )
    return text


def _find(name: str) -> Tool:
    named = {tool.name: tool for tool in TOOLS}
    if name not in named:
        near = near_choice(name, named)
        raise InputError(f"there is no tool {name!r}; there are: {', '.join(named)}{near}")
    return named[name]


def _import(call: Call, kind: str, text: str) -> dict[str, Any]:
    made, missing = import_source(kind, text, ImportOptions())
    missing = call.relate(made, missing)
    return {
        "config": made.config,
        "derived": made.derived,
        "unsure": _name_tools(made.unsure),
        "left_out": made.left_out,
        "to_add": missing,
        "secrets": [*variables(made)],
    }


def _name_tools(lines: Iterable[str]) -> list[str]:
    """Name the tool in place of the command."""
    return [line.replace("preview --suggest", "suggest_stream") for line in lines]


def _validate(call: Call, config: Mapping[str, Any]) -> dict[str, Any]:
    collector = ErrorCollector()
    settings = call.combine(config).settings
    found = TapOAuth2Generic.check_configuration(settings, collector)
    if found is None or collector.errors:
        raise ConfigurationError("\n".join(collector.errors))
    names = [stream.name for stream in found.top.streams]
    return {"valid": True, "streams": names, "warnings": collector.warnings}


def _preview(call: Call, config: Mapping[str, Any], stream: str, records: int) -> Mapping[str, Any]:
    with call.open(config) as tap:
        report = preview(find_stream(tap.streams, stream), records)
    if not report["ok"]:
        call.partial = report
        error, begins = report["error"], f"stream {stream!r}"
        raise StreamError(error if error.startswith(begins) else f"{begins}: {error}")
    return report


def _suggest(call: Call, config: Mapping[str, Any], stream: str) -> Mapping[str, Any]:
    with call.open(config) as tap:
        made = Suggester().suggest(find_stream(tap.streams, stream).sample)
    if made.failure:
        raise StreamError(made.failure)
    return describe_suggestion(made)


def _connection_status(call: Call, config: Mapping[str, Any]) -> Mapping[str, Any]:
    # A connection has a state before it has streams.
    combined = call.combine(config).settings
    with call.open(config if combined.get("streams") else {**config, "streams": _STAND_IN}) as tap:
        session, grant = tap.session, tap.configuration.grant
        name = session.authenticator.connection
        if not grant.requests_tokens:
            title = "No login needed: this grant requests no token"
            return {"name": name, "state": "linked", "title": title}
        chain = session.authenticator.stored_chain()
        if chain is None:
            how = "it is requested when it is needed" if grant.unattended else "log in first"
            return {"name": name, "state": "none", "title": f"No token is stored; {how}"}
        shown, expires_at = describe(chain), chain.token.expires_at
        seconds = None if expires_at is None else expires_at - session.clock.time()
        renews = shown["refresh_token"] or grant.unattended
        state, title = judge(seconds, renews=renews, ended=chain.ended)
        return {**shown, "state": state, "title": title}


def _search_docs(call: Call, query: str) -> dict[str, Any]:  # noqa: ARG001 - every tool has it
    return {"sections": search(query)}


_CONFIG = {
    "type": "object",
    "description": "A configuration of the tap. Leave out every secret and every setting that "
    "the server has from its own --config: `streams` alone is enough then.",
}
_STREAM = {"type": "string", "description": "The name of one of its streams."}
TOOLS = (
    Tool(
        "import_source",
        "Make a configuration of what the person has: "
        + "; ".join(f"{kind}, {about}" for kind, about in KINDS.items())
        + ". Returns what is unsure, what was left out, and the variable of each secret.",
        {
            "kind": {"type": "string", "enum": [*KINDS], "description": "What the source is."},
            "text": {"type": "string", "description": "The source itself, not a file's name."},
        },
        _import,
    ),
    Tool(
        "validate_config",
        "Check a configuration without a request; each mistake is a line with its place.",
        {"config": {**_CONFIG, "default": {}}},
        _validate,
    ),
    Tool(
        "preview",
        "Fetch a few records of a stream: its requests and responses, records, how paging goes "
        "on, schema and key candidates. It sends what the stream says, a POST too, and moves no "
        "bookmark.",
        {
            "config": _CONFIG,
            "stream": _STREAM,
            "records": {
                "type": "integer",
                "description": "How many records to return.",
                "minimum": 1,
                "default": 5,
            },
        },
        _preview,
        sends=True,
    ),
    Tool(
        "suggest_stream",
        "Complete a stream of name and path by its responses: where the records are, paging, "
        "keys. Each setting was tried; the remarks say what is unsure.",
        {"config": _CONFIG, "stream": _STREAM},
        _suggest,
        sends=True,
    ),
    Tool(
        "connection_status",
        "Return whether a token is stored for a connection, and until when it is valid. Sends "
        "nothing.",
        {"config": {**_CONFIG, "default": {}}},
        _connection_status,
    ),
    Tool(
        "search_docs",
        "Search the documentation of the tap: settings, paging, errors, guides.",
        {"query": {"type": "string", "description": "A few words, such as a setting's name."}},
        _search_docs,
    ),
)
