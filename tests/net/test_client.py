"""One API request until it has a response: retries, redirects, encoding."""

from __future__ import annotations

import json
import socket
import threading
from email.utils import formatdate

import pytest

from tap_oauth2_generic.errors import ApiError, HostNotAllowedError, TapError
from tap_oauth2_generic.net.client import RequestPolicy
from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.session import Session
from tests.support.server import ApiServer, Drop, Reply
from tests.support.settings import valid_config

NOW = 1_800_000_000.0
STREAM = {"name": "items", "path": "items"}


@pytest.fixture
def fetch(api, clock):
    """Serve these responses at /items and fetch it once."""

    def send(*responses, url=None, method="GET", verbatim=False, is_guess=False,
             body=None, body_format="json", **settings):  # fmt: skip
        if responses:
            api.serve("/items", *responses)
        config = valid_config(api.config(STREAM, **settings))
        api_client = Session.of(config, clock, lambda: None).api_client
        base_url = config.top.base_url.text
        request = Request(method, url or f"{api.url}/items", verbatim=verbatim, base_url=base_url,
                          body=body, body_format=body_format)  # fmt: skip
        policy = RequestPolicy(config.rules.response_rules, json.loads)
        if is_guess:
            with pytest.raises(ApiError):
                api_client.fetch(lambda: request, policy, is_guess=True)
        return api_client.fetch(lambda: request, policy).content

    return send


DOWN, REFUSED = Reply({}, 503), Reply({}, 401)
BROKEN = Reply(b"{", headers={"Content-Length": "9", "Connection": "close"})
NO_GZIP = Reply(b"no gzip", headers={"Content-Encoding": "gzip"})
PASSING = [Reply({}, status) for status in (408, 425, 429, 500, 502, 503, 504)]


@pytest.mark.parametrize("failure", [*PASSING, Drop, BROKEN, NO_GZIP])
def test_transient_failure_is_retried(api, fetch, failure):
    """The default statuses, a dropped connection and a corrupt body are retried."""
    assert fetch(failure, failure, [1], max_retries=2) == b"[1]"
    assert len(api.requests("/items")) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 409, 501])
def test_other_status_fails_at_once_with_the_apis_message(api, fetch, status):
    with pytest.raises(ApiError, match=f"returned status {status} .*sorry"):
        fetch(Reply({"reason": "sorry"}, status), max_retries=6)
    assert len(api.requests("/items")) == 1


@pytest.mark.parametrize(
    ("status", "body", "headers", "hints"),
    [
        (403, {}, {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}, True),
        (403, {"message": "Insufficient authentication Scopes."}, {}, True),
        (403, {"message": "it is not yours"}, {}, False),
        (400, {"message": "scope"}, {}, False),
    ],
)
def test_403_about_a_scope_says_what_to_do(fetch, status, body, headers, hints):
    with pytest.raises(ApiError, match=f"returned status {status}") as caught:
        fetch(Reply(body, status, headers))
    assert ("to the setting scopes" in str(caught.value)) is hints


def test_retry_statuses_replace_the_default(fetch):
    assert fetch(Reply({}, 418), [1], max_retries=1, retry_statuses=[418]) == b"[1]"
    with pytest.raises(ApiError, match="returned status 503"):
        fetch(DOWN, max_retries=1, retry_statuses=[418])


@pytest.mark.parametrize("failure", [DOWN, Drop])
def test_max_retries_limits_the_attempts(api, fetch, failure):
    """The error names the number of attempts."""
    with pytest.raises(ApiError, match="failed after 3 attempts"):
        fetch(failure, max_retries=2)
    assert len(api.requests("/items")) == 3
    with pytest.raises(ApiError, match=r"items (returned status 503|lost the connection)"):
        fetch(failure, max_retries=0)


