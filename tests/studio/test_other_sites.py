"""Attacks in a real browser, from a page of another origin while the studio is open."""

from __future__ import annotations

import json

from tests.support.chromium import Page, require_chromium
from tests.support.server import Reply

require_chromium()

# Each try reports what happened in the title.
TRIES = """<!doctype html><title>trying</title><body><script>
const studio = %s;
const form = new URLSearchParams({base_url: "https://evil.example", action: "save"});
const tries = {
  read: () => fetch(studio + "/", {credentials: "include"}).then((r) => r.text()),
  post: () => fetch(studio + "/connection", {method: "POST", body: form, credentials: "include"})
    .then((r) => r.text()),
  token: () => fetch(studio + "/connection", {method: "POST", body: form, credentials: "include",
    headers: {"X-Form-Token": "guess"}}).then((r) => r.text()),
  blind: () => fetch(studio + "/connection", {method: "POST", body: form, mode: "no-cors",
    credentials: "include"}).then((r) => r.type),
  events: () => new Promise((done, fail) => {
    const source = new EventSource(studio + "/login/events", {withCredentials: true});
    source.onmessage = (e) => done(e.data);
    source.onerror = fail;
  }),
};
Promise.all(Object.entries(tries).map(([name, attempt]) => attempt().then(
  (text) => name + ":" + text.slice(0, 20), () => name + ":refused",
))).then((results) => { document.title = results.join(" "); });
</script>"""
FRAME = """<!doctype html><title>framing</title><body><iframe src=%s></iframe><script>
const frame = document.querySelector("iframe");
frame.onload = () => { document.title = "framed"; };
</script>"""
FORM = """<!doctype html><title>form</title><form method="post" action=%s>
<input name="base_url" value="https://evil.example"><button>Go</button></form>"""


def serve(api, page):
    api.serve("/", Reply(page.encode(), headers={"Content-Type": "text/html"}))
    return api.url + "/"


def test_page_of_another_port_changes_and_reads_nothing(page, studio, api, project):
    """Another port of this machine is the same site, so the cookie is sent; it opens nothing."""
    page.driver.get(serve(api, TRIES % json.dumps(studio.origin)))
    page.until(lambda: page.driver.title != "trying", "no result")
    results = dict(one.split(":", 1) for one in page.driver.title.split(" "))
    assert set(results) == {"read", "post", "token", "blind", "events"}
    assert set(results.values()) == {"refused"}
    assert not (project / "config.json").exists()


def test_form_of_another_port_is_refused(page, studio, api, project):
    page.driver.get(serve(api, FORM % json.dumps(f"{studio.origin}/connection")))
    page.press("Go")
    page.has("Another site sent this request")
    assert not (project / "config.json").exists()


def test_page_cannot_be_framed(page, studio, api):
    page.driver.get(serve(api, FRAME % json.dumps(studio.origin)))
    page.until(lambda: page.driver.title == "framed", "no frame")
    page.driver.switch_to.frame(0)
    assert "Connection" not in Page(page.driver).text
    page.driver.switch_to.default_content()
