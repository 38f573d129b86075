"""A headless Chromium, and its page as a person finds things on it: by role, name and label."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager

import pytest
from selenium import webdriver
from selenium.common.exceptions import (
    NoSuchElementException,
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
QUIET = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync "
    "--disable-dev-shm-usage"
)
#: The name of another site, which leads to this machine.
OTHER_SITE = "evil.example"
WAIT_SECONDS = 20
_MARK_ALERTS = "for (const one of document.querySelectorAll('[role=alert]')) one.dataset.seen = '';"


def require_chromium():
    """Skip the module on a machine without Chromium; CI has to have it."""
    if not (CHROMIUM and DRIVER) and not os.environ.get("CI"):
        pytest.skip("needs chromium and chromedriver", allow_module_level=True)


@contextmanager
def chromium(profile):
    """Run a browser with an empty profile."""
    options = Options()
    options.binary_location = CHROMIUM
    names = f"--host-resolver-rules=MAP {OTHER_SITE} 127.0.0.1"
    for argument in [*QUIET.split(), names, f"--user-data-dir={profile}"]:
        options.add_argument(argument)
    driver = webdriver.Chrome(options, Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """The page of a browser; each look-up waits until it finds something."""

    def __init__(self, driver):
        self.driver = driver

    def until(self, condition, what):
        """Wait for a true value and return it."""
        ignored = (NoSuchElementException, StaleElementReferenceException)
        wait = WebDriverWait(self.driver, WAIT_SECONDS, 0.05, ignored)
        try:
            return wait.until(lambda _: condition())
        except TimeoutException:
            raise AssertionError(f"{what}\n{self.text}") from None

    @property
    def text(self):
        """The text that is shown; the browser itself finds it much faster than WebDriver."""
        return self.driver.execute_script("return document.body?.innerText ?? ''")

    def content(self, ident):
        """Return the text of a part, folded or not."""
        # It may be replaced between the two calls.
        return self.until(
            lambda: self.driver.find_element(By.ID, ident).get_attribute("textContent"), ident
        )

    def has(self, text):
        """Wait until the page shows a string."""
        return self.until(lambda: text in self.text, f"no {text!r} on the page")

    def button(self, name):
        """Return the shown button of a name."""
        path = f"//button[normalize-space()={name!r}]"
        return self.until(lambda: self._shown(By.XPATH, path), f"no button {name!r}")

    def press(self, name):
        """Click a button; again, if its form was replaced meanwhile."""

        def click():
            found = self.button(name)
            self.driver.execute_script(_MARK_ALERTS)
            found.click()
            return True

        self.until(click, f"cannot press {name!r}")

    def unfold(self, name):
        """Open what is folded below a summary."""
        path = f"//summary[normalize-space()={name!r}]"

        def is_open():
            return self._shown(By.XPATH, f"{path}/..").get_attribute("open")

        # A form that is replaced meanwhile may move away from the click.
        self.until(
            lambda: is_open() or self._shown(By.XPATH, path).click() or is_open(),
            f"cannot unfold {name!r}",
        )

    def press_labelled(self, label):
        """Click the button whose accessible name begins with a label."""
        path = f"button[aria-label^={label!r}]"
        find = self.driver.find_element
        self.until(lambda: find(By.CSS_SELECTOR, path).click() or True, f"no button {label!r}")

    def link(self, name):
        return self.until(lambda: self._shown(By.LINK_TEXT, name), f"no link {name!r}")

    def follow(self, name):
        self.until(lambda: self.link(name).click() or True, f"cannot follow {name!r}")

    def field(self, label):
        """Return the field with a label."""

        def find():
            path = f"//label[normalize-space()={label!r}]"
            found = self._shown(By.XPATH, path)
            return found and self.driver.find_element(By.ID, found.get_attribute("for"))

        return self.until(find, f"no field {label!r}")

    def type(self, label, text):
        """Replace what a field holds; again, if its form was replaced meanwhile."""

        def replace():
            found = self.field(label)
            if found.tag_name == "select":
                Select(found).select_by_visible_text(text)
            else:
                found.clear()
                found.send_keys(text)
            return True

        self.until(replace, f"cannot type into {label!r}")

    def fill(self, **fields):
        """Type into several fields, given by label with underscores."""
        for label, text in fields.items():
            self.type(label.replace("_", " "), text)

    def about(self, label):
        """Return the sentences that describe a field: its help and its mistakes."""
        names = self.field(label).get_attribute("aria-describedby").split()
        return " ".join(self.driver.find_element(By.ID, name).text for name in names)

    def alert(self):
        """Wait for an alert that the last press did not find there, and return it."""
        path = "[role=alert]:not([data-seen])"
        return self.until(lambda: (one := self._shown(By.CSS_SELECTOR, path)) and one.text, path)

    def _shown(self, by, path):
        return next(
            (one for one in self.driver.find_elements(by, path) if one.is_displayed()), None
        )

    @contextmanager
    def window(self):
        """Switch to the window that has opened, and back."""
        own = self.driver.current_window_handle
        others = self.until(
            lambda: [one for one in self.driver.window_handles if one != own], "no window"
        )
        self.driver.switch_to.window(others[0])
        yield self
        self.driver.switch_to.window(own)

    def is_alone(self):
        """Wait until all other windows are closed."""
        self.until(lambda: len(self.driver.window_handles) == 1, "another window is open")

    def pause(self, seconds):
        """Let timers of the page fire."""
        time.sleep(seconds)
