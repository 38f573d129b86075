"""The command as a process: its files, environment, network and pipes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.certificates import self_signed
from tests.support.commands import PROGRAM, error_lines, run_program, write_config
from tests.support.server import ApiServer
from tests.support.tunnel import Tunnel

STREAM = {"name": "items", "path": "items"}
OPTIONS = ["config", "catalog", "state"]


def assert_clean_failure(done):
    """Assert exit status 1, no traceback and one to four error lines."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert 1 <= len(error_lines(done.stderr)) <= 4


@pytest.fixture
def config(api, tmp_path):
    """Write a configuration file and return its path."""
    api.serve("/items", [{"id": 1}])
    return write_config(tmp_path, api.config(STREAM))


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_records_before_a_failure_are_written(api, config, monkeypatch, unbuffered):
    """The records before the failing one are written, also with PYTHONUNBUFFERED."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    api.serve("/items", [{"id": 1}, {"id": 2}, {"id": 3, "new": 1}])
    stream = {**STREAM, "schema_sample_size": 1, "new_fields": "fail"}
    config.write_text(json.dumps(api.config(stream)))
    done = run_program("--config", config)
    assert_clean_failure(done)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    assert [m["record"]["id"] for m in messages if m["type"] == "RECORD"] == [1, 2]


FILES = [(option, content) for option in OPTIONS for content in (None, b"{", b"[1]")]
FILES += [("config", b"\xff"), *(pytest.param(o, b"\xff") for o in OPTIONS[1:])]


@pytest.mark.parametrize(("option", "content"), FILES)
def test_unusable_file_is_a_clean_failure(api, config, tmp_path, option, content):
    """A missing, non-UTF-8, non-JSON or non-object file is reported before any request."""
    path = tmp_path / "given.json"
    if content is not None:
        path.write_bytes(content)
    others = [] if option == "config" else ["--config", config]
    done = run_program(*others, f"--{option}", path)
    assert_clean_failure(done)
    assert option in error_lines(done.stderr)[0] or "given.json" in error_lines(done.stderr)[0]
    assert not done.stdout
    assert not api.seen


ENTRY = {"tap_stream_id": "items", "schema": {"properties": {"id": {}}}}
MISSHAPEN = [
    {"stream": ["items"]},
    {"key_properties": [{}]},
    {"key_properties": "id"},
    {"replication_key": 1},
    {"metadata": [{"breadcrumb": ["properties", ["id"]], "metadata": {}}]},
    {"schema": {"properties": {"id": [{}]}}},
    {"schema": {"properties": {"id": {"properties": {"x": True}}}}},
    {"schema": {"properties": {"id": {"items": [{}]}}}},
    {"schema": {"properties": {"id": {"type": [["string"]]}}}},
]


@pytest.mark.parametrize("streams", [[{}], [1], *([{**ENTRY, **wrong}] for wrong in MISSHAPEN)])
def test_malformed_catalog_is_named(api, tap, streams):
    """A malformed catalog fails with one line that names the catalog."""
    run = tap(api.config(STREAM), catalog={"streams": streams})
    assert run.status == 1
    assert "catalog" in run.error_lines[0]


@pytest.mark.parametrize("option", ["--confg", "--no-such-option"])
def test_unknown_option_is_a_usage_error(option):
    """An unknown option prints the usage and exits with 2."""
    done = run_program(option, "x")
    assert done.returncode == 2
    assert "No such option" in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_config_option_is_a_clean_failure(tmp_path, monkeypatch):
    """Without --config the run fails cleanly and names the option."""
    monkeypatch.chdir(tmp_path)
    done = run_program()
    assert_clean_failure(done)
    assert "--config FILE" in done.stderr


def test_closed_reader_ends_the_sync(api, tmp_path):
    """An endless sync fails cleanly when its reader closes after three lines."""
    api.routes["/items"] = lambda seen: [{"id": f"{seen.query['page']}-{n}"} for n in range(200)]
    path = tmp_path / "config.json"
    command = [*PROGRAM, "--config", path]
    pipe = subprocess.PIPE
    stream = {"schema": {"properties": {"id": {"type": "string"}}}}
    paged = {**STREAM, **stream, "pagination": {"style": "page_number"}}
    path.write_text(json.dumps(api.config(paged)))
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        lines = [json.loads(process.stdout.readline()) for _ in range(3)]
        process.stdout.close()
        errors = process.stderr.read()
    assert [line["type"] for line in lines] == ["SCHEMA", "RECORD", "RECORD"]
    assert_clean_failure(subprocess.CompletedProcess(command, process.returncode, stderr=errors))
    assert "stdout was closed" in errors


@pytest.mark.parametrize("option", [[], ["--test"], pytest.param(["--discover"])])
def test_closed_pipe_is_a_clean_failure(config, monkeypatch, option):
    """A pipe whose reader is gone from the start is one line and exit status 1."""
    monkeypatch.setenv("PYTHONUNBUFFERED", "")  # keep output buffered to the end
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        done = run_program("--config", config, *option, stdout=pipe)
    assert_clean_failure(done)
    assert "stdout" in done.stderr


@pytest.mark.parametrize("option", [[], pytest.param(["--discover"])])
def test_full_disk_is_a_clean_failure(config, option):
    """A full disk behind stdout is one line and exit status 1."""
    with Path("/dev/full").open("w") as full:
        done = run_program("--config", config, *option, stdout=full)
    assert_clean_failure(done)
    assert "stdout" in done.stderr


def test_missing_stdout_is_a_clean_failure(config):
    """A command started with stdout closed is one line and exit status 1."""
    script = 'exec "$@" >&-'
    command = ["/bin/sh", "-c", script, "sh", *PROGRAM, "--config", config]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert_clean_failure(done)
    assert "stdout" in done.stderr


# Network settings from the environment


def test_netrc_is_ignored(api, tap, tmp_path, monkeypatch):
    """Credentials in ~/.netrc go into no request, neither for tokens nor for data."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login lo password pa\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    api.serve("/items", [{"id": 1}])
    assert tap(api.config(STREAM, auth_param="key")).status == 0
    assert len(api.seen) >= 2
    assert not [seen for seen in api.seen if "Authorization" in seen.headers]


