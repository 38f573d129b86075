"""Test reads in a real browser: page by page, in tabs, of the context that a person chooses."""

from __future__ import annotations

import threading
import time

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.support.chromium import require_chromium
from tests.support.server import Reply
from tests.support.studio_process import saved

require_chromium()

PAGING = {"style": "page_number", "page_param": "page", "total_pages_path": "pages"}
STREAM = {"name": "items", "path": "items", "records_path": "data", "pagination": PAGING}


def open_stream(page, name="items"):
    page.follow("Streams")
    page.follow(name)
    page.has(f"Stream {name}")


@pytest.fixture
def gated(api, write):
    """An API whose second page waits until the test lets it go."""
    gate = threading.Event()

    def items(seen):
        if seen.query.get("page") == "2":
            gate.wait(20)
        return {"data": [{"id": int(seen.query["page"])}]} if int(seen.query["page"]) < 4 else []

    api.routes["/items"] = items
    paging = {"style": "page_number", "page_param": "page"}
    stream = {"name": "items", "path": "items", "records_path": "data", "pagination": paging}
    write(api.config(stream), secret=None)
    yield gate
    gate.set()


def test_page_is_shown_when_it_has_arrived(gated, page):
    """The first page is there while the second is still under way."""
    page.follow("Streams")
    page.follow("items")
    page.press("Test read")
    page.has("reading: 1 record of 1 page")
    assert "id 1" in page.content("read_records")
    gated.set()
    page.has("read: 3 records of 4 pages")


def test_studio_ends_while_a_read_waits(gated, page, studio):
    """Ctrl-C does not wait for a request that is under way."""
    page.follow("Streams")
    page.follow("items")
    page.press("Test read")
    page.has("reading: 1 record of 1 page")
    began = time.monotonic()
    assert studio.end() == 0
    assert time.monotonic() - began < 10
    assert studio.errors == ""


def test_stop_keeps_what_was_read(gated, page, api):
    page.follow("Streams")
    page.follow("items")
    page.press("Test read")
    page.has("reading: 1 record of 1 page")
    page.press("Stop")
    page.has("stopped after: 1 record of 1 page")
    gated.set()
    page.pause(0.5)
    assert "stopped after: 1 record of 1 page" in page.text
    assert len(api.requests("/items")) <= 2


@pytest.fixture
def missing(api, write):
    """A stream whose records are elsewhere."""
    api.serve("/items", {"rows": []})
    stream = {"name": "items", "path": "items", "records_path": "data"}
    write(api.config(stream), secret=None)


def test_failed_read_is_one_sentence(missing, page):
    page.follow("Streams")
    page.follow("items")
    page.press("Test read")
    assert "records_path 'data'" in page.alert()


@pytest.fixture
def items(api, write):
    """Seven pages of two records, changed in order."""

    def respond(seen):
        number = int(seen.query.get("page", "1"))
        rows = [{"id": 2 * number + n, "at": f"2024-01-{number:02}T00:00:0{n}Z"} for n in (0, 1)]
        return {"data": rows, "pages": 7}

    api.routes["/items"] = respond
    write(api.config({**STREAM, "replication_key": "at"}), secret=None)
    return api


def test_each_tab_shows_its_part(items, page):
    open_stream(page)
    page.press("Test read")
    page.has("read: 14 records of 7 pages")
    page.has("Record 14")
    for tab, expected in {
        "Pages": "Page 7: GET",
        "Schema": "Declare it",
        "Paging": "page 7 of 7; ended: total_pages_path was reached",
        "State": "INCREMENTAL by at",
        "Log": "Nothing was logged",
        "Records": "Record 1",
    }.items():
        page.press(tab)
        page.has(expected)
        panels = page.driver.find_elements(By.CSS_SELECTOR, "[role=tabpanel]")
        assert [one.get_attribute("id") for one in panels if one.is_displayed()] == [
            f"read_{tab.lower()}"
        ]


def test_pages_hold_request_and_response(items, page):
    open_stream(page)
    page.press("Test read")
    page.has("read: 14 records of 7 pages")
    one = page.content("read_page_3")
    assert "page=3" in one
    assert '"Accept": "application/json"' in one
    assert "token-of-the-test" not in page.driver.page_source
    assert "Content-Type" in one
    assert '"at": "2024-01-03T00:00:00Z"' in one


