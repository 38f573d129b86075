"""Export jobs of which one follows another, and what is left of a job that nobody follows."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from tap_oauth2_generic.__main__ import run as run_tap
from tests.support.commands import write_config
from tests.support.server import ApiServer, Reply, Seen

BOOKMARK = {"items": {"replication_key": "at", "replication_key_value": "2025-01-01T00:00:00Z"}}
JOB = {
    "create": {"path": "jobs", "body": {"page": "{page}"}},
    "poll": {"path": "jobs/{job.id}"},
    "status_path": "state",
    "done": ["Done"],
    "failed": ["Failed"],
    "interval": 0.01,
    "timeout": 5,
    "download": {"path": "jobs/{job.id}/rows"},
    "delete": {"path": "jobs/{job.id}"},
}
BY_PAGE = {"style": "page_number", "has_more_path": "result.more"}
BY_TOKEN = {"style": "cursor", "cursor_path": "result.next_token"}
FOLLOWED = {"create": {"path": "jobs", "body": {"what": "all"}}}
FOLLOWED["next"] = {"path": "jobs", "body": {"token": "{cursor}"}}
SCHEMA = {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}}


def stream(paging: dict[str, Any] | None = BY_PAGE, **job: Any) -> dict[str, Any]:
    """Return a stream whose jobs follow each other, unless ``paging`` is None."""
    found = {"name": "items", "job": JOB | job, "primary_keys": ["id"], "schema": SCHEMA}
    found["replication_key"] = "at"
    return {**found, **({"pagination": paging} if paging else {})}


@dataclass
class Exports:
    """An API whose jobs export at most two rows each; ``poll`` is what a finished one says."""

    api: ApiServer
    rows: list[int] = field(default_factory=lambda: [1, 2, 3, 4, 5])
    created: list[Any] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    fails: dict[str, Any] = field(default_factory=dict)
    says: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.api.routes["/jobs"] = self.create

    def create(self, seen: Seen) -> Any:
        self.created.append(seen.json)
        number, asked = str(len(self.created)), seen.json
        at = 2 * (int(asked.get("page") or asked.get("token", "token-1")[6:]) - 1)
        self.api.routes[f"/jobs/{number}"] = lambda seen: self.job(seen, number, at)
        rows = self.fails.get(number, [self.row(one) for one in self.rows[at : at + 2]])
        self.api.routes[f"/jobs/{number}/rows"] = lambda _: rows
        return {"id": number, "state": "Queued"}

    def row(self, number: int) -> dict[str, Any]:
        return {"id": number, "at": f"2026-01-0{number}T00:00:00Z"}

    def job(self, seen: Seen, number: str, at: int) -> Any:
        if seen.method == "DELETE":
            self.deleted.append(number)
            return Reply(b"", 204)
        more = at + 2 < len(self.rows)
        result = {"more": more, "next_token": f"token-{at // 2 + 2}" if more else None}
        said = {"result": result} if self.says is None else self.says
        return {"state": "Done", **said}


@pytest.fixture
def exports(api: ApiServer) -> Exports:
    return Exports(api)


WAYS = {
    "page": (stream(), [{"page": 1}, {"page": 2}, {"page": 3}]),
    "token": (
        stream(BY_TOKEN, **FOLLOWED),
        [{"what": "all"}, {"token": "token-2"}, {"token": "token-3"}],
    ),
    "token and flag": (
        stream({**BY_TOKEN, "has_more_path": "result.more"}, **FOLLOWED),
        [{"what": "all"}, {"token": "token-2"}, {"token": "token-3"}],
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_job_is_followed_by_the_next(api, tap, exports, way):
    """By the stream's paging, whose paths are those of the last poll; each job is deleted."""
    definition, bodies = WAYS[way]
    run = tap.ok(api.config(definition))
    assert run.ids() == [1, 2, 3, 4, 5]
    assert exports.created == bodies
    assert exports.deleted == ["1", "2", "3"]
    assert run.bookmark() == "2026-01-05T00:00:00Z"
    assert not run.warnings


def test_offset_of_jobs_counts_their_records(api, tap, exports):
    asked = []

    def create(seen):
        asked.append(seen.json["from"])
        number = str(len(asked))
        rows = [exports.row(one) for one in exports.rows[asked[-1] : asked[-1] + 2]]
        api.routes |= {
            f"/jobs/{number}": lambda _: {"state": "Done"},
            f"/jobs/{number}/rows": lambda _: rows,
        }
        return {"id": number}

    api.routes["/jobs"] = create
    job = {"create": {"path": "jobs", "body": {"from": "{offset}"}}, "delete": None}
    assert tap.ok(api.config(stream({"style": "offset"}, **job))).ids() == [1, 2, 3, 4, 5]
    assert asked == [0, 2, 4, 5]


