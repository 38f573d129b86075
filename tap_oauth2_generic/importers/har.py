"""Read a HAR file of a browser's developer tools as a configuration; pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.importers.har_entries import Entries, Entry
from tap_oauth2_generic.importers.har_paging import doubt_pages, parameters, seen_paging
from tap_oauth2_generic.importers.imported import Imported, ImportOptions
from tap_oauth2_generic.importers.paging import without_params
from tap_oauth2_generic.importers.seen_requests import Seen, take_connection
from tap_oauth2_generic.importers.seen_streams import StreamMaker
from tap_oauth2_generic.settings.templates import as_text
from tap_oauth2_generic.settings.values import is_loopback

_MOST_NAMED = 10
# A number, a UUID or an object ID: one value of many, if it is a part of a path.
_ID = re.compile(r"\d+|[0-9a-f]{24}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def read(text: str, options: ImportOptions) -> Imported:
    """Return the configuration of one API; raise InputError if no response lists records."""
    entries = Entries()
    entries.read(text.removeprefix("\ufeff"))
    by_host = {
        host: kept
        for host, found in entries.by_host.items()
        if (kept := [one for one in found if options.takes(host, "/".join(one.steps))])
    }
    counts = [f"{count} {what}" for what, count in entries.aside.most_common()]
    if not by_host:
        raise InputError("; ".join(["no response is a JSON list of records", *counts]))
    made = Imported({}, left_out=[f"{one}: left out" for one in counts])
    hosts = sorted(by_host, key=lambda host: -len(by_host[host]))
    made.unsure += [
        f"{host} returned lists, too ({len(by_host[host])}); --include {host} takes it instead"
        for host in hosts[1 : _MOST_NAMED + 1]
    ]
    _describe(hosts[0], by_host[hosts[0]], made)
    return made


def _describe(host: str, entries: list[Entry], made: Imported) -> None:
    is_local = is_loopback(urlsplit(host).hostname)
    made.config["base_url"] = host if is_local else host.replace("http://", "https://", 1)
    for entry in entries:
        take_connection(made, entry.request)
    if not made.secrets.get("access_token"):
        made.config.setdefault("grant_type", "none")
    groups: dict[tuple[Any, ...], list[Entry]] = {}
    for entry in _with_variables(entries):
        groups.setdefault(entry.path, []).append(entry)
    StreamMaker(made).add([_see(group, made) for group in groups.values()])


def _with_variables(entries: list[Entry]) -> list[Entry]:
    """Replace the IDs in paths that were in another list by the field that held them."""
    fields: dict[tuple[str, ...], dict[str, str]] = {}
    for entry in entries:
        known = fields.setdefault(entry.steps, {})
        for record in entry.page.records:
            for name, value in record.items():
                if isinstance(value, str | int) and _ID.fullmatch(as_text(value)):
                    known.setdefault(as_text(value), name)
    found = []
    for entry in entries:
        steps = list(entry.steps)
        for index, step in enumerate(steps):
            if own := fields.get(entry.steps[:index], {}).get(step):
                steps[index] = f":{own}"
        found.append(replace(entry, steps=tuple(steps)))
    return found


def _see(group: list[Entry], made: Imported) -> Seen:
    """Return the request of a list, with its paging if two entries show it."""
    first = group[0]
    where = f"entry {first.number}"
    request, pagination = first.request, seen_paging(group)
    seen = Seen(where, request, first.steps, [one.page for one in group], graphql=first.graphql)
    used = {v for n, v in (pagination or {}).items() if n.endswith("_param")}
    varied = {
        name
        for one in group
        for name, value in parameters(one).items()
        if value != parameters(first).get(name) and name not in used
    }
    if pagination is not None:
        seen.pagination = pagination
        made.derived.append(f"{where}: pagination seen in {len(group)} entries")
        if unsure := doubt_pages(pagination, group):
            made.unsure.append(f"{where}: {unsure}; try it with preview --suggest")
    request.params = without_params(request.params, frozenset(used))
    if seen.graphql:
        seen.graphql = without_params(seen.graphql, frozenset(used))
    elif isinstance(request.body, dict):
        request.body = without_params(request.body, frozenset(used))
    if names := sorted(varied):
        made.unsure.append(f"{where}: {', '.join(names)} had several values; the first is used")
    if ids := [step for step in first.steps if _ID.fullmatch(step)]:
        made.unsure.append(f"{where}: its path has {', '.join(ids)}, maybe IDs of one record")
    if missing := request.left_out_of_body:
        made.left_out.append(f"{where}: {', '.join(missing)} of its body holds a secret")
    return seen
