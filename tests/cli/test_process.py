"""The command as a process: the files it is given, its environment and network, and its pipes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.certificates import self_signed
from tests.support.server import ApiServer
from tests.support.tunnel import Tunnel

STREAM = {"name": "items", "path": "items"}
OPTIONS = ["config", "catalog", "state"]
COMMAND = [sys.executable, "-m", "tap_oauth2_generic"]


def run(*arguments, stdout=subprocess.PIPE):
    """Run the command to its end."""
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )


def error_lines(errors):
    return [line for line in errors.splitlines() if "| ERROR" in line or line.startswith("Error")]


def assert_clean_failure(done):
    """A clean failure: exit status 1, no traceback, one to four error lines."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert 1 <= len(error_lines(done.stderr)) <= 4


@pytest.fixture
def config(api, tmp_path):
    """Write a configuration file and give its path."""
    api.serve("/items", [{"id": 1}])
    path = tmp_path / "config.json"
    path.write_text(json.dumps(api.config(STREAM)))
    return path


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_records_before_a_failure_are_written(api, config, monkeypatch, unbuffered):
    """What was read before the record that ends a run is written, with PYTHONUNBUFFERED, too."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    api.serve("/items", [{"id": 1}, {"id": 2}, {"id": 3, "new": 1}])
    stream = {**STREAM, "schema_sample_size": 1, "new_fields": "fail"}
    config.write_text(json.dumps(api.config(stream)))
    done = run("--config", config)
    assert_clean_failure(done)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    assert [m["record"]["id"] for m in messages if m["type"] == "RECORD"] == [1, 2]


FILES = [(option, content) for option in OPTIONS for content in (None, b"{", b"[1]")]
FILES += [("config", b"\xff"), *(pytest.param(o, b"\xff") for o in OPTIONS[1:])]


@pytest.mark.parametrize(("option", "content"), FILES)
def test_a_file_that_cannot_be_used_is_a_clean_failure(api, config, tmp_path, option, content):
    """A file that is missing, no UTF-8, no JSON or no object is said before any request."""
    path = tmp_path / "given.json"
    if content is not None:
        path.write_bytes(content)
    others = [] if option == "config" else ["--config", config]
    done = run(*others, f"--{option}", path)
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
def test_a_catalog_of_another_shape_is_said(api, tap, streams):
    """A catalog whose streams are none fails with one line that names the catalog."""
    run = tap(api.config(STREAM), catalog={"streams": streams})
    assert run.status == 1
    assert "catalog" in run.error_lines[0]


@pytest.mark.parametrize("option", ["--confg", "--no-such-option"])
def test_an_unknown_option_is_a_usage_error(option):
    """An option that does not exist ends with the usage, exit status 2, as shells expect."""
    done = run(option, "x")
    assert done.returncode == 2
    assert "No such option" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_configuration_nothing_is_asked(tmp_path, monkeypatch):
    """Without --config the run fails cleanly and says how one is given."""
    monkeypatch.chdir(tmp_path)
    done = run()
    assert_clean_failure(done)
    assert "--config FILE" in done.stderr


def test_a_reader_that_leaves_ends_the_sync(api, tmp_path):
    """After three lines to a reader that closes its end, an endless sync fails cleanly."""
    api.routes["/items"] = lambda seen: [{"id": f"{seen.query['page']}-{n}"} for n in range(200)]
    path = tmp_path / "config.json"
    command = [*COMMAND, "--config", path]
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
def test_a_closed_pipe_is_a_clean_failure(config, monkeypatch, option):
    """Standard output whose reader is gone from the beginning is said, and exits with 1."""
    monkeypatch.setenv("PYTHONUNBUFFERED", "")  # so that something waits when the process ends
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        done = run("--config", config, *option, stdout=pipe)
    assert_clean_failure(done)
    assert "stdout" in done.stderr


@pytest.mark.parametrize("option", [[], pytest.param(["--discover"])])
def test_a_full_disk_is_a_clean_failure(config, option):
    """Standard output that takes no more is said, and exits with 1."""
    with Path("/dev/full").open("w") as full:
        done = run("--config", config, *option, stdout=full)
    assert_clean_failure(done)
    assert "stdout" in done.stderr


def test_no_standard_output_at_all_is_a_clean_failure(config):
    """A command started with its standard output closed says so, and exits with 1."""
    script = 'exec "$@" >&-'
    command = ["/bin/sh", "-c", script, "sh", *COMMAND, "--config", config]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert_clean_failure(done)
    assert "stdout" in done.stderr


# The network as the environment describes it


def test_netrc_changes_nothing(api, tap, tmp_path, monkeypatch):
    """Credentials in ~/.netrc go into no request, neither for tokens nor for data."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login lo password pa\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    api.serve("/items", [{"id": 1}])
    assert tap(api.config(STREAM, auth_param="key")).status == 0
    assert len(api.seen) >= 2
    assert not [seen for seen in api.seen if "Authorization" in seen.headers]


