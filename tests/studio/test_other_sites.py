"""Attacks in a real browser, from a page of another origin while the studio is open."""

from __future__ import annotations

import json

import pytest
from selenium.webdriver.common.by import By

from tests.support.chromium import OTHER_SITE, Page, require_chromium
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
  script: () => load("script", studio + "/static/studio.js"),
  image: () => load("img", studio + "/static/studio.css"),
  window: () => {
    const opened = window.open(studio);
    return new Promise((done) => setTimeout(done, 500)).then(() => opened.document.title);
  },
};
const load = (name, address) => new Promise((done, fail) => {
  const part = document.createElement(name);
  part.onload = () => done("loaded");
  part.onerror = fail;
  part.src = address;
  document.body.append(part);
});
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


SITES = ("127.0.0.1", OTHER_SITE)


def serve(api, page, site="127.0.0.1"):
    api.serve("/", Reply(page.encode(), headers={"Content-Type": "text/html"}))
    return api.url.replace("127.0.0.1", site) + "/"


@pytest.mark.parametrize("site", SITES)
def test_page_of_another_port_or_site_changes_and_reads_nothing(page, studio, api, project, site):
    """Another port of this machine is the same site, so the cookie is sent; it opens nothing."""
    page.driver.get(serve(api, TRIES % json.dumps(studio.origin), site))
    page.until(lambda: page.driver.title != "trying", "no result")
    results = dict(one.split(":", 1) for one in page.driver.title.split(" "))
    assert len(results) == 8
    assert set(results.values()) == {"refused"}
    assert not (project / "config.json").exists()


@pytest.mark.parametrize(
    ("site", "said"),
    [("127.0.0.1", "Another site sent this request"), (OTHER_SITE, "another browser")],
)
def test_form_of_another_port_or_site_is_refused(page, studio, api, project, site, said):
    """A form is a navigation: only of the same site the cookie comes along."""
    page.driver.get(serve(api, FORM % json.dumps(f"{studio.origin}/connection"), site))
    page.press("Go")
    page.has(said)
    assert not (project / "config.json").exists()


@pytest.mark.parametrize("site", SITES)
def test_page_cannot_be_framed(page, studio, api, site):
    page.driver.get(serve(api, FRAME % json.dumps(studio.origin), site))
    page.until(lambda: page.driver.title == "framed", "no frame")
    page.driver.switch_to.frame(0)
    assert "Connection" not in Page(page.driver).text
    page.driver.switch_to.default_content()


@pytest.mark.parametrize("path", ["/", "/request", "/static/studio.js"])
def test_name_that_leads_here_opens_nothing(page, studio, path):
    """DNS rebinding: the page of a site whose name then leads to the port of the studio."""
    page.driver.get(studio.origin.replace("127.0.0.1", OTHER_SITE) + path)
    page.has("The studio has another address")
    assert "form-token" not in page.driver.page_source


def test_used_key_opens_nothing_from_another_site(page, studio, api):
    """Whoever finds the address in a history and leads the browser there sees a sentence."""
    link = f"<!doctype html><a href={json.dumps(studio.address)}>Go</a>"
    page.driver.get(serve(api, link, OTHER_SITE))
    page.follow("Go")
    page.has("was used already")
    assert "form-token" not in page.driver.page_source


def test_address_of_the_studio_stays_out_of_referrers(page, api):
    """A link of the page, such as that to a provider's documentation, names no origin."""
    api.serve("/", Reply(b"there"))
    page.driver.execute_script(
        "const link = document.createElement('a'); link.href = arguments[0]; link.id = 'out';"
        "link.textContent = 'out'; document.getElementById('main').prepend(link);",
        api.url + "/",
    )
    page.driver.find_element(By.ID, "out").click()
    page.has("there")
    assert "Referer" not in api.requests("/")[0].headers


def test_markup_that_gets_in_runs_and_loads_nothing(page, api):
    """Behind the escaping there is the policy: no script, style or source but the studio's."""
    api.serve("/x", Reply(b"document.title = 'owned'"))
    blocked = page.driver.execute_async_script(
        """
        const [address, done] = arguments, blocked = new Set();
        document.addEventListener("securitypolicyviolation", (event) => {
          blocked.add(event.effectiveDirective);
          if (blocked.size === 6) done([...blocked].sort());
        });
        const add = (name, values) => {
          document.body.append(Object.assign(document.createElement(name), values));
        };
        add("script", { textContent: "document.title = 'owned'" });
        add("script", { src: address });
        add("img", { src: address });
        add("iframe", { src: address });
        add("style", { textContent: "p { color: red }" });
        add("object", { data: address });
        fetch(address).catch(() => {});
        setTimeout(() => done([...blocked].sort()), 3000);
        """,
        f"{api.url}/x",
    )
    kinds = (
        "connect-src",
        "frame-src",
        "img-src",
        "object-src",
        "script-src-elem",
        "style-src-elem",
    )
    assert blocked == [*kinds]
    assert not api.requests("/x")
    assert page.driver.title != "owned"
