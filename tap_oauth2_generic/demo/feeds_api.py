"""The feeds' endpoints: bounds on both sides in every form, errors in a 200, drifting records.

Their records are in ``feed_records``; tokens, routes and sockets are elsewhere.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tap_oauth2_generic.demo import feed_records
from tap_oauth2_generic.demo.http_messages import (
    Problem,
    Request,
    Response,
    invalid_request,
    json_response,
)
from tap_oauth2_generic.demo.params import Params, instant

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
"""Formats of a bound; ``local`` is ``31.12.2025 23:59`` in UTC."""
_BOUNDS_OF_KIND = {"epoch": "epoch", "epoch_ms": "epoch_ms", "text": "number"}


def changes(request: Request, kind_in_path: str) -> Response:
    """``{"changes": […]}``: ``since`` (inclusive) and ``until`` (exclusive), ``order``, offsets.

    The path names the kind of replication key, ``bounds`` the format of the bounds.
    """
    kind = unquote(kind_in_path)
    if kind not in feed_records.KEYS:
        raise Problem(404, "not_found", f"unknown kind; use one of {', '.join(feed_records.KEYS)}")
    params = Params.from_query(request.query)
    form = params.choice("bounds", tuple(BOUNDS), _BOUNDS_OF_KIND.get(kind, "iso"))
    since, until = (_bound(params, name, form) for name in ("since", "until"))
    order = params.choice("order", ("asc", "desc", "none"), "asc")
    wanted = [
        feed_records.change(kind, number)
        for number in feed_records.numbers(order)
        if (since is None or _amount(kind, number) >= since)
        and (until is None or _amount(kind, number) < until)
    ]
    offset, limit = params.integer("offset", 0, least=0), min(params.integer("limit", CAP), CAP)
    return json_response({"changes": wanted[offset : offset + limit]})


def channels(_: Request) -> Response:
    """``{"ok": true, "channels": […]}``: the posts of two of them cannot be read."""
    return json_response(
        {"ok": True, "channels": [{"name": name} for name in feed_records.CHANNELS]}
    )


def posts(_: Request, channel_in_path: str) -> Response:
    """``{"ok": true, "posts": […]}``, or ``{"ok": false, "error": "…"}``: always status 200."""
    channel = unquote(channel_in_path)
    found = feed_records.CHANNELS.get(channel, "channel_not_found")
    if isinstance(found, str):
        return json_response({"ok": False, "error": found})
    return json_response({"ok": True, "posts": feed_records.posts(channel, found)})


def readings(request: Request) -> Response:
    """``{"readings": […]}``: ``drift`` (field, nested, misfit) starts at record ``from``."""
    params = Params.from_query(request.query)
    drift = params.choice("drift", feed_records.DRIFTS, "") or None
    begin = params.integer("from", feed_records.READINGS * 2 // 3, least=0)
    return json_response({"readings": feed_records.readings(drift, begin)})


def _bound(params: Params, name: str, form: str) -> float | None:
    text = params.text(name)
    try:
        return None if text is None else BOUNDS[form](text)
    except (ValueError, OverflowError):
        raise invalid_request(f"{name} does not have the format {form}") from None


def _amount(kind: str, number: int) -> float:
    return number + 1 if kind == "text" else feed_records.changed_at(number, kind).timestamp()
