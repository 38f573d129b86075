"""The command ``tap-oauth2-generic shard``: one configuration split into several, by partitions.

Asks the API for nothing and prints no secret: those stay where the given configuration has them.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any

import click
import msgspec

from tap_oauth2_generic.cli.boundary import CONFIG_OPTION, log_to_stderr
from tap_oauth2_generic.config.config import CONFIG_SCHEMA
from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.replication.bounds import moment
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.settings.limits import MAX_SHARDS
from tap_oauth2_generic.singer.input_files import bookmarks_in, read_object
from tap_oauth2_generic.tap import TapOAuth2Generic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_oauth2_generic.config.config import Config
    from tap_oauth2_generic.config.streams import StreamConfig
    from tap_oauth2_generic.replication.partitions import Context

_LOG = logging.getLogger(TapOAuth2Generic.name)
_KEY_ENCODER = msgspec.json.Encoder(order="deterministic", decimal_format="number")
#: What one shard reads: of each stream without a parent its partitions, none where it has none.
Share = dict[str, list["Context"]]


def spread(keys: Sequence[bytes], shards: int) -> list[int]:
    """Give each key its shard: evenly, whatever the order of the keys, and to be found again.

    A key ranks the shards by hash and has the best that has room. With as many shards, one
    key more moves fewer others than there are shards; with one shard more, about every
    ``shards``-th moves.
    """
    room, with_one_more = divmod(len(keys), shards)
    sizes, found = [0] * shards, dict.fromkeys(keys, 0)
    for key in sorted(keys, key=_hash):
        free = [s for s in range(shards) if sizes[s] < room + bool(with_one_more)]
        best = max((_hash(b"%d:%b" % (shard, key)), shard) for shard in free)[1]
        with_one_more -= sizes[best] == room
        sizes[best] += 1
        found[key] = best
    return [found[key] for key in keys]


def shares(streams: Sequence[StreamConfig], shards: int) -> list[Share]:
    """Split what there is to read; a child is wherever its parent is, and not named here."""
    found: list[Share] = [{} for _ in range(shards)]
    roots = [stream for stream in streams if stream.contexts.parent is None]
    whole = [root.name for root in roots if not root.contexts.partitions]
    for name, shard in zip(whole, spread([_key(name) for name in whole], shards), strict=True):
        found[shard][name] = []
    for root in roots:
        partitions = root.contexts.partitions
        places = spread([_key(root.name, partition) for partition in partitions], shards)
        for partition, shard in zip(partitions, places, strict=True):
            found[shard].setdefault(root.name, []).append(partition)
    return found


def split(
    config: Config, raw: Mapping[str, Any], shards: int, states: Sequence[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    """Give the shards that have something to read, as they are printed; raises InputError.

    ``raw`` is the configuration as it was written, ``config`` what it means. ``states`` are
    bookmarks to carry over, by stream.
    """
    streams = config.top.streams
    roots = [stream for stream in streams if stream.contexts.parent is None]
    if shards > 1 and len(roots) == 1 and not roots[0].contexts.partitions:
        message = f"nothing to split: {roots[0].name!r} has no partitions"
        raise InputError(message)
    plain = {name: value for name, value in raw.items() if _is_plain(name)}
    filled = [(n, share) for n, share in enumerate(shares(streams, shards), 1) if share]
    if pace := config.rate_limit.requests_per_second:
        plain["requests_per_second"] = pace / len(filled)
    found: list[dict[str, Any]] = []
    for number, share in filled:
        written = {**plain, "streams": _definitions(streams, share)}
        found.append({"state_id_suffix": f"shard-{number}", "config": written})
        if states:
            bookmarks = _bookmarks(_members(streams, share), share, states)
            found[-1]["state"] = {"bookmarks": bookmarks}
    return found


def _members(streams: Sequence[StreamConfig], share: Share) -> list[StreamConfig]:
    """Give the streams of one shard: those that it names, and all that descend from them."""
    named = {stream.name: stream for stream in streams}

    def root(stream: StreamConfig) -> str:
        parent = stream.contexts.parent
        return root(named[parent.stream]) if parent else stream.name

    return [stream for stream in streams if root(stream) in share]


def _definitions(streams: Sequence[StreamConfig], share: Share) -> list[dict[str, Any]]:
    """Give the streams of one shard as they were written, with the partitions of their own."""
    return [
        {**stream.written, **({"partitions": partitions} if partitions else {})}
        for stream in _members(streams, share)
        for partitions in [share.get(stream.name)]
    ]


def _bookmarks(
    streams: Sequence[StreamConfig], share: Share, states: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Give the bookmarks of one shard: of a stream that is split, those of its own partitions."""
    found = {}
    for stream in streams:
        own = {_key(partition) for partition in share.get(stream.name, [])}
        entries: dict[bytes, dict[str, Any]] = {}
        for given in (state.get(stream.name, {}) for state in states):
            alone = {name: value for name, value in given.items() if name != "partitions"}
            for entry in [alone, *given.get("partitions", [])]:
                key = _key(entry.get("context"))
                entries[key] = _further(entries.get(key, {}), entry, stream)
        entry = entries.pop(_key(None), {})
        partitions = [one for key, one in entries.items() if not own or key in own]
        if entry or partitions:
            found[stream.name] = {**entry, **({"partitions": partitions} if partitions else {})}
    return found


def _further(one: dict[str, Any], other: dict[str, Any], stream: StreamConfig) -> dict[str, Any]:
    """Give the further of two bookmarks, the latter where they cannot be compared."""
    pattern = stream.settings.incremental.format
    before, after = (moment(a.get("replication_key_value"), pattern) for a in (one, other))
    if before is None or after is None:
        return one if after is None and one else other
    return one if before.amount > after.amount else other


def _is_plain(name: str) -> bool:
    """Tell whether a setting may be printed; ``$schema`` leads from the file that it stands in."""
    about = CONFIG_SCHEMA["properties"].get(name, {})
    return not about.get("secret") and name != "$schema"


def _key(*parts: Any) -> bytes:
    return _KEY_ENCODER.encode(parts)


def _hash(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _state(path: str) -> dict[str, Any]:
    """Read the bookmarks of a state, be it as Singer writes it or as Meltano prints it."""
    state = read_object(path, "state")
    inner = state.get("singer_state")
    return bookmarks_in(inner if isinstance(inner, dict) else state)


def _run(paths: tuple[str, ...], states: tuple[str, ...], shards: int) -> None:
    log_to_stderr()
    raw = TapOAuth2Generic.merge_configuration(paths)
    config = TapOAuth2Generic.parse_configuration(raw)
    found = split(config, raw, shards, [_state(path) for path in states])
    if empty := shards - len(found):
        _LOG.warning("%d of %d shards have nothing to read and are left out", empty, shards)
    click.echo(msgspec.json.format(encode_json(found), indent=2))


@click.command("shard")
@CONFIG_OPTION
@click.option(
    "--shards",
    type=click.IntRange(1, MAX_SHARDS),
    required=True,
    help="How many configurations to make.",
)
@click.option(
    "--state", "states", multiple=True, help="State whose bookmarks the shards are to go on from."
)
def command(paths: tuple[str, ...], states: tuple[str, ...], shards: int) -> None:
    """Split a configuration by its partitions, and print each part and its state ID suffix."""
    _run(paths, states, shards)
