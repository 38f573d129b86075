"""One pass over the pages of a slice: the only part of paging that remembers.

Keeps the tokens that were used and the previous page. The style and the signs in the responses
decide everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.pagination.base import NO_NEXT_PAGE, PagingStyle, Token
from tap_oauth2_generic.pagination.end_signs import EndSigns
from tap_oauth2_generic.pagination.seen_tokens import SeenTokens, key_of
from tap_oauth2_generic.pagination.unused_signs import UnusedSigns
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.settings.limits import MAX_EMPTY_PAGES, MAX_EQUAL_PAGES

_SECOND = 2


@dataclass(frozen=True)
class Stop:
    """Why paging stopped.

    ``complete``: all records were read, so a bookmark may move; if not, it is a warning.
    ``failed``: by an error of the API or the configuration, so the run ends with exit status 1.
    """

    reason: str
    complete: bool = True
    failed: bool = False


class Paginator:
    """One pass over the pages of a slice.

    While ``stop`` is None, request the page of ``token``, hand it to ``take``, and emit the
    pages that it returns. ``remarks`` are warnings for the user.
    """

    def __init__(self, style: PagingStyle) -> None:
        self.style = style
        self.stop: Stop | None = None
        self.pages = self.records = 0
        self.token: Token = style.first()
        self.signs = EndSigns(style)
        self.remarks = self.signs.remarks
        self._seen = SeenTokens()
        self._unused = UnusedSigns(style, self._seen)
        self._first_length = self._length = 0
        self._previous: Page | None = None
        # How many pages were empty until now, and those that repeat the one before them and wait.
        self._empty = 0
        self._held: list[Page] = []
        # Whether the token had been used for the page before, too.
        self._is_again = False

    def place(self, request: Request) -> Request:
        """Turn a stream's request into the request for the next page, and return it."""
        self.style.apply(self.token, request)
        return request

    def next_request(self) -> str:
        """Return what is sent for the next page, for people: its address or parameters."""
        request = self.place(Request("GET", ""))
        named = {**request.params, **(request.body or {})}
        return request.url or ", ".join(f"{name}={value}" for name, value in named.items())

    @property
    def known_pages(self) -> int | None:
        """How many pages there are, None if no total says so, or a wrong one."""
        known = self.signs.known_pages(self._first_length)
        return known if known and known >= self.pages else None

    def foreseen(self, limit: int) -> list[Token]:
        """Return the tokens of the next pages: the first is certain, the others are predicted."""
        tokens = [] if self.stop else [self.token]
        # While a page is held, the next one decides.
        to_come = self.signs.pages_to_come(self.records, self.pages, self._length)
        limit = 1 if self._held else min(limit, to_come)
        while tokens and len(tokens) < limit:
            token = self.style.predict(tokens[-1], self._length)
            if token is None:
                break
            tokens.append(token)
        return tokens

    def take(self, page: Page, keys: Sequence[str] = ()) -> list[Page]:
        """Note a page and decide whether to go on; return the pages to emit now, in order.

        A page that repeats the one before it is held until the next one, or a sign of the end,
        shows that the API meant it. ``keys`` are the primary keys.
        """
        self.pages += 1
        self.records += page.length
        self._length = page.length
        if self.pages == 1:
            self._first_length = page.length
            # A link back to the first page leads to one that was used.
            self._seen.add(page.url)
        self._empty = 0 if page.length else self._empty + 1
        previous, self._previous = self._previous, page.summary()
        is_copy = previous and page.length and self._previous.repeats(previous, keys)
        pending = [*self._held, page]
        emitted, self._held = ([], pending) if is_copy else (pending, [])
        self.stop = self._stop_at(page) or self._advance(page)
        if self.pages == 1:
            self._unused.note(page, is_only=self.stop is not None)
        if self.stop:
            emitted += self._held
            self._conclude(self.stop, page)
        return emitted

    def skip(self, outcome: str, dropped: int = 0, why: str = "") -> list[Page]:
        """Stop at a response without a page, because of a response rule or of ``why``.

        ``end``: it was one past the last page, unless it had records, which are ``dropped``.
        ``ignore``: something is missing, unless it was the first response. Returns the pages to
        emit now.
        """
        self.pages += 1
        complete = (outcome == "end" or self.pages == 1) and not dropped
        reason = why or f"response rule {outcome!r}"
        if dropped:
            reason += f" dropped {dropped} records; name a flag of the last page in last_page_path"
        self.stop = Stop(reason, complete)
        self._conclude(self.stop, None)
        return self._held

    def join(self, part: Paginator, *, is_last: bool = True) -> None:
        """Count a part of the same read that has ended; it ends this one, too, if it is the last.

        A part that is incomplete ends it in any case.
        """
        self.pages, self.records = self.pages + part.pages, self.records + part.records
        self.remarks += part.remarks
        if is_last or (part.stop and not part.stop.complete):
            self.stop = part.stop

    def _drop(self) -> None:
        """Forget the pages that were held, as they are copies."""
        self.records -= len(self._held) * self._length
        self._held = []

    def _goes_on(self, token: Token | None) -> bool:
        """Return whether a token is the server's, and new."""
        return self.style.follows_tokens and token is not None and token not in self._seen

    @property
    def _repeats_first(self) -> bool:
        """Whether all pages are alike, as if the API ignored the parameter."""
        return 0 < len(self._held) == self.pages - 1

    def _conclude(self, end: Stop, page: Page | None) -> None:
        """Look for what contradicts the end."""
        signs, pages = self.signs, self.pages - self._empty - (page is None)
        sign = self._unused.find(page, self.token, pages, self.records) if end.complete else None
        if sign:
            self.stop = Stop(f"{end.reason}, but {sign}", complete=False)
        if signs.total is not None and self.records < signs.total:
            self.remarks.append(
                f"total_path says {signs.total} records, but the API returned {self.records}"
            )
        if signs.is_silent and self.records > self._first_length:
            path = self.style.has_more_path
            self.remarks.append(f"ignoring has_more_path {path and path.text!r}: it finds nothing")

    def _stop_at(self, page: Page) -> Stop | None:
        """Return why this page is the last one even with a next token; None if it is not."""
        style, signs = self.style, self.signs
        end = signs.note(page, is_first=self.pages == 1)
        ends_at_empty = getattr(style, "stop_on_empty_page", not style.follows_tokens)
        if not page.length and (ends_at_empty or self._is_again):
            return Stop("an empty page", complete=not signs.more)
        if end:
            return Stop(end)
        if signs.is_silent and self.pages == _SECOND and (self._held or not page.length):
            # No flag on the first page did mean that no page follows.
            self._drop()
            return Stop(NO_NEXT_PAGE)
        # A next page in the response is more reliable than a total.
        if style.follows_tokens and page.length and self._goes_on(style.next(self.token, page)):
            return None
        # An API that ignores the parameter reaches any total with copies of its first page.
        if not self._repeats_first and (total := signs.ending_total(self.records, self.pages)):
            return Stop(total)
        is_short = page.length < self._first_length
        if is_short and getattr(style, "stop_on_short_page", False):
            return Stop("a page shorter than the first")
        return None

    def _advance(self, page: Page) -> Stop | None:
        """Go on to the next token; stop if there is none, at a loop or at a limit."""
        style, token = self.style, self.style.next(self.token, page)
        if token is None:
            return self._stop_without_token(page)
        # The first page of a link may name its own address.
        is_own = key_of(token) == key_of(self.token) or (self.pages == 1 and token == page.url)
        if self._held and (stop := self._stop_at_repeat(page, goes_on=self._goes_on(token))):
            return stop
        if not is_own and token in self._seen:
            reason = "paging loop: the API returned a page token that was already used"
            return Stop(reason, complete=False)
        if self._empty >= MAX_EMPTY_PAGES:
            return Stop(f"{self._empty} empty pages in a row", complete=False)
        if style.max_pages and self.pages >= style.max_pages:
            return Stop(f"max_pages ({style.max_pages}) was reached", complete=False)
        if style.predict(self.token, page.length) is None:
            # A counted token never comes again, however many pages there are.
            self._seen.add(token)
        self.token, self._is_again = token, is_own
        return None

    def _stop_at_repeat(self, page: Page, *, goes_on: bool) -> Stop | None:
        """Return why a page that repeats the previous one is the last; None to try the next.

        ``goes_on``: the API gave a token that was not used before. A flag, or a total that was
        not reached, says as well that the page was meant. Else the next page is tried once.
        """
        says_more = goes_on or self.signs.exceed(self.records - self._length, self.pages - 1)
        if says_more and len(self._held) <= MAX_EQUAL_PAGES:
            return None
        if len(self._held) == 1 and not says_more:
            if not self._is_again:
                return None
            if self.style.follows_tokens or self._length < self._first_length:
                self._drop()
                return Stop("the last page names itself as the next one")
        reason, failed = f"page {self.pages} repeats the previous page", False
        if self._repeats_first:
            full = self.style.is_full(self._length)
            unused = self._unused.find(page, self.token, 1, self._length)
            failed = says_more or full or self.signs.exceed(self._length, 1) or bool(unused)
            if name := self.style.token_param:
                reason += f"; the API may ignore the parameter {name}"
            if unused:
                reason += f", and {unused}"
        self._drop()
        return Stop(reason, complete=False, failed=failed)

    def _stop_without_token(self, page: Page) -> Stop:
        style, silent = self.style, "the response says that more follows, but names no next page"
        if doubt := silent if self.signs.more else style.doubts(page):
            return Stop(doubt, complete=False)
        if self.pages == 1 and style.follows_tokens and style.is_full(page.length):
            self.remarks.append("the only page is full but names no next page")
        return Stop(style.end_reason)
