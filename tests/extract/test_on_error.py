"""The setting ``on_error``: what a failure does to the rest of a run."""

from __future__ import annotations

import threading

import pytest

from tests.support.paging import PAGINATION
from tests.support.server import Reply

pytestmark = pytest.mark.usefixtures("api")

INTEGER = {"type": "integer"}
SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}, "at": {"type": "string"}}}
ROWS = [{"id": number, "at": f"2026-01-0{number}"} for number in range(1, 5)]
#: Responses that fail a read, each with what happened and what to do by its error line.
FAILING = {
    "400": (Reply({"message": "no"}, 400), "status 400", "correct the request"),
    "403": (Reply({"message": "no"}, 403), "status 403", '{"status": 403, "action": "ignore"}'),
    "404": (Reply({"message": "no"}, 404), "status 404", "check base_url and path (requested GET "),
    "429": (Reply({}, 429), "status 429", "run again later"),
    "500": (Reply({"message": "no"}, 500), "status 500", "run again later"),
    "no JSON": (Reply(b"<html>"), "unusable response", "check path and response_format"),
    "error with 200": (Reply({"error": "busy"}), "'error' is 'busy'", "response_rules"),
    "schema mismatch": (Reply([{"id": "x"}]), "does not fit", "widen it"),
    "foreign host": (
        Reply(None, 302, {"Location": "https://other.invalid/"}), "other.invalid", "allowed_hosts",
    ),
}  # fmt: skip


def stream(name="items", **settings):
    fixed = {"name": name, "path": name, "schema": SCHEMA, "replication_key": "at"}
    return {**fixed, "primary_keys": ["id"], **settings}


@pytest.mark.parametrize("in_flight", [1, 4, 8])
@pytest.mark.parametrize("kind", FAILING)
def test_failed_stream_does_not_stop_the_others(api, tap, kind, in_flight):
    reply, *parts = FAILING[kind]
    api.serve("/bad", reply)
    api.serve("/a", ROWS)
    api.serve("/z", ROWS)
    streams = [stream("a"), stream("bad"), stream("z")]
    before = {"bookmarks": {"bad": {"replication_key": "at", "replication_key_value": "2025"}}}
    run = tap(api.config(*streams, max_in_flight=in_flight), state=before)
    assert run.status == 1
    (line,) = run.error_lines
    assert "stream 'bad'" in line
    assert all(part in line for part in parts)
    assert run.ids("a") == run.ids("z") == [1, 2, 3, 4]
    assert run.bookmark("a") == run.bookmark("z") == "2026-01-04"
    assert run.bookmark("bad") == "2025"


@pytest.mark.parametrize("in_flight", [1, 4, 8])
@pytest.mark.parametrize("kind", ["403", "500", "no JSON", "schema mismatch"])
def test_failed_partition_does_not_stop_the_others(api, tap, kind, in_flight):
    reply, part, _ = FAILING[kind]
    for name in "abcd":
        api.serve(f"/{name}", reply if name in "bd" else ROWS)
    items = stream(path="{partition.k}", partitions={"k": ["a", "b", "c", "d"]})
    run = tap(api.config(items, max_in_flight=in_flight))
    assert run.status == 1
    assert [line.split(",")[0].split(":")[0] for line in run.error_lines] == [
        "stream 'items' (k=b)",
        "stream 'items' (k=d)",
    ]
    assert all(part in line for line in run.error_lines)
    assert run.ids() == [1, 2, 3, 4] * 2
    read = {one["context"]["k"] for one in run.partitions("items") if "replication_key" in one}
    assert read == {"a", "c"}


