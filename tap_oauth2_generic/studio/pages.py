"""Render pages and fragments, and turn functions into endpoints that never show a traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from sse_starlette import EventSourceResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.studio.access import Access, refuse
from tap_oauth2_generic.studio.connecting import Login
from tap_oauth2_generic.studio.connection_state import Check
from tap_oauth2_generic.studio.project import Project
from tap_oauth2_generic.studio.raw_request import Sending
from tap_oauth2_generic.studio.sessions import sentence
from tap_oauth2_generic.studio.trial import Trial

FOLDER = Path(__file__).parent
_MAX_FIELDS = 2_000
_CODE = Markup("<code>{}</code>")
# Parts that follow others by themselves, while a person reads the messages.
_FOLLOWING = {"stream_title", "stream_json", "read_stale", "read_parts", "version"}
Form = Mapping[str, str]
Action = Callable[["Studio", Form], Response]


@dataclass
class Studio:
    """All that one server knows: the project, and what was done on its pages since it began."""

    project: Project
    access: Access
    login: Login | None = None
    #: What the API said of the connection when it was checked last.
    check: Check | None = None
    #: The latest test read of each stream, by name.
    trials: dict[str, Trial] = field(default_factory=dict)
    #: The latest request of the request block.
    sending: Sending | None = None
    #: What it sent: its response becomes a stream.
    sent_request: dict[str, str] = field(default_factory=dict)
    #: The request block as it was filled in last.
    typed_request: dict[str, str] = field(default_factory=dict)
    #: The limits of test reads as they were filled in last.
    typed_limits: dict[str, str] = field(default_factory=dict)


def _code(text: str) -> Markup:
    """Return a setting's help as markup: only its code marks are."""
    parts = enumerate(text.split("`"))
    return Markup("").join(_CODE.format(part) if n % 2 else part for n, part in parts)


def _json(value: Any) -> str:
    return msgspec.json.format(encode_json(value), indent=2).decode()


_TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {"code": _code, "json": _json}


def page(studio: Studio, name: str, *, alert: str = "", **values: Any) -> Response:
    """Return a whole page."""
    shared = {"studio": studio, "project": studio.project, "page": name}
    template = _TEMPLATES.get_template(f"{name}.html")
    shown = template.render(alert=alert, notice="", **shared, **values)
    return HTMLResponse(shown, 422 if alert else 200)


def _fail(studio: Studio, alert: str) -> Response:
    """Return a page of one sentence, from which the others can be opened."""
    return page(studio, "error", alert=alert)


def fragments(
    studio: Studio, *names: str, alert: str = "", notice: str = "", **values: Any
) -> Response:
    """Return the parts of a page that an action changes; each replaces the one of its ID."""
    shared = {"studio": studio, "project": studio.project, "alert": alert, "notice": notice}
    # Without anything new to say the page keeps its messages: buttons must not move by themselves.
    said = ("messages",) if {*names} - _FOLLOWING or alert or notice else ()
    made = [
        _TEMPLATES.get_template(f"_{name}.html").render(**shared, **values)
        for name in (*said, "unsaved", *names)
    ]
    return HTMLResponse("\n".join(made), 422 if alert else 200)


def stream_events(changes: Iterable[bool], render: Callable[[], Response]) -> Response:
    """Send the fragments of a page after each change, and what ends it.

    Without a change it sends a comment, and so notices a page that has left: each one that is
    followed holds one of the server's threads.
    """

    def events() -> Iterator[dict[str, str]]:
        for is_changed in changes:
            if is_changed:
                yield {"data": bytes(render().body).decode()}
            else:
                yield {"comment": "nothing new"}
        yield {"event": "end", "data": ""}

    return EventSourceResponse(events())


def go_to(address: str) -> Response:
    """Have the page open another one."""
    return Response(status_code=200, headers={"X-Studio-Go": address})


def reads(studio: Studio, action: Action) -> Callable[[Request], Any]:
    """Return the endpoint of an action that changes nothing."""

    async def endpoint(request: Request) -> Response:
        is_page = "text/html" in request.headers.get("Accept", "")
        fail = _fail if is_page else fragments
        return await _run(studio, action, dict(request.path_params), fail)

    return endpoint


def changes(studio: Studio, action: Action) -> Callable[[Request], Any]:
    """Return the endpoint of an action with a form."""

    async def endpoint(request: Request) -> Response:
        body = (await request.body()).decode("utf-8", "replace")
        try:
            typed = dict(parse_qsl(body, keep_blank_values=True, max_num_fields=_MAX_FIELDS))
        except ValueError:
            return refuse("The form has too many fields.", 413)
        return await _run(studio, action, {**typed, **request.path_params})

    return endpoint


async def _run(
    studio: Studio, action: Action, form: Form, fail: Callable[..., Response] = fragments
) -> Response:
    try:
        return await run_in_threadpool(action, studio, form)
    except Exception as error:  # noqa: BLE001 - the boundary of the page
        return fail(studio, alert=sentence(error))
