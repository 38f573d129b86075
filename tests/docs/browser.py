"""The browser of the tutorials: opens an address of the demo, logs in and allows.

Run as a program, by the variable BROWSER, so that nobody has to sit in front of a test.
"""

from __future__ import annotations

import sys

import requests

from tests.support.demo_client import TIMEOUT, USER, Browser


def main(address):
    """Log in at the address and go where the provider redirects to."""
    browser = Browser("")
    page = browser.http.get(address, timeout=TIMEOUT)
    ticket = page.text.split('name="ticket" value="', 1)[1].split('"', 1)[0]
    done = browser.http.post(
        address.split("?", 1)[0],
        data={"ticket": ticket, "decision": "allow", **USER},
        allow_redirects=False,
        timeout=TIMEOUT,
    )
    # A navigation, as a browser marks it: the listener refuses everything else.
    headers = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    requests.get(done.headers["Location"], headers=headers, timeout=TIMEOUT).raise_for_status()


if __name__ == "__main__":
    main(sys.argv[1])
