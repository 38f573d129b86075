"""A response as the rest of the tap sees it: complete, decompressed, its headers readable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import requests

from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.settings.conditions import Condition
from tap_oauth2_generic.settings.templates import as_text


@dataclass
class Response:
    """A response to work with, its body read to the end and decompressed.

    ``outcome`` is ``ok``, or what a response rule decided: ``ignore`` or ``end``.
    """

    request: Request
    url: str
    status: int
    headers: requests.structures.CaseInsensitiveDict[str]
    content: bytes
    decode: Callable[[bytes], Any]
    outcome: str = "ok"

    @cached_property
    def body(self) -> Any:
        """The decoded body; raises ValueError that says what is wrong with it."""
        return self.decode(self.content)

    @classmethod
    def of(
        cls, request: Request, raw: requests.Response, decode: Callable[[bytes], Any]
    ) -> Response:
        """Make one of a response of ``requests``."""
        headers = requests.structures.CaseInsensitiveDict(
            {name: _readable(value) for name, value in raw.headers.items()}
        )
        return cls(request, raw.url, raw.status_code, headers, raw.content, decode)

    def meets(self, condition: Condition) -> bool:
        """Return whether it meets a condition; raise SettingError for a slow pattern."""
        if condition.is_empty is not None:
            return condition.is_empty is not bool(self.content.strip())
        if condition.header:
            found = self.headers.get(condition.header)
            return condition.accepts(found) or found in [as_text(one) for one in condition.choices]
        return condition.holds(self.read_body())

    def read_body(self) -> Any:
        """Return the body for rules to look into, None if it cannot be decoded."""
        try:
            return self.body
        except ValueError:
            return None


def _readable(value: str) -> str:
    """Return a header's text; every byte of it goes back as it came, whatever its encoding.

    ``requests`` decodes headers as Latin-1, but servers write UTF-8.
    """
    return value.encode("latin-1", "replace").decode("utf-8", "surrogateescape")