@pytest.mark.parametrize(("status", "seconds"), [(429, 9), (503, 0), (401, 0), (404, 0)])
def test_failed_guess_costs_one_request_and_only_a_429_holds_the_next(
    api, fetch, clock, status, seconds
):
    """A guess is neither retried nor waited for; a 429 tells every request to wait."""
    assert fetch(Reply({}, status, {"Retry-After": "9"}), [1], is_guess=True) == b"[1]"
    assert len(api.requests("/items")) == 2
    assert clock.now - NOW == pytest.approx(seconds)


AHEAD, PAST, FAR = (formatdate(NOW + ahead, usegmt=True) for ahead in (9, -9, 9000))


@pytest.mark.parametrize(("said", "seconds"), [("7", 7), ("1.5", 1.5), ("300", 300), (AHEAD, 9)])
def test_retry_after_sets_the_wait_up_to_max_wait(fetch, clock, said, seconds):
    """In seconds or as a date."""
    for status in (429, 503):
        clock.now = NOW
        fetch(Reply({}, status, {"Retry-After": said}), [1], max_retries=1)
        assert clock.now - NOW == pytest.approx(seconds)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("header", ["Retry-After", "X-RateLimit-Reset"])
@pytest.mark.parametrize("said", ["0", "-5", "0.001", PAST, str(int(NOW) - 20)])
def test_backoff_is_the_least_wait(fetch, clock, status, header, said):
    """A reset that has passed says nothing of when the API recovers."""
    with pytest.raises(ApiError, match="failed after 13 attempts"):
        fetch(Reply({}, status, {header: said}), max_retries=12)
    assert clock.now - NOW > 60
    assert all(wait <= 2**attempt for attempt, wait in enumerate(clock.waits))


@pytest.mark.parametrize("said", ["301", "86400", FAR])
@pytest.mark.parametrize("status", [429, 503, "rule"])
def test_retry_after_beyond_max_wait_ends_the_request_at_once(api, fetch, clock, status, said):
    rules = [{"status": 403, "action": "retry"}]
    with pytest.raises(
        ApiError, match=r"asks for a wait of [\d,]+ seconds, which max_wait \(300\)"
    ):
        fetch(
            Reply({}, 403 if status == "rule" else status, {"Retry-After": said}),
            response_rules=rules,
        )
    assert len(api.requests("/items")) == 1
    assert clock.now == NOW


def test_reset_beyond_all_retries_ends_the_request_at_once(api, fetch, clock):
    """One that comes within them is waited for, ``max_wait`` at a time."""
    soon, late = (str(int(NOW) + seconds) for seconds in (900, 3000))
    with pytest.raises(ApiError, match="asks for a wait of 3,000 seconds"):
        fetch(Reply({}, 429, {"X-RateLimit-Reset": late}), max_retries=6)
    assert len(api.requests("/items")) == 1
    limited = Reply({}, 429, {"X-RateLimit-Reset": soon})
    assert fetch(limited, limited, limited, [1], max_retries=6) == b"[1]"
    assert clock.now - NOW == pytest.approx(900)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_reset_says_nothing_of_an_outage(api, fetch, clock, status):
    """APIs send it with every response; it counts after a 429. Retries stay bounded."""
    down = Reply({}, status, {"X-RateLimit-Reset": str(int(NOW) + 90_000)})
    with pytest.raises(ApiError, match="failed after 7 attempts"):
        fetch(down, max_retries=6)
    assert len(api.requests("/items")) == 7
    assert 0 < clock.now - NOW <= 63
    assert fetch(down, [1], max_retries=6) == b"[1]"


