"""Hosts: a token goes to the host of the base URL and to those that were named, nowhere else."""

from __future__ import annotations

import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter

from tap_oauth2_generic.errors import HostNotAllowedError
from tap_oauth2_generic.net.hosts import HostPolicy, HostSettings
from tap_oauth2_generic.settings.fields import ErrorCollector, read

quick = settings(deadline=None, max_examples=300)
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
def test_the_host_of_the_base_url_is_allowed(url):
    """The base URL's own host is allowed in each of its spellings."""
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
def test_every_other_address_is_refused(url):
    """Another host, port or scheme, a user in the address and what is no URL are refused."""
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
def test_what_is_allowed_goes_to_an_allowed_host(url):
    """The host that the sender would connect to is the one that was checked.

    A link of a server is sent as it came, any other address as requests prepares it.
    """
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
def test_a_named_host_is_host_and_port(named, url, allowed):
    """``name`` means the default port, ``name:port`` that port; plain http is for loopback."""
    assert allows(url, named) is allowed


def test_a_named_host_may_be_international():
    """A host with letters beyond ASCII is allowed by the name that the user writes."""
    assert allows("https://bücher.example/x", "bücher.example")


def test_two_servers_of_one_machine_are_two_hosts():
    """On loopback, too, another port is another host."""
    assert allows("http://127.0.0.1:8400/x", base="http://127.0.0.1:8400")
    assert not allows("http://127.0.0.1:8401/x", base="http://127.0.0.1:8400")
    assert not allows("http://localhost:8400/x", base="http://127.0.0.1:8400")


def test_a_refusal_names_host_and_cause_but_not_the_address():
    """The error says what led there, the host and the setting; a query may hold a secret."""
    with pytest.raises(HostNotAllowedError) as caught:
        HostPolicy(HostSettings()).check("https://b.example:1/x?key=hunter2", BASE, "the link")
    assert "the link leads to b.example:1, which is not in allowed_hosts" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "host", ["https://a.example", "a.example/x", "a b", "u@a.example", "a:b", ""]
)
def test_only_hosts_can_be_named(host):
    """A URL, a path, a user and an empty text are no hosts."""
    collector = ErrorCollector()
    assert read(HostSettings, {"allowed_hosts": [host]}, "", collector) is None
    assert len(collector.errors) == 1