@pytest.mark.parametrize("status", [403, 404, 500])
@pytest.mark.parametrize("in_flight", [1, 4, 8])
def test_failed_child_keeps_the_bookmark_of_its_parent(api, tap, in_flight, status):
    """The next run reads the parent's record, and so its children, again."""
    api.serve("/parents", ROWS)
    for number in range(1, 5):
        api.serve(f"/children/{number}", Reply({}, status) if number == 2 else [{"id": number}])
    child = stream("children", path="children/{parent.p}", replication_key=None)
    child["parent"] = {"stream": "parents", "keys": {"p": "id"}}
    config = api.config(stream("parents"), child, max_in_flight=in_flight)
    run = tap(config)
    assert run.status == 1
    assert run.ids("parents") == [1, 2, 3, 4]
    assert run.ids("children") == [1, 3, 4]
    assert run.bookmark("parents") is None
    (line,) = run.error_lines
    assert line.split(",")[0] == "stream 'children' (p=2)"
    assert ('"action": "ignore"' in line) == (status != 500)
    api.serve("/children/2", [{"id": 2}])
    again = tap.ok(config, state=run.state)
    assert again.ids("children") == [1, 2, 3, 4]
    assert again.bookmark("parents") == "2026-01-04"


@pytest.mark.parametrize("in_flight", [1, 4, 8])
def test_failed_page_of_a_parent_ends_that_parent_only(api, tap, in_flight):
    """Children that were read for it are not read again for the next parent that names them."""
    api.routes["/parents/a"] = lambda seen: (
        Reply({}, 403) if "from" in seen.query else {"rows": ROWS, "next": "4"}
    )
    api.serve("/parents/b", {"rows": ROWS})
    pages = {"1": {"rows": [{"id": 1}], "next": "2"}, "2": {"rows": [{"id": 2}]}}
    for number in range(1, 5):
        api.routes[f"/children/{number}"] = lambda seen: pages[seen.query.get("from", "1")]
    paging = {"records_path": "rows", "pagination": PAGINATION["cursor"]}
    parent = stream("parents", path="parents/{partition.k}", partitions={"k": ["a", "b"]}, **paging)
    child = stream("children", path="children/{parent.p}", replication_key=None, **paging)
    child["parent"] = {"stream": "parents", "keys": {"p": "id"}}
    run = tap(api.config(parent, child, max_in_flight=in_flight))
    assert run.status == 1
    assert len(run.error_lines) == 1
    assert run.ids("parents") == [1, 2, 3, 4] * 2
    assert run.ids("children") == [1, 2] * 4


@pytest.mark.parametrize("in_flight", [1, 4, 8])
def test_children_requested_ahead_for_a_failed_parent_are_read_anew(api, tap, in_flight):
    """A record that does not fit ends its partition; the next one has the same parents."""
    api.serve("/parents/a", [{"id": 1}, {"id": 2, "n": "x"}, *({"id": n} for n in range(3, 9))])
    api.serve("/parents/b", [{"id": number} for number in range(1, 9)])
    later = threading.Event()

    def respond(seen):
        number = int(seen.path.rpartition("/")[2])
        if number == 2 and not later.is_set():
            # Until those after it were requested.
            later.wait(0.2)
            later.set()
        is_first = "from" not in seen.query
        return {"rows": [{"id": number * 10 + (not is_first)}], "next": "2" if is_first else None}

    api.routes |= {f"/children/{number}": respond for number in range(1, 9)}
    parent = stream("parents", path="parents/{partition.k}", partitions={"k": ["a", "b"]})
    parent |= {"replication_key": None, "schema": {"properties": {"id": {}, "n": INTEGER}}}
    child = stream("children", path="children/{parent.p}", replication_key=None)
    child |= {"records_path": "rows", "pagination": PAGINATION["cursor"]}
    child["parent"] = {"stream": "parents", "keys": {"p": "id"}}
    run = tap(api.config(parent, child, max_in_flight=in_flight))
    assert len(run.error_lines) == 1
    pages = [number * 10 + page for number in range(1, 9) for page in (0, 1)]
    assert run.ids("children") == pages


@pytest.mark.parametrize("in_flight", [1, 4])
def test_stream_ends_after_ten_failed_contexts_in_a_row(api, tap, in_flight):
    asked = []

    def respond(seen):
        asked.append(seen.path)
        return Reply({}, 403)

    keys = [f"k{number:02}" for number in range(40)]
    api.routes = {f"/{key}": respond for key in keys}
    api.serve("/k03", ROWS)
    api.serve("/z", ROWS)
    items = stream(path="{partition.k}", partitions={"k": keys})
    run = tap(api.config(items, stream("z"), max_in_flight=in_flight))
    assert run.status == 1
    assert len(run.error_lines) == 3 + 11 + 1
    assert "11 contexts failed in a row" in run.error_lines[-1]
    assert run.ids() == run.ids("z") == [1, 2, 3, 4]
    # Pages requested ahead count, and each that failed so is requested again.
    assert len(asked) <= (14 if in_flight == 1 else 2 * 14 + 3 * in_flight)


