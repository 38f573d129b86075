"""One pass over the pages of a slice: the only part of paging that remembers.

Keeps the tokens that were used and the previous page; the style decides everything else.
"""

from __future__ import annotations

from dataclasses import dataclass

from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.pagination.base import PagingStyle, Token
from tap_oauth2_generic.pagination.seen_tokens import SeenTokens, key_of
from tap_oauth2_generic.pagination.signs import unused_sign
from tap_oauth2_generic.parsing.extract_records import describe
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.runtime.timestamps import read_number
from tap_oauth2_generic.settings.paths import MISSING, Path

_SECOND = 2
# A null at 200 is an empty page; 204 and 205 have no body (RFC 9110 section 15.3).
_MAY_BE_EMPTY = frozenset({200, 204, 205})
_ERROR_NAMES = ("error", "errors", "error_code", "errorCode", "fault")
_FALSE_WORDS = {"false", "0", "no", "n", ""}


@dataclass(frozen=True)
class Stop:
    """Why paging stopped.

    ``complete``: all records were read, so a bookmark may move. ``suspicious``: warn.
    ``failed``: by an error of the API or the configuration, so the run ends with exit status 1.
    """

    reason: str
    complete: bool = True
    suspicious: bool = False
    failed: bool = False


class Paginator:
    """One pass over the pages of a slice.

    While ``stop`` is None, request the page of ``token``, hand it to ``take``, and emit its
    records if it is new. ``remarks`` are warnings for the user.
    """

    def __init__(self, style: PagingStyle) -> None:
        self.style = style
        self.stop: Stop | None = None
        self.pages = self.records = 0
        self.total: int | None = None
        self.total_pages: int | None = None
        self.remarks: list[str] = []
        self.token: Token = style.first()
        self._seen = SeenTokens()
        self._seen.add(self.token)
        self._first_length = self._length = 0
        self._previous: Page | None = None

    def place(self, request: Request) -> Request:
        """Turn a stream's request into the request for the next page, and return it."""
        self.style.apply(self.token, request)
        return request

    def next_request(self) -> str:
        """Return what is sent for the next page, for people: its address or parameters."""
        request = self.place(Request("GET", ""))
        named = {**request.params, **(request.body or {})}
        return request.url or ", ".join(f"{name}={value}" for name, value in named.items())

    def foreseen(self, limit: int) -> list[Token]:
        """Return the tokens of the next pages: the first is certain, the others are predicted."""
        tokens = [] if self.stop else [self.token]
        limit = min(limit, self._pages_to_come())
        while tokens and len(tokens) < limit:
            token = self.style.predict(tokens[-1], self._length)
            if token is None:
                break
            tokens.append(token)
        return tokens

    def _pages_to_come(self) -> int:
        """Estimate how many pages follow, at least 1.

        Without a known total, as many as were read: a stream of one page must not cost eight
        requests. A first page of full size promises any number.
        """
        if not self._length:
            return 1
        known = []
        if self.total is not None:
            known.append(-(-(self.total - self.records) // self._length))
        if self.total_pages is not None:
            known.append(self.total_pages - self.pages)
        is_full = self.style.page_size_param and self._length >= self.style.size_sent
        if not known and not is_full:
            known.append(self.pages)
        if self.style.max_pages:
            known.append(self.style.max_pages - self.pages)
        return max(min(known, default=10**9), 1)

    def take(self, page: Page) -> bool:
        """Note a page and decide whether to go on; return whether its records are new."""
        self.pages += 1
        self._length = page.length
        if self.pages == 1:
            self._first_length = page.length
            # A link back to the first page leads to one that was used.
            self._seen.add(page.url)
        self._note_total(page)
        previous, self._previous = self._previous, page
        repeated = previous is not None and bool(page.length) and page.repeats(previous)
        if repeated:
            self.stop = self._stop_at_repeat(page)
        else:
            self.records += page.length
            self.stop = self._stop_at(page, previous) or self._advance(page)
        end, read = self.stop, (self.pages, self.records)
        if end and end.complete and (sign := unused_sign(self.style, page, *read)):
            self.stop = Stop(f"{end.reason}, but {sign}", complete=False, suspicious=True)
        if self.stop and self.total is not None and self.records < self.total:
            self.remarks.append(
                f"total_path says {self.total} records, but the API returned {self.records}"
            )
        return not repeated

    def skip(self, outcome: str) -> None:
        """Stop at a response without a page, which a response rule decided on.

        ``end``: it was one past the last page. ``ignore``: something is missing, unless it was
        the first response.
        """
        self.pages += 1
        complete = outcome == "end" or self.pages == 1
        self.stop = Stop(f"response rule {outcome!r}", complete, suspicious=not complete)

    def _has_more(self, page: Page) -> bool | None:
        """Return what ``has_more_path`` says, None if it says nothing."""
        found = self.style.has_more_path.find(page.body) if self.style.has_more_path else None
        if found is None or found is MISSING:
            return None
        return found.strip().lower() not in _FALSE_WORDS if isinstance(found, str) else bool(found)

    def _expects_more(self, page: Page) -> bool:
        return bool(self._has_more(page)) or (self.total is not None and self.records < self.total)

    def _note_total(self, page: Page) -> None:
        path = self.style.total_path
        if path is None or (self.total is None and self.pages > 1):
            return
        total = _integer_at(path, page)
        if total is not None and total >= page.length:
            # A total that shrinks meanwhile says nothing of what is still to come.
            self.total = max(total, self.total or 0)
        elif self.pages == 1:
            low = f"says {total}, but the first page has {page.length} records"
            reason = "finds no integer" if total is None else low
            self.remarks.append(f"ignoring total_path {path.text!r}: it {reason}")

    def _stop_at_repeat(self, page: Page) -> Stop:
        """Stop at a page that repeats the previous one.

        If it repeats the first, the API may ignore the parameter; if more should follow, the
        read is incomplete. Otherwise the server repeats its last page.
        """
        token = self.style.next(self.token, page) if self.style.follows_tokens else None
        more = self._expects_more(page) or (token is not None and token not in self._seen)
        if self.pages == _SECOND and (name := self.style.token_param):
            self.remarks.append(f"the API may ignore the parameter {name}")
        complete = self.pages > _SECOND and not more
        return Stop(f"page {self.pages} repeats the previous page", complete, suspicious=True)

    def _stop_at(self, page: Page, previous: Page | None) -> Stop | None:
        """Return why this page is the last one even with a next token; None if it is not."""
        style, has_more = self.style, self._has_more(page)
        wrong = _not_a_page(page, previous) if previous else None
        if wrong and (not style.follows_tokens or style.next(self.token, page) is None):
            return Stop(wrong, complete=False, suspicious=True)
        if not page.length and not style.follows_tokens:
            return Stop("an empty page", complete=not has_more, suspicious=bool(has_more))
        if has_more is False:
            return Stop("has_more_path says there are no more pages")
        # A next page in the response is more reliable than a total.
        if style.follows_tokens and page.length and style.next(self.token, page) is not None:
            return None
        if self.total is not None and self.records >= self.total:
            return Stop("total_path was reached")
        if style.total_pages_path:
            self.total_pages = _integer_at(style.total_pages_path, page)
            if self.total_pages and 0 < self.total_pages <= self.pages:
                return Stop("total_pages_path was reached")
        is_short = page.length < self._first_length
        if is_short and getattr(style, "stop_on_short_page", False):
            return Stop("a page shorter than the first")
        return None

    def _advance(self, page: Page) -> Stop | None:
        """Go on to the next token; stop if there is none, at a loop or at the limit."""
        style, token = self.style, self.style.next(self.token, page)
        if token is None:
            return self._stop_without_token(page)
        if token in self._seen:
            # Some servers name the last page as its own next page.
            is_last = key_of(token) == key_of(self.token) and style.repeat_is_end
            return Stop(
                "paging loop: the API returned a page token that was already used",
                complete=is_last and not self._expects_more(page),
                suspicious=True,
            )
        if style.max_pages and self.pages >= style.max_pages:
            reason = f"max_pages ({style.max_pages}) was reached"
            return Stop(reason, complete=False, suspicious=True)
        if style.predict(self.token, page.length) is None:
            # A counted token never comes again, however many pages there are.
            self._seen.add(token)
        self.token = token
        return None

    def _stop_without_token(self, page: Page) -> Stop:
        style, doubts = self.style, self.style.doubts(page)
        if doubts is not None:
            return Stop(doubts, complete=False, suspicious=True)
        if self.pages > 1 or not style.follows_tokens:
            return Stop(style.end_reason)
        if style.page_size_param and page.length == style.size_sent:
            return Stop("the only page is full but names no next page", suspicious=True)
        return Stop("no next page in the response")


def _not_a_page(page: Page, previous: Page) -> str | None:
    """Return why a response without records does not count as the last page, if it does not."""
    body = page.body
    if body is None:
        is_empty = page.status in _MAY_BE_EMPTY
        return None if is_empty else f"a response with status {page.status} and no body"
    if page.found:
        return None
    if isinstance(body, dict) and any(body.get(name) for name in _ERROR_NAMES):
        return "a response that names an error instead of records"
    if isinstance(body, dict) != isinstance(previous.body, dict):
        return (
            None if body == [] else f"a response that is {describe(body)}, unlike the page before"
        )
    if isinstance(body, dict) and body and body.keys().isdisjoint(previous.body):
        return f"a response with {page.keys}, none of which the page before had"
    return None


def _integer_at(path: Path, page: Page) -> int | None:
    number = read_number(path.find(page.body))
    return int(number) if number is not None and number.is_integer() else None
