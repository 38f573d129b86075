"""The initial cases of imports, export jobs and the studio's forms.

An import has a source, a string or the document in it; the studio has forms, sent in order.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fuzz.fuzz_values import API, SECRET
from tests.importers.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROWS = [{"id": 1, "at": "2024-01-01T00:00:00Z"}, {"id": 2, "at": "2024-01-02T00:00:00Z"}]
_JOB = {
    "create": {"path": "jobs", "body": {"query": "all"}},
    "poll": {"path": "jobs/{job.id}"},
    "status_path": "state",
    "done": ["Completed"],
    "failed": ["Failed"],
    "error_path": "error.message",
    "interval": 0.01,
    "timeout": 1,
    "download": {"path": "jobs/{job.id}/results"},
    "delete": {"path": "jobs/{job.id}"},
}
_DOWNLOADS = {
    "path": {"path": "jobs/{job.id}/results"},
    "url": {"url_path": "result.url"},
    "urls": {"urls_path": "files"},
}
_DONE = {
    "state": "Completed",
    "result": {"url": f"{API}/files/1?sig=a"},
    "files": [f"{API}/files/1", "/files/2"],
}
_CONNECTION = {
    "base_url": API,
    "access_token": f"{SECRET}1",
    "streams": [{"name": "items", "path": "/items", "records_path": "d"}],
}
_STREAM_FORM = {
    "name": "items",
    "path": "/items",
    "method": "GET",
    "params": '{"a": "b"}',
    "records_path": "d",
    "primary_keys": "id",
    "replication_key": "at",
    "pagination.style": "page_number",
    "pagination.page_size": "2",
}
_CONNECTION_FORM = {
    "base_url": API,
    "access_token_url": f"{API}/token",
    "grant_type": "client_credentials",
    "client_id": "the-client",
    "client_secret": f"{SECRET}2",
    "scopes": "a b",
    "token_params": '{"x": "y"}',
}
_FORMS = [
    [
        {"path": "/connection/preset", "fields": {"provider": "github"}},
        {"path": "/connection", "fields": {**_CONNECTION_FORM, "provider": "", "action": "save"}},
        {"path": "/connection/use", "fields": {"action": "check"}},
    ],
    [
        {"path": "/connection/draft", "fields": _CONNECTION_FORM},
        {"path": "/request/send", "fields": {"path": "/items", "method": "POST", "body": "{}"}},
        {"path": "/streams/use", "fields": {"use": "d\nid"}},
    ],
    [
        {"path": "/streams/0", "fields": {**_STREAM_FORM, "action": "save"}},
        {"path": "/streams/0", "fields": {**_STREAM_FORM, "action": "read"}},
        {"path": "/streams/0/style", "fields": {"pagination.style": "cursor"}},
        {"path": "/streams/0/use", "fields": {"use": "replication_key\nat"}},
    ],
    [
        {"path": "/streams/add", "fields": {"name": "parts"}},
        {"path": "/streams/1/json", "fields": {"json": '{"name": "b", "path": "/b"}'}},
        {"path": "/streams/1", "fields": {"action": "remove"}},
        {"path": "/export", "fields": {"action": "apply", "json": json.dumps(_CONNECTION)}},
        {"path": "/export/meltano", "fields": {}},
        {"path": "/discard", "fields": {}},
    ],
    [{"path": "/request/curl", "fields": {"curl": text}} for text in SAMPLES["curl"]],
]


def import_cases(kind: str) -> Iterator[dict[str, Any]]:
    """Yield each sample of a kind as a string, and as a document if it is one."""
    for text in SAMPLES[kind]:
        yield {"command": ["import", kind], "source": text}
        if text.lstrip().startswith("{"):
            yield {"command": ["import", kind], "source": json.loads(text)}


def job_cases(stream: dict[str, Any], command: list[str]) -> Iterator[dict[str, Any]]:
    """Yield parts of a case: a job of each kind of download, polled once or twice."""
    for download in _DOWNLOADS.values():
        exported = {**stream, "records_path": "$", "job": {**_JOB, "download": download}}
        bodies = [{"id": "j1", "state": "Queued"}, {"state": "Running"}, _DONE, _ROWS, _ROWS]
        responses = [{"body": body} for body in bodies]
        yield {"command": command, "stream": exported, "responses": responses}


def studio_cases() -> Iterator[dict[str, Any]]:
    """Yield forms for a project of one stream."""
    for forms in _FORMS:
        responses = [{"body": {"d": _ROWS, "next": "c2", "more": True}}, {"body": {"d": []}}]
        token = {"body": {"access_token": f"{SECRET}3", "expires_in": 3600}}
        yield {
            "command": ["studio"],
            "config": _CONNECTION,
            "forms": forms,
            "responses": responses,
            "token": token,
        }
