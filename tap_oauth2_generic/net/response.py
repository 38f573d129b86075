"""A response as the rest of the tap sees it: complete, decompressed, its headers readable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import requests

from tap_oauth2_generic.net.request import Request


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
