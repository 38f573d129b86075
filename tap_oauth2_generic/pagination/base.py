"""The base of every paging style: a frozen dataclass of settings with pure functions.

A style remembers nothing; the Paginator does. A style's file holds that style only.
"""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from dataclasses import fields
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import urljoin

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.net.request import Place, Request
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.runtime.timestamps import read_number
from tap_oauth2_generic.settings.field_types import BOOLEAN, NAME, PATH, VALUES, enum, integer
from tap_oauth2_generic.settings.fields import Settings, setting
from tap_oauth2_generic.settings.limits import MAX_PAGE_SIZE
from tap_oauth2_generic.settings.paths import MISSING, Path
from tap_oauth2_generic.settings.templates import as_text

# Identifies a page: a number, a cursor of any JSON type or a URL. None is the first page of a
# style whose first request carries no token.
Token = Any
# What APIs return for a page number or offset that is too high.
_PAST_THE_END = frozenset({400, 404, 410, 416, 422})
#: The reason to stop wherever a response leads to no other page.
NO_NEXT_PAGE = "no next page"


def doubt_name(wanted: str, names: Iterable[str]) -> str | None:
    """Return a doubt if one of the names was probably meant by one that is missing."""
    lowered = {name.lower(): name for name in names}
    near = difflib.get_close_matches(wanted.lower(), lowered, n=1, cutoff=0.85)
    return f"{wanted!r} is not in the response, but {lowered[near[0]]!r} is" if near else None


def doubt_path(path: Path, page: Page) -> str | None:
    """Return a doubt if a path finds nothing, but the response has a similar name."""
    if path.find(page.body) is not MISSING or not isinstance(page.body, dict):
        return None
    return doubt_name(path.text.strip("'\""), page.body)


def join_link(page: Page, link: str) -> str:
    """Resolve a link against the URL of its page; raise ResponseError if it is not a URL."""
    try:
        return urljoin(page.url, link)
    except ValueError:
        raise ResponseError("the next-page link is not a URL") from None


def _word(value: Any) -> Any:
    number = read_number(value)
    return as_text(value) if number is None else number


class PagingStyle(Settings, ABC):
    """The settings that all styles share, and what a style defines."""

    #: The word that chooses this style.
    style: ClassVar[str]
    #: The response that the style fits, for tables of all styles.
    fits: ClassVar[str]
    #: Whether only a missing next token stops paging: pages before it may be empty.
    follows_tokens: ClassVar[bool] = False
    #: The placeholder that may carry the token in a template; empty if there is none.
    placeholder: ClassVar[str] = ""
    #: Why paging stops if there is no next token.
    end_reason: ClassVar[str] = NO_NEXT_PAGE

    page_size: int = setting(
        integer(1),
        f"Records to request per page; capped at {MAX_PAGE_SIZE}, with a warning.",
        default=MAX_PAGE_SIZE,
    )
    page_size_param: str | None = setting(
        NAME, "Carries the page size, which is sent only if this is set."
    )
    total_path: Path | None = setting(
        PATH, "Path of the number of records in the response, or the name of its header."
    )
    total_pages_path: Path | None = setting(
        PATH, "Path of the number of pages in the response, or the name of its header."
    )
    has_more_path: Path | None = setting(
        PATH, "Path of the flag that says whether more pages follow."
    )
    last_page_path: Path | None = setting(
        PATH, "Path of the flag that is true on the last page, contrary to `has_more_path`."
    )
    max_pages: int | None = setting(integer(1), "Stop after so many pages, with a warning.")

    @property
    def paths_in_record(self) -> tuple[Path, ...]:
        """The paths that start in the last record, which records_path may then not filter."""
        return ()

    @property
    def token_param(self) -> str:
        """The parameter that carries the token; an empty string if it has no parameter."""
        names = [f.name for f in fields(self) if f.name.endswith("_param")]
        found = (getattr(self, name) for name in names if name != "page_size_param")
        return next(found, None) or ""

    @property
    def size_sent(self) -> int:
        """The page size that the server is asked for."""
        return min(self.page_size, MAX_PAGE_SIZE)

    def is_full(self, length: int) -> bool:
        """Return whether a page has as many records as were requested."""
        return bool(self.page_size_param) and length >= self.size_sent

    @property
    def place_of_params(self) -> Place:
        """Where the paging parameters go; some styles have a setting ``params_in``."""
        return getattr(self, "params_in", "query")

    def remarks(self) -> list[str]:
        """Return where the style deviates from its settings, a sentence each."""
        if self.page_size > MAX_PAGE_SIZE:
            return [f"page_size {self.page_size} is capped at {MAX_PAGE_SIZE}"]
        return []

    def scope(self, token: Token) -> dict[str, Any]:
        """Return the placeholders for the page of a token; a first page without one has ``""``."""
        named = {self.placeholder: "" if token is None else token} if self.placeholder else {}
        return {"page_size": self.size_sent, **named}

    def apply(self, token: Token, request: Request, filled: Collection[str] = ()) -> None:
        """Turn a stream's request into the request for the page of a token.

        What templates have ``filled`` in already travels there only.
        """
        if self.page_size_param and "page_size" not in filled:
            request.put(self.page_size_param, self.size_sent, self.place_of_params)
        if not self.placeholder or self.placeholder not in filled:
            self.place(token, request)

    def first(self) -> Token:
        """Return the token of the first page."""
        return None

    @abstractmethod
    def place(self, token: Token, request: Request) -> None:
        """Put a token into a request."""

    @abstractmethod
    def next(self, token: Token, page: Page) -> Token | None:
        """Return the token of the page after this one, None if there is none."""

    def predict(self, token: Token, length: int) -> Token | None:
        """Return the token after a page of a length, None if only its response can tell."""
        return None

    def remedy(self, status: int | None) -> str | None:
        """Return what helps if a status of a later page only means that it is past the end."""
        return None

    def doubts(self, page: Page) -> str | None:
        """Return why a page without a next token may not be the last one, if there is a reason."""
        return None


