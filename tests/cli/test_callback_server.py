"""The redirect listener of the login: which requests it accepts, and how often."""

from __future__ import annotations

import ast
import base64
import hashlib
import inspect
import re
import socket
import struct
import threading

import pytest
import requests

from tap_oauth2_generic.cli import callback_server
from tap_oauth2_generic.cli.callback_server import listen
from tap_oauth2_generic.errors import AuthorizationError
from tap_oauth2_generic.oauth2.grants import authorization_code
from tests.support.login_process import free_port

STATE = "state-of-the-test"
ANSWER = f"?code=the-code&state={STATE}"
NAVIGATION = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate",
              "Sec-Fetch-Site": "cross-site"}  # fmt: skip


class Visitor:
    """Sends requests to a listener, never through a proxy."""

    def __init__(self, listener):
        self.origin = f"http://127.0.0.1:{listener.port}"
        self.http = requests.Session()
        self.http.trust_env = False

    def send(self, target, method="GET", headers=None):
        return self.http.request(method, self.origin + target, headers=headers, timeout=10)

    def visit(self, target, found):
        """Send a request from its own thread, because its response waits for the login."""
        visit = threading.Thread(target=lambda: found.append(self.send(target).status_code))
        visit.start()
        return visit


@pytest.fixture
def listener():
    with listen(f"http://127.0.0.1:{free_port()}/callback", STATE) as listening:
        yield listening


def assert_still_waiting(listener):
    with pytest.raises(AuthorizationError, match="no redirect within"):
        listener.wait(0.01)


def test_cancelled_login_stops_waiting(listener):
    """Whoever waits for the redirect gets the reason."""
    threading.Timer(0.05, listener.cancel, ["another login began"]).start()
    with pytest.raises(AuthorizationError, match="another login began"):
        listener.wait(10)


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "OPTIONS", "DELETE"])
def test_other_methods_are_refused(listener, method):
    """A form or preflight from another site is refused, and the login continues."""
    answer = Visitor(listener).send(f"/callback{ANSWER}", method)
    assert answer.status_code == 501
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
    assert_still_waiting(listener)


@pytest.mark.parametrize(
    "target",
    [f"/{ANSWER.replace(STATE, 'other')}", "/callback/?code=c", "/callback", "/callback?state=s",
     "/callback//?code=c&state=s", "/callback%3fcode=c", "//[?code=c"],
)  # fmt: skip
def test_other_paths_are_not_found(listener, target):
    """A path without the right state, or a visit without parameters, gets a 404."""
    assert Visitor(listener).send(target).status_code == 404
    assert_still_waiting(listener)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "[", "", "192.0.2.1"])
def test_dns_rebinding_is_refused(listener, host):
    """A request with the name of another host is refused."""
    assert Visitor(listener).send(f"/callback{ANSWER}", headers={"Host": host}).status_code == 404
    assert_still_waiting(listener)


@pytest.mark.parametrize("place", ["image", "script", "iframe", "empty", "style", "object"])
def test_embedded_requests_are_refused(listener, place):
    """An image, script, frame or fetch of another site is refused."""
    headers = {**NAVIGATION, "Sec-Fetch-Dest": place, "Origin": "https://evil.example"}
    answer = Visitor(listener).send(f"/callback{ANSWER}", headers=headers)
    assert answer.status_code == 404
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
    assert_still_waiting(listener)


def test_only_the_first_redirect_counts(listener):
    """The first redirect is accepted; a later or a waiting one gets a 404."""
    visitor, found = Visitor(listener), []
    first = visitor.visit(f"/callback{ANSWER}", found)
    assert listener.wait(10)["code"] == "the-code"
    second = Visitor(listener).visit("/callback?code=another&state=x", found)
    listener.show("It worked", "The text.", worked=True)
    first.join()
    second.join()
    assert visitor.send(f"/callback{ANSWER}").status_code == 404
    assert sorted(found) == [200, 404]
    assert_still_waiting(listener)


def test_closed_browser_prints_nothing(listener, capfd):
    """A browser that closes before its page is shown prints nothing on the terminal."""
    with socket.create_connection(("127.0.0.1", listener.port)) as browser:
        browser.sendall(f"GET /callback{ANSWER} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        listener.wait(10)
        # Reset, not closed: then even the first write of the page fails.
        browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    listener.show("It worked", "The text." * 1000, worked=True)
    assert Visitor(listener).send("/").status_code == 404
    assert capfd.readouterr() == ("", "")


def test_page_runs_no_script(listener):
    """The page runs no script, loads nothing, is not cached and sends no referrer."""
    visitor, pages = Visitor(listener), []
    visit = threading.Thread(target=lambda: pages.append(
        visitor.send(f"/callback{ANSWER}", headers=NAVIGATION)))  # fmt: skip
    visit.start()
    listener.wait(10)
    listener.show("<b>", '<script>alert("x")</script>', worked=False)
    visit.join()
    (page,) = pages
    assert "<script" not in page.text
    assert "<b>" not in page.text
    assert page.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'"
    )
    assert (page.headers["Cache-Control"], page.headers["Referrer-Policy"]) == (
        "no-store",
        "no-referrer",
    )


def test_page_for_a_fragment_runs_its_own_script_only(listener):
    """A visit without parameters may have a fragment: one known script sends it as a query."""
    page = Visitor(listener).send("/callback", headers=NAVIGATION)
    script = re.search("<script>(.*)</script>", page.text)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; script-src 'sha256-{digest}'"
    assert page.headers["Content-Security-Policy"] == policy
    assert "location.pathname" in script
    assert "http" not in script
    assert Visitor(listener).send("/other", headers=NAVIGATION).text == ""
    assert_still_waiting(listener)


def test_code_of_another_name_needs_the_state(listener):
    """A redirect without code or error counts if it has the state of the login."""
    visitor = Visitor(listener)
    assert visitor.send("/callback?auth_code=c&state=other").status_code == 404
    assert_still_waiting(listener)
    visit = visitor.visit(f"/callback?auth_code=c&state={STATE}", [])
    assert listener.wait(10)["auth_code"] == "c"
    listener.show("It worked", "", worked=True)
    visit.join()


@pytest.mark.parametrize("room", [callback_server, authorization_code])
def test_states_are_compared_in_constant_time(room):
    """No operator compares a state, because its duration would help to guess it."""
    tree = ast.parse(inspect.getsource(room))
    compared = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    assert not [comparison for comparison in compared if "state" in comparison]
    assert "hmac.compare_digest(" in ast.unparse(tree)


@pytest.fixture
def other_loopback():
    """Yield an IPv6 loopback socket, such as any program on this machine may open."""
    try:
        with socket.socket(socket.AF_INET6) as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    with socket.socket(socket.AF_INET6) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        yield other


def test_name_reserves_both_loopback_addresses(other_loopback):
    """A name's port is bound at both loopback addresses until the login ends."""
    uri = f"http://localhost:{free_port()}/callback"
    with listen(uri, STATE) as listening, pytest.raises(OSError, match="in use"):
        other_loopback.bind(("::1", listening.port))
    other_loopback.bind(("::1", listening.port))
    other_loopback.listen()
    with pytest.raises(AuthorizationError, match="is in use"), listen(uri, STATE):
        pass
    with listen(uri.replace("localhost", "127.0.0.1"), STATE):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "tap.localhost"])
def test_listener_binds_to_loopback_only(host, own_address):
    """No other machine can reach the listener, whatever name it is bound by."""
    with listen(f"http://{host}:{free_port()}/callback", STATE) as listening:
        with socket.create_connection(("127.0.0.1", listening.port), 5):
            pass
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((own_address, listening.port), 5)
