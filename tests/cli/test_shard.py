"""The shard command: what each shard reads, and that together they read everything."""

from __future__ import annotations

import json
from collections import Counter
from itertools import chain, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_oauth2_generic.cli.shard import spread

REGIONS, YEARS = ["Nord/Süd", "Ost & West", "Übersee?"], [2023, 2024, 2025]
ORDERS = {
    "name": "orders",
    "path": "regions/{partition.region}/orders",
    "params": {"year": "{partition.year}", "b": "2", "a": "1"},
    "partitions": {"region": REGIONS, "year": YEARS},
    "primary_keys": ["id"],
}
LINES = {
    "name": "lines",
    "path": "orders/{parent.order}/lines",
    "parent": {"stream": "orders", "keys": {"order": "id"}},
}
NOTES = {
    "name": "notes",
    "path": "lines/{parent.line}/notes/{partition.kind}",
    "parent": {"stream": "lines", "keys": {"line": "id"}},
    "partitions": [{"kind": "a"}, {"kind": "b"}],
}
WHOLE = [{"name": f"whole-{n}", "path": f"{n}"} for n in range(5)]
SECRETS = {
    "client_secret": "secret-of-the-client",
    "token_store": "postgresql://tap:secret-of-the-store@127.0.0.1/tokens",
    "headers": {"X-Key": "secret-in-a-header"},
    "params": {"key": "secret-in-a-parameter"},
}
CONNECTION = {
    "base_url": "http://127.0.0.1:1/api",
    "access_token_url": "http://127.0.0.1:1/token",
    "grant_type": "client_credentials",
    "client_id": "client-of-the-test",
}

NO_DELETES = {"emit_activate_version_messages": False}

keys = st.sets(st.binary(max_size=6), min_size=1, max_size=60)
counts = st.integers(1, 9)


@pytest.fixture
def shard(tmp_path, program, monkeypatch):
    """Run the command; return its status, shards and stderr."""

    def run(shards, *streams, options=(), env=None, **settings):
        path = tmp_path / "config.json"
        path.write_text(json.dumps({**CONNECTION, **SECRETS, "streams": streams, **settings}))
        for name, value in (env or {}).items():
            monkeypatch.setenv(name, value)
        done = program("shard", "--config", path, *options, "--shards", shards)
        printed = done.stdout + done.stderr
        assert "secret" not in printed.replace("client_secret", "")
        return done.returncode, json.loads(done.stdout or "[]"), done.stderr

    return run


def partitions(entry, stream="orders"):
    """Return the partitions of a stream in a printed shard."""
    found = [one for one in entry["config"]["streams"] if one["name"] == stream]
    return [tuple(one.values()) for definition in found for one in definition["partitions"]]


def names(entry):
    return [stream["name"] for stream in entry["config"]["streams"]]


@given(keys, counts)
def test_shards_are_even(found, shards):
    """Each key is in exactly one shard, and no shard has two more than another."""
    places = spread([*found], shards)
    assert len(places) == len(found)
    sizes = [Counter(places)[shard] for shard in range(shards)]
    assert sum(sizes) == len(found)
    assert max(sizes) - min(sizes) <= 1


@given(st.data(), keys, counts)
def test_key_order_does_not_matter(data, found, shards):
    before = [*found]
    after = data.draw(st.permutations(before))
    places = dict(zip(before, spread(before, shards), strict=True))
    assert places == dict(zip(after, spread(after, shards), strict=True))


@given(keys, st.binary(min_size=7, max_size=9), counts)
def test_new_key_moves_few_others(found, more, shards):
    """A new key moves fewer other keys than there are shards."""
    before = [*found]
    places = zip(spread(before, shards), spread([*before, more], shards), strict=False)
    assert sum(old != new for old, new in places) < shards


def test_new_shard_moves_few_partitions():
    """With a fifth shard, far fewer partitions move than stay."""
    found = [b"%d" % number for number in range(1000)]
    moved = sum(a != b for a, b in zip(spread(found, 4), spread(found, 5), strict=True))
    assert 200 <= moved < 350


