"""The server as a process, driven by the protocol."""

from __future__ import annotations

import json
import signal
import subprocess
import threading

import anyio
import pytest
from mcp.types import CallToolRequestParams

from tap_oauth2_generic.agents.owner import Owner
from tap_oauth2_generic.agents.server import Calls
from tests.studio.test_command import probe
from tests.support import ROOT
from tests.support.mcp_session import PROGRAM, call, exchange, with_session
from tests.support.server import Reply

ITEMS = {"name": "items", "path": "/items"}
TOOLS = {
    "import_source": ["kind", "text"],
    "validate_config": ["config"],
    "preview": ["config", "stream", "records"],
    "suggest_stream": ["config", "stream"],
    "connection_status": ["config"],
    "search_docs": ["query"],
}
PAGED = {**ITEMS, "pagination": {"style": "page_number", "page_size": 1}}


def text(result):
    """Return the text of a result that is no error."""
    assert not result.is_error, result.content[0].text
    (content,) = result.content
    return content.text


def line(result):
    """Return the single line of a result that is an error."""
    assert result.is_error
    (shown,) = result.content[0].text.splitlines()
    return shown


def lines_of(*messages):
    return b"".join(json.dumps({"jsonrpc": "2.0", **one}).encode() + b"\n" for one in messages)


HELLO = lines_of(
    {
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    },
    {"method": "notifications/initialized"},
)
PING = lines_of({"id": 2, "method": "ping"})


def test_tools_are_those_of_the_contract():
    async def work(session):
        return (await session.list_tools()).tools

    found = {tool.name: tool for tool in with_session(work)}
    assert {name: [*tool.input_schema["properties"]] for name, tool in found.items()} == TOOLS
    sending = {name for name, tool in found.items() if not tool.annotations.read_only_hint}
    assert sending == {"preview", "suggest_stream"}


def test_tools_describe_the_demo(demo):
    """From a name and a path to a complete stream and its records."""
    sample = (ROOT / "sample_config.json").read_text().replace("http://127.0.0.1:8765", demo.url)
    config = json.loads(sample)
    bare = {**config, "streams": [{"name": "contacts", "path": "/contacts"}]}
    checked, suggested = call(
        ("validate_config", {"config": config}),
        ("suggest_stream", {"config": bare, "stream": "contacts"}),
    )
    assert json.loads(text(checked))["streams"] == [one["name"] for one in config["streams"]]
    stream = json.loads(text(suggested))["stream"]
    assert stream["records_path"] == "data"
    previewed, status = call(
        ("preview", {"config": {**bare, "streams": [stream]}, "stream": "contacts", "records": 3}),
        ("connection_status", {"config": config}),
    )
    assert len(json.loads(text(previewed))["records"]) == 3
    assert json.loads(text(status))["state"] == "linked"


def test_import_becomes_records(api):
    """A curl line is imported, and its key never comes back; the agent goes on with its config."""
    api.serve("/items", [{"id": 1}])
    source = f"curl {api.url}/items -H 'X-Api-Key: key-of-the-test'"
    (found,) = call(("import_source", {"kind": "curl", "text": source}))
    imported = json.loads(text(found))
    assert [one.partition("=")[0] for one in imported["secrets"]] == ["TAP_OAUTH2_GENERIC_HEADERS"]
    assert "key-of-the-test" not in text(found)
    config = imported["config"]
    (previewed,) = call(("preview", {"config": config, "stream": config["streams"][0]["name"]}))
    assert json.loads(text(previewed))["records"] == [{"id": 1}]


def test_object_may_be_its_json(api):
    """Some clients send an object as a string."""
    api.serve("/items", [{"id": 1}])
    arguments = {"config": json.dumps(api.config(ITEMS)), "stream": "items"}
    (found,) = call(("preview", arguments))
    assert json.loads(text(found))["records"] == [{"id": 1}]


def test_numbers_stay_exact(api):
    api.serve("/items", f'[{{"id": {2**70}, "part": 0.10000000000000000001}}]'.encode())
    (found,) = call(("preview", {"config": api.config(ITEMS), "stream": "items"}))
    assert f'"id":{2**70},"part":0.10000000000000000001' in text(found)


