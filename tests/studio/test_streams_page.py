"""Streams in a real browser: from a response, list blocks, test reads page by page, children."""

from __future__ import annotations

import re

import pytest
from selenium.webdriver.common.by import By

from tests.support.chromium import require_chromium
from tests.support.studio_process import saved

require_chromium()


def test_list_becomes_a_stream_that_is_read_and_saved(connected, page, project):
    page.follow("Request")
    page.type("Path", "/contacts")
    page.press("Send")
    page.has("Status 200")
    page.press_labelled("data: these are the records")
    page.has("Stream contacts")
    assert page.field("Json Path For Output Records").get_attribute("value") == "data"
    page.type("List block", "page_number")
    page.type("Page Number Field Name", "page")
    page.type("Page Size Field Name", "per_page")
    page.type("Page Size", "50")
    page.press("Test read")
    page.has("read: 500 records of 10 pages")
    assert "id 500000000000001" in page.content("read_records")
    assert "per_page=50" in page.content("read_pages")
    page.press("Save")
    page.has("Saved in config.json")
    assert saved(project)["streams"] == [
        {
            "path": "/contacts",
            "records_path": "data",
            "name": "contacts",
            "pagination": {
                "style": "page_number",
                "page_param": "page",
                "page_size_param": "per_page",
                "page_size": 50,
            },
        }
    ]


def test_value_becomes_the_key_of_a_child_stream(connected, page):
    """As /me leads to /users/{id}: the child has the parent and its key filled in."""
    page.follow("Request")
    page.type("Path", "/lists")
    page.press("Send")
    page.has("Status 200")
    page.press_labelled("id ")
    page.has("Stream lists_child")
    assert page.field("Path").get_attribute("value") == "/lists/{parent.lists_id}"
    page.type("Path", "/lists/{parent.lists_id}/tasks")
    page.type("Json Path For Output Records", "value")
    page.press("Test read")
    page.has("read: ")
    assert "lists_id" in page.content("read_records")
    assert "/tasks" in page.content("read_pages")


@pytest.fixture
def todo(api, write):
    """A user, and the lists of that user at an address with the user's ID."""
    api.serve("/me", {"id": "u7", "displayName": "Ann"})
    api.serve("/users/u7/todo/lists", {"value": [{"id": 1}, {"id": 2}]})
    write({**api.config(), "streams": []}, secret=None)
    return api


def test_clicked_id_of_me_reads_the_lists_of_the_user(todo, page, project):
    page.follow("Request")
    page.type("Path", "/me")
    page.press("Send")
    page.has("Status 200")
    page.press_labelled("id ")
    page.has("Stream me_child")
    page.type("Stream Name", "lists")
    page.type("Path", "/users/{parent.me_id}/todo/lists")
    page.type("Json Path For Output Records", "value")
    page.press("Test read")
    page.has("read: 2 records of 1 page")
    page.press("Save")
    page.has("Saved in config.json")
    me, lists = saved(project)["streams"]
    assert (me["name"], me["path"]) == ("me", "/me")
    assert lists == {
        "name": "lists",
        "path": "/users/{parent.me_id}/todo/lists",
        "parent": {"stream": "me", "keys": {"me_id": "id"}},
        "records_path": "value",
    }


def test_mistakes_are_at_their_fields(connected, page, project):
    page.follow("Streams")
    page.type("Name of a new stream", "people")
    page.press("Add")
    page.has("Stream people")
    page.type("Path", "/people/{nothing}")
    page.type("List block", "cursor")
    page.type("Page Size", "many")
    page.press("Save")
    assert "correct the settings that are marked" in page.alert()
    assert "must be a number, not 'many'" in page.about("Page Size")
    assert "is required" in page.about("Output Name For Cursor Token")
    assert "nothing" in page.about("Path")
    assert page.field("Page Size").get_attribute("value") == "many"
    assert "streams" not in saved(project)