def test_tabs_follow_the_arrow_keys(items, page):
    open_stream(page)
    page.press("Test read")
    page.has("read: 14 records of 7 pages")
    page.button("Records").send_keys(Keys.ARROW_LEFT)
    assert page.driver.switch_to.active_element.text == "Log"
    page.has("Nothing was logged")
    page.button("Log").send_keys(Keys.ARROW_RIGHT)
    assert page.driver.switch_to.active_element.text == "Records"
    page.button("Records").send_keys(Keys.END)
    assert page.driver.switch_to.active_element.text == "Log"
    page.button("Log").send_keys(Keys.HOME)
    assert page.driver.switch_to.active_element.text == "Records"
    stops = [one.get_attribute("tabindex") for one in page.driver.find_elements(By.ID, "tab_log")]
    assert stops == ["-1"]


def test_schema_is_declared_and_keys_are_chosen_by_a_click(items, page, project):
    open_stream(page)
    page.type("Replication Key", "")
    page.press("Test read")
    page.has("read: 14 records of 7 pages")
    page.press("Schema")
    page.press("Declare it")
    page.has("Declared a schema of 2 columns")
    page.press_labelled("Primary key id")
    page.has("primary_keys is id")
    page.press_labelled("Replication key at")
    page.has("replication_key is at")
    page.press("Save")
    page.has("Saved in config.json")
    stream = saved(project)["streams"][0]
    assert (stream["primary_keys"], stream["replication_key"]) == (["id"], "at")
    assert stream["schema"] == {
        "type": "object",
        "properties": {
            "id": {"type": ["integer", "null"]},
            "at": {"type": ["string", "null"], "format": "date-time"},
        },
    }


@pytest.mark.parametrize(
    ("before", "after"), [("", "2024-01-07T00:00:01Z"), ("2025-01-01T00:00:00Z",) * 2]
)
def test_state_shows_the_bookmark_before_and_after(items, page, before, after):
    open_stream(page)
    if before:
        page.type("Bookmark Before", before)
    page.press("Test read")
    page.has("read: 14 records of 7 pages")
    page.press("State")
    page.has(f"Bookmark before\n{before or 'none'}")
    page.has(f"Bookmark after\n{after}")


def test_read_that_is_cut_moves_no_bookmark(items, page):
    open_stream(page)
    page.type("Pages at Most", "2")
    page.press("Test read")
    page.has("read: 4 records of 2 pages")
    page.press("State")
    page.has("Highest value so far\n2024-01-02T00:00:01Z")
    page.has("Bookmark after\nunchanged")
    page.press("Paging")
    page.has("page 2 of 7; goes on: page=3")
    page.has("This read stopped at its limit")


@pytest.mark.parametrize(
    ("label", "typed", "read", "wrong"),
    [
        ("Pages at Most", "3", "read: 6 records of 3 pages", "must be at most 100, not 101"),
        ("Records at Most", "5", "read: 6 records of 3 pages", "must be at least 1, not 0"),
    ],
)
def test_limits_end_a_read(items, page, label, typed, read, wrong):
    open_stream(page)
    page.type(label, wrong.rpartition(" ")[2])
    page.press("Test read")
    assert "correct the settings that are marked" in page.alert()
    assert wrong in page.about(label)
    assert items.requests("/items") == []
    page.type(label, typed)
    page.press("Test read")
    page.has(read)
    assert len(items.requests("/items")) == 3


@pytest.fixture
def contexts(api, write):
    """A parent with three lists, a stream in two partitions and one in windows of a month."""
    api.serve("/lists", {"data": [{"id": n} for n in (1, 2, 3)]})
    for number in (1, 2, 3):
        api.serve(f"/lists/{number}", {"data": [{"task": f"of {number}"}]})
    api.routes["/sales"] = lambda seen: {"data": [{"at": "2024-01-05T00:00:00Z", **seen.query}]}
    of_list = {"stream": "lists", "keys": {"list_id": "id"}}
    windows = {"start_param": "from", "end_param": "to", "window": "P1M"}
    write(
        api.config(
            {"name": "lists", "path": "lists", "records_path": "data"},
            {
                "name": "tasks",
                "path": "lists/{parent.list_id}",
                "records_path": "data",
                "parent": of_list,
            },
            {
                "name": "regions",
                "path": "sales",
                "params": {"region": "{partition.region}"},
                "records_path": "data",
                "partitions": {"region": ["north", "south"]},
            },
            {
                "name": "months",
                "path": "sales",
                "records_path": "data",
                "replication_key": "at",
                "incremental": windows,
            },
            start_date="2024-01-01T00:00:00Z",
            end_date="2024-04-01T00:00:00Z",
        ),
        secret=None,
    )
    return api


