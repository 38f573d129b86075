"""The demo's HTTP: persistent connections, exact lengths, loopback only, a clean stop."""

from __future__ import annotations

import ast
import http.client
import socket
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import tap_oauth2_generic.demo
from tap_oauth2_generic.demo.server import DemoServer

COUNTS = "GET /demo/counts HTTP/1.1\nHost: localhost\nConnection: close\n\n"


def connect(url):
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=5)


def raw(url, text):
    """Send raw bytes and return everything until the server closes the connection."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        connection.sendall(text.replace("\n", "\r\n").encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def test_one_connection_serves_many_requests(client):
    """Responses of every kind, errors included, keep it open and have a length."""
    connection = connect(client.url)
    connection.connect()
    first = connection.sock
    for method, path, body in (
        ("GET", "/demo/counts", None),
        ("GET", "/api/v1/countries", b"a body that nobody reads"),
        ("POST", "/oauth/token", b"grant_type=x"),
        ("DELETE", "/demo/counts", None),
        ("GET", "/oauth/authorize", None),
        ("GET", "/nothing", None),
    ):
        connection.request(method, path, body)
        response = connection.getresponse()
        assert int(response.headers["Content-Length"]) == len(response.read())
        assert (response.version, connection.sock) == (11, first)
    connection.close()


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("GET /demo/counts HTTP/1.1\nHost: evil.example\n\n", 403),
        ("GET /demo/counts HTTP/1.1\nHost: 127.0.0.1.evil.example\n\n", 403),
        ("POST /demo/change HTTP/1.1\n\n", 403),
        ("POST /api/v1/search HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\n\n", 411),
        ("POST /api/v1/search HTTP/1.1\nHost: localhost\nContent-Length: -1\n\n", 400),
        ("POST /api/v1/search HTTP/1.1\nHost: localhost\nContent-Length: 99999999\n\n", 413),
        ("BREW /demo/counts HTTP/1.1\nHost: localhost\n\n", 501),
        ("nonsense\n\n", 400),
        ("GET /demo/counts HTTP/9.9\n\n", 505),
    ],
)
def test_malformed_request_is_json_error_and_closes_the_connection(client, request_text, status):
    head, _, body = raw(client.url, request_text).partition("\r\n\r\n")
    assert f" {status} " in head.splitlines()[0] + " "
    assert f"Content-Length: {len(body)}" in head
    assert '"error"' in body


def test_expect_100_continue_is_confirmed_immediately(client):
    text = "POST /demo/change HTTP/1.1\nHost: localhost\nExpect: 100-continue\nContent-Length: 2\n"
    parts = urlsplit(client.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        connection.sendall(f"{text}\n".replace("\n", "\r\n").encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")


def test_silent_connection_blocks_nobody(client):
    silent = [connect(client.url) for _ in range(40)]
    for connection in silent:
        connection.connect()
    assert client.counts()
    for connection in silent:
        connection.close()


def test_of_simultaneous_refreshes_one_succeeds(client):
    user = {"username": "demo", "password": "demo-password"}
    token = client.token("password", **user).json()["refresh_token"]
    answers = []

    def refresh():
        answers.append(client.token("refresh_token", refresh_token=token).status_code)

    threads = [threading.Thread(target=refresh) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [400] * 7


def test_stopped_demo_closes_all_connections():
    with DemoServer(port=0) as demo:
        connection = connect(demo.url)
        connection.request("GET", "/demo/counts")
        assert connection.getresponse().read()
    connection.sock.settimeout(5)
    assert connection.sock.recv(1) == b""
    connection.close()
    with pytest.raises(OSError, match="refused"):
        connect(demo.url).connect()


def test_port_in_use_raises_os_error():
    with DemoServer(port=0) as demo:
        port = urlsplit(demo.url).port
        with pytest.raises(OSError, match="in use"), DemoServer(port=port):
            pass
        assert '"countries"' in raw(demo.url, COUNTS)


def test_demo_imports_only_itself_and_the_standard_library():
    own = "tap_oauth2_generic.demo"
    for file in Path(tap_oauth2_generic.demo.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] in sys.stdlib_module_names or name.startswith(own)
