"""HAR files as browsers write them, of sessions with a server on loopback."""

from __future__ import annotations

import base64
import json
import tracemalloc
from typing import Any

import pytest

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.importers.imported import Imported, ImportOptions, read_source
from tests.support.commands import run_program
from tests.support.har import Browser

TOKEN, COOKIE, CSRF = "token-of-the-session", "sid=cookie-of-the-session", "csrf-of-the-session"
LIST = json.dumps({"data": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]})
API = "https://api.example.com/v2"
QUERY = (
    "query Notes($after: String) "
    "{ notes(after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }"
)


def read(text: str, **options: Any) -> Imported:
    return read_source("har", text, ImportOptions(**options))


def runnable(made: Imported) -> dict[str, Any]:
    """Return the configuration with its secrets, as the environment would bring them."""
    return {**made.config, **made.secrets, "max_retries": 0}


def visit(browser: Browser, url: str, style: str, size: int) -> None:
    """Request two pages, as the page of a browser does that follows the style of an API."""
    if style == "page_number":
        browser.get(url, page=1, limit=size, _=1700000000001)
        browser.get(url, page=2, limit=size, _=1700000000002)
    elif style == "offset":
        browser.get(url, offset=0, limit=size)
        browser.get(url, offset=size, limit=size)
    elif style == "cursor":
        browser.get(url, **{"from": browser.get(url).json()["next"]})
    elif style == "next_url":
        browser.get(browser.get(url).json()["url"])
    elif style == "link_header":
        browser.get(browser.get(url).links["next"]["url"])
    else:
        browser.get(url, after=browser.get(url).json()["rows"][-1]["id"])


@pytest.mark.parametrize(
    "style", ["page_number", "offset", "cursor", "next_url", "link_header", "last_record"]
)
def test_paging_that_two_entries_show_reads_all_rows(style, tap, api, paged_api):
    rows = [{"id": 100 + number, "name": f"n{number}"} for number in range(23)]
    paged_api(rows, style=style, cap=5)
    browser = Browser(Authorization=f"Bearer {TOKEN}")
    visit(browser, f"{api.url}/items", style, 5)
    made = read(browser.har)
    (stream,) = made.config["streams"]
    assert stream["primary_keys"] == ["id"]
    assert "entry 1: pagination seen in 2 entries" in made.derived
    run = tap.ok(runnable(made))
    assert run.ids() == [row["id"] for row in rows]


@pytest.mark.parametrize(
    ("name", "values", "style", "doubted"),
    [
        ("year", (2023, 2024), None, "year had several values"),
        ("limit", (5, 10), None, "what leads on is not known"),
        ("category", (1, 2), "page_number", "may be a filter"),
        ("page", (2, 3), "page_number", "may begin at 0 or 1"),
        ("page", (0, 1), "page_number", ""),
        ("page", (1, 2), "page_number", ""),
        ("skip", (5, 10), "offset", ""),
        ("after", (4, 9), "last_record", ""),
    ],
)
def test_number_that_moved_is_paging_by_its_name_and_begin(name, values, style, doubted, api):
    """A filter that is taken for a page would begin at another value, and lose its rows."""
    browser = Browser()
    for value in values:
        api.serve("/items", [{"id": number} for number in range(value + 1, value + 6)])
        browser.get(f"{api.url}/items", **{name: value})
    made = read(browser.har)
    (stream,) = made.config["streams"]
    assert stream.get("pagination", {}).get("style") == style
    assert any(doubted in one for one in made.unsure) if doubted else made.unsure == []


@pytest.mark.parametrize("tries", [False, True])
@pytest.mark.parametrize(("key", "count"), [("parcelNo", 1), ("id", 0)])
def test_stream_without_a_sure_key_is_named_once(tries, key, count, api, monkeypatch):
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_BASE_URL", api.url)
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_ACCESS_TOKEN", "token-of-the-test")
    api.serve("/parcels", [{key: f"p-{n}"} for n in range(5)])
    browser = Browser()
    browser.get(f"{api.url}/parcels")
    done = run_program("import", "har", browser.har, *(["--try"] if tries else []))
    assert "nothing was tried" not in done.stderr
    line = "stream 'parcels': no primary_keys, so each run appends its rows; set them if 'parcelNo'"
    assert done.stderr.count(line) == done.stderr.count("no primary_keys") == count


@pytest.mark.parametrize("place", ["query", "body", "variables"])
def test_parameter_that_moved_is_found_in_each_place(place, tap, api):
    def respond(seen):
        sent = seen.query if place == "query" else seen.json
        cursor = (sent["variables"] if place == "variables" else sent).get("after")
        start = int(cursor.removeprefix("cursor-")) if cursor else 0
        nodes = [{"id": number} for number in range(start, min(start + 4, 10))]
        more = start + 4 < 10
        page = {"endCursor": f"cursor-{start + 4}" if more else None, "hasNextPage": more}
        return {"data": {"notes": {"nodes": nodes, "pageInfo": page}}}

    api.routes["/search"] = respond
    browser = Browser()
    for cursor in (None, "cursor-4"):
        after = {"after": cursor} if cursor else {}
        if place == "query":
            browser.get(f"{api.url}/search", **after)
            continue
        graphql = {"operationName": "Items", "query": QUERY, "variables": {"after": cursor}}
        sent = graphql if place == "variables" else {"filter": {"a": 1}, **after}
        browser.send("POST", f"{api.url}/search", json=sent)
    made = read(browser.har)
    (stream,) = made.config["streams"]
    run = tap.ok(runnable(made))
    assert run.ids(stream["name"]) == [*range(10)]