def test_each_partition_is_in_one_shard(shard):
    """The shards hold all configured partitions, each once and in order."""
    status, found, said = shard(4, ORDERS)
    assert (status, said) == (0, "")
    every = [*product(REGIONS, YEARS)]
    assert sorted(chain(*map(partitions, found))) == sorted(every)
    assert sorted(len(partitions(entry)) for entry in found) == [2, 2, 2, 3]
    for entry in found:
        assert partitions(entry) == [one for one in every if one in partitions(entry)]
    assert [entry["state_id_suffix"] for entry in found] == [f"shard-{n}" for n in (1, 2, 3, 4)]


def test_partition_is_identified_by_its_values(shard):
    """The order of partitions and of their fields does not change the split."""
    listed = [{"year": y, "region": r} for r, y in reversed([*product(REGIONS, YEARS)])]
    _, combined, _ = shard(4, ORDERS)
    _, again, _ = shard(4, {**ORDERS, "partitions": listed})
    for one, other in zip(combined, again, strict=True):
        assert {frozenset(p) for p in partitions(one)} == {frozenset(p) for p in partitions(other)}


def test_children_follow_their_parent(shard):
    """Each part of a parent comes with all descendants and all their partitions."""
    _, found, _ = shard(3, NOTES, LINES, ORDERS, *WHOLE)
    for entry in found:
        assert names(entry)[:3] == ["notes", "lines", "orders"]
        assert entry["config"]["streams"][0] == NOTES | NO_DELETES
        assert entry["config"]["streams"][1] == LINES | NO_DELETES


def test_stream_without_partitions_is_in_one_shard(shard):
    """It comes as it is, without deletes, and with its children."""
    child = {"name": "child", "path": "c", "parent": {"stream": "whole-3", "keys": {"n": "id"}}}
    _, found, _ = shard(4, ORDERS, child, *WHOLE)
    held = [[name for name in names(entry) if name.startswith("whole")] for entry in found]
    assert sorted(chain(*held)) == [stream["name"] for stream in WHOLE]
    assert sorted(map(len, held)) == [1, 1, 1, 2]
    assert [("child" in names(e)) for e in found] == [("whole-3" in names(e)) for e in found]
    every = [stream for entry in found for stream in entry["config"]["streams"]]
    assert all(stream | NO_DELETES in every for stream in WHOLE)


def test_streams_are_split_independently(shard):
    """A new partition of one stream moves none of another."""
    other = {**ORDERS, "name": "returns"}
    _, before, _ = shard(4, ORDERS, other)
    longer = {"region": REGIONS, "year": [*YEARS, 2026]}
    _, after, _ = shard(4, {**ORDERS, "partitions": longer}, other)
    for one, two in zip(before, after, strict=True):
        assert partitions(one, "returns") == partitions(two, "returns")


def test_empty_shards_are_left_out(shard):
    """A shard with nothing to read is left out with a warning; the others keep their numbers."""
    status, found, said = shard(12, ORDERS)
    assert status == 0
    assert [len(partitions(entry)) for entry in found] == [1] * 9
    assert said == "WARNING: 3 of 12 shards have nothing to read and are left out\n"


def test_shard_has_all_settings_but_secrets(shard):
    _, found, _ = shard(4, ORDERS, **{"$schema": "config.schema.json", "start_date": "2024-01-01"})
    for entry in found:
        rest = {**CONNECTION, "start_date": "2024-01-01"}
        assert {n: v for n, v in entry["config"].items() if n != "streams"} == rest
        (stream,) = entry["config"]["streams"]
        assert [*stream["params"]] == ["year", "b", "a"]