@pytest.mark.parametrize(
    ("form", "said", "seconds"),
    [("auto", "20", 20), ("auto", str(int(NOW) + 20), 20), ("auto", str(int(NOW + 20) * 1000), 20),
     ("auto", "2027-01-15T08:00:20Z", 20), ("seconds", "20.5", 20.5), ("milliseconds", "1500", 1.5),
     ("epoch", str(int(NOW) + 20), 20), ("date", formatdate(NOW + 20, usegmt=True), 20)],
)  # fmt: skip
def test_rate_limit_header_sets_the_wait_after_a_429(fetch, clock, form, said, seconds):
    """It is read in its format, unless there is a Retry-After."""
    settings = {"rate_limit_header": "X-Reset", "rate_limit_format": form, "max_retries": 1}
    fetch(Reply({}, 429, {"X-Reset": said}), [1], **settings)
    assert clock.now - NOW == pytest.approx(seconds)
    clock.now = NOW
    fetch(Reply({}, 429, {"X-Reset": said, "Retry-After": "3"}), [1], **settings)
    assert clock.now - NOW == pytest.approx(3)


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "soon"}, {"X-RateLimit-Reset": "nan"}])
def test_default_wait_is_exponential_backoff_with_full_jitter(fetch, clock, headers):
    with pytest.raises(ApiError):
        fetch(Reply({}, 500, headers), max_retries=12, max_wait=30)
    bounds = [min(30, 2**attempt) for attempt in range(12)]
    assert all(0 <= wait <= bound for wait, bound in zip(clock.waits, bounds, strict=True))
    assert len({wait / bound for wait, bound in zip(clock.waits, bounds, strict=True)}) == 12


def test_401_renews_the_token_once(api, fetch):
    """It costs no retry; a second 401 is final."""
    assert fetch(DOWN, REFUSED, [1], max_retries=1) == b"[1]"
    assert len(api.requests("/token")) == 2
    with pytest.raises(ApiError, match="even with a fresh access token"):
        fetch(REFUSED, DOWN, REFUSED, [1], max_retries=6)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("place", ["/there?x=%2f", "{url}/there?x=%2f"])
@pytest.mark.parametrize("form", ["json", "form"])
def test_redirect_within_the_host_keeps_the_token(api, fetch, status, method, place, form):
    """It keeps method and body, too; only 303 asks for a GET."""
    then = "GET" if status == 303 else method
    api.serve("/there", [2])
    reply = Reply({}, status, {"Location": place.format(url=api.url)})
    body = None if method == "GET" else {"a": "b"}
    assert fetch(reply, method=method, body=body, body_format=form) == b"[2]"
    (first,), (there,) = api.requests("/items"), api.requests("/there")
    assert (there.method, there.pairs) == (then, [("x", "/")])
    assert there.content == (first.content if then == method else b"")
    kind = first.headers.get("Content-Type") if then == method else None
    assert there.headers.get("Content-Type") == kind
    assert there.headers["Authorization"] == "Bearer token-of-the-test"


FOREIGN = ["http://{other}/", "//{other}/", "http://localhost:{port}/", "http://user@{host}/",
           "http://api.example.com/",  "ftp://{host}/",
           "http://{host}\\@{other}/", "https://{host}.example.com/", "http://[::1/"]  # fmt: skip
LINKS = [pytest.param("link", place) for place in FOREIGN]
REDIRECTS = [pytest.param("redirect", place) for place in FOREIGN[:-2]]
REDIRECTS += [pytest.param("redirect", place) for place in FOREIGN[-2:]]


@pytest.mark.parametrize(("way", "place"), [*LINKS, *REDIRECTS])
def test_link_or_redirect_to_another_host_sends_nothing(api, fetch, way, place):
    """Another port or scheme is another host."""
    with ApiServer() as other:
        url = place.format(other=other.host, host=api.host, port=api.host.partition(":")[2])
        redirect = [Reply({}, 302, {"Location": url})] if way == "redirect" else []
        with pytest.raises(HostNotAllowedError):
            fetch(*redirect, url=url if way == "link" else None, verbatim=way == "link")
        assert not other.seen
    assert len(api.requests("/items")) == (way == "redirect")
    assert not [seen for seen in api.seen if seen.path not in {"/items", "/token"}]