WRONG = [
    ("nothing", {}, "there is no tool 'nothing'; there are: "),
    ("previews", {}, "did you mean 'preview'?"),
    ("preview", {}, "preview needs the parameter 'config'"),
    ("preview", {"config": {}, "steam": "x"}, "no parameter 'steam'; did you mean 'stream'?"),
    ("preview", {"config": "{", "stream": "x"}, "config must be an object, not a string"),
    ("preview", {"config": [], "stream": "x"}, "config must be an object, not an array"),
    ("preview", {"config": {}, "stream": 1}, "stream must be a string, not a number"),
    ("preview", {"config": {}, "stream": "x", "records": 0}, "records must be at least 1"),
    ("preview", {"config": {}, "stream": "x", "records": 1.5}, "records must be an integer"),
    ("preview", {"config": {}, "stream": "x", "records": True}, "records must be an integer"),
    ("validate_config", {"config": {"streams": "x" * 2**22}}, "more than 4,194,304"),
    ("import_source", {"kind": "curls", "text": ""}, "kind must be one of "),
    ("import_source", {"kind": "names", "text": ""}, "kind must be one of "),
    ("import_source", {"kind": "curl", "text": "wget x"}, "the line must begin with curl"),
    ("search_docs", {"query": None}, "needs the parameter 'query'"),
]


def test_mistake_is_one_line_of_a_result():
    """Whatever is wrong, the server goes on; each line says what."""
    found = call(*[(name, arguments) for name, arguments, _ in WRONG])
    for (name, _, expected), result in zip(WRONG, found, strict=True):
        assert expected in line(result), name


def test_each_mistake_of_a_configuration_is_a_line(api):
    config = api.config({**ITEMS, "pagination": {"style": "pages"}}, timeout="soon")
    (found,) = call(("validate_config", {"config": config}))
    shown = found.content[0].text.splitlines()
    assert found.is_error
    assert [one.partition(":")[0] for one in shown] == ["streams[0].pagination", "timeout"]


def test_failed_preview_shows_what_was_read(api):
    api.serve("/items", {"problem": "closed"})
    config = api.config({**ITEMS, "records_path": "data"})
    (found,) = call(("preview", {"config": config, "stream": "items"}))
    assert line(found).startswith("stream 'items': records_path 'data' matched nothing")
    assert json.loads(found.content[1].text)["ok"] is False


@pytest.mark.parametrize("status", [400, 404])
def test_failed_preview_shows_the_response_that_failed(api, status):
    api.serve("/items", Reply({"message": "there is no such list"}, status))
    (found,) = call(("preview", {"config": api.config(ITEMS), "stream": "items"}))
    assert "returned status" in line(found)
    (page,) = json.loads(found.content[1].text)["pages"]
    assert (page["status"], page["request"]["url"]) == (status, f"{api.url}/items")
    assert "there is no such list" in page["body"]


@pytest.mark.parametrize("stream", ["items", "children"])
def test_suggestion_without_a_response_is_an_error(api, stream):
    """An agent would take the definition for a proven one."""
    child = {"name": "children", "path": "/items/{parent.p}"}
    child["parent"] = {"stream": "items", "keys": {"p": "id"}}
    arguments = {"config": api.config(ITEMS, child), "stream": stream}
    (found,) = call(("suggest_stream", arguments))
    assert "check base_url and path" in line(found)


def test_line_that_is_no_message_ends_nothing():
    bad = [b"\xff\xfe\x00\n", b"{\n", b"[]\n", b"null\n", b'{"jsonrpc": "2.0"}\n', b"[" * 10**5]
    status, messages, errors = exchange(HELLO + b"\n".join(bad) + b"\n" + PING, 2)
    assert (status, [one["id"] for one in messages], errors) == (0, [1, 2], "")