class ParameterStyle(PagingStyle):
    """A style whose token travels in a parameter of the query or the body."""

    params_in: Place = setting(
        enum("query", "body"),
        "Where the paging parameters go; in a JSON body a dotted name is nested, and a number in "
        "it is a place in a list.",
        default="query",
    )

    def place(self, token: Token, request: Request) -> None:
        """Put the token into its parameter, unless the first request has none."""
        if token is not None:
            # In a query a number keeps its exact digits.
            is_written = isinstance(token, Decimal) and self.params_in == "query"
            request.put(self.token_param, str(token) if is_written else token, self.params_in)


class FollowingStyle(PagingStyle):
    """A style whose next token stands in the response, so that pages may be empty."""

    follows_tokens: ClassVar[bool] = True

    stop_on_empty_page: bool = setting(
        BOOLEAN, "Stop at an empty page, although it names a next one.", default=False
    )


class EndValues(PagingStyle):
    """A style whose token is a value of the API, some of which may mean that there is none."""

    end_values: list[Any] = setting(
        VALUES, "Values of the token that mean that no page follows.", default=[]
    )

    def is_end(self, token: Token) -> bool:
        """Return whether a value means the end; a number equals itself as a string."""
        return bool(self.end_values) and _word(token) in map(_word, self.end_values)


class CountedStyle(ParameterStyle):
    """A style that counts pages or records from ``page_start``."""

    page_start: int
    stop_on_short_page: bool = setting(
        BOOLEAN, "Stop at a page with fewer records than the first.", default=False
    )

    def first(self) -> Token:
        """Return the number of the first page or record."""
        return self.page_start

    def remedy(self, status: int | None) -> str | None:
        """Name the ways to end before the error of a number that is too high."""
        if status not in _PAST_THE_END:
            return None
        return (
            "if this is past the last page, add "
            f'{{"status": {status}, "action": "end"}} to response_rules, set total_path or '
            "total_pages_path, or use style next_url"
        )

    def next(self, token: Token, page: Page) -> Token | None:
        """Advance by what was received, so that a server-side cap never skips any record."""
        return self.predict(token, page.length)


class LinkStyle(FollowingStyle):
    """A style whose token is the URL of the next page, which the server gives."""

    def place(self, token: Token, request: Request) -> None:
        """Point the request to the next page; the first request has the stream's address."""
        if token is not None:
            request.follow(token)