@pytest.mark.parametrize("proxy", [None, "http://proxy.localhost:{port}"])
def test_plain_http_never_leaves_the_machine(fetch, own_address, monkeypatch, proxy):
    """Even if DNS resolves a loopback name, or that of a proxy, to another machine."""
    real = socket.getaddrinfo
    with socket.create_server((own_address, 0)) as elsewhere:
        port = elsewhere.getsockname()[1]
        monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest: real(
            own_address if host.endswith(".localhost") else host, *rest))  # fmt: skip
        settings = {"proxy": proxy.format(port=port)} if proxy else {}
        with pytest.raises(TapError, match="not an address of this machine"):
            fetch(url=f"http://api.localhost:{port}/", allowed_hosts=[f"api.localhost:{port}"],
                  **settings)  # fmt: skip
        connection, _ = elsewhere.accept()
        with connection:
            assert connection.recv(1) == b""


def test_redirect_to_an_allowed_host_keeps_the_token(fetch):
    with ApiServer() as other:
        other.serve("/there", [2])
        reply = Reply({}, 302, {"Location": f"{other.url}/there"})
        assert fetch(reply, allowed_hosts=[other.host]) == b"[2]"
        assert other.seen[0].headers["Authorization"] == "Bearer token-of-the-test"


def test_redirect_loop_is_an_error(fetch):
    with pytest.raises(ApiError, match="redirected more than"):
        fetch(Reply({}, 302, {"Location": "/items"}))


PLAIN = ["a=1&a=2&b=&c", "x=a+b%20c", "x=~!$'()*,;:@/?", "x=%E2%98%83&y=%2F", "&&x=1&"]
ODD = ["x=%c3%a9&y=%2f", "x=%zz", "x=100%", "x=%2F&y=100%"]


@pytest.mark.parametrize("query", [*PLAIN, *(pytest.param(odd) for odd in ODD)])
def test_next_link_is_sent_byte_for_byte(api, fetch, query):
    fetch([1], url=f"{api.url}/items?{query}", verbatim=True)
    assert api.requests("/items")[0].target == f"/items?{query}"


def test_silent_server_times_out(api, fetch):
    ended = threading.Event()
    api.routes["/items"] = lambda _: ended.wait(10) and Drop
    with pytest.raises(ApiError, match=r"items timed out; run again later$"):
        fetch(timeout=0.1)
    ended.set()


def test_parameters_are_encoded_once_in_order(api, tap):
    """Arrays repeat their name, booleans are lower case, null is omitted."""
    api.serve("/items", [])
    params = {"q": "a b+c&d=é%20", "ids": [1, "x"], "on": True, "n": 1.50, "none": None, "e": ""}
    tap.ok(api.config({**STREAM, "path": "items?v=1%2F2", "params": params}))
    query = "v=1%2F2&q=a%20b%2Bc%26d%3D%C3%A9%2520&ids=1&ids=x&on=true&n=1.5&e="
    assert api.requests("/items")[0].target == f"/items?{query}"


BODY = '{"n":12345678901234567890.123456789,"i":1,"on":true,"deep":[{"t":"é"}],"none":null}'


def test_json_body_keeps_every_digit(api, tap):
    api.serve("/items", [])
    config = json.dumps(api.config({**STREAM, "method": "POST", "body": "BODY"}))
    tap.ok(config.replace('"BODY"', BODY))
    (request, *_) = api.requests("/items")
    assert (request.content.decode(), request.method) == (BODY, "POST")
    assert request.headers["Content-Type"] == "application/json"


def test_form_body_sends_members_as_fields(api, tap):
    api.serve("/items", [])
    stream = {**STREAM, "method": "PUT", "body_format": "form"}
    assert tap(api.config({**stream, "body": {"a": "b c&é", "l": [1, 2], "on": False}})).status == 0
    (request, *_) = api.requests("/items")
    assert (request.content, request.method) == (b"a=b+c%26%C3%A9&l=1&l=2&on=false", "PUT")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