@pytest.mark.parametrize(
    ("stream", "choices", "chosen", "expected"),
    [
        ("tasks", ["list_id 1", "list_id 2", "list_id 3"], 2, "task of 3"),
        ("regions", ["region north", "region south"], 1, "region south"),
        (
            "months",
            [
                "2024-01-01T00:00:00Z to 2024-02-01T00:00:00Z",
                "2024-02-01T00:00:00Z to 2024-03-01T00:00:00Z",
                "2024-03-01T00:00:00Z to 2024-04-01T00:00:00Z",
            ],
            1,
            "from 2024-02-01T00:00:00Z",
        ),
    ],
)
def test_context_is_chosen_on_the_left(contexts, page, stream, choices, chosen, expected):
    """Of a parent, a partition or a window; then only that one is read."""
    open_stream(page, stream)
    page.press("Test read")
    page.has("read: ")
    listed = page.driver.find_element(By.ID, "read_contexts").find_elements(By.TAG_NAME, "button")
    assert [one.text for one in listed] == choices
    before = len(contexts.seen)
    page.press(choices[chosen])
    page.has("read: 1 record of 1 page")
    page.until(lambda: expected in page.content("read_records"), expected)
    current = page.driver.find_element(By.CSS_SELECTOR, "#read_contexts [aria-current]")
    assert current.text == choices[chosen]
    assert len(contexts.seen) - before <= 2


def test_value_of_a_record_leads_to_a_child(contexts, page):
    """The child reads at once: its parent and key are filled in."""
    open_stream(page, "lists")
    page.press("Test read")
    page.has("read: 3 records of 1 page")
    page.press_labelled("id 2: use in a child stream")
    page.has("Stream lists_child")
    assert page.field("Path").get_attribute("value") == "lists/{parent.lists_id}"
    page.press("Test read")
    page.has("read: 3 records of 3 pages")


@pytest.fixture
def busy(api, write):
    """An API that asks to be tried again in a second."""
    api.serve("/items", Reply({}, 503, {"Retry-After": "1"}))
    write(api.config(STREAM, max_retries=5), secret=None)
    return api


def test_stop_begins_no_other_request(busy, page):
    """A request that waits to be sent again is not sent."""
    open_stream(page)
    page.press("Test read")
    page.has("reading: 0 records of 0 pages")
    page.until(lambda: busy.requests("/items"), "no request")
    page.press("Stop")
    page.has("stopped after: 0 records of 0 pages")
    sent = len(busy.requests("/items"))
    page.pause(2.5)
    assert len(busy.requests("/items")) == sent


def test_chosen_tab_and_focus_stay_as_pages_arrive(gated, page):
    open_stream(page)
    page.press("Test read")
    page.has("reading: 1 record of 1 page")
    page.press("Pages")
    page.driver.find_element(By.ID, "read_page_1_summary").click()
    gated.set()
    page.has("read: 3 records of 4 pages")
    assert page.driver.find_element(By.ID, "read_page_1").get_attribute("open")
    assert page.driver.switch_to.active_element.get_attribute("id") == "read_page_1_summary"
    assert page.button("Pages").get_attribute("aria-selected") == "true"


def test_press_sends_no_draft_that_could_undo_it(gated, page):
    """What was typed just before goes with the press; a draft would come while it is at work."""
    open_stream(page)
    page.type("Query Parameters", '{"state": "new"}')
    page.press("Suggest settings")
    page.pause(1)
    gated.set()
    page.until(lambda: "Filled in: " in page.text or "Nothing to add" in page.text, "no end")
    sent = page.driver.execute_script("return performance.getEntriesByType('resource')")
    assert [one["name"] for one in sent if one["name"].endswith("/draft")] == []


@pytest.fixture
def unpaged(api, write):
    """A stream without paging, whose response says that more follows."""
    api.serve("/items", {"data": [{"id": 1}], "next": f"{api.url}/items?page=2"})
    stream = {"name": "items", "path": "items", "records_path": "data"}
    write(api.config(stream), secret=None)


def test_incomplete_read_says_so_next_to_its_count(unpaged, page):
    """Whoever sees only the records must not take the first page for all of them."""
    open_stream(page)
    page.press("Test read")
    page.has("read: 1 record of 1 page")
    page.has("Not every record was read; page 1: no pagination is configured, but 'next' says")


def test_read_of_other_settings_says_so(unpaged, page):
    """Whoever changed a setting must not take the old records for its effect."""
    open_stream(page)
    page.press("Test read")
    page.has("read: 1 record of 1 page")
    assert "were changed after this read" not in page.text
    page.type("Query Parameters", '{"page": 1}')
    page.field("Path").click()
    page.has("The settings were changed after this read")
    page.press("Test read")
    page.until(lambda: "were changed after this read" not in page.text, "still marked")
    page.press("Suggest settings")
    page.has("Filled in: ")
    page.has("The settings were changed after this read")