def test_id_in_a_path_becomes_a_parent_if_another_list_has_it(tap, api):
    api.serve("/v1/users", {"data": [{"id": 7}, {"id": 8}]})
    for user in (7, 8):
        api.serve(f"/v1/users/{user}/notes", [{"id": 10 * user}])
    browser = Browser()
    browser.get(f"{api.url}/v1/users")
    browser.get(f"{api.url}/v1/users/7/notes")
    made = read(browser.har)
    assert made.config["base_url"] == f"{api.url}/v1"
    assert [stream["path"] for stream in made.config["streams"]] == [
        "/users",
        "/users/{parent.user_id}/notes",
    ]
    assert tap.ok(runnable(made)).ids("notes") == [70, 80]


def test_session_is_kept_apart_and_reaches_the_api(tap, api):
    api.serve("/items", [{"id": 1}])
    browser = Browser(**{"Cookie": COOKIE, "X-CSRF-Token": CSRF, "X-App": "web"})
    browser.get(f"{api.url}/items")
    made = read(browser.har)
    assert made.secrets == {"headers": {"Cookie": COOKIE, "X-CSRF-Token": CSRF}}
    assert not any(secret in str(made.config) for secret in (COOKIE, CSRF))
    tap.ok(runnable(made))
    sent = api.requests("/items")[-1].headers
    assert (sent["Cookie"], sent["X-CSRF-Token"], sent["X-App"]) == (COOKIE, CSRF, "web")


def test_host_with_most_lists_is_taken_and_the_others_are_named():
    browser = Browser()
    browser.add("GET", f"{API}/users", LIST)
    browser.add("GET", f"{API}/notes", LIST)
    browser.add("GET", "https://other.example.org/ads", LIST)
    made = read(browser.har)
    assert made.config["base_url"] == API
    assert any("https://other.example.org returned lists, too (1)" in one for one in made.unsure)
    other = read(browser.har, include=("https://other.example.org",))
    assert other.config["base_url"] == "https://other.example.org"


@pytest.mark.parametrize(
    ("entry", "counted"),
    [
        ({"method": "OPTIONS", "text": ""}, "1 preflight requests"),
        ({"text": "x", "mime": "text/css"}, "1 static files and responses that are not JSON"),
        ({"text": LIST[:-9]}, "1 responses that are cut off or were not saved"),
        ({"text": ""}, "1 responses that are cut off or were not saved"),
        ({"text": "%%%", "encoding": "base64"}, "1 responses that are cut off or were not saved"),
        ({"text": "ß", "encoding": "base64"}, "1 responses that are cut off or were not saved"),
        ({"text": '{"id": 1}'}, "1 responses that hold no list of records"),
        ({"text": LIST, "status": 404}, "1 responses with another status than 2xx"),
        ({"text": LIST, "method": "POST"}, "1 requests that may write"),
        ({"text": LIST, "url": f"{API}/a/eyJhbGciOiJIUzI1NiJ9.e30.x"}, "1 paths that seem to hold"),
    ],
)
def test_entry_that_is_no_list_is_left_out_and_counted(entry, counted):
    browser = Browser()
    browser.add("GET", f"{API}/users", LIST)
    browser.add(**{"method": "GET", "url": f"{API}/notes", **entry})
    made = read(browser.har)
    assert [stream["name"] for stream in made.config["streams"]] == ["users"]
    assert any(one.startswith(counted) for one in made.left_out)


def test_content_in_base64_is_read():
    browser = Browser()
    text = base64.b64encode(LIST.encode()).decode()
    browser.add("GET", f"{API}/users", text, encoding="base64")
    (stream,) = read(browser.har).config["streams"]
    assert stream["records_path"] == "data"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "it is no HAR file"),
        ("[]", "it is no HAR file"),
        ("\x00", "it is no HAR file"),
        ('{"log": {"entries": 5}}', "it is no HAR file"),
        ('{"log": {"entries": [', "or is cut off"),
        ('{"log": {"entries": ' + "[" * 9000, "it is no HAR file"),
        ('{"log": {"entries": [1, "a", null, {}]}}', "4 entries that cannot be read"),
    ],
)
def test_what_is_no_har_file_is_one_line(text, said):
    with pytest.raises(InputError, match=said) as error:
        read(text)
    assert "\n" not in str(error.value)


def test_large_file_takes_little_more_memory_than_its_text():
    """Scripts and images are most of it; of one list, only a few responses are kept."""
    browser = Browser()
    rows = json.dumps([{"id": number, "note": "n" * 200} for number in range(1000)])
    for number in range(60):
        browser.add("GET", f"{API}/app{number}.js", "x" * 300_000, mime="text/javascript")
        browser.add("GET", f"{API}/items?page={number}", rows)
    text = browser.har
    tracemalloc.start()
    made = read(text)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < len(text)
    assert [stream["name"] for stream in made.config["streams"]] == ["items"]
    assert "52 further responses of the same lists: left out" in made.left_out