def test_result_of_each_job_may_have_several_files(api, tap, exports):
    exports.rows = [1, 2, 3]
    for n in exports.rows:
        api.serve(f"/files/{n}", [exports.row(n)])
    real = exports.job

    def job(seen, number, at):
        files = [f"/files/{n}" for n in exports.rows[at : at + 2]]
        told = real(seen, number, at)
        return {**told, "files": files} if seen.method == "GET" else told

    exports.job = job
    run = tap.ok(api.config(stream(download={"urls_path": "files"})))
    assert run.ids() == [1, 2, 3]
    assert exports.deleted == ["1", "2"]


SIGNS = {
    "flag": {"result": {"more_records": True}},
    "flag in a list of one": {"data": [{"result": {"more_records": True}}]},
    "flag as text": {"hasMore": "true"},
    "token": {"result": {"next_page_token": "abc"}},
}


@pytest.mark.parametrize("deletes", [True, False])
@pytest.mark.parametrize("sign", SIGNS)
def test_job_that_nobody_follows_keeps_the_bookmark(api, tap, exports, sign, deletes):
    """What was exported is emitted; the rest is not lost without a word, and no row is deleted."""
    exports.says = SIGNS[sign]
    state = None if deletes else {"bookmarks": BOOKMARK}
    definition = stream(None, create={"path": "jobs", "body": {"page": 1}})
    if deletes:
        del definition["replication_key"]
    config = api.config(definition, emit_activate_version_messages=deletes)
    run = tap.ok(config, **({"state": state} if state else {}))
    assert run.ids() == [1, 2]
    (warned,) = [line for line in run.warnings if "paging ended early" in line]
    assert "of the last poll says that more follows" in warned
    assert "page the jobs with {page} or {cursor} in job" in warned
    assert exports.deleted == ["1"]
    if deletes:
        assert not [m for m in run.messages if m["type"] == "ACTIVATE_VERSION"]
    else:
        assert run.bookmark() == "2025-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"result": {"more_records": False, "next_page_token": None}},
        {"more_records": False, "next_page_token": "abc"},
        {"total": 99, "page": 1, "progress": 100},
    ],
)
def test_job_without_a_sign_of_more_is_complete(api, tap, exports, said):
    exports.says = said
    definition = stream(None, create={"path": "jobs", "body": {"page": 1}})
    run = tap.ok(api.config(definition))
    assert run.bookmark() == "2026-01-02T00:00:00Z"
    assert not run.warnings


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"result": {"more": True}}, "says that more follows, but names no next page"),
        ({"more_records": True}, "'more_records' says that more follows"),
    ],
)
def test_flag_without_a_token_keeps_the_bookmark(api, tap, exports, said, why):
    exports.says = said
    paging = {**BY_TOKEN, **({"has_more_path": "result.more"} if "result" in said else {})}
    run = tap.ok(api.config(stream(paging, **FOLLOWED)), state={"bookmarks": BOOKMARK})
    assert run.ids() == [1, 2]
    assert run.bookmark() == "2025-01-01T00:00:00Z"
    assert any(why in line for line in run.warnings), run.warnings


def test_job_that_repeats_the_one_before_is_one_line(api, tap, exports):
    """The API ignores the page, so its jobs would never end."""
    exports.says = {"result": {"more": True}}
    job = {"create": {"path": "jobs", "body": {"page": 1}, "params": {"n": "{page}"}}}
    run = tap(api.config(stream(**job)), state={"bookmarks": BOOKMARK})
    assert run.status == 1
    assert "stream 'items', export job: the job 2 has the records" in run.error_lines[0]
    assert run.bookmark() == "2025-01-01T00:00:00Z"
    assert exports.deleted == ["1", "2"]


@pytest.mark.parametrize("reply", [Reply({"error": "down"}, 500), Reply(b"[{", 200)])
def test_run_cut_off_at_a_later_job_begins_with_the_first(api, tap, exports, reply):
    """No state keeps a later job, so it is deleted."""
    exports.fails = {"2": reply}
    run = tap(api.config(stream()), state={"bookmarks": BOOKMARK})
    assert run.status == 1
    assert "stream 'items', page 1" in run.error_lines[0]
    assert run.bookmark() == "2025-01-01T00:00:00Z"
    assert "job" not in run.state["bookmarks"]["items"]
    assert exports.deleted == ["1", "2"]
    again = tap.ok(api.config(stream()), state=run.state)
    assert again.ids() == [1, 2, 3, 4, 5]


