"""Export jobs: created, polled, downloaded and deleted; remembered while they run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from tap_oauth2_generic.__main__ import run as run_tap
from tests.support.commands import write_config
from tests.support.server import Reply

ROWS = [{"id": 1, "at": "2026-01-01T00:00:00Z"}, {"id": 2, "at": "2026-01-02T00:00:00Z"}]
JOB = {
    "create": {"path": "jobs", "body": {"query": "all"}},
    "poll": {"path": "jobs/{job.id}"},
    "status_path": "state",
    "done": ["Completed"],
    "failed": ["Failed", "Aborted"],
    "error_path": "error.message",
    "interval": 0.01,
    "timeout": 5,
    "download": {"path": "jobs/{job.id}/results"},
    "delete": {"path": "jobs/{job.id}"},
}
SCHEMA = {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}}
STREAM = {"name": "items", "job": JOB, "primary_keys": ["id"], "schema": SCHEMA}


@dataclass
class JobApi:
    """An API with export jobs; each is done after some polls."""

    api: object
    polls: int = 2
    last: dict = field(default_factory=lambda: {"state": "Completed"})
    created: list = field(default_factory=list)
    deleted: list = field(default_factory=list)
    rows: object = field(default_factory=lambda: ROWS)

    def __post_init__(self):
        self.api.routes["/jobs"] = self.create

    def create(self, seen):
        number = str(len(self.created) + 1)
        self.created.append(seen)
        self.add(number)
        return {"id": number, "state": "Queued"}

    def add(self, number):
        left = [self.polls]

        def poll(seen):
            if seen.method == "DELETE":
                self.deleted.append(number)
                return Reply(b"", 204)
            left[0] -= 1
            return {"state": "Running"} if left[0] > 0 else self.last

        self.api.routes[f"/jobs/{number}"] = poll
        self.api.routes[f"/jobs/{number}/results"] = lambda _: self.rows

    @property
    def trace(self):
        return [f"{seen.method} {seen.path}" for seen in self.api.seen if seen.path != "/token"]


@pytest.fixture
def jobs(api):
    return JobApi(api)


def with_job(**changes):
    return {**STREAM, "job": {**JOB, **changes}}


def test_job_is_created_polled_downloaded_and_deleted(api, tap, jobs):
    """A STATE names it while it runs, so that a run that is killed leaves it to the next."""
    run = tap.ok(api.config(STREAM))
    assert run.ids() == [1, 2]
    assert jobs.trace == [
        "POST /jobs",
        "GET /jobs/1",
        "GET /jobs/1",
        "GET /jobs/1/results",
        "DELETE /jobs/1",
    ]
    assert jobs.created[0].json == {"query": "all"}
    assert any("job" in state["bookmarks"].get("items", {}) for state in run.states)
    assert "job" not in run.state["bookmarks"].get("items", {})


def test_sample_of_an_inferred_schema_deletes_its_own_job(api, tap, jobs):
    run = tap.ok(api.config({**STREAM, "schema": None}))
    assert run.ids() == [1, 2]
    assert jobs.deleted == ["1", "2"]


def test_result_has_pages(api, tap, jobs):
    """As of a stream without a job: here by a locator in a header, as Salesforce has it."""

    def results(seen):
        if "locator" in seen.query:
            return Reply([ROWS[1]], headers={"Locator": "null"})
        return Reply([ROWS[0]], headers={"Locator": "abc"})

    paging = {"style": "cursor", "cursor_header": "Locator", "cursor_param": "locator"}
    stream = {**STREAM, "pagination": {**paging, "end_values": ["null"]}}
    real = jobs.add

    def add(number):
        real(number)
        api.routes[f"/jobs/{number}/results"] = results

    jobs.add = add
    assert tap.ok(api.config(stream)).ids() == [1, 2]
    assert jobs.deleted == ["1"]


@pytest.mark.parametrize("style", ["csv", "jsonl"])
def test_result_has_the_response_format(api, tap, jobs, style):
    text = {"csv": "id\n1\n2\n", "jsonl": '{"id": 1}\n{"id": 2}\n'}[style]
    jobs.rows = Reply(text.encode())
    run = tap.ok(api.config({**STREAM, "schema": None, "response_format": style}))
    assert [int(one) for one in run.ids()] == [1, 2]


RESULT = {
    "url": ({"url_path": "result.url"}, {"result": {"url": "{url}/files/1?sig=abcdef0123456789"}}),
    "relative url": ({"url_path": "result.url"}, {"result": {"url": "/files/1?x=1"}}),
    "urls": ({"urls_path": "files"}, {"files": ["{url}/files/1", "{url}/files/2"]}),
    "url of a document": ({"path": "documents/{job.document}", "url_path": "url"}, {"document": 7}),
}


@pytest.mark.parametrize("where", RESULT)
def test_result_is_where_the_job_says(api, tap, jobs, where):
    download, last = RESULT[where]
    jobs.last = {"state": "Completed", **json.loads(json.dumps(last).replace("{url}", api.url))}
    api.serve("/documents/7", {"url": f"{api.url}/files/1"})
    parts = [[ROWS[0]], [ROWS[1]]] if where == "urls" else [ROWS]
    for number, rows in enumerate(parts, 1):
        api.serve(f"/files/{number}", rows)
    run = tap.ok(api.config(with_job(download=download)))
    assert run.ids() == [1, 2]
    assert jobs.deleted == ["1"]


def test_storage_gets_no_token(api, other_api, tap, jobs):
    """The result may be at a tokenless host, whose signature is masked."""
    signature = "abcdef0123456789"
    jobs.last = {"state": "Completed", "url": f"{other_api.url}/f?X-Amz-Signature={signature}"}
    other_api.serve("/f", ROWS)
    config = api.config(with_job(download={"url_path": "url"}), headers={"X-Key": "secret-key"})
    run = tap.ok({**config, "tokenless_hosts": [other_api.host]})
    assert run.ids() == [1, 2]
    assert "Authorization" not in other_api.seen[0].headers
    assert "X-Key" not in other_api.seen[0].headers
    refused = tap({**config, "tokenless_hosts": []})
    assert refused.status == 1
    assert "stream 'items', page 1" in refused.error_lines[0]
    assert "not in allowed_hosts" in refused.error_lines[0]
    assert signature not in refused.errors
    assert len(other_api.seen) == 1


@pytest.mark.parametrize("nothing", [{"url": None}, {"url": []}])
def test_null_result_has_no_records(api, tap, jobs, nothing):
    jobs.last = {"state": "Completed", **nothing}
    name = "urls_path" if nothing["url"] == [] else "url_path"
    run = tap.ok(api.config(with_job(download={name: "url"})))
    assert run.ids() == []
    assert jobs.deleted == ["1"]


@pytest.mark.parametrize("status", ["Failed", "Aborted"])
def test_failed_job_is_one_line_deleted_and_forgotten(api, tap, jobs, status):
    jobs.last = {"state": status, "error": {"message": "no such field"}}
    state = {"bookmarks": {"items": {"replication_key": "at", "replication_key_value": "2025"}}}
    run = tap(api.config({**STREAM, "replication_key": "at"}), state=state)
    assert run.status == 1
    wanted = f"stream 'items', export job: the job 1 ended as {status!r}: no such field"
    assert run.error_lines[0] == wanted
    assert jobs.deleted == ["1"]
    assert run.state["bookmarks"]["items"] == state["bookmarks"]["items"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ({"error": {"message": {"code": 7}}}, """ended as 'Failed': {"code":7}"""),
        ({"error": {"message": None}}, "ended as 'Failed'"),
        ({}, "ended as 'Failed'"),
    ],
)
def test_reason_of_a_failed_job_may_have_any_form(api, tap, jobs, error, said):
    jobs.last = {"state": "Failed", **error}
    run = tap(api.config(STREAM))
    assert run.status == 1
    assert run.error_lines[0].endswith(said)


def test_sample_that_gives_up_deletes_its_job(api, tap, jobs):
    """No state remembers it."""
    jobs.polls = 10_000
    run = tap(api.config({**with_job(timeout=0.05), "schema": None}))
    assert run.status == 1
    assert jobs.deleted == [str(number) for number in range(1, len(jobs.created) + 1)]


def test_suggest_leaves_a_job_as_it_is(api, jobs, capfdbinary, tmp_path):
    arguments = ["--config", write_config(tmp_path, api.config(STREAM)), "--suggest", "--json"]
    run_tap(["preview", *arguments])
    (told,) = json.loads(capfdbinary.readouterr().out)
    assert told["suggestion"]["stream"]["job"] == JOB
    assert "an export job" in told["suggestion"]["remarks"][0]
    assert not api.requests("")


def test_job_that_never_ends_is_polled_by_the_next_run(api, tap, jobs):
    jobs.polls = 10_000
    config = api.config(with_job(timeout=0.1))
    run = tap(config)
    assert run.status == 1
    assert "export job: the job 1 was still 'Running' after 0.1 seconds" in run.error_lines[0]
    assert not jobs.deleted
    jobs.polls = 1
    jobs.add("1")
    again = tap.ok(config, state=run.state)
    assert again.ids() == [1, 2]
    assert len(jobs.created) == 1
    assert jobs.deleted == ["1"]
    assert "job" not in again.state["bookmarks"]["items"]


def test_failed_download_is_repeated_without_a_new_job(api, tap, jobs):
    jobs.rows = Reply({"error": "down"}, 500)
    run = tap(api.config(STREAM))
    assert run.status == 1
    assert "stream 'items', page 1" in run.error_lines[0]
    jobs.rows = ROWS
    assert tap.ok(api.config(STREAM), state=run.state).ids() == [1, 2]
    assert len(jobs.created) == 1


def test_remembered_job_that_is_gone_is_created_anew(api, tap, jobs):
    jobs.rows = Reply({"error": "down"}, 500)
    run = tap(api.config(STREAM))
    del api.routes["/jobs/1"]
    jobs.rows = ROWS
    again = tap.ok(api.config(STREAM), state=run.state)
    assert again.ids() == [1, 2]
    assert any("the job 1 of the last run is gone" in line for line in again.warnings)
    assert len(jobs.created) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"job": {**JOB, "create": {"path": "jobs", "body": {"query": "other"}}}},
        {"partitions": [{"region": "north"}]},
    ],
)
def test_job_of_another_definition_or_context_is_not_resumed(api, tap, jobs, change):
    jobs.rows = Reply({"error": "down"}, 500)
    run = tap(api.config(STREAM))
    jobs.rows = ROWS
    assert tap.ok(api.config({**STREAM, **change}), state=run.state).ids() == [1, 2]
    assert len(jobs.created) == 2


def test_each_partition_has_a_job_of_its_own(api, tap, jobs):
    stream = with_job(create={"path": "jobs", "body": {"region": "{partition.region}"}})
    stream["schema"] = {"properties": {**SCHEMA["properties"], "region": {"type": "string"}}}
    run = tap.ok(api.config({**stream, "partitions": {"region": ["north", "south"]}}))
    assert [row["region"] for row in run.records()] == ["north", "north", "south", "south"]
    assert [seen.json["region"] for seen in jobs.created] == ["north", "south"]
    assert jobs.deleted == ["1", "2"]


def test_bounds_go_with_the_creating_request(api, tap, jobs):
    stream = with_job(create={"path": "jobs", "body": {"from": "{start:%Y-%m-%d}"}})
    stream |= {"replication_key": "at", "incremental": {"start_param": "since"}}
    run = tap.ok(api.config(stream, start_date="2026-01-01T00:00:00Z"))
    assert jobs.created[0].json == {"from": "2026-01-01"}
    assert jobs.created[0].query["since"].startswith("2026-01-01")
    assert all("since" not in seen.query for seen in api.seen if seen.path != "/jobs")
    assert run.bookmark() == ROWS[1]["at"]


def test_window_whose_end_moved_gets_a_new_job(api, tap, jobs):
    """Else rows between the old end and the next window would be left out."""
    stream = with_job(create={"path": "jobs", "body": {"from": "{start}", "to": "{end}"}})
    stream |= {"replication_key": "at", "incremental": {"window": "P3650D"}}
    config = api.config(stream, start_date="2026-01-01T00:00:00Z")
    jobs.rows = Reply({"error": "down"}, 500)
    run = tap(config)
    assert run.state["bookmarks"]["items"]["job"]["fields"] == {"id": "1"}
    moved = json.loads(json.dumps(run.state))
    moved["bookmarks"]["items"]["job"]["slice"]["end"] = "2026-01-01T12:00:00Z"
    jobs.rows = ROWS
    assert tap.ok(config, state=moved).ids() == [1, 2]
    assert len(jobs.created) == 2


def test_job_that_cannot_be_deleted_is_a_warning(api, tap, jobs):
    stream = with_job(delete={"path": "nowhere"})
    run = tap.ok(api.config(stream))
    assert run.ids() == [1, 2]
    assert any("the job 1 was not deleted" in line for line in run.warnings)


def test_child_jobs_run_one_after_the_other(api, tap, jobs):
    api.serve("/lists", [{"id": 7}, {"id": 8}])
    child = {**STREAM, "parent": {"stream": "lists", "keys": {"list_id": "id"}}}
    run = tap.ok(api.config({"name": "lists", "path": "lists"}, child))
    assert [row["list_id"] for row in run.records()] == [7, 7, 8, 8]
    assert jobs.trace.index("DELETE /jobs/1") < jobs.trace.index("GET /jobs/2")


WRONG_NAMES = {
    "id_path": {"id_path": "job_id"},
    "status_path": {"status_path": "status"},
    "download.url_path": {"download": {"url_path": "result.link"}},
    "download.urls_path": {"download": {"urls_path": "links"}},
}


@pytest.mark.parametrize("name", WRONG_NAMES)
def test_wrong_member_name_is_one_line(api, tap, jobs, name):
    """It names the stream, the setting and the response; the bookmark stays."""
    state = {"bookmarks": {"items": {"replication_key": "at", "replication_key_value": "2025"}}}
    stream = {**with_job(**WRONG_NAMES[name]), "replication_key": "at"}
    run = tap(api.config(stream), state=state)
    assert run.status == 1
    assert f"stream 'items', export job: job.{name}" in run.error_lines[0]
    assert "finds nothing in the response of" in run.error_lines[0]
    assert run.bookmark() == "2025"


def test_refused_job_is_one_line(api, tap):
    api.serve("/jobs", Reply({"message": "too many jobs"}, 400))
    run = tap(api.config(STREAM))
    assert run.status == 1
    assert "stream 'items', export job: POST" in run.error_lines[0]
    assert "too many jobs" in run.error_lines[0]


@pytest.mark.parametrize(
    ("job", "error"),
    [
        ({"poll": None}, "job: setting 'poll' is required"),
        ({"stile": 1}, "job: unknown setting 'stile'"),
        ({"download": {}}, "job.download: needs path, url_path or urls_path"),
        (
            {"download": {"url_path": "a", "urls_path": "b"}},
            "takes url_path or urls_path, not both",
        ),
        ({"poll": {"path": "jobs/{jobb.id}"}}, "job.poll.path: unknown placeholder {jobb.id}"),
        ({"interval": 0}, "job.interval: must be above 0"),
        ({"create": {}}, "job.create: setting 'path' is required"),
    ],
)
def test_mistake_in_a_job_is_one_line(api, tap, job, error):
    run = tap(api.config(with_job(**job)))
    assert run.status == 1
    assert any(error in line for line in run.error_lines), run.error_lines
    assert not api.seen


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        ({"params": {"a": 1}}, "params is not sent by a stream with job"),
        ({"job": None}, "streams[0]: setting 'path' is required"),
        ({"job": None, "path": "jobs/{job.id}"}, "path: unknown placeholder {job.id}"),
    ],
)
def test_job_takes_the_place_of_the_request(api, tap, stream, error):
    run = tap(api.config({**STREAM, **stream}))
    assert run.status == 1
    assert any(error in line for line in run.error_lines), run.error_lines
