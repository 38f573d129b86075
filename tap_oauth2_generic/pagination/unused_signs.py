"""Signs that more pages follow the end of a read, which its paging style does not use.

``signs`` decides what a sign is.
"""

from __future__ import annotations

from contextlib import suppress
from operator import attrgetter
from urllib.parse import parse_qsl, urljoin, urlsplit

from tap_oauth2_generic.pagination.base import PagingStyle, Token
from tap_oauth2_generic.pagination.seen_tokens import SeenTokens
from tap_oauth2_generic.pagination.signs import COUNTS, LINKS, Sign, find_signs, says_more
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.settings.paths import DottedPath, JsonPath


class UnusedSigns:
    """Finds a sign that more follows the last page, unless the style uses it.

    Remembers the counts of the first page: the last one may have none, or count records that
    were added meanwhile. ``seen`` are the tokens that were used.
    """

    def __init__(self, style: PagingStyle, seen: SeenTokens) -> None:
        self.style, self.seen = style, seen
        self._counts: list[Sign] = []
        self._used: set[str] = set()

    def note(self, first: Page, *, is_only: bool) -> None:
        """Note the first page."""
        self._length = first.length
        self._counts = [] if is_only else [s for s in self._signs(first) if s.kind in COUNTS]

    def find(self, page: Page | None, token: Token, pages: int, records: int) -> str | None:
        """Return which sign says at the end of a read that more follows, None if none does.

        ``page`` is that of the last response, None if it had none; ``pages`` counts those up to
        the last one with records.
        """
        last = [] if page is None else self._signs(page)
        flags = [sign for sign in last if sign.kind in {"more", "last"}]
        for sign in flags or self._others(last, pages, records):
            if says_more(sign, pages, records) and not (page and self._was_read(sign, page, token)):
                place = f"the header {sign.place!r}" if sign.is_header else repr(sign.place)
                advice = "preview --suggest proposes a pagination"
                if sign.kind in COUNTS:
                    setting = "total_path" if sign.kind == "total" else "total_pages_path"
                    advice += f"; if it counts other records, too, name it in {setting}"
                return f"{place} says that more follows; {advice}"
        return None

    def _others(self, last: list[Sign], pages: int, records: int) -> list[Sign]:
        """Return the links and the lowest counts that the style does not use."""
        counts: dict[str, Sign] = {}
        for sign in (*self._counts, *(sign for sign in last if sign.kind in COUNTS)):
            counts[sign.place] = min(sign, counts.get(sign.place, sign), key=attrgetter("value"))
        equal = [place.lower() for place, sign in counts.items() if sign.value == records]
        # A count that equals the length of the only page may be no more than that.
        all_came = equal and (records > self._length or any("filter" in place for place in equal))
        may_be_short = pages <= 1 or getattr(self.style, "stop_on_short_page", False)
        ignores_weak = not may_be_short or any("total" in place for place in equal)
        links = [s for s in last if s.kind in LINKS and not (s.is_weak and ignores_weak)]
        others = [*links, *(() if all_came else counts.values())]
        return [sign for sign in others if sign.place not in self._used]

    def _signs(self, page: Page) -> list[Sign]:
        """Return the signs about a response; note those that the style uses or that was sent."""
        signs = [sign for sign in find_signs(page) if sign.about]
        sent = _parts(page.url)[1] if signs else {}
        for sign in signs:
            name = sign.place.rpartition(".")[2]
            is_echo = sign.kind in COUNTS and sent.get(name) == str(sign.value)
            if is_echo or _uses(self.style, sign, page):
                self._used.add(sign.place)
        return signs

    def _was_read(self, sign: Sign, page: Page, token: Token) -> bool:
        """Return whether a link or cursor leads to a page that was read, or is always there."""
        value, own = sign.value, _parts(page.url)
        if sign.kind not in LINKS:
            return False
        if sign.kind == "cursor":
            # Facebook names a cursor on its last page, too.
            if value in own[1].values() or sign.place.endswith("paging.cursors.after"):
                return True
        else:
            with suppress(ValueError):
                url = urljoin(page.url, str(value))
                if _parts(url) == own or url in self.seen:
                    return True
                value = _parts(url)[1].get(self.style.token_param)
        number = int(value) if str(value).isdecimal() else None
        if number is not None and self.style.first() is not None:
            return bool(number <= token)
        return value is not None and (value in self.seen or (number or value) in self.seen)


def _parts(url: str) -> tuple[str, dict[str, str]]:
    """Return the address and the parameters of a URL."""
    return url.partition("?")[0], dict(parse_qsl(urlsplit(url).query))


def _uses(style: PagingStyle, sign: Sign, page: Page) -> bool:
    if sign.kind == "link":
        return style.style == "link_header"
    values = vars(style).values()
    paths = [value for value in values if isinstance(value, DottedPath | JsonPath)]
    if sign.is_header:
        names = [path.text for path in paths] + [v for v in values if isinstance(v, str)]
        return sign.place.lower() in map(str.lower, names)
    return any(path.find(page.body) is sign.value or path.text == sign.place for path in paths)
