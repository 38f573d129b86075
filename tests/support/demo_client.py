"""Clients of the demo over real HTTP: of the API, and a person at a browser."""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import parse_qs, urlsplit

import requests

TIMEOUT = 10
REDIRECT = "http://127.0.0.1:49152/callback"
SECRET = {"client_id": "demo-client", "client_secret": "demo-secret"}
PUBLIC = {"client_id": "demo-public"}
USER = {"username": "demo", "password": "demo-password"}
VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)


class Client:
    """A client of one demo with defaults for most requests."""

    def __init__(self, url):
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False
        self._access_token = None

    def token(self, grant_type, *, auth=None, client=SECRET, **form):
        """Send a token request and return the response."""
        data = {"grant_type": grant_type, **({} if auth else client), **form}
        return self.http.post(f"{self.url}/oauth/token", data=data, auth=auth, timeout=TIMEOUT)

    def call(self, path, *, method="GET", token=None, **params):
        """Call the API and return the response."""
        if token is None:
            token = self._access_token or self.token("client_credentials").json()["access_token"]
            self._access_token = token
        return self.http.request(
            method,
            path if path.startswith("http") else f"{self.url}/api/v1{path}",
            headers={"Authorization": f"Bearer {token}"},
            json=params if method == "POST" else None,
            params=params if method == "GET" else None,
            timeout=TIMEOUT,
        )

    def works(self, access_token):
        """Return whether an access token opens the API."""
        return self.call("/lists", token=access_token).status_code == 200

    def change(self):
        """Let the demo change its rows."""
        return self.http.post(f"{self.url}/demo/change", timeout=TIMEOUT).json()

    def counts(self):
        """Return the number of rows per collection."""
        return self.http.get(f"{self.url}/demo/counts", timeout=TIMEOUT).json()


class Browser:
    """A person at a browser: opens the page, fills in the form, is redirected."""

    def __init__(self, url):
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False

    def open(self, **params):
        """Open the authorization page; a parameter that is None is left out."""
        defaults = {
            "response_type": "code",
            "client_id": "demo-client",
            "redirect_uri": REDIRECT,
            "state": "st/&te",
        }
        return self.http.get(
            f"{self.url}/oauth/authorize",
            params={**defaults, **params},
            allow_redirects=False,
            timeout=TIMEOUT,
        )

    def press(self, page, decision="allow", **typed):
        """Fill in the form of a page and press one of its buttons."""
        ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)[1]
        return self.http.post(
            f"{self.url}/oauth/authorize",
            data={"ticket": ticket, "decision": decision, **USER, **typed},
            allow_redirects=False,
            timeout=TIMEOUT,
        )

    def code(self, **params):
        """Sign in, allow, and return the authorization code."""
        return redirected(self.press(self.open(**params)))["code"]


def redirected(response):
    """Return the parameters of the redirect to the client."""
    assert response.status_code == 303
    location = response.headers["Location"]
    assert location.startswith(REDIRECT)
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def refused(response, error, status=400):
    """Return whether a response is this error in the format of RFC 6749 section 5.2."""
    body = response.json()
    assert set(body) == {"error", "error_description"}
    assert "no-store" in response.headers["Cache-Control"]
    return (response.status_code, body["error"]) == (status, error)