def test_streams_may_come_from_the_environment(shard):
    """Streams in a variable are split as in a file, and secrets stay in variables."""
    env = {
        "TAP_OAUTH2_GENERIC_STREAMS": json.dumps([{**ORDERS, "schema_sample_size": 5}]),
        "TAP_OAUTH2_GENERIC_PASSWORD": "secret-of-the-user",
    }
    status, found, said = shard(4, *WHOLE, options=["--config", "ENV"], env=env)
    assert status == 0, said
    assert [names(entry) for entry in found] == [["orders"]] * 4
    assert {s["schema_sample_size"] for e in found for s in e["config"]["streams"]} == {5}


def test_rate_limit_is_divided(shard):
    """All shards together send no more requests than configured."""
    limits = {"rate_limits": [{"path": "*", "requests": 18, "per_seconds": 60}]}
    _, found, _ = shard(12, ORDERS, requests_per_second=18, max_in_flight=2, **limits)
    (budget,) = {str(entry["config"]["rate_limits"]) for entry in found}
    assert "'requests': 2, 'per_seconds': 60" in budget
    assert [entry["config"]["requests_per_second"] for entry in found] == [2.0] * 9
    assert {entry["config"]["max_in_flight"] for entry in found} == {2}


@pytest.mark.parametrize("place", ["top", "stream", "worker"])
@pytest.mark.parametrize(("shards", "is_on"), [(1, True), (2, False)])
def test_shard_deletes_no_row_of_another(api, tap, shard, monkeypatch, shards, is_on, place):
    """Also if the environment of a worker turns deletes on for all streams."""
    on = {"emit_activate_version_messages": True}
    whole = {"name": "whole", "path": "whole", **(on if place == "stream" else {})}
    regions = {"name": "regions", "path": "{partition.r}", "partitions": {"r": ["a", "b"]}}
    for path in ("/a", "/b", "/whole"):
        api.serve(path, [{"id": 1}])
    settings = {**api.config(), **(on if place == "top" else {})}
    settings.pop("streams")
    _, found, errors = shard(shards, whole, regions, **settings)
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_EMIT_ACTIVATE_VERSION_MESSAGES", "true")
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_CLIENT_SECRET", settings["client_secret"])
    runs = [tap.ok(one["config"], "--config", "ENV") for one in found]
    assert any("ACTIVATE_VERSION" in run.output for run in runs) == is_on
    turns_off = not is_on and place != "worker"
    assert ("turning off emit_activate_version_messages" in errors) == turns_off


def test_all_shards_read_what_one_run_reads(api, tap, shard):
    """The shards, merged over their configuration, read each row once."""
    for year in range(2016, 2025):
        api.serve(f"/{year}", [{"id": number} for number in range(year % 5)])
    years = [{"year": year} for year in range(2016, 2025)]
    base = api.config({"name": "orders", "path": "{partition.year}", "partitions": years})
    base["client_secret"] = "secret-of-the-client"
    whole = tap(base).records("orders")
    streams = base.pop("streams")
    _, found, _ = shard(4, *streams, **base)
    rows = []
    for entry in found:
        run = tap.ok({**base, **entry["config"]})
        rows += run.records("orders")
    assert len(whole) == 20
    assert sorted(map(str, rows)) == sorted(map(str, whole))


def state_of(stream, values):
    """Return a state with a bookmark for each of some contexts."""
    entries = [
        {"context": context, "replication_key": "at", "replication_key_value": value}
        for context, value in values
    ]
    return {"bookmarks": {stream: {"partitions": entries}}}


def carried(entry, stream="orders"):
    """Return the printed bookmarks of a shard by the values of their contexts."""
    found = entry["state"]["bookmarks"].get(stream, {}).get("partitions", [])
    return {tuple(one["context"].values()): one["replication_key_value"] for one in found}


def test_bookmarks_are_carried_over(shard, tmp_path):
    """With --state each shard has the bookmarks of its own partitions."""
    every = [{"region": r, "year": y} for r, y in product(REGIONS, YEARS)]
    state = state_of("orders", [(one, f"{one['year']}-06-01") for one in every])
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"singer_state": state}))
    _, found, said = shard(4, ORDERS, options=["--state", str(path)])
    assert len(found) == 4, said
    for entry in found:
        assert carried(entry) == {one: f"{one[1]}-06-01" for one in partitions(entry)}