@pytest.mark.parametrize("in_flight", [1, 4])
def test_child_stream_ends_after_ten_failed_parents_in_a_row(api, tap, in_flight):
    """The parent is read to its end."""
    rows = [{"id": number} for number in range(100)]
    api.serve("/parents", rows)
    api.routes |= {f"/children/{row['id']}": lambda _: Reply({}, 403) for row in rows}
    child = stream("children", path="children/{parent.p}")
    child["parent"] = {"stream": "parents", "keys": {"p": "id"}}
    run = tap(api.config(stream("parents"), child, max_in_flight=in_flight))
    assert len(run.error_lines) == 11 + 1
    assert run.ids("parents") == list(range(100))
    asked = sum("children" in seen.path for seen in api.seen)
    assert asked <= (11 if in_flight == 1 else 2 * 11 + 3 * in_flight)


def test_twenty_failures_are_shown_and_the_rest_is_counted(api, tap):
    keys = [f"k{number:02}" for number in range(60)]
    for number, key in enumerate(keys):
        api.serve(f"/{key}", Reply({}, 403) if number % 2 else ROWS)
    run = tap(api.config(stream(path="{partition.k}", partitions={"k": keys})))
    assert len(run.error_lines) == 20 + 1
    assert run.error_lines[-1] == "and 10 more errors"


@pytest.mark.parametrize("place", ["top", "stream"])
def test_on_error_fail_ends_the_run_at_the_first_failure(api, tap, place):
    api.serve("/bad", Reply({}, 403))
    api.serve("/z", ROWS)
    bad = stream("bad", on_error="fail") if place == "stream" else stream("bad")
    run = tap(api.config(bad, stream("z"), on_error="fail" if place == "top" else "continue"))
    assert run.status == 1
    assert len(run.error_lines) == 1
    assert not api.requests("/z")


def test_child_with_on_error_fail_ends_the_run(api, tap):
    api.serve("/parents", ROWS)
    api.serve("/children/1", Reply({}, 403))
    child = stream("children", path="children/{parent.p}", on_error="fail")
    child["parent"] = {"stream": "parents", "keys": {"p": "id"}}
    run = tap(api.config(stream("parents"), child, stream("z")))
    assert [line.split(",")[0] for line in run.error_lines] == ["stream 'children' (p=1)"]
    assert not api.requests("/z")


def test_stream_with_its_own_on_error_goes_on(api, tap):
    api.serve("/bad", Reply({}, 403))
    api.serve("/z", ROWS)
    run = tap(api.config(stream("bad", on_error="continue"), stream("z"), on_error="fail"))
    assert run.status == 1
    assert run.ids("z") == [1, 2, 3, 4]


def test_failed_schema_inference_ends_that_stream_only(api, tap):
    api.serve("/bad", Reply({}, 403))
    api.serve("/z", ROWS)
    child = stream("children", path="c/{parent.p}", schema=None)
    child["parent"] = {"stream": "bad", "keys": {"p": "id"}}
    streams = [stream("bad", schema=None), child, stream("z", schema=None)]
    run = tap(api.config(*streams))
    assert run.status == 1
    assert len(run.error_lines) == 1
    assert run.schemas("bad") == run.schemas("children") == []
    assert run.ids("z") == [1, 2, 3, 4]
    assert tap(api.config(*streams), "--test").status == 1