def test_other_list_block_drops_only_what_it_lacks(connected, page, project):
    page.follow("Streams")
    page.type("Name of a new stream", "issues")
    page.press("Add")
    page.has("Stream issues")
    page.type("List block", "page_number")
    page.type("Page Size", "20")
    page.type("Page Number Field Name", "p")
    page.type("List block", "offset")
    page.type("Offset Field Name", "startAt")
    page.press("Save")
    page.has("Saved in config.json")
    assert saved(project)["streams"][0]["pagination"] == {
        "style": "offset",
        "page_size": 20,
        "offset_param": "startAt",
    }


def test_suggest_fills_in_and_says_why(connected, page):
    """Of a bare path: records, paging, keys; then the read shows rows."""
    page.follow("Streams")
    page.type("Name of a new stream", "contacts")
    page.press("Add")
    page.has("Stream contacts")
    page.press("Suggest settings")
    page.has("Filled in: ")
    page.has("looks like the time of the last change")
    assert page.field("Json Path For Output Records").get_attribute("value") == "data"
    assert page.field("List block").get_attribute("value") == "page_number"
    assert page.field("Primary Keys").get_attribute("value") == "id"
    page.type("Pages at Most", "100")
    page.press("Test read")
    page.has("read: 520 records of 26 pages")
    assert "INCREMENTAL by updated_at" in page.content("read_state")
    assert re.search(r"Bookmark after\s*20\d\d-", page.content("read_state"))


def test_new_stream_says_what_is_next(connected, page):
    page.follow("Request")
    page.type("Path", "/contacts")
    page.press("Send")
    page.press_labelled("data: these are the records")
    page.has("neither paging nor keys yet")
    page.press("Suggest settings")
    page.has("Filled in: ")
    assert "neither paging nor keys yet" not in page.text
    assert "how the API splits a list" in page.about("List block")


def test_renamed_stream_has_its_new_name_everywhere(family, page):
    page.follow("Streams")
    page.follow("lists")
    page.press("Test read")
    page.has("failed: 0 records")
    page.type("Stream Name", "todo")
    page.field("Path").click()
    page.has("Stream todo")
    assert page.driver.title.startswith("todo ")
    page.driver.refresh()
    page.has("Stream todo")
    page.has("failed: 0 records")


@pytest.mark.parametrize("place", ["Connection", "Streams", "Export"])
def test_discarded_changes_are_gone(family, page, project, place):
    """Also what the tab has kept of them."""
    before = saved(project)
    page.type("OAuth Scopes", "other")
    page.type("OAuth Client Secret", "typed-secret")
    page.field("Base URL").click()
    page.has("Unsaved changes")
    page.follow("Streams")
    page.follow("lists")
    page.type("Path", "people")
    page.field("Stream Name").click()
    page.follow(place)
    if place == "Streams":
        page.follow("lists")
    page.driver.find_element(By.ID, "discard_summary").click()
    page.press("Go back to config.json as it is saved")
    page.until(lambda: "Unsaved changes" not in page.text, "not discarded")
    page.follow("Connection")
    assert page.field("OAuth Scopes").get_attribute("value") == "read"
    page.follow("Streams")
    page.follow("lists")
    assert page.field("Path").get_attribute("value") == "lists"
    page.press("Save")
    page.has("Saved in config.json")
    assert saved(project) == before
    assert "typed-secret" not in (project / ".env").read_text()


def test_typing_while_the_form_is_replaced_is_kept(connected, page):
    """Whoever types on after choosing a list block, before its fields are there, loses nothing."""
    page.follow("Streams")
    page.type("Name of a new stream", "contacts")
    page.press("Add")
    page.has("Stream contacts")
    page.driver.execute_script(
        "const style = document.getElementsByName('pagination.style')[0];"
        "style.value = 'offset';"
        "style.dispatchEvent(new Event('change', {bubbles: true}));"
        "document.getElementsByName('primary_keys')[0].value = 'typed meanwhile';"
    )
    page.field("Offset Field Name")
    assert page.field("Primary Keys").get_attribute("value") == "typed meanwhile"