def test_a_missing_bundle_of_authorities_is_named(api, tap, monkeypatch):
    """A REQUESTS_CA_BUNDLE that is not there is said by its name, as a setting would be."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    run = tap({**api.config(STREAM), "base_url": "https://127.0.0.1:9"})
    assert "REQUESTS_CA_BUNDLE" in run.error_lines[0]


def test_a_header_that_cannot_be_sent_is_named(api, tap):
    """A header value outside Latin-1 is told by the name of its setting."""
    run = tap(api.config(STREAM, headers={"X-Name": "Ж"}))
    assert "headers" in run.error_lines[0]


ELSEWHERE = "http://api.localhost:9"


@pytest.mark.parametrize("way", ["setting", "HTTP_PROXY", "http_proxy"])
def test_a_proxy_carries_every_request(api, tap, monkeypatch, way):
    """The proxy of the setting or the environment gets token and data requests, whole addresses."""
    api.serve("/items", [{"id": 1}])
    settings = {"base_url": ELSEWHERE, "access_token_url": f"{ELSEWHERE}/token"}
    monkeypatch.setenv("NO_PROXY", "")
    if way == "setting":
        settings["proxy"] = api.url
    else:
        monkeypatch.setenv(way, api.url)
    run = tap({**api.config(STREAM), **settings})
    assert run.status == 0, run.errors
    assert {seen.target for seen in api.seen} == {f"{ELSEWHERE}/token", f"{ELSEWHERE}/items"}


@pytest.mark.parametrize("way", ["proxy", "HTTP_PROXY"])
@pytest.mark.parametrize("address", ["base_url", "access_token_url"])
def test_a_proxy_elsewhere_gets_nothing_over_plain_http(
    api, tap, monkeypatch, own_address, way, address
):
    """What is for this machine alone goes through no proxy of another, which would read it."""
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
    assert "would read what is sent to" in run.error_lines[0]
    assert not api.seen


def test_a_proxy_is_given_its_own_password_and_no_token(api, tap, tmp_path):
    """A proxy is asked for a tunnel to an https host, with its own password; the rest is sealed."""
    api.serve("/items", [{"id": 1}])
    authority, context = self_signed(tmp_path, "api.example.com")
    api.encrypt(context)
    url = "https://api.example.com"
    settings = {"base_url": url, "access_token_url": f"{url}/token", "ca_bundle": str(authority)}
    with Tunnel(api.host) as tunnel:
        proxy = f"http://ann:pr%40xy@{tunnel.host}"
        run = tap({**api.config(STREAM, headers={"X-Key": "a-key"}), **settings, "proxy": proxy})
        assert run.status == 0, run.errors
        assert {seen[:2] for seen in tunnel.seen} == {("CONNECT", "api.example.com:443")}
        for _, _, headers in tunnel.seen:
            assert headers["Proxy-Authorization"] == "Basic YW5uOnByQHh5"
            assert not {"Authorization", "X-Key"} & set(headers)
    assert not [seen for seen in api.seen if "Proxy-Authorization" in seen.headers]
    assert "YW5uOnByQHh5" not in run.errors


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
def test_the_password_of_a_proxy_is_in_no_message(api, tap, monkeypatch, way, proxy):
    """A proxy whose address is wrong, in the setting or the environment, is said without it."""
    # Another password for each: what one test registers is masked in all that follow.
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


def test_no_proxy_goes_around_the_proxy(api, tap, monkeypatch):
    """Hosts in NO_PROXY are asked directly."""
    api.serve("/items", [{"id": 1}])
    with ApiServer() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert tap(api.config(STREAM)).status == 0
        assert not proxy.seen


@pytest.fixture
def authority(api, tmp_path):
    """Put TLS before the server, and give the file with the authority that its users must trust."""
    path, context = self_signed(tmp_path, "127.0.0.1")
    api.encrypt(context)
    return path


@pytest.mark.parametrize("way", ["ca_bundle", "REQUESTS_CA_BUNDLE", None])
def test_a_private_authority_is_trusted_where_it_is_named(api, tap, monkeypatch, authority, way):
    """ca_bundle or REQUESTS_CA_BUNDLE names whom to trust; without either nothing is sent."""
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
