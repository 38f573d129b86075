"""Each provider's job of the guide reads its export from a fake that follows its documentation."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from tests.docs.blocks import DOCS, blocks
from tests.support.server import ApiServer, Reply, Seen

PAGE = DOCS / "guides" / "export-jobs.md"
TOKEN = "token-of-the-test"
SIGNATURE = "?X-Amz-Signature=0123456789abcdef"
CLIENT = {"client_id": "c", "client_secret": "s", "grant_type": "client_credentials"}


@dataclass
class Fake:
    """An API with one export job, and the storage that its result may be at."""

    api: ApiServer
    storage: ApiServer
    fails: bool = False
    polls: int = 0
    seen: list[Seen] = field(default_factory=list)
    base_path: ClassVar[str] = ""

    def __post_init__(self) -> None:
        self.routes()

    def status(self, *states: str, failed: str) -> str:
        """Return the next status of the job."""
        self.polls += 1
        return states[min(self.polls, len(states)) - 1] if not self.fails else failed

    def routes(self) -> None:
        raise NotImplementedError


class Salesforce(Fake):
    """Bulk API 2.0: query jobs, and their results page by page with a locator."""

    stream, key, ids = "accounts", "Id", ["001A", "001B", "001C"]
    failure = "ended as 'Failed': INVALIDJOB: no such column"

    def routes(self) -> None:
        jobs = "/services/data/v65.0/jobs/query"
        self.api.routes |= {jobs: self.create, f"{jobs}/750R": self.job}
        self.api.routes[f"{jobs}/750R/results"] = self.results

    def guarded(self, seen: Seen) -> None:
        self.seen.append(seen)
        assert seen.headers["Authorization"] == f"Bearer {TOKEN}"

    def create(self, seen: Seen) -> Any:
        self.guarded(seen)
        asked = seen.json
        assert (seen.method, asked["operation"]) == ("POST", "query")
        assert asked["query"].endswith("WHERE SystemModstamp >= 2024-01-01T00:00:00Z")
        return {"id": "750R", "operation": "query", "state": "UploadComplete", "contentType": "CSV"}

    def job(self, seen: Seen) -> Any:
        self.guarded(seen)
        if seen.method == "DELETE":
            return Reply(b"", 204)
        states = ("UploadComplete", "InProgress", "JobComplete")
        body = {"id": "750R", "state": self.status(*states, failed="Failed")}
        return {**body, "errorMessage": "INVALIDJOB: no such column"} if self.fails else body

    def results(self, seen: Seen) -> Any:
        self.guarded(seen)
        assert seen.headers["Accept"].startswith("text/csv")
        at = int(seen.query.get("locator", "0"))
        header = '"Id","Name","SystemModstamp"\n'
        row = f'"{self.ids[at]}","A, B","2026-01-0{at + 1}T00:00:00.000Z"\n'
        locator = str(at + 1) if at + 1 < len(self.ids) else "null"
        return Reply((header + row).encode(), headers={"Sforce-Locator": locator})

    def check(self) -> None:
        assert self.seen[-1].method == "DELETE"


class Zoho(Fake):
    """Bulk read, version 7: jobs of at most two records here, and their results in zip files."""

    stream, key, ids = "leads", "id", ["4150A", "4150B", "4150C", "4150D", "4150E"]
    failure = "ended as 'FAILURE': Internal server error occurred."
    jobs = "/crm/bulk/v7/read"

    def routes(self) -> None:
        self.api.routes[self.jobs] = self.create
        for at in (0, 2, 4):
            self.api.routes[f"{self.jobs}/job{at}"] = lambda seen, at=at: self.job(seen, at)
            self.api.routes[f"{self.jobs}/job{at}/result"] = lambda seen, at=at: self.result(
                seen, at
            )

    def guarded(self, seen: Seen) -> None:
        self.seen.append(seen)
        assert seen.headers["Authorization"] == f"Zoho-oauthtoken {TOKEN}"

    def create(self, seen: Seen) -> Any:
        self.guarded(seen)
        query, self.polls = seen.json["query"], 0
        if token := query.get("page_token"):
            assert set(query) == {"page_token"}
            at = int(token)
        else:
            at = 0
            assert query["module"] == {"api_name": "Leads"}
            assert query["criteria"]["value"] == "2024-01-01T00:00:00+00:00"
        details = {"id": f"job{at}", "operation": "read", "state": "ADDED"}
        added = {"status": "success", "code": "ADDED_SUCCESSFULLY", "details": details}
        return Reply({"data": [added], "info": {}}, 201)

    def job(self, seen: Seen, at: int) -> Any:
        self.guarded(seen)
        state = self.status("ADDED", "IN PROGRESS", "COMPLETED", failed="FAILURE")
        job: dict[str, Any] = {"id": f"job{at}", "operation": "read", "state": state}
        if state == "COMPLETED":
            more = at + 2 < len(self.ids)
            url = f"{self.jobs}/job{at}/result"
            job["result"] = {"page": 1, "count": 2, "download_url": url, "more_records": more}
            job["result"] |= {"next_page_token": str(at + 2)} if more else {}
        if state == "FAILURE":
            error = {"code": "INTERNAL_SERVER_ERROR", "message": "Internal server error occurred."}
            job["result"] = {"error_message": error}
        return {"data": [job]}

    def result(self, seen: Seen, at: int) -> Any:
        self.guarded(seen)
        rows = "".join(f"{one},A,B,2026-01-01T00:00:00+00:00\n" for one in self.ids[at : at + 2])
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(f"job{at}.csv", f"id,Last_Name,Company,Modified_Time\n{rows}")
        return Reply(packed.getvalue(), headers={"Content-Type": "application/zip"})

    def check(self) -> None:
        created = [seen for seen in self.seen if seen.method == "POST"]
        # The sample for the schema is a job of its own.
        assert [seen.json["query"].get("page_token") for seen in created[-3:]] == [None, "2", "4"]


class Amazon(Fake):
    """Reports API 2021-06-30: a report names a document, and that its signed address."""

    stream, key, ids = "listings", "listing-id", ["0101A", "0101B"]
    failure = "ended as 'FATAL'"

    def routes(self) -> None:
        reports = "/reports/2021-06-30"
        self.api.routes |= {
            f"{reports}/reports": self.create,
            f"{reports}/reports/ID323": self.report,
            f"{reports}/documents/amzn1.doc": self.document,
        }
        self.storage.routes["/doc"] = self.download

    def guarded(self, seen: Seen) -> None:
        self.seen.append(seen)
        assert seen.headers["x-amz-access-token"] == TOKEN

    def create(self, seen: Seen) -> Any:
        self.guarded(seen)
        assert seen.json["reportType"] == "GET_MERCHANT_LISTINGS_ALL_DATA"
        return Reply({"reportId": "ID323"}, 202)

    def report(self, seen: Seen) -> Any:
        self.guarded(seen)
        status = self.status("IN_QUEUE", "IN_PROGRESS", "DONE", failed="FATAL")
        done = {"reportDocumentId": "amzn1.doc"} if status == "DONE" else {}
        return {"reportId": "ID323", "processingStatus": status, **done}

    def document(self, seen: Seen) -> Any:
        self.guarded(seen)
        url = f"{self.storage.url}/doc{SIGNATURE}"
        return {"reportDocumentId": "amzn1.doc", "url": url, "compressionAlgorithm": "GZIP"}

    def download(self, _: Seen) -> Any:
        rows = "".join(f"{one}\tA name\n" for one in self.ids)
        return Reply(gzip.compress(f"listing-id\titem-name\n{rows}".encode()))

    def check(self) -> None:
        assert len(self.storage.seen) >= 1


class Shopify(Fake):
    """Bulk operations: a mutation, a query for the status, and JSON Lines at an address."""

    stream, key, ids = "products", "id", ["gid://shopify/Product/1", "gid://shopify/Product/2"]
    failure = "ended as 'FAILED': INTERNAL_SERVER_ERROR"
    base_path = "/admin/api"
    operation = "gid://shopify/BulkOperation/7"

    def routes(self) -> None:
        self.api.routes["/admin/api/2025-10/graphql.json"] = self.graphql
        self.storage.routes["/bulk.jsonl"] = self.download

    def graphql(self, seen: Seen) -> Any:
        self.seen.append(seen)
        assert seen.headers["X-Shopify-Access-Token"] == TOKEN
        variables = seen.json["variables"]
        if "bulkOperationRunQuery" in seen.json["query"]:
            assert "updated_at:>='2024-01-01T00:00:00Z'" in variables["query"]
            operation = {"id": self.operation, "status": "CREATED"}
            run = {"bulkOperation": operation, "userErrors": []}
            return {"data": {"bulkOperationRunQuery": run}}
        assert variables == {"id": self.operation}
        status = self.status("CREATED", "RUNNING", "COMPLETED", failed="FAILED")
        url = f"{self.storage.url}/bulk.jsonl{SIGNATURE}" if status == "COMPLETED" else None
        error = "INTERNAL_SERVER_ERROR" if self.fails else None
        return {"data": {"node": {"status": status, "errorCode": error, "url": url}}}

    def download(self, _: Seen) -> Any:
        rows = ({"id": one, "title": "x", "updatedAt": "2026-01-01T00:00:00Z"} for one in self.ids)
        return Reply("".join(json.dumps(row) + "\n" for row in rows).encode())

    def check(self) -> None:
        assert len(self.storage.seen) >= 1


FAKES = {
    "Salesforce Bulk API 2.0": Salesforce,
    "Zoho CRM bulk read": Zoho,
    "Amazon SP-API reports": Amazon,
    "Shopify bulk operations": Shopify,
}


def shown() -> dict[str, dict[str, Any]]:
    """Return the configuration below each heading of a provider."""
    text = PAGE.read_text(encoding="utf-8").split("\n")
    found = {}
    for block in blocks(PAGE):
        heading = [line for line in text[: block.line] if line.startswith("## ")][-1:]
        config = json.loads(block.text)
        if "streams" in config:
            found[heading[0][3:]] = config
    return found


def towards(fake: Fake, config: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration with the fake's hosts, and polls without a wait."""
    api = fake.api
    (stream,) = config["streams"]
    job = {**stream["job"], "interval": 0.01}
    own = {"base_url": api.url + fake.base_path, "access_token_url": f"{api.url}/token"}
    hosts = {"tokenless_hosts": [fake.storage.host]} if "tokenless_hosts" in config else {}
    streams = [{**stream, "job": job}]
    return {**config, **own, **hosts, **CLIENT, "max_retries": 0, "streams": streams}


@pytest.mark.parametrize("name", FAKES)
def test_job_of_the_guide_reads_its_export(api, other_api, tap, name):
    """Storage gets no token, and its signature is in no output."""
    fake = FAKES[name](api, other_api)
    run = tap.ok(towards(fake, shown()[name]))
    assert [row[fake.key] for row in run.records(fake.stream)] == fake.ids
    fake.check()
    for seen in other_api.seen:
        assert TOKEN not in json.dumps(seen.headers)
    assert "0123456789abcdef" not in run.errors


@pytest.mark.parametrize("name", FAKES)
def test_failed_job_of_the_guide_is_one_line(api, other_api, tap, name):
    fake = FAKES[name](api, other_api, fails=True)
    run = tap(towards(fake, shown()[name]))
    assert run.status == 1
    assert f"stream '{fake.stream}'" in run.error_lines[0]
    assert fake.failure in run.error_lines[0]
    assert not run.records(fake.stream)


def test_guide_has_every_provider():
    """Each fake above is a section of the guide with a configuration."""
    assert set(shown()) == set(FAKES)
