"""Storage hosts: what a redirect or link leads to them gets neither token nor secrets."""

from __future__ import annotations

import json

import pytest

from tap_oauth2_generic.errors import HostNotAllowedError
from tap_oauth2_generic.net.hosts import HostPolicy, HostSettings
from tests.support.server import Reply

ROWS = [{"id": 1}, {"id": 2}]
SIGNED = "/files/a?X-Amz-Signature=abcdef0123456789&name=%2C+x"
#: What a request of the tap has of its own.
OWN_HEADERS = {"Host", "Accept", "Accept-Encoding", "User-Agent", "Connection"}
SECRETS = {
    "headers": {"X-Api-Key": "key-of-the-test", "User-Agent": "agent-of-the-test"},
    "params": {"api_key": "param-of-the-test"},
}


def by_redirect(api, storage):
    api.serve("/items", Reply({}, 302, {"Location": f"{storage}{SIGNED}", "Set-Cookie": "a=b"}))
    return [{"name": "items", "path": "items"}]


def by_next_link(api, storage):
    api.serve("/items", Reply([], headers={"Link": f'<{storage}{SIGNED}>; rel="next"'}))
    return [{"name": "items", "path": "items", "pagination": {"style": "link_header"}}]


def by_parent(api, storage):
    api.serve("/exports", [{"url": f"{storage}{SIGNED}"}])
    parent = {"stream": "exports", "keys": {"url": "url"}}
    child = {"name": "items", "path": "{parent.url}", "params": {"own": 1}, "parent": parent}
    return [{"name": "exports", "path": "exports", "selected": False}, child]


WAYS = {"redirect": by_redirect, "next link": by_next_link, "parent": by_parent}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("sends", [{}, {"auth_param": "token"}, {"auth_header": "X-Token"}])
def test_storage_gets_no_token_and_no_secret(api, other_api, tap, way, sends):
    """Of the configuration nothing goes there; its address is sent as it came."""
    other_api.serve("/files/a", ROWS)
    config = api.config(*WAYS[way](api, other_api.url), **SECRETS, **sends)
    run = tap.ok({**config, "tokenless_hosts": [other_api.host]})
    assert run.ids() == [1, 2]
    assert {seen.target for seen in other_api.seen} == {SIGNED}
    for seen in other_api.seen:
        assert set(seen.headers) <= OWN_HEADERS
        assert seen.headers["User-Agent"].startswith("tap-oauth2-generic/")
        assert "of-the-test" not in json.dumps(seen.headers)


@pytest.mark.parametrize("way", WAYS)
def test_host_that_is_not_named_is_never_requested(api, other_api, tap, way):
    """The line names the stream, the host and both settings; the bookmark stays."""
    streams = WAYS[way](api, other_api.url)
    streams[-1]["replication_key"] = "id"
    run = tap(api.config(*streams, tokenless_hosts=["files.example.com"]))
    assert run.status == 1
    assert not other_api.seen
    line = run.error_lines[0]
    assert "stream 'items', page" in line
    assert f"leads to {other_api.host}, which is not in allowed_hosts" in line
    assert line.count("tokenless_hosts") == 1
    assert "abcdef0123456789" not in run.errors
    assert not any("replication_key_value" in json.dumps(state) for state in run.states)


def test_redirect_back_to_the_api_gets_no_token(api, other_api, tap):
    """A chain that has left the allowed hosts is a stranger's."""
    api.serve("/items", Reply({}, 302, {"Location": f"{other_api.url}/a"}))
    other_api.serve("/a", Reply({}, 302, {"Location": f"{api.url}/there?x=1"}))
    api.serve("/there", ROWS)
    stream = {"name": "items", "path": "items"}
    tap.ok(api.config(stream, **SECRETS, tokenless_hosts=[other_api.host]))
    for seen in api.requests("/there"):
        assert set(seen.headers) <= OWN_HEADERS
        assert seen.target == "/there?x=1"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_body_never_goes_to_storage(api, other_api, tap, status):
    api.serve("/items", Reply({}, status, {"Location": f"{other_api.url}/a"}))
    stream = {"name": "items", "path": "items", "method": "POST", "body": {"a": 1}}
    run = tap(api.config(stream, tokenless_hosts=[other_api.host]))
    assert run.status == 1
    assert not other_api.seen
    assert "one of tokenless_hosts, by POST; only GET goes there" in run.error_lines[0]