def test_missing_ca_bundle_is_named(api, tap, monkeypatch):
    """A REQUESTS_CA_BUNDLE that does not exist is named like a setting."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    run = tap({**api.config(STREAM), "base_url": "https://127.0.0.1:9"})
    assert "REQUESTS_CA_BUNDLE" in run.error_lines[0]


def test_unsendable_header_is_named(api, tap):
    """A header value outside Latin-1 is reported by the name of its setting."""
    run = tap(api.config(STREAM, headers={"X-Name": "Ж"}))
    assert "headers" in run.error_lines[0]


ELSEWHERE = "http://api.localhost:9"


@pytest.mark.parametrize("way", ["setting", "HTTP_PROXY", "http_proxy"])
def test_proxy_gets_every_request(api, tap, monkeypatch, way):
    """The proxy of the setting or the environment gets token and data requests."""
    api.serve("/items", [{"id": 1}])
    settings = {"base_url": ELSEWHERE, "access_token_url": f"{ELSEWHERE}/token"}
    monkeypatch.setenv("NO_PROXY", "")
    if way == "setting":
        settings["proxy"] = api.url
    else:
        monkeypatch.setenv(way, api.url)
    tap.ok({**api.config(STREAM), **settings})
    assert {seen.target for seen in api.seen} == {f"{ELSEWHERE}/token", f"{ELSEWHERE}/items"}


@pytest.mark.parametrize("way", ["proxy", "HTTP_PROXY"])
@pytest.mark.parametrize("address", ["base_url", "access_token_url"])
def test_remote_proxy_gets_no_plain_http(api, tap, monkeypatch, own_address, way, address):
    """Plain http to this machine never goes through a remote proxy, which could read it."""
    monkeypatch.setenv("NO_PROXY", "")
    settings = {address: f"{ELSEWHERE}/x", "access_token": "token-of-the-test"}
    with socket.create_server((own_address, 0)) as proxy:
        there = f"http://{own_address}:{proxy.getsockname()[1]}"
        monkeypatch.setenv("HTTP_PROXY", "" if way == "proxy" else there)
        run = tap({**api.config(STREAM), **settings, "proxy": there if way == "proxy" else None})
        proxy.settimeout(0)
        with pytest.raises(BlockingIOError):
            proxy.accept()
    assert run.status == 1
    assert "could read the plain http request" in run.error_lines[0]
    assert not api.seen


def test_proxy_gets_its_password_and_no_token(api, tap, tmp_path):
    """An https request tunnels through the proxy, which sees only its own password."""
    api.serve("/items", [{"id": 1}])
    authority, context = self_signed(tmp_path, "api.example.com")
    api.encrypt(context)
    url = "https://api.example.com"
    settings = {"base_url": url, "access_token_url": f"{url}/token", "ca_bundle": str(authority)}
    with Tunnel(api.host) as tunnel:
        proxy = f"http://ann:pr%40xy@{tunnel.host}"
        run = tap.ok({**api.config(STREAM, headers={"X-Key": "a-key"}), **settings, "proxy": proxy})
        assert {seen[:2] for seen in tunnel.seen} == {("CONNECT", "api.example.com:443")}
        for _, _, headers in tunnel.seen:
            assert headers["Proxy-Authorization"] == "Basic YW5uOnByQHh5"
            assert not {"Authorization", "X-Key"} & set(headers)
    assert not [seen for seen in api.seen if "Proxy-Authorization" in seen.headers]
    assert "YW5uOnByQHh5" not in run.errors


@pytest.mark.parametrize(("level", "shown"), [("", False), ("debug", True)])
def test_log_level_of_the_environment_holds_for_each_command(api, tmp_path, level, shown):
    """DEBUG shows what a command requests, and no secret."""
    api.serve("/items", [{"id": 1}])
    path = write_config(tmp_path, api.config(STREAM, client_secret="s3cret-of-the-client"))
    environment = {**os.environ, "TAP_OAUTH2_GENERIC_LOGLEVEL": level}
    done = run_program("preview", "--config", path, env=environment)
    assert done.returncode == 0, done.stderr
    assert ("GET /items" in done.stderr) == shown
    assert "s3cret" not in done.stderr


def test_debug_tells_of_requests_and_not_of_single_fields(api, config):
    """A deep record has a line for each field in each field otherwise, and takes long to log."""
    deep = {}
    for _ in range(100):
        deep = {"a": deep}
    api.serve("/items", [{"id": 1, "deep": deep}])
    environment = {**os.environ, "TAP_OAUTH2_GENERIC_LOGLEVEL": "DEBUG"}
    done = run_program("--config", config, env=environment)
    assert done.returncode == 0, done.stderr
    assert "GET /items" in done.stderr
    assert len(done.stderr.splitlines()) < 100


@pytest.mark.parametrize("way", ["proxy", "HTTPS_PROXY"])
@pytest.mark.parametrize(
    "proxy",
    [
        "http://ann:pr0xy-{way}@proxy.example:99999",
        "http://ann:pr0xy-{way}@proxy.example:port",
        "http://ann:pr0xy/{way}@proxy.example:1",
        "http://ann:pr0xy-{way}@[::1",
        "ann:pr0xy-{way}@proxy.example",
        "socks5://ann:pr0xy-{way}@127.0.0.1:9",
    ],
)
def test_proxy_password_is_in_no_message(api, tap, monkeypatch, way, proxy):
    """An error about a proxy address never shows its password."""
    # A new password for each test, because a registered one stays masked.
    proxy = proxy.format(way=f"{way}-s3cret")
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_LOGLEVEL", "DEBUG")
    monkeypatch.setenv("NO_PROXY", "")
    if way != "proxy":
        monkeypatch.setenv(way, proxy)
    settings = {way: proxy} if way == "proxy" else {}
    url = "https://127.0.0.1:9"
    run = tap({**api.config(STREAM, base_url=url, access_token_url=url), **settings})
    assert run.status == 1
    assert len(run.error_lines) == 1
    assert "unexpected" not in run.errors
    assert "pr0xy" not in run.errors
    assert "s3cret" not in run.errors


def test_no_proxy_hosts_are_requested_directly(api, tap, monkeypatch):
    api.serve("/items", [{"id": 1}])
    with ApiServer() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert tap(api.config(STREAM)).status == 0
        assert not proxy.seen


@pytest.fixture
def authority(api, tmp_path):
    """Serve TLS, and return the file with the authority that clients must trust."""
    path, context = self_signed(tmp_path, "127.0.0.1")
    api.encrypt(context)
    return path


@pytest.mark.parametrize("way", ["ca_bundle", "REQUESTS_CA_BUNDLE", None])
def test_private_authority_must_be_named(api, tap, monkeypatch, authority, way):
    """ca_bundle or REQUESTS_CA_BUNDLE names it; without either, nothing is sent."""
    api.serve("/items", [{"id": 1}])
    url = api.url
    settings = {"base_url": url, "access_token_url": f"{url}/token"}
    if way == "ca_bundle":
        settings[way] = str(authority)
    elif way:
        monkeypatch.setenv(way, str(authority))
    run = tap({**api.config(STREAM), **settings})
    assert run.status == (0 if way else 1), run.errors
    assert bool(api.seen) == bool(way)
