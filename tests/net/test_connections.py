"""Connections: as many as requests in flight, opened once, and found by name once each."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.support.certificates import self_signed
from tests.support.server import Reply

PAGES = 12
SCHEMA = {"properties": {"id": {"type": "integer"}}}
STREAM = {"name": "items", "path": "items", "schema": SCHEMA}
NUMBERED = {**STREAM, "pagination": {"style": "page_number", "page_size": 1}}
LINKED = {**STREAM, "records_path": "d",
          "pagination": {"style": "next_url", "next_url_path": "next"}}  # fmt: skip
OWNERS = [{"owner": number} for number in range(PAGES)]
OWNED = {**STREAM, "name": "owned", "path": "owned/{partition.owner}", "partitions": OWNERS}
PARENT = {**NUMBERED, "name": "parents"}
CHILD = {**STREAM, "name": "owned", "path": "owned/{parent.owner}",
         "parent": {"stream": "parents", "keys": {"owner": "id"}}}  # fmt: skip
IGNORED = [{"status": 404, "action": "ignore"}]

KINDS = {
    "numbered pages": [NUMBERED],
    "linked pages": [{**LINKED, "path": "linked"}],
    "partitions": [OWNED],
    "children": [PARENT, CHILD],
    "streams": [{**NUMBERED, "name": f"items{number}"} for number in range(3)],
    "inferred schemas": [{k: v for k, v in NUMBERED.items() if k != "schema"}],
    "redirects": [{**OWNED, "path": "moved/{partition.owner}"}],
    "refused": [{**OWNED, "path": "gone/{partition.owner}", "response_rules": IGNORED}],
    "retried": [NUMBERED, {**STREAM, "name": "retried", "path": "retried"}, OWNED],
}


def numbered(seen):
    page = int(seen.query["page"])
    return [{"id": page}] if page <= PAGES else []


def linked(seen):
    page = int(seen.query.get("page", 1))
    return {"d": [{"id": page}], "next": f"?page={page + 1}" if page < PAGES else None}


@pytest.fixture
def served(api):
    """Serve every path of every kind."""
    api.routes.update({"/items": numbered, "/linked": linked})
    api.serve("/retried", Reply({"error": "later"}, 503), [{"id": 1}])
    for number in range(PAGES + 1):
        api.serve(f"/owned/{number}", [{"id": number}])
        api.serve(f"/moved/{number}", Reply({"to": 1}, 302, {"Location": f"/owned/{number}"}))
        api.serve(f"/gone/{number}", Reply({"error": "gone"}, 404))
    return api


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("in_flight", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_connections_are_as_many_as_requests_in_flight(
    served, tap, tmp_path, kind, in_flight, scheme
):
    """With TLS, there are as many handshakes."""
    settings = {"max_in_flight": in_flight, "max_retries": 1}
    if scheme == "https":
        authority, context = self_signed(tmp_path, "127.0.0.1")
        served.encrypt(context)
        settings["ca_bundle"] = str(authority)
    run = tap.ok(served.config(*KINDS[kind], **settings))
    assert len(served.seen) > PAGES
    assert 1 <= served.connections <= in_flight
    assert "pool" not in run.errors


COUNTING = """
import sys
from tap_oauth2_generic.__main__ import run
looked_up = []
sys.addaudithook(lambda name, _: name == "socket.getaddrinfo" and looked_up.append(name))
status = run(sys.argv[1:])
print(len(looked_up), file=sys.stderr)
sys.exit(status)
"""


@pytest.mark.parametrize("in_flight", [1, 3])
def test_name_is_looked_up_once_a_connection(served, tmp_path, in_flight):
    url = served.url.replace("127.0.0.1", "localhost")
    config = served.config(NUMBERED, base_url=url, max_in_flight=in_flight)
    (tmp_path / "config.json").write_text(json.dumps(config))
    command = [sys.executable, "-c", COUNTING, "--config", str(tmp_path / "config.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert int(done.stderr.splitlines()[-1]) == served.connections + len(served.requests("/token"))
