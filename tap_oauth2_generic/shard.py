"""The command ``tap-oauth2-generic-shard``: one configuration split into several, by partitions.

Asks the API for nothing and prints no secret: those stay where the given configuration has them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

import click
import msgspec

from tap_oauth2_generic.command import CONFIG_OPTION, log_to_stderr, run_cleanly
from tap_oauth2_generic.config import CONFIG_SCHEMA
from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.tap import TapOAuth2Generic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_oauth2_generic.config import Config, StreamConfig
    from tap_oauth2_generic.contexts import Context

_LOG = logging.getLogger(TapOAuth2Generic.name)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
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


def split(config: Config, raw: Mapping[str, Any], shards: int) -> list[dict[str, Any]]:
    """Give the shards that have something to read, as they are printed; raises InputError.

    ``raw`` is the configuration as it was written, ``config`` what it means.
    """
    streams = config.top.streams
    families = [stream for stream in streams if stream.contexts.parent is None]
    if shards > 1 and len(families) == 1 and not families[0].contexts.partitions:
        message = f"nothing to split: {families[0].name!r} has no partitions"
        raise InputError(message)
    plain = {name: value for name, value in raw.items() if _is_plain(name)}
    filled = [(n, share) for n, share in enumerate(shares(streams, shards), 1) if share]
    if pace := config.pace.requests_per_second:
        plain["requests_per_second"] = pace / len(filled)
    return [
        {
            "state_id_suffix": f"shard-{number}",
            "config": {**plain, "streams": _definitions(streams, raw["streams"], share)},
        }
        for number, share in filled
    ]


def _definitions(streams: Sequence[StreamConfig], raw: Any, share: Share) -> list[dict[str, Any]]:
    """Give the streams of one shard as they were written, with the partitions of their own."""
    written = json.loads(raw, parse_float=Decimal) if isinstance(raw, str) else raw
    families = {stream.name: stream for stream in streams}
    definitions = []
    for stream, definition in zip(streams, written, strict=True):
        root = stream
        while root.contexts.parent is not None:
            root = families[root.contexts.parent.stream]
        if root.name in share:
            partitions = share[stream.name] if stream is root else []
            own = {"partitions": partitions} if partitions else {}
            definitions.append({**definition, **own})
    return definitions


def _is_plain(name: str) -> bool:
    """Tell whether a setting may be printed; ``$schema`` leads from the file that it stands in."""
    about = CONFIG_SCHEMA["properties"].get(name, {})
    return not about.get("secret") and name != "$schema"


def _key(*parts: Any) -> bytes:
    return _KEY_ENCODER.encode(parts)


def _hash(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _run(paths: tuple[str, ...], shards: int) -> None:
    log_to_stderr()
    raw = TapOAuth2Generic.merged_configuration(paths)
    found = split(TapOAuth2Generic.parsed_configuration(raw), raw, shards)
    if empty := shards - len(found):
        _LOG.warning("%d of %d shards have nothing to read and are left out", empty, shards)
    click.echo(msgspec.json.format(_ENCODER.encode(found), indent=2))


@click.command(name="tap-oauth2-generic-shard")
@CONFIG_OPTION
@click.option(
    "--shards", type=click.IntRange(1), required=True, help="How many configurations to make."
)
@click.version_option(package_name="tap-oauth2-generic")
def command(paths: tuple[str, ...], shards: int) -> None:
    """Split a configuration by its partitions, and print each part and its state ID suffix."""
    _run(paths, shards)


def main() -> NoReturn:
    """Split and end the process."""
    sys.exit(run_cleanly(lambda: command.main(standalone_mode=False)))


if __name__ == "__main__":
    main()
