"""The walk from page to page: the one thing about paging that remembers.

Knows the tokens that were used and the page before; asks the style for all else.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.pagination.seen_tokens import SeenTokens, key_of
from tap_oauth2_generic.parsing.extract_records import describe
from tap_oauth2_generic.settings.limits import MAX_INTEGER_DIGITS
from tap_oauth2_generic.settings.paths import MISSING

if TYPE_CHECKING:
    from tap_oauth2_generic.pagination.base import PagingStyle, Token
    from tap_oauth2_generic.parsing.page import Page

_SECOND = 2
# A null at 200 is an empty page; with 204 and 205 there is no body (RFC 9110 section 15.3).
_MAY_BE_EMPTY = frozenset({200, 204, 205})
_MANY = 10**9
_FALSE_TEXTS = {"false", "0", "no", "n"}


@dataclass(frozen=True)
class Stop:
    """Why a walk ended.

    ``complete`` tells whether all records were read, so that a bookmark may move;
    ``suspicious`` asks for a warning.
    """

    reason: str
    complete: bool = True
    suspicious: bool = False


class Paginator:
    """One pass over the pages of one stream.

    Ask for ``request`` while ``end`` is None, hand each page to ``take``, emit it if it is new.
    """

    def __init__(self, style: PagingStyle) -> None:
        """Begin before the first page."""
        self.style = style
        self.stop: Stop | None = None
        self.pages = 0
        self.records = 0
        self.total: int | None = None
        self.remarks: list[str] = []
        self._token: Token = style.first()
        self._used = SeenTokens()
        self._used.add(self._token)
        self.total_pages: int | None = None
        self._first_length = self._length = 0
        self._previous: Page | None = None

    @property
    def token(self) -> Token:
        """What leads to the page that comes next."""
        return self._token

    def place(self, request: Request) -> Request:
        """Turn a stream's request into the request for the next page, and return it."""
        self.style.apply(self._token, request)
        return request

    def foreseen(self, most: int) -> list[Token]:
        """Give the tokens of the next pages: the first is certain, the others are predicted."""
        tokens = [] if self.stop else [self._token]
        most = min(most, self._pages_to_come())
        while tokens and len(tokens) < most:
            token = self.style.predict(tokens[-1], self._length)
            if token is None:
                break
            tokens.append(token)
        return tokens

    def _pages_to_come(self) -> int:
        """Give how many more pages there may well be, the one that comes next included.

        Where nothing names the end, as many again as there were: a stream of one page is not
        asked for eight. A first page that is as long as was asked for promises many.
        """
        if not self._length:
            return 1
        known = []
        if self.total is not None:
            known.append(-(-(self.total - self.records) // self._length))
        if self.total_pages is not None:
            known.append(self.total_pages - self.pages)
        full = self.style.page_size_param and self._length >= self.style.size_sent
        if not known and not full:
            known.append(self.pages)
        if self.style.max_pages:
            known.append(self.style.max_pages - self.pages)
        return max(min(known, default=_MANY), 1)

    def take(self, page: Page) -> bool:
        """Take note of a page, decide whether the walk goes on; tell whether it is a new one.

        The records of a page that repeats the one before it are not to be emitted again.
        """
        self.pages += 1
        self._length = page.length
        if self.pages == 1:
            self._first_length = page.length
            # A link back to where the walk began is one that was used.
            self._used.add(page.url)
        self._count(page)
        previous, self._previous = self._previous, page
        repeated = previous is not None and bool(page.length) and page.repeats(previous)
        if repeated:
            self._end_repeated(page)
        else:
            self.records += page.length
            self.stop = self._end_at(page, previous)
            if self.stop is None:
                self._advance(page)
        if self.stop and self.total is not None and self.records < self.total:
            self.remarks.append(f"{self.records} records came, though total_path said {self.total}")
        return not repeated

    def _end_repeated(self, page: Page) -> None:
        """End at a page that repeats the one before it.

        One that comes back at once means that the server may not know the parameter; one that
        says that more follows means that it was not reached.
        """
        token = self.style.next(self._token, page) if self.style.follows_tokens else None
        more = self._expects_more(page) or (token is not None and token not in self._used)
        complete = self.pages > _SECOND and not more
        if self.pages == _SECOND and (carriers := self.style.carriers):
            self.remarks.append(f"the API may not know the parameter {' or '.join(carriers)}")
        self.stop = Stop(
            f"page {self.pages} repeated the page before it", complete, suspicious=True
        )

    def _expects_more(self, page: Page) -> bool:
        """Tell whether the answers say that there is more than what came."""
        has_more = self.style.has_more_path.find(page.body) if self.style.has_more_path else None
        if has_more is not None and has_more is not MISSING and not _says_no(has_more):
            return True
        return self.total is not None and self.records < self.total

    def leads_to(self) -> str:
        """Say what asks for the next page, for people."""
        request = self.place(Request("GET", ""))
        named = {**request.params, **(request.body or {})}
        return request.url or ", ".join(f"{name}={value}" for name, value in named.items())

    def skip(self, outcome: str) -> None:
        """Take note of an answer that a rule decided on: there is no page in it.

        ``end``: it lay past the last page. ``ignore``: in the middle of a walk something is
        missing; at its beginning there is nothing here.
        """
        self.pages += 1
        complete = outcome == "end" or self.pages == 1
        reason = f"a response rule said {outcome}"
        self.stop = Stop(reason, complete, suspicious=not complete)

    def _full_page(self, page: Page) -> str | None:
        """Say that a lone page as long as was asked for names no next one."""
        full = self.style.page_size_param and page.length == self.style.size_sent
        return "the only page is full, and names no next page" if full else None

    def _count(self, page: Page) -> None:
        """Note the total that the answer names, unless it cannot be one."""
        if self.style.total_path is None or (self.total is None and self.pages > 1):
            return
        total = _whole(self.style.total_path.find(page.body))
        if total is not None and total < page.length:
            if self.pages == 1:
                self.remarks.append(
                    f"total_path {self.style.total_path.text!r} says {total}, but one page alone "
                    f"has {page.length} records: it is not used"
                )
                self.total = None
        elif total is not None:
            # A total that shrinks on the way says nothing of what is still to come.
            self.total = max(total, self.total or 0)
        elif self.pages == 1:
            self.remarks.append(f"total_path {self.style.total_path.text!r} finds no whole number")

    def _end_at(self, page: Page, previous: Page | None) -> Stop | None:
        """Give the end that this page is by itself, whatever the next token."""
        style = self.style
        wrong = self._no_page(page, previous) if previous else None
        if wrong and (style.empty_page_ends or style.next(self._token, page) is None):
            return Stop(wrong, complete=False, suspicious=True)
        has_more = style.has_more_path.find(page.body) if style.has_more_path else None
        if not page.length and style.empty_page_ends:
            more = has_more is not None and has_more is not MISSING and not _says_no(has_more)
            return Stop("an empty page", not more, suspicious=more)
        if has_more is not MISSING and has_more is not None and _says_no(has_more):
            return Stop("has_more_path said so")
        # A next page that the answer names is more to be trusted than a number.
        if style.follows_tokens and page.length and style.next(self._token, page) is not None:
            return None
        if self.total is not None and self.records >= self.total:
            return Stop("total_path was reached")
        if style.total_pages_path:
            self.total_pages = total_pages = _whole(style.total_pages_path.find(page.body))
            if total_pages is not None and 0 < total_pages <= self.pages:
                return Stop("total_pages_path was reached")
        if style.is_short(page, self._first_length):
            return Stop("a page shorter than the first")
        return None

    def _no_page(self, page: Page, previous: Page) -> str | None:
        """Say why an answer that came without records in the middle of a walk is no last page."""
        if page.body is None and page.status not in _MAY_BE_EMPTY:
            return f"an answer of status {page.status} without a body"
        if page.found or page.body is None:
            return None
        if page.names_an_error:
            return "an answer that names an error instead of records"
        if isinstance(page.body, dict) != isinstance(previous.body, dict) and page.body != []:
            return f"an answer that is {describe(page.body)}, as none before it was"
        if _is_another_shape(page, previous):
            return f"an answer with {page.keys} and nothing that the page before it had"
        return None

    def _advance(self, page: Page) -> None:
        """Go on to the next token, or end where there is none, a loop or the limit."""
        token = self.style.next(self._token, page)
        if token is None:
            doubts = self.style.doubts(page)
            if doubts is None and self.pages == 1 and self.style.follows_tokens:
                doubts = self._full_page(page)
                self.stop = Stop(doubts or "no next page in the answer", suspicious=bool(doubts))
            else:
                reason = self.style.end_reason if doubts is None else doubts
                self.stop = Stop(reason, doubts is None, suspicious=doubts is not None)
        elif token in self._used:
            # A server that names its last page again says that it is the last.
            at_end = key_of(token) == key_of(self._token) and self.style.repeat_is_end
            complete = at_end and not self._expects_more(page)
            self.stop = Stop(
                "a page token that was used before came again", complete, suspicious=True
            )
        elif self.style.max_pages and self.pages >= self.style.max_pages:
            self.stop = Stop(
                f"max_pages ({self.style.max_pages}) was reached", complete=False, suspicious=True
            )
        else:
            if self.style.predict(self._token, page.length) is None:
                # What is counted never comes again, however many pages there are.
                self._used.add(token)
            self._token = token


def _is_another_shape(page: Page, previous: Page) -> bool:
    """Tell whether an answer has none of the keys of the one before it."""
    if not isinstance(page.body, dict) or not isinstance(previous.body, dict):
        return False
    return bool(page.body) and page.body.keys().isdisjoint(previous.body)


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or value is MISSING or value is None:
        return None
    try:
        number = Decimal(str(value))
        if not number.is_finite() or number.adjusted() > MAX_INTEGER_DIGITS:
            return None
        return int(number) if number == number.to_integral_value() else None
    except ArithmeticError:
        return None


def _says_no(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in _FALSE_TEXTS | {""}
    return not value
