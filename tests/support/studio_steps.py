"""Follow the studio's tutorial in a browser, as a reader does, and take its pictures.

What its sentences and tables name is pressed, opened and typed; what it says is shown must be.
"""

from __future__ import annotations

import base64
import re

from selenium.webdriver.common.by import By

_STEP = re.compile(
    r"^\| (?!Field|:--)(?P<field>[^|]+) \| `(?P<value>[^`]+)` \|$"
    r"|Open \*\*(?P<link>[^*]+)\*\*"
    r"|Press \*\*(?P<button>[^*]+)\*\*(?: of the list `(?P<list>\w+)`)?"
    r"|Unfold \*\*(?P<folded>[^*]+)\*\*"
    r"|Press the value of `(?P<key>\w+)`"
    r"|log in as `(?P<user>[^`]+)`\s+with the\s+password `(?P<password>[^`]+)`"
    r"|page\s+shows `(?P<shown>[^`]+)`"
    r"|^!\[[^\]]*\]\(studio/(?P<picture>[\w-]+\.png)\)$",
    re.MULTILINE,
)
WIDTH, HEIGHT = 1280, 720
#: What is at the top of a picture; of others, it is the top of the page.
TOPS = {
    "request.png": "response",
    "stream.png": "read",
    "child.png": "read",
    "export.png": "env_title",
}


class Reader:
    """A person in front of a page; ``actions`` counts what was pressed, opened and typed."""

    def __init__(self, page, pictures=None, places=()):
        self.page, self.actions = page, 0
        self._pictures, self._places = pictures, dict(places)

    def follow(self, text):
        """Do all steps that a page names, in order."""
        for step in _STEP.finditer(text):
            (kind,) = (
                {*step.groupdict()} & {*_KINDS} & {k for k, v in step.groupdict().items() if v}
            )
            getattr(self, kind)(step)

    def field(self, step):
        value = step["value"]
        for written, used in self._places.items():
            value = value.replace(written, used)
        self.page.type(step["field"].strip(), value)
        self.actions += 1

    def link(self, step):
        self.actions += 1
        self.page.follow(step["link"])
        self.page.has(f"\n{step['link']}\n")

    def button(self, step):
        self.actions += 1
        # A person looks at what the last press brought; it may move this button.
        busy = (By.CSS_SELECTOR, "form[aria-busy]")
        self.page.until(lambda: not self.page.driver.find_elements(*busy), "a press is under way")
        if step["list"]:
            self.page.press_labelled(f"{step['list']}: these")
        else:
            self.page.press(step["button"])

    def folded(self, step):
        self.actions += 1
        self.page.unfold(step["folded"])

    def key(self, step):
        self.actions += 1
        self.page.press_labelled(f"{step['key']} ")

    def user(self, step):
        with self.page.window() as popup:
            popup.until(lambda: popup.driver.find_elements(By.NAME, "username"), "no login page")
            for name, value in (("username", step["user"]), ("password", step["password"])):
                popup.driver.find_element(By.NAME, name).send_keys(value)
            popup.press("Allow")
        self.actions += 3

    def shown(self, step):
        self.page.has(" ".join(step["shown"].split()))

    def picture(self, step):
        """Take a picture of what the page shows, if pictures are made."""
        if self._pictures:
            path = self._pictures / step["picture"]
            take_picture(self.page.driver, path, TOPS.get(path.name, "main"))


_KINDS = ("field", "link", "button", "folded", "key", "user", "shown", "picture")


def take_picture(driver, path, top):
    """Save the window as a PNG, light and without a cursor, from an element on."""
    features = [{"name": "prefers-color-scheme", "value": "light"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    metrics = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.execute_script("document.activeElement?.blur()")
    scroll = "document.getElementById(arguments[0]).scrollIntoView()"
    driver.execute_script(scroll, top)
    made = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"]
    path.write_bytes(base64.b64decode(made))
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