@pytest.mark.parametrize("kind", ["403", "no JSON", "error with 200", "foreign host"])
def test_rows_before_a_failing_page_are_emitted_with_an_inferred_schema(api, tap, kind):
    """The pages before the failure are the sample; the next run starts over."""
    reply, what, _ = FAILING[kind]
    api.routes["/items"] = lambda seen: ROWS if seen.query["page"] == "1" else reply
    run = tap(api.config(stream(schema=None, pagination={"style": "page_number"})))
    assert run.status == 1
    assert run.ids() == [1, 2, 3, 4]
    assert {*run.schemas()[0]["properties"]} == {"id", "at"}
    assert run.bookmark() is None
    (line,) = run.error_lines
    assert what in line


def test_schema_is_inferred_from_the_partitions_that_do_not_fail(api, tap):
    for name in "abc":
        api.serve(f"/{name}", Reply({}, 403) if name == "a" else ROWS)
    items = stream(path="{partition.k}", partitions={"k": ["a", "b", "c"]}, schema=None)
    run = tap(api.config(items))
    assert len(run.error_lines) == 1
    assert run.ids() == [1, 2, 3, 4] * 2


def test_discovery_fails_with_a_line_for_each_failed_stream(api, tap, monkeypatch):
    """Under Meltano, which runs it before each command, the sync fails instead."""
    for name in "xy":
        api.serve(f"/{name}", Reply({}, 403))
    api.serve("/z", ROWS)
    config = api.config(*(stream(name, schema=None) for name in "xyz"))
    run = tap(config, "--discover")
    assert run.status == 1
    assert len(run.error_lines) == 2
    assert not run.output
    monkeypatch.setenv("MELTANO_EXTRACTOR_NAME", "tap-oauth2-generic")
    found = tap.ok(config, "--discover")
    synced = tap(config, catalog=found.output)
    assert synced.status == 1
    assert len(synced.error_lines) == 2
    assert synced.ids("z") == [1, 2, 3, 4]


@pytest.mark.parametrize("kind", ["token", "host", "port", "TLS"])
def test_failure_of_the_connection_ends_the_run_at_once(api, tap, kind):
    api.serve("/a", Reply({}, 403))
    config = api.config(stream("a"), stream("y"), stream("z"))
    if kind == "token":
        api.token = lambda _: Reply({"error": "invalid_client"}, 401)
    elif kind == "host":
        config["base_url"] = "https://no-such-host.invalid"
    elif kind == "TLS":
        config["base_url"] = api.url.replace("http", "https")
    else:
        config["base_url"] = "http://127.0.0.1:9"
    run = tap(config)
    assert run.status == 1
    assert len(run.error_lines) == 1
    assert "stream 'a'" in run.error_lines[0]
    assert not api.requests("/y")
    assert not api.requests("/z")


def test_earlier_failures_are_named_when_the_connection_fails(api, tap):
    api.serve("/a", Reply({}, 403))
    api.routes["/y"] = lambda _: Reply({}, 401)
    config = api.config(stream("a"), stream("y"), stream("z"))
    sent = []

    def token(_):
        sent.append(1)
        return (
            {"access_token": "t" * 20} if len(sent) < 2 else Reply({"error": "invalid_client"}, 401)
        )

    api.token = token
    run = tap(config)
    assert len(run.error_lines) == 2
    assert "stream 'a'" in run.error_lines[0]
    assert not api.requests("/z")


@pytest.mark.parametrize("in_flight", [1, 4, 8])
@pytest.mark.parametrize("failure", [Reply({}, 500), Reply({"error": "busy"}), Reply(b"<html>")])
@pytest.mark.parametrize("style", [style for style in PAGINATION if style != "none"])
def test_second_page_of_a_partition_fails_and_the_next_run_reads_it(
    api, tap, paged_api, style, failure, in_flight
):
    """What was written before the failure is kept; over both runs no row is missing."""
    rows = [{"id": number, "at": f"2026-01-{number:02}"} for number in range(1, 10)]
    served = paged_api(rows, style=style, cap=3)
    is_down = [True]

    def respond(seen):
        part = seen.query.get("part", "b")
        is_second = set(seen.query) & {"from", "after"} or seen.query.get("page", "1") != "1"
        is_second = is_second or seen.query.get("offset", "0") != "0"
        return failure if is_down[0] and part == "b" and is_second else served.respond(seen)

    api.routes["/items"] = respond
    # Its links do not repeat the parameters.
    parts = ["b"] if style in {"next_url", "link_header"} else ["a", "b", "c"]
    items = served.stream(
        schema=SCHEMA,
        replication_key="at",
        params={"part": "{partition.part}"},
        partitions={"part": parts},
        incremental={"start_param": "since"},
    )
    run = tap(api.config(items, max_in_flight=in_flight, max_retries=0))
    assert run.status == 1
    assert len(run.error_lines) == 1
    assert "stream 'items' (part=b)" in run.error_lines[0]
    whole = list(range(1, 10))
    assert run.ids() == [n for part in parts for n in ([1, 2, 3] if part == "b" else whole)]
    is_down[0] = False
    again = tap.ok(api.config(items, max_in_flight=in_flight), state=run.state)
    # The bookmarks of the others are past their rows.
    assert again.ids() == whole


