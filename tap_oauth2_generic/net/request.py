"""The request for one page, and how a value is put into its query or body.

Plain data on its way to the wire; nothing here sends, signs or decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

Place = Literal["query", "body"]


@dataclass
class Request:
    """One API request before it is signed.

    ``params`` are query parameters whose values are scalars or lists of scalars; ``body`` is
    JSON-like data or None. A ``verbatim`` URL was given by the server and is sent untouched.
    The host of ``base_url`` may always have the token.
    """

    method: str
    url: str
    params: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    body_format: Literal["json", "form"] = "json"
    verbatim: bool = False
    base_url: str = ""

    @property
    def name(self) -> str:
        """Method and address, without the query, which may hold secrets."""
        parts = urlsplit(self.url)
        return f"{self.method} {parts.scheme}://{parts.netloc}{parts.path}"

    @property
    def source(self) -> str:
        """Where the address comes from, for messages."""
        return "the next-page link" if self.verbatim else "the stream's path"

    def put(self, name: str, value: Any, place: Place) -> None:
        """Set a parameter; in a JSON body a dotted name nests: ``page.size``."""
        if place == "query":
            self.params[name] = value
            return
        if self.body is None:
            self.body = {}
        keys = name.split(".") if self.body_format == "json" else [name]
        target = self.body
        for key in keys[:-1]:
            nested = target.get(key)
            if not isinstance(nested, dict):
                nested = target[key] = {}
            target = nested
        target[keys[-1]] = value

    def follow(self, url: str) -> None:
        """Point to an address that the server gave; it is sent untouched, without parameters."""
        self.url = url
        self.params = {}
        self.verbatim = True