def test_post_is_followed_after_303(api, other_api, tap):
    api.serve("/items", Reply({}, 303, {"Location": f"{other_api.url}/a"}))
    other_api.serve("/a", ROWS)
    stream = {"name": "items", "path": "items", "method": "POST", "body": {"a": 1}}
    run = tap.ok(api.config(stream, tokenless_hosts=[other_api.host]))
    assert run.ids() == [1, 2]
    assert {(seen.method, seen.content) for seen in other_api.seen} == {("GET", b"")}


def test_401_of_storage_renews_no_token(api, other_api, tap):
    """It has nothing to do with the token, which was not sent."""
    api.serve("/items", Reply({}, 302, {"Location": f"{other_api.url}/a"}))
    other_api.serve("/a", Reply({"message": "expired"}, 401))
    run = tap(api.config({"name": "items", "path": "items"}, tokenless_hosts=[other_api.host]))
    assert run.status == 1
    assert "stream 'items', page 1" in run.error_lines[0]
    assert "returned status 401" in run.error_lines[0]
    assert len(api.requests("/token")) == 1


def test_storage_in_the_configuration_is_refused(api, other_api, tap):
    """Only a link of the API leads there."""
    stream = {"name": "items", "path": f"{other_api.url}/a"}
    run = tap(api.config(stream, tokenless_hosts=[other_api.host]))
    assert run.status == 1
    assert "the path leads to" in run.error_lines[0]
    assert not other_api.seen


@pytest.mark.parametrize(
    ("named", "url", "reached"),
    [
        ("*.example.com", "https://a.example.com/x", True),
        ("*.example.com", "https://a.b.Example.com/x", True),
        ("*.example.com", "https://a.example.com:443/x", True),
        ("*.example.com", "https://example.com/x", False),
        ("*.example.com", "https://aexample.com/x", False),
        ("*.example.com", "https://a.example.com:8443/x", False),
        ("*.example.com", "https://a.example.com.evil.example/x", False),
        ("*.example.com", "http://a.example.com/x", False),
        ("*.example.com", "https://evil.example/a.example.com", False),
        ("*.example.com", "https://evil.example\\.example.com/x", False),
        ("files.example.com", "https://files.example.com/x", True),
        ("files.example.com", "https://a.files.example.com/x", False),
        ("files.example.com:8443", "https://files.example.com:8443/x", True),
    ],
)
def test_star_stands_for_subdomains(named, url, reached):
    policy = HostPolicy(HostSettings(tokenless_hosts=[named]))
    try:
        assert policy.check(url, "https://api.test/", "a redirect", is_link=True) is False
    except HostNotAllowedError:
        assert not reached
    else:
        assert reached


@pytest.mark.parametrize(
    "wrong", ["*", "*.com", "a.*.example.com", "https://a.example", "*a.example"]
)
def test_wrong_host_is_a_mistake(api, tap, wrong):
    run = tap(api.config({"name": "items", "path": "items"}, tokenless_hosts=[wrong]))
    assert run.status == 1
    assert "tokenless_hosts: takes host names" in run.error_lines[0]


@pytest.mark.parametrize("place", ["allowed_hosts", "base_url"])
def test_host_with_a_token_is_not_tokenless(api, tap, place):
    """Both at once would be a mistake with the token."""
    host = "files.example.com" if place == "allowed_hosts" else api.host
    config = api.config({"name": "items", "path": "items"}, tokenless_hosts=[host])
    run = tap({**config, "allowed_hosts": ["files.example.com"]})
    assert run.status == 1
    assert f"tokenless_hosts: {host!r} is" in run.error_lines[0]
    assert place in run.error_lines[0]
