"""Whatever reaches an address of the studio: the response is a sentence, never a traceback."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.studio.app import ACTIONS, PAGES
from tests.support.studio_process import StudioClient, StudioProcess

# Nothing listens there.
CONFIG = {
    "base_url": "http://127.0.0.1:1",
    "access_token": "token-of-the-test",
    "streams": [
        {"name": "lists", "path": "/lists"},
        {"name": "tasks", "path": "/tasks", "parent": {"stream": "lists", "keys": {"id": "id"}}},
    ],
}
ROUTES = [*(("GET", path) for path in PAGES), *(("POST", path) for path in ACTIONS)]
INDEXES = ("0", "1", "7", "-1", "x", "9" * 5000, "%00")
NAMES = (
    "action", "base_url", "client_id", "client_secret", "client_secret.remove", "scopes",
    "provider", "max_retries", "token_params", "provider_params.tenant", "streams", "path",
    "method", "params", "headers", "body", "name", "parent", "records_path", "pagination.style",
    "pagination.page_size", "use", "curl", "json", "address", "show", "context",
)  # fmt: skip
VALUES = (
    "", " ", "\0", "\ud800", "💥", "<script>", "x" * 20_000, "-1", "9" * 5000, "1e999", "NaN",
    "null", "[]", "{}", "[", '{"a":', "[" * 100_000, '{"a": {"b": [1, null]}}', "{token.x}",
    "{parent.id}", "../../x", "/x?y=[", "http://[", "https://evil.example", "file:///etc/passwd",
    "$.a[?(@.x)]", "a.b\n[", "\n\n", "GET", "page_number", "jira", "nonsense", "curl '",
    "curl -d @x", "check", "renew", "disconnect", "save", "read", "suggest", "apply", "remove",
)  # fmt: skip
BODIES = (
    b"", b"\0", b"%ff=%ff", b"a=\xff", b"=&=&", b"&" * 5000, b"a=1&" * 5000,
    b"--x\r\nContent-Disposition: form-data; name=\xff\r\n\r\n\xff\r\n--x--", b'{"a": 1}',
)  # fmt: skip
TYPES = (
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=none",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/json",
    "\xff",
)
CONTENTS = [*((one, TYPES[0]) for one in BODIES), *((BODIES[-2], one) for one in TYPES)]


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """One studio for all, so that each input also meets what those before have left."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    with StudioProcess(folder) as found:
        yield found
        assert found.end() == 0
        # The reads that it began warn of the host that nobody serves.
        assert "Traceback" not in found.errors


@pytest.fixture(scope="module")
def client(studio):
    return StudioClient(studio)


def addresses(path):
    return [path.replace("{index:place}", one) for one in INDEXES] if "{" in path else [path]


def check(response):
    """A page, a fragment or events; a refusal says why."""
    assert response.status_code < 500, response.text
    assert "Traceback" not in response.text
    # How an error is shown that nobody has thought of.
    assert "unexpected " not in response.text
    if response.status_code >= 400:
        assert "<p" in response.text, response.text


def send(client, method, address, **options):
    if method == "GET":
        return client.get(address)
    return client.post(address, **options)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_wrong_address_or_form_is_a_sentence(client, method, path):
    for address in addresses(path):
        check(send(client, method, address))
    for other in ("PUT", "HEAD", "OPTIONS", "FOO"):
        response = client.http.request(
            other, client.origin + addresses(path)[0], headers=client.own
        )
        assert response.status_code in {200, 405}
    for content, kind in CONTENTS if method == "POST" else ():
        check(client.post(addresses(path)[0], content, **{"Content-Type": kind}))


@pytest.mark.parametrize(("method", "path"), [one for one in ROUTES if one[0] == "POST"])
@settings(
    max_examples=8,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    form=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), min_size=1, max_size=6)
)
def test_wrong_values_are_a_sentence(client, method, path, form):
    encoded = {name: value.encode("utf-8", "surrogatepass") for name, value in form.items()}
    check(send(client, method, addresses(path)[0], data=encoded))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/connection/draft", "token_params"),
        ("/request/send", "body"),
        ("/streams/1/draft", "body"),
        ("/streams/1/json", "json"),
        ("/export", "json"),
    ],
)
def test_half_a_character_breaks_no_page(client, path, name):
    check(client.post(path, {name: r'{"a": "\ud800"}'}))
    for address in ("/", "/request", "/streams", "/streams/1", "/export"):
        assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/static/",
        "/static/../pages.py",
        "/static/%2e%2e/pages.py",
        "/static/..%2fpages.py",
        "/static/..%5cpages.py",
        "/static/%00",
        "/static/%ff",
        "/static/" + "x" * 5000,
        "/static/studio.js/x",
        "/unknown",
        "//evil.example/",
        "/%ff%00",
        "/?key=%ff%00",
        "/?" + "a&" * 3000,
    ],
)
def test_unknown_address_is_a_sentence(client, address):
    """No file but the studio's own is served."""
    response = client.get(address)
    check(response)
    assert "import" not in response.text


def test_page_of_no_stream_leads_to_the_others(client):
    shown = client.get("/streams/999999999", Accept="text/html")
    assert "open the list of streams" in shown.text
    assert "<nav" in shown.text
