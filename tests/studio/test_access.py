"""Who reaches the studio: the browser that opened its address, and nobody else."""

from __future__ import annotations

import re
import socket

import pytest
import requests

from tests.support.studio_process import StudioClient, StudioProcess


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def shared_studio(shared_folder):
    """One studio for all tests that only read, or whose changes it refuses."""
    with StudioProcess(shared_folder) as found:
        yield found


@pytest.fixture(scope="module")
def shared(shared_studio):
    """The client that has opened it."""
    return StudioClient(shared_studio)


def test_server_listens_on_loopback_only(shared_studio, own_address):
    port = int(shared_studio.origin.rpartition(":")[2])
    with socket.socket() as probe:
        probe.settimeout(2)
        assert probe.connect_ex((own_address, port)) != 0
        assert shared_studio.origin.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "", "127.0.0.1:99999"]
)
def test_foreign_host_is_refused(shared_studio, shared, host):
    """The name of another site that leads here (DNS rebinding) reaches nothing, key included."""
    port = shared_studio.origin.rpartition(":")[2]
    for path in ("/", "/?key=" + shared_studio.address.partition("=")[2], "/static/studio.js"):
        response = shared.get(path, Host=host.format(port=port))
        assert response.status_code in {400, 403}
        assert "form-token" not in response.text


def test_foreign_host_does_not_use_the_key_up(studio):
    requests.get(studio.address, headers={"Host": "evil.example"}, timeout=10)
    assert StudioClient(studio).form_token


def test_nothing_is_shown_without_the_key(studio):
    for path in ("/", "/?key=wrong", "/request", "/static/studio.js", "/connection/state"):
        response = requests.get(studio.origin + path, timeout=10)
        assert response.status_code == 403
        assert "another browser" in response.text


def test_key_works_once(studio, client):
    """A second browser with the same address is told so; the first one goes on."""
    second = requests.get(studio.address, timeout=10)
    assert second.status_code == 403
    assert "was used already" in second.text
    assert not second.cookies
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("other", ['a={"b": 1}', 'theme="dark', "a b=c", "flag", "a[b]=c"])
def test_cookies_of_other_servers_do_not_matter(shared, other):
    """Browsers share them between the ports of a host."""
    own = "; ".join(f"{one.name}={one.value}" for one in shared.http.cookies)
    headers = {"Cookie": f"{other}; {own}"}
    assert requests.get(shared.origin, headers=headers, timeout=10).status_code == 200


def test_cookie_is_strict_and_out_of_reach_of_scripts(shared):
    cookie = shared.opening.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Domain" not in cookie
    assert "Expires" not in cookie


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": None},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"X-Form-Token": None},
        {"X-Form-Token": "wrong"},
    ],
    ids=str,
)
def test_change_from_elsewhere_is_refused(shared, shared_folder, headers):
    """A change needs the origin of the page and its form token, with the cookie."""
    response = shared.post("/connection", {"base_url": "https://a.example"}, **headers)
    assert response.status_code == 403
    assert not list(shared_folder.iterdir())


def test_reading_changes_nothing(shared, shared_folder):
    for path in ("/connection", "/connection/draft", "/connection/use", "/request/send"):
        assert shared.get(path).status_code == 405
    assert not list(shared_folder.iterdir())


def test_huge_form_is_refused(shared):
    response = shared.post("/connection", {"base_url": "x" * (17 * 2**20)})
    assert response.status_code == 413


@pytest.mark.parametrize("path", ["/", "/request", "/static/studio.js", "/unknown", "/?key=wrong"])
def test_every_response_has_the_headers_of_protection(shared, path):
    response = shared.get(path)
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"


def test_page_uses_no_other_source(shared):
    """Page, style and script name no address of another host."""
    for path in ("/", "/request", "/static/studio.js", "/static/studio.css"):
        assert not re.findall(r"(?:src|href|url|import)\W+https?:", shared.get(path).text)


def test_used_port_is_named(studio, project):
    port = studio.origin.rpartition(":")[2]
    with StudioProcess(project, "--port", port) as second:
        assert second.end() == 1
    assert f"port {port} is in use; choose another with --port" in second.errors


def test_two_studios_do_not_mix(studio, client, project):
    """Each has its own cookie, although browsers send the cookies of all ports of a host."""
    with StudioProcess(project) as other:
        both = StudioClient(other)
        both.http.cookies.update(client.http.cookies)
        assert both.get("/").status_code == 200
        assert both.http.get(f"{studio.origin}/", timeout=10).status_code == 200


def test_cookie_of_an_ended_studio_is_refused(studio, client, project):
    port = studio.origin.rpartition(":")[2]
    studio.end()
    with StudioProcess(project, "--port", port):
        response = client.get("/")
    assert response.status_code == 403
    assert "its studio has ended" in response.text


def test_stop_is_a_success(studio, client):
    assert client.get("/").status_code == 200
    assert studio.end() == 0
    assert studio.errors == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [("[1]", "must be a JSON object"), (r'{"a": "\ud800"}', "surrogates not allowed")],
)
def test_file_that_is_no_configuration_is_one_line(project, text, said):
    (project / "config.json").write_text(text)
    with StudioProcess(project) as studio:
        assert studio.end() == 1
    assert studio.errors.strip().endswith(said)
    assert len(studio.errors.splitlines()) == 1