def test_stdout_belongs_to_the_protocol(api, tmp_path):
    """At DEBUG, with warnings: every line is a message, and logs go to stderr."""
    api.serve("/items", [{"id": 1}])
    asked = {"name": "preview", "arguments": {"config": api.config(PAGED), "stream": "items"}}
    config = tmp_path / "config.json"
    config.write_text("{}")
    sent = HELLO + lines_of({"id": 3, "method": "tools/call", "params": asked})
    env = {"TAP_OAUTH2_GENERIC_LOGLEVEL": "DEBUG", "TAP_OAUTH2_GENERIC_PROVIDER": "none"}
    _, messages, errors = exchange(sent, 2, "--config", str(config), **env)
    assert [one["jsonrpc"] for one in messages] == ["2.0", "2.0"]
    assert "WARNING: TAP_OAUTH2_GENERIC_PROVIDER" in errors


@pytest.mark.parametrize("sent", [b"", HELLO])
def test_closed_stdin_ends_the_server(sent):
    status, _, errors = exchange(sent, 0)
    assert (status, errors) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_server(number):
    """Although a read of stdin cannot be interrupted."""
    command = [*PROGRAM, "mcp"]
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1) as server:
        server.stdin.write(HELLO)
        server.stdin.flush()
        server.stdout.readline()
        server.send_signal(number)
        assert server.wait(30) == 1
        assert server.stderr.read().strip() == b"ERROR: interrupted"


def paged_slowly(api):
    """Serve pages without end, the first one only when it may go on; return what lets it."""
    may_go_on, has_begun = threading.Event(), threading.Event()

    def respond(seen):
        has_begun.set()
        may_go_on.wait(30)
        return [{"id": seen.query["page"]}]

    api.routes["/items"] = respond
    return has_begun, may_go_on


def test_cancelled_call_sends_nothing_more(api):
    """A client that stops waiting says so; the request under way is the last one."""
    has_begun, may_go_on = paged_slowly(api)
    arguments = {"config": api.config(PAGED), "stream": "items"}

    async def work(session):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.call_tool, "preview", arguments)
            await anyio.to_thread.run_sync(has_begun.wait)
            tasks.cancel_scope.cancel()
        # Whoever gets a response to this has read the cancellation before.
        return await session.call_tool("search_docs", {"query": "paging"})

    assert text(with_session(work))
    may_go_on.set()
    assert len(api.requests("/items")) == 1


def test_call_that_takes_too_long_is_an_error(api):
    has_begun, may_go_on = paged_slowly(api)
    arguments = {"config": api.config(PAGED), "stream": "items"}
    calls = Calls(Owner({}), seconds=0.5)
    params = CallToolRequestParams(name="preview", arguments=arguments)
    found = anyio.run(calls.run, None, params)
    assert line(found) == "preview took more than 0.5 seconds"
    may_go_on.set()
    calls.end_all()
    assert has_begun.is_set()
    assert len(api.requests("/items")) == 1


def test_calls_at_a_time_do_not_mix(api, other_api):
    """Each of two calls under way at once sends its own token, and returns its own records."""
    both = threading.Barrier(2)

    def respond(server):
        def reply(seen):
            both.wait(30)
            return [{"id": server.host, "sent": seen.headers["X-Own"]}]

        return reply

    servers = (api, other_api)
    found = {}

    async def one(session, server):
        server.routes["/items"] = respond(server)
        stream = {**ITEMS, "headers": {"X-Own": server.host}}
        arguments = {"config": server.config(stream), "stream": "items"}
        found[server] = await session.call_tool("preview", arguments)

    async def work(session):
        async with anyio.create_task_group() as tasks:
            for server in servers:
                tasks.start_soon(one, session, server)

    with_session(work)
    for server in servers:
        expected = [{"id": server.host, "sent": server.host}]
        assert json.loads(text(found[server]))["records"] == expected


@pytest.mark.parametrize("package", ["anyio", "mcp"])
def test_missing_extra_is_one_line(package):
    done = probe("mcp", before=f"sys.modules[{package!r}] = None")
    assert done.returncode == 1
    shown = done.stderr.partition("\n\nIMPORTED")[0].strip()
    assert "\n" not in shown
    assert shown.endswith("); run pip install 'tap-oauth2-generic[mcp]'")


@pytest.mark.parametrize("arguments", [["--version"], ["preview", "--help"], ["mcp", "--help"]])
def test_nothing_but_the_server_imports_its_packages(arguments):
    done = probe(*arguments)
    assert not {*done.stderr.rpartition("IMPORTED ")[2].split()} & {"mcp", "anyio", "pydantic"}