@pytest.mark.parametrize("in_flight", [1, 4])
@pytest.mark.parametrize("level", ["stream", "partitions", "child"])
def test_setting_that_proves_wrong_ends_its_stream_only(api, tap, level, in_flight):
    """Here windows over numbers, which is found when the bounds are known."""
    api.routes = dict.fromkeys(["/a", "/z", "/x"], lambda _: ROWS)
    incremental = {"start_param": "since", "end_param": "until", "window": "P1D"}
    wrong = stream("wrong", path="x", replication_key="id", incremental=incremental)
    if level == "partitions":
        wrong["partitions"] = {"k": ["1", "2"]}
    if level == "child":
        wrong["parent"] = {"stream": "a", "keys": {"p": "id"}}
    config = api.config(stream("a"), wrong, stream("z"), start_date="2020-01-01")
    run = tap({**config, "max_in_flight": in_flight})
    assert run.status == 1
    assert all("window needs a replication_key that is a" in line for line in run.error_lines)
    assert len(run.error_lines) == {"stream": 1, "partitions": 2, "child": 4}[level]
    assert run.ids("a") == run.ids("z") == [1, 2, 3, 4]
    assert not api.requests("/x")


@pytest.mark.parametrize("many", [3, 25])
def test_reason_of_a_failure_is_logged_once(api, tap, many):
    """When it fails a short line, at the end the reason; those beyond twenty come at once."""
    parts = [{"k": str(n)} for n in range(2 * many)]
    for n in range(2 * many):
        api.serve(f"/items/{n}", Reply({"message": f"reason {n}."}, 400) if n % 2 else ROWS)
    config = api.config(stream(path="items/{partition.k}", partitions=parts), max_in_flight=1)
    run = tap(config)
    assert run.status == 1
    shown = [line for line in run.warnings if "continuing with the rest" in line]
    assert len(shown) == many
    assert shown[0] == "stream 'items' (k=1), page 1 failed; continuing with the rest"
    for n in range(1, 2 * many, 2):
        lines = [*run.warnings, *run.error_lines]
        assert sum(f"reason {n}." in line for line in lines) == 1


@pytest.mark.parametrize("contexts", [1, 3])
@pytest.mark.parametrize("matches", [False, True])
@pytest.mark.parametrize("schema", [None, {"properties": {"id": {}, "at": {}}}])
def test_missing_records_path_warns_once(api, tap, contexts, matches, schema):
    """As an error at the end; as a warning once another context shows that the path is right.

    If the sample of the schema has shown it already, for each context that lacks it.
    """
    parts = [{"k": str(n)} for n in range(contexts)] + ([{"k": "good"}] if matches else [])
    for part in parts:
        api.serve(f"/items/{part['k']}", {"itmes": ROWS})
    api.serve("/items/good", {"items": ROWS})
    settings = stream(path="items/{partition.k}", partitions=parts, records_path="items")
    run = tap(api.config({**settings, "schema": schema}, max_in_flight=1))
    assert run.status == (0 if matches else 1)
    said = [line for line in [*run.warnings, *run.error_lines] if "matched nothing" in line]
    assert len(said) == (contexts if matches and schema is None else 1)
    assert "did you mean 'itmes'?" in said[0]
