"""What every paging style is: a frozen dataclass of settings with three pure functions.

A style remembers nothing; the walk does. A style's file holds that style alone.
"""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urljoin

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.settings.field_types import BOOLEAN, NAME, PATH, enum, integer
from tap_oauth2_generic.settings.fields import setting
from tap_oauth2_generic.settings.limits import MAX_PAGE_SIZE
from tap_oauth2_generic.settings.paths import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_oauth2_generic.net.request import Place, Request
    from tap_oauth2_generic.parsing.page import Page
    from tap_oauth2_generic.settings.paths import Path

# What leads to a page: a number, a cursor of any JSON type, a URL. None is the first page
# of a style whose first request carries no token.
Token = Any


def nearly(wanted: str, there: Iterable[str]) -> str | None:
    """Give the name that was probably meant by one that is not there, None where none is near."""
    names = list(there)
    lowered = {name.lower(): name for name in names}
    if wanted.lower() in lowered:
        return lowered[wanted.lower()]
    near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.85)
    return near[0] if near else None


def absolute(url: str, link: str) -> str:
    """Resolve a link against the URL of its answer; raises ResponseError where it is none."""
    try:
        return urljoin(url, link)
    except ValueError:
        message = "the next-page link is no URL"
        raise ResponseError(message) from None


def misnamed(path: Path, page: Page) -> str | None:
    """Say that a path finds nothing though the answer has a name much like it."""
    if path.find(page.body) is not MISSING or not isinstance(page.body, dict):
        return None
    near = nearly(path.text.strip("'\""), page.body)
    return None if near is None else f"{path.text!r} is not in the answer, though {near!r} is"


@dataclass(frozen=True, kw_only=True)
class PagingStyle(ABC):
    """The settings that all styles share, and what a style must say."""

    #: The word that chooses this style.
    style: ClassVar[str]
    #: The shape of answer that the style fits, for tables of all styles.
    fits: ClassVar[str]
    #: Whether a page without records is the last one.
    empty_page_ends: ClassVar[bool] = True

    #: Whether a token that comes again at once says that this was the last page.
    repeat_is_end: ClassVar[bool] = True
    #: Why a walk ends where no page is named or counted next.
    end_reason: ClassVar[str] = "the last page"
    #: Whether the style must see every record that came, and so cannot do with a filter.
    needs_every_record: ClassVar[bool] = False

    @property
    def follows_tokens(self) -> bool:
        """Whether only the missing next token ends a walk: pages between may be empty."""
        return not self.empty_page_ends

    page_size: int = setting(
        integer(1),
        "Page size",
        f"Records asked for in one page; above {MAX_PAGE_SIZE} it is set to "
        f"{MAX_PAGE_SIZE}, with a warning.",
        default=MAX_PAGE_SIZE,
    )
    page_size_param: str | None = setting(
        NAME,
        "Page size parameter",
        "Carries the page size; it is sent only if given.",
        default=None,
    )
    total_path: Path | None = setting(
        PATH, "Total path", "Where the answer says how many records there are.", default=None
    )
    total_pages_path: Path | None = setting(
        PATH, "Total pages path", "Where the answer says how many pages there are.", default=None
    )
    has_more_path: Path | None = setting(
        PATH, "Has-more path", "Where the answer says whether more pages follow.", default=None
    )
    max_pages: int | None = setting(
        integer(1), "Most pages", "Stop, with a warning, after so many pages.", default=None
    )

    @property
    def paths_in_record(self) -> tuple[Path, ...]:
        """The paths among the settings that are looked up in the last record, not in the answer."""
        return ()

    @property
    def carriers(self) -> list[str]:
        """The names of the parameters that carry what leads to a page."""
        names = [f.name for f in fields(self) if f.name.endswith("_param")]
        return [getattr(self, name) for name in names if name != "page_size_param"]

    @property
    def size_sent(self) -> int:
        """The page size that goes to the server."""
        return min(self.page_size, MAX_PAGE_SIZE)

    @property
    def place_of_params(self) -> Place:
        """Where the paging parameters go; styles that have a say declare ``params_in``."""
        return getattr(self, "params_in", "query")

    def remarks(self) -> list[str]:
        """Say what is done otherwise than the settings ask, a sentence each."""
        if self.page_size > MAX_PAGE_SIZE:
            most = MAX_PAGE_SIZE
            return [f"page_size {self.page_size} is above {most}; {most} is used"]
        return []

    def first(self) -> Token:
        """Give the token of the first page."""
        return None

    def apply(self, token: Token, request: Request) -> None:
        """Turn a stream's request into the request for the page that a token leads to."""
        if self.page_size_param:
            request.put(self.page_size_param, self.size_sent, self.place_of_params)
        self.place(token, request)

    @abstractmethod
    def place(self, token: Token, request: Request) -> None:
        """Put what leads to a page into a request."""

    @abstractmethod
    def next(self, token: Token, page: Page) -> Token | None:
        """Give the token of the page after this one, or None where there is none."""

    def predict(self, token: Token, length: int) -> Token | None:
        """Give the token after a page of so many records, None where only its answer can tell."""
        return None

    def doubts(self, page: Page) -> str | None:
        """Say why a page without a next token may not be the last one, if there is a reason."""
        return None

    def is_short(self, page: Page, first_page_length: int) -> bool:
        """Tell whether a page ends the walk by being shorter than the first."""
        return False


@dataclass(frozen=True, kw_only=True)
class ParameterStyle(PagingStyle):
    """A style whose token travels in a parameter of the query or the body."""

    params_in: Place = setting(
        enum("query", "body"),
        "Parameters in",
        "Where the paging parameters go; in a JSON body a dotted name nests.",
        default="query",
    )


@dataclass(frozen=True, kw_only=True)
class CountedStyle(ParameterStyle):
    """A style that counts pages or records, so that a short page can be told from a full one."""

    stop_on_short_page: bool = setting(
        BOOLEAN,
        "Stop on a short page",
        "End when a page has fewer records than the first page had.",
        default=False,
    )

    def is_short(self, page: Page, first_page_length: int) -> bool:
        """Tell whether a page is shorter than the first, where that was asked for."""
        return self.stop_on_short_page and page.length < first_page_length