def test_later_job_that_fails_is_one_line(api, tap, exports):
    real = exports.job
    exports.job = lambda seen, number, at: (
        {"state": "Failed"} if number == "2" and seen.method == "GET" else real(seen, number, at)
    )
    run = tap(api.config(stream()), state={"bookmarks": BOOKMARK})
    assert run.status == 1
    assert run.error_lines[0] == "stream 'items', export job: the job 2 ended as 'Failed'"
    assert run.bookmark() == "2025-01-01T00:00:00Z"
    assert set(exports.deleted) == {"1", "2"}


@pytest.mark.parametrize("options", [(), ("--test",), ("--discover",)])
@pytest.mark.parametrize("poll", [Reply({"error": "down"}, 500), {"state": "Running"}])
def test_job_of_no_state_is_deleted_whatever_becomes_of_it(api, tap, exports, options, poll):
    """A later job, or that of a sample, whose status is unknown, or never that of an end."""
    real, last = exports.job, "1" if options else "2"
    exports.job = lambda seen, number, at: (
        poll if number == last and seen.method == "GET" else real(seen, number, at)
    )
    run = tap(api.config({**stream(timeout=0.05), "schema": None if options else SCHEMA}), *options)
    assert run.status == 1
    assert "stream 'items', export job: " in run.error_lines[0]
    assert exports.deleted == [str(n) for n in range(1, len(exports.created) + 1)]
    assert len(exports.deleted) == int(last)


@pytest.mark.parametrize("schema", [SCHEMA, None])
def test_trial_leaves_no_job(api, tap, exports, schema):
    """--test reads one job, deletes it, and leaves a job of the state to the next sync."""
    remembered = {"bookmarks": {"items": {"job": {"slice": {}, "fields": {"id": "77"}}}}}
    tap.ok(api.config({**stream(), "schema": schema}), "--test", state=remembered)
    assert exports.created
    assert exports.deleted == [str(n) for n in range(1, len(exports.created) + 1)]


def test_preview_shows_that_another_job_follows(api, exports, capfdbinary, tmp_path):
    arguments = ["--config", write_config(tmp_path, api.config(stream())), "--json"]
    run_tap(["preview", *arguments, "--records", "1"])
    (told,) = json.loads(capfdbinary.readouterr().out)
    assert told["paging"] == "goes on: page=2"
    assert exports.deleted == ["1"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (
            {"create": {"path": "jobs"}, "next": {"path": "jobs"}},
            "job: next needs {page}, {offset} or {cursor}, which pages the jobs",
        ),
        ({"create": {"path": "jobs", "body": {"at": "{offset}"}}}, "unknown placeholder {offset}"),
    ],
)
def test_jobs_that_cannot_follow_are_a_mistake(api, tap, changes, error):
    run = tap(api.config(stream(**changes)))
    assert run.status == 1
    assert any(error in line for line in run.error_lines), run.error_lines
    assert not api.seen


def test_jobs_of_each_partition_and_window_begin_with_the_first_page(api, tap, exports):
    body = {"page": "{page}", "region": "{partition.region}", "from": "{start:%Y}"}
    definition = stream(create={"path": "jobs", "body": body}, delete=None)
    definition |= {"partitions": {"region": ["north", "south"]}, "schema": None}
    definition |= {"incremental": {"window": "P3000D", "end_param": "to"}}
    dates = {"start_date": "2015-01-01T00:00:00Z", "end_date": "2026-06-01T00:00:00Z"}
    run = tap.ok(api.config(definition, **dates))
    asked = [(one["region"], one["from"], one["page"]) for one in exports.created]
    starts = [(region, year) for region in ("north", "south") for year in ("2015", "2023")]
    assert asked[-12:] == [(*start, page) for start in starts for page in (1, 2, 3)]
    assert len(run.records()) == 20


def test_result_that_is_cut_off_keeps_the_bookmark(api, tap, exports):
    """The result of a job that follows another is one response; nothing pages it."""
    cut = {"rows": [exports.row(3), exports.row(4)], "has_more": True}
    exports.fails = {n: {"rows": [exports.row(1)], "has_more": False} for n in ("1", "3")}
    exports.fails |= {"2": cut}
    definition = stream() | {"records_path": "rows"}
    run = tap.ok(api.config(definition), state={"bookmarks": BOOKMARK})
    assert run.ids() == [1, 3, 4]
    assert any("'has_more' says that more follows" in line for line in run.warnings)
    assert run.bookmark() == "2025-01-01T00:00:00Z"
    assert exports.deleted == ["1", "2"]