def test_highest_of_several_bookmarks_wins(shard, tmp_path):
    """From several states each partition has its highest bookmark, compared as a time."""
    context = {"region": REGIONS[0], "year": 2024}
    values = ["2024-06-01T12:00:00+09:00", "2024-06-01T11:00:00Z", "2024-06-01T10:00:00Z"]
    options = []
    for number, value in enumerate(values):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(state_of("orders", [(context, value)])))
        options += ["--state", str(path)]
    _, found, said = shard(4, ORDERS, options=options)
    assert len(found) == 4, said
    bookmarks = [value for entry in found for value in carried(entry).values()]
    assert bookmarks == [values[1]]


def test_bookmarks_of_unsplit_streams_and_children_are_kept(shard, tmp_path):
    """An unsplit stream keeps its bookmark, a child those of all its parents."""
    state = state_of("lines", [({"order": n}, "2024-01-01") for n in range(3)])
    state["bookmarks"]["whole-1"] = {"replication_key": "at", "replication_key_value": "2024"}
    state["bookmarks"]["gone"] = {"replication_key": "at", "replication_key_value": "2024"}
    path = tmp_path / "state.json"
    path.write_text(json.dumps(state))
    _, found, said = shard(4, ORDERS, LINES, *WHOLE, options=["--state", str(path)])
    assert len(found) == 4, said
    for entry in found:
        bookmarks = entry["state"]["bookmarks"]
        assert carried(entry, "lines") == {(n,): "2024-01-01" for n in range(3)}
        assert ("whole-1" in bookmarks) == ("whole-1" in names(entry))
        assert bookmarks.get("whole-1") in (None, state["bookmarks"]["whole-1"])
        assert "gone" not in bookmarks


@pytest.mark.parametrize("wrong", ['{"bookmark": {}}', '{"singer_state": "none"}'])
def test_malformed_state_is_one_line(shard, tmp_path, wrong):
    path = tmp_path / "state.json"
    path.write_text(wrong)
    status, found, errors = shard(4, ORDERS, options=["--state", str(path)])
    assert (status, found, len(errors.splitlines())) == (1, [], 1)
    assert "the state is malformed" in errors


@pytest.mark.parametrize(
    ("shards", "streams", "said"),
    [
        (2, WHOLE[:1], "ERROR: nothing to split: 'whole-0' has no partitions\n"),
        (2, [{**ORDERS, "partitions": []}], "ERROR: streams[0].partitions: has no partition, "),
        (2, [{"name": "x"}], "ERROR: streams[0]: setting 'path' is required"),
    ],
)
def test_unsplittable_configuration_is_one_line(shard, shards, streams, said):
    status, found, errors = shard(shards, *streams)
    assert (status, found) == (1, [])
    assert errors.startswith(said)
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize("shards", ["0", "-1", "many"])
def test_invalid_number_of_shards_is_refused(shard, shards):
    """A number below one, or none at all, exits with 1."""
    status, found, errors = shard(shards, ORDERS)
    assert (status, found) == (1, [])
    assert "Invalid value for '--shards'" in errors


def test_remembered_schemas_are_joined(shard, tmp_path):
    """Each shard knows every column that one of the workers has made."""
    options = []
    memories = [{"columns": {"id": "integer"}}, 5, {"columns": {"id": "string", "x": "number"}}]
    for number, memory in enumerate(memories):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps({"bookmarks": {"orders": {"schema": memory}}}))
        options += ["--state", str(path)]
    _, found, said = shard(2, ORDERS, options=options)
    assert len(found) == 2, said
    for entry in found:
        kept = entry["state"]["bookmarks"]["orders"]["schema"]
        assert kept == {"columns": {"id": "integer", "x": "number"}, "variants": {}}
