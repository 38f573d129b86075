"""The feeds' endpoints: bounds on both sides in every form, errors in a 200, drifting records.

What is in the feeds is in ``feeds``; tokens, routes and sockets are elsewhere.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tap_oauth2_generic.demo import feeds
from tap_oauth2_generic.demo.params import Params, instant
from tap_oauth2_generic.demo.wire import Problem, Request, Response, invalid_request, json_response

if TYPE_CHECKING:
    from collections.abc import Callable

CAP = 10


def _local(text: str) -> datetime:
    return datetime.strptime(text, "%d.%m.%Y %H:%M").replace(tzinfo=timezone.utc)


def _date(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.utc)


BOUNDS: dict[str, Callable[[str], float]] = {
    "iso": lambda text: instant(text).timestamp(),
    "date": lambda text: _date(text).timestamp(),
    "local": lambda text: _local(text).timestamp(),
    "epoch": int,
    "epoch_ms": lambda text: int(text) / 1000,
    "number": int,
}
"""How a bound is written; ``local`` is ``31.12.2025 23:59``, in UTC."""
_BOUNDS_OF_KIND = {"epoch": "epoch", "epoch_ms": "epoch_ms", "text": "number"}


def changes(request: Request, kind_in_path: str) -> Response:
    """``{"changes": […]}``: ``since`` (inclusive) and ``until`` (exclusive), ``order``, offsets.

    The path names the kind of replication key; ``bounds`` says how the bounds are written.
    """
    kind = unquote(kind_in_path)
    if kind not in feeds.KEYS:
        raise Problem(404, "not_found", f"there are: {', '.join(feeds.KEYS)}")
    params = Params.from_query(request.query)
    form = params.choice("bounds", tuple(BOUNDS), _BOUNDS_OF_KIND.get(kind, "iso"))
    since, until = (_bound(params, name, form) for name in ("since", "until"))
    order = params.choice("order", ("asc", "desc", "none"), "asc")
    wanted = [
        feeds.change(kind, number)
        for number in feeds.numbers(order)
        if (since is None or _amount(kind, number) >= since)
        and (until is None or _amount(kind, number) < until)
    ]
    offset, limit = params.integer("offset", 0, least=0), min(params.integer("limit", CAP), CAP)
    return json_response({"changes": wanted[offset : offset + limit]})


def channels(_: Request) -> Response:
    """``{"ok": true, "channels": […]}``: of two of them nobody may read the posts."""
    return json_response({"ok": True, "channels": [{"name": name} for name in feeds.CHANNELS]})


def posts(_: Request, channel_in_path: str) -> Response:
    """``{"ok": true, "posts": […]}``, or ``{"ok": false, "error": "…"}``: always status 200."""
    channel = unquote(channel_in_path)
    found = feeds.CHANNELS.get(channel, "channel_not_found")
    if isinstance(found, str):
        return json_response({"ok": False, "error": found})
    return json_response({"ok": True, "posts": feeds.posts(channel, found)})


def readings(request: Request) -> Response:
    """``{"readings": […]}``: ``drift`` (field, nested, misfit) begins at the record ``from``."""
    params = Params.from_query(request.query)
    drift = params.choice("drift", feeds.DRIFTS, "") or None
    begin = params.integer("from", feeds.READINGS * 2 // 3, least=0)
    return json_response({"readings": feeds.readings(drift, begin)})


def _bound(params: Params, name: str, form: str) -> float | None:
    text = params.text(name)
    try:
        return None if text is None else BOUNDS[form](text)
    except (ValueError, OverflowError):
        raise invalid_request(f"{name} is not written as {form}") from None


def _amount(kind: str, number: int) -> float:
    return number + 1 if kind == "text" else feeds.changed_at(number, kind).timestamp()