def test_second_press_of_a_form_takes_what_the_first_has_changed(connected, page):
    """Pressed at once after Suggest settings, Test read reads with what that fills in."""
    page.follow("Streams")
    page.type("Name of a new stream", "lists")
    page.press("Add")
    page.has("Stream lists")
    page.driver.execute_script(
        "for (const name of ['Suggest settings', 'Test read'])"
        " [...document.querySelectorAll('button')].find((one) => one.textContent.trim() === name)"
        ".click();"
    )
    page.has("Filled in: ")
    page.has("23 records of 4 pages")


@pytest.fixture
def family(write, config):
    """A parent and its child."""
    child = {"name": "tasks", "path": "lists/{parent.list_id}/tasks"}
    child["parent"] = {"stream": "lists", "keys": {"list_id": "id"}}
    write({**config, "streams": [{"name": "lists", "path": "lists"}, child]})


def test_list_of_streams_says_what_is_wrong_with_each(family, page):
    """As when a parent is removed."""
    page.follow("Streams")
    page.follow("lists")
    page.press("Remove")
    page.follow("tasks")
    page.follow("Streams")
    page.has("parent: there is no stream 'lists'")


@pytest.fixture
def later(write, config):
    """A stream with settings of a later version."""
    paging = {"style": "page_number", "page_param": "p", "later": {"a": [1.50]}}
    stream = {"name": "contacts", "path": "contacts", "of_later": [True, None]}
    write({**config, "streams": [{**stream, "pagination": paging}], "later_too": 1})


def edit_json(page, change):
    page.until(lambda: page.driver.find_element(By.ID, "stream_json_details"), "no JSON")
    page.driver.execute_script("document.getElementById('stream_json_details').open = true;")
    area = page.field("Stream as JSON")
    text = change(area.get_attribute("value"))
    page.driver.execute_script("arguments[0].value = arguments[1];", area, text)
    page.press("Apply")


def test_json_and_form_show_the_same_settings(later, page, project):
    """Either is edited, the other follows; what the form does not know stays."""
    before = saved(project)
    page.follow("Streams")
    page.follow("contacts")
    edit_json(page, lambda text: text.replace('"contacts",', '"contacts", "records_path": "data",'))
    page.until(
        lambda: page.field("Json Path For Output Records").get_attribute("value") == "data",
        "the form does not follow",
    )
    page.type("Page Number Field Name", "page")
    page.field("Page Size").click()
    page.until(
        lambda: '"page_param": "page"' in page.field("Stream as JSON").get_attribute("value"),
        "the JSON does not follow",
    )
    edit_json(
        page, lambda text: text.replace('"of_later"', '"selected"').replace("[", 'true, "x": [', 1)
    )
    page.until(lambda: "unknown setting 'x'" in page.alert(), "not applied")
    edit_json(page, lambda text: text.replace('"x"', '"of_later"'))
    page.until(lambda: "of_later" in page.alert(), "not applied")
    assert "must be" not in page.about("Selected")
    assert saved(project) == before


def test_message_stays_while_a_draft_is_kept(later, page):
    """What is typed is sent a moment later; what was said before must not vanish with it."""
    page.follow("Streams")
    page.follow("contacts")
    page.press("Save")
    page.alert()
    page.type("Path", "people")
    page.field("Page Size").click()
    page.has("Unsaved changes")
    assert "unknown setting" in page.alert()


def test_wrong_json_is_said_at_its_field_and_kept(later, page):
    page.follow("Streams")
    page.follow("contacts")
    edit_json(page, lambda _: '{"name": "contacts", }')
    page.alert()
    assert "the stream is not JSON" in page.about("Stream as JSON")
    assert page.field("Stream as JSON").get_attribute("value") == '{"name": "contacts", }'


def test_unsaved_changes_are_said_before_leaving(later, page):
    page.follow("Streams")
    page.follow("contacts")
    page.type("Path", "people")
    page.field("Page Size").click()
    page.has("Unsaved changes")
    # The driver closes the window that the browser would show.
    leaving = """
        const leaving = new Event("beforeunload", { cancelable: true });
        dispatchEvent(leaving);
        return leaving.defaultPrevented;"""
    assert page.driver.execute_script(leaving)
