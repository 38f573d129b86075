"""Record what a browser would: requests to a server, as entries of a HAR file."""

from __future__ import annotations

import json
from typing import Any

import requests

_TIMEOUT = 10


class Browser:
    """Sends requests with the headers of a session, and remembers them with the responses."""

    def __init__(self, **headers: str) -> None:
        self.headers = headers
        self.entries: list[dict[str, Any]] = []

    def get(self, url: str, **params: Any) -> requests.Response:
        return self.send("GET", url, params=params)

    def send(self, method: str, url: str, **sent: Any) -> requests.Response:
        """Send a request; ``sent`` are ``params`` and ``json``, as of ``requests``."""
        response = requests.request(method, url, headers=self.headers, timeout=_TIMEOUT, **sent)
        prepared = response.request
        self.add(
            method,
            str(prepared.url),
            response.text,
            status=response.status_code,
            mime=response.headers.get("Content-Type", ""),
            sent=prepared.body.decode() if isinstance(prepared.body, bytes) else "",
            received=dict(response.headers),
        )
        return response

    def add(
        self,
        method: str,
        url: str,
        text: str,
        *,
        status: int = 200,
        mime: str = "application/json",
        sent: str = "",
        received: dict[str, str] | None = None,
        **content: Any,
    ) -> None:
        """Add an entry that nothing was sent for; ``content`` are further members of its body."""
        request = {"method": method, "url": url, "headers": _pairs(self.headers)}
        if sent:
            request["postData"] = {"mimeType": "application/json", "text": sent}
        body = {"mimeType": mime, "text": text, "size": len(text), **content}
        response = {"status": status, "headers": _pairs(received or {}), "content": body}
        self.entries.append({"request": request, "response": response, "time": 1.5})

    @property
    def har(self) -> str:
        return json.dumps({"log": {"version": "1.2", "creator": {}, "entries": self.entries}})


def _pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]
