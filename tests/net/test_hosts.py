"""A token is sent to the host of the base URL and to allowed hosts only."""

from __future__ import annotations

import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter

from tap_oauth2_generic.errors import HostNotAllowedError
from tap_oauth2_generic.net.hosts import HostPolicy, HostSettings
from tap_oauth2_generic.settings.fields import ErrorCollector, read

quick = settings(max_examples=300)
BASE = "https://api.example.com/v1"


def allows(url, *named, base=BASE):
    policy = HostPolicy(HostSettings(allowed_hosts=list(named)))
    try:
        policy.check(url, base, "the next page")
    except HostNotAllowedError:
        return False
    return True


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/other",
        "https://API.Example.com",
        "https://api.example.com:443/x",
        "https://api.example.com./x",
        "HTTPS://api.example.com?x#y",
    ],
)
def test_host_of_the_base_url_is_allowed_in_any_spelling(url):
    assert allows(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example",
        "https://api.example.com.evil.example",
        "https://evil-api.example.com",
        "https://example.com",
        "https://api.example.com:8443",
        "https://api.example.com@evil.example",
        "https://api.example.com\\@evil.example",
        "https://api.example.com\\.evil.example",
        "https://@api.example.com",
        "https://[::1%25@evil.example]",
        "https://api.example.com%2eevil.example",
        "https://api.example.com:443@evil.example:443",
        "https://api.example.com:99999",
        "https://api.example.com:x",
        "https:///api.example.com",
        "https://\u2024api.example.com",
        "\x00https://api.example.com",
        "https://user:pass@api.example.com",
        "https://evil.example\\@api.example.com",
        "https://evil.example#@api.example.com",
        "https://evil.example?@api.example.com",
        "http://api.example.com",
        "http://api.example.com:443",
        "ftp://api.example.com",
        "//api.example.com",
        "/relative",
        "https://",
        "https://[::1",
        "https:api.example.com",
        "",
    ],
)
def test_any_other_address_is_refused(url):
    """Another host, port or scheme, a user in the address, and invalid URLs."""
    assert not allows(url)


pieces = st.sampled_from(
    [
        "https://",
        "http://",
        "api.example.com",
        "evil.example",
        "127.0.0.1",
        "@",
        ":",
        "443",
        "\\",
        "/",
        "?",
        "#",
        ".",
        "%2e",
        "%40",
        "[",
        "]",
        "::1",
        ";",
        " ",
        "\t",
        "\n",
        "x",
        "。",
        "//",
    ]
)


@quick
@given(st.lists(pieces, max_size=7).map(lambda parts: "https://" + "".join(parts)))
@example("https://evil.example\\.api.example.com")
@example("https://api.example.com\t@evil.example")
@example("https://api.example.com\\@evil.example")
@example("https://api%2Eexample%2Ecom/x")
@example("https://api.example.com\\.evil.example")
def test_checked_host_is_the_host_that_is_connected(url):
    """A server's link is sent unchanged, any other address as requests prepares it."""
    if allows(url):
        prepared = requests.Request("GET", url).prepare()
        for sent in (prepared.url, url):
            prepared.url = sent
            pool = HTTPAdapter().get_connection_with_tls_context(prepared, verify=True)
            assert (pool.scheme, pool.host.rstrip("."), pool.port or 443) == (
                "https",
                "api.example.com",
                443,
            )


@pytest.mark.parametrize(
    ("named", "url", "allowed"),
    [
        ("files.example.com", "https://files.example.com/x", True),
        ("Files.Example.com", "https://FILES.example.com:443/x", True),
        ("files.example.com", "https://files.example.com:8443/x", False),
        ("files.example.com:8443", "https://files.example.com:8443/x", True),
        ("files.example.com:8443", "https://files.example.com/x", False),
        ("files.example.com:443", "https://files.example.com/x", True),
        ("files.example.com", "http://files.example.com/x", False),
        ("files.example.com", "https://a.files.example.com/x", False),
        ("localhost", "http://localhost/x", True),
        ("localhost:9000", "http://localhost:9000/x", True),
        ("localhost", "http://localhost:9000/x", False),
        ("[::1]:9000", "http://[::1]:9000/x", True),
    ],
)
def test_allowed_host_is_name_and_port(named, url, allowed):
    """``name`` means the default port; plain http is for loopback."""
    assert allows(url, named) is allowed


def test_allowed_host_may_be_international():
    assert allows("https://bücher.example/x", "bücher.example")


def test_other_port_on_loopback_is_another_host():
    assert allows("http://127.0.0.1:8400/x", base="http://127.0.0.1:8400")
    assert not allows("http://127.0.0.1:8401/x", base="http://127.0.0.1:8400")
    assert not allows("http://localhost:8400/x", base="http://127.0.0.1:8400")


def test_refusal_names_host_and_source_but_no_query():
    """A query may hold a secret."""
    with pytest.raises(HostNotAllowedError) as caught:
        HostPolicy(HostSettings()).check("https://b.example:1/x?key=hunter2", BASE, "the link")
    assert "the link leads to b.example:1, which is not in allowed_hosts" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "host", ["https://a.example", "a.example/x", "a b", "u@a.example", "a:b", ""]
)
def test_allowed_hosts_takes_hosts_only(host):
    """A URL, a path, a user and an empty string are not hosts."""
    collector = ErrorCollector()
    read(HostSettings, {"allowed_hosts": [host]}, collector)
    assert len(collector.errors) == 1
