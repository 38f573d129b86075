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

    def read_body(self) -> Any:
        """Return the body for rules to look into, None if it cannot be decoded."""
        try:
            return self.body
        except ValueError:
            return None
