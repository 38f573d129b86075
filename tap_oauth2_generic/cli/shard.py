"""The command ``tap-oauth2-generic shard``: split a configuration by its partitions.

Sends no request and prints no secret: each worker adds the secrets itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from tap_oauth2_generic.config.config import CONFIG_SCHEMA, Config
from tap_oauth2_generic.config.streams import StreamConfig
from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.records.schema_memory import MEMORY, merge
from tap_oauth2_generic.replication.bounds import moment
from tap_oauth2_generic.replication.partitions import Context
from tap_oauth2_generic.runtime.json_encoder import encode_json, encode_sorted
from tap_oauth2_generic.runtime.log import LOG
from tap_oauth2_generic.singer.input_files import bookmarks_in, read_object
from tap_oauth2_generic.tap import TapOAuth2Generic

#: The streams without a parent that a shard reads, with their partitions; none means all.
Share = dict[str, list["Context"]]


def spread(keys: Sequence[bytes], shards: int) -> list[int]:
    """Return the shard of each key: evenly, reproducibly and in any order of the keys.

    Each key takes the best shard that is not full, by a hash of both (rendezvous hashing). One
    more key moves fewer other keys than there are shards; one more shard moves about every
    ``shards``-th key.
    """
    size, larger = divmod(len(keys), shards)
    sizes, found = [0] * shards, dict.fromkeys(keys, 0)
    for key in sorted(keys, key=_hash):
        free = [s for s in range(shards) if sizes[s] < size + bool(larger)]
        best = max((_hash(b"%d:%b" % (shard, key)), shard) for shard in free)[1]
        larger -= sizes[best] == size
        sizes[best] += 1
        found[key] = best
    return [found[key] for key in keys]


def shares(streams: Sequence[StreamConfig], shards: int) -> list[Share]:
    """Deal out streams and partitions; children are not listed, they follow their parents."""
    found: list[Share] = [{} for _ in range(shards)]
    roots = [stream for stream in streams if stream.contexts.parent is None]
    groups: list[list[tuple[Any, ...]]] = [
        [(root.name,) for root in roots if not root.contexts.partitions],
        *([(root.name, partition) for partition in root.contexts.partitions] for root in roots),
    ]
    for group in groups:
        places = spread([encode_sorted(one) for one in group], shards)
        for (name, *partition), shard in zip(group, places, strict=True):
            found[shard].setdefault(name, []).extend(partition)
    return found


def split(
    config: Config, raw: Mapping[str, Any], shards: int, states: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the non-empty shards as they are printed; raises InputError.

    ``raw`` is the configuration as written, ``config`` the parsed one. ``states`` are bookmarks
    to carry over, by stream.
    """
    streams = config.top.streams
    roots = [stream for stream in streams if stream.contexts.parent is None]
    if shards > 1 and len(roots) == 1 and not roots[0].contexts.partitions:
        raise InputError(f"nothing to split: {roots[0].name!r} has no partitions")
    declared = CONFIG_SCHEMA["properties"]
    secret = {name for name, about in declared.items() if about.get("secret")}
    # $schema is relative to the file that contains it.
    plain = {name: value for name, value in raw.items() if name not in {"$schema", *secret}}
    filled = [(n, share) for n, share in enumerate(shares(streams, shards), 1) if share]
    if pace := config.rate_limit.requests_per_second:
        plain["requests_per_second"] = pace / len(filled)
    if budgets := config.rate_limit.rate_limits:
        plain["rate_limits"] = [one.divide(len(filled)) for one in budgets]
    # Each would have the rows of the others deleted. A worker's environment may turn deletes on
    # for all streams, but not for one that turns them off.
    deletes = {"emit_activate_version_messages": False} if len(filled) > 1 else {}
    if deletes and any(config.setting_of(one, "emit_activate_version_messages") for one in streams):
        LOG.warning("turning off emit_activate_version_messages: no shard reads all rows")
    found: list[dict[str, Any]] = []
    for number, share in filled:
        members = _members(streams, share)
        definitions = [{**s.written, **_partitions(share.get(s.name)), **deletes} for s in members]
        written = {**plain, "streams": definitions}
        if path := config.top.run_report:
            file = Path(path)
            written["run_report"] = str(file.with_stem(f"{file.stem}-shard-{number}"))
        found.append({"state_id_suffix": f"shard-{number}", "config": written})
        if states:
            found[-1]["state"] = {"bookmarks": _bookmarks(members, share, states)}
    return found


def _members(streams: Sequence[StreamConfig], share: Share) -> list[StreamConfig]:
    named = {stream.name: stream for stream in streams}

    def root(stream: StreamConfig) -> str:
        parent = stream.contexts.parent
        return root(named[parent.stream]) if parent else stream.name

    return [stream for stream in streams if root(stream) in share]


def _partitions(partitions: Sequence[object] | None) -> dict[str, Any]:
    return {"partitions": partitions} if partitions else {}


def _bookmarks(
    streams: Sequence[StreamConfig], share: Share, states: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the bookmarks of a shard: for a split stream, those of its partitions."""
    found = {}
    for stream in streams:
        own = {encode_sorted(partition) for partition in share.get(stream.name, [])}
        entries: dict[bytes, dict[str, Any]] = {}
        for given in (state.get(stream.name, {}) for state in states):
            alone = {name: value for name, value in given.items() if name != "partitions"}
            for entry in [alone, *given.get("partitions", [])]:
                key = encode_sorted(entry.get("context"))
                entries[key] = _higher(entries.get(key, {}), entry, stream)
        entry = entries.pop(encode_sorted(None), {})
        if memory := merge(state.get(stream.name, {}).get(MEMORY) for state in states):
            entry = {**entry, MEMORY: memory}
        partitions = [one for key, one in entries.items() if not own or key in own]
        if entry or partitions:
            found[stream.name] = {**entry, **_partitions(partitions)}
    return found


def _higher(one: dict[str, Any], other: dict[str, Any], stream: StreamConfig) -> dict[str, Any]:
    """Return the higher of two bookmarks; the second if they cannot be compared."""
    pattern = stream.settings.incremental.format
    values = (entry.get("replication_key_value") for entry in (one, other))
    # An id is no time in the unit of the bounds.
    before, after = (moment(value, pattern) or moment(value) for value in values)
    if before is None or after is None:
        return one if after is None and one else other
    return one if before.amount > after.amount else other


def _hash(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _state(path: str) -> dict[str, Any]:
    """Read the bookmarks of a state that Singer wrote or Meltano printed."""
    state = read_object(path, "state")
    inner = state.get("singer_state")
    return bookmarks_in(inner if isinstance(inner, dict) else state)


def run(paths: tuple[str, ...], states: tuple[str, ...], shards: int) -> None:
    """Run the command ``shard``."""
    raw = TapOAuth2Generic.merge_configuration(paths)
    config = TapOAuth2Generic.parse_configuration(raw)
    found = split(config, raw, shards, [_state(path) for path in states])
    if empty := shards - len(found):
        LOG.warning("%d of %d shards have nothing to read and are left out", empty, shards)
    click.echo(msgspec.json.format(encode_json(found), indent=2))
