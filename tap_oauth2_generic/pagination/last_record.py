"""Style ``last_record``: a value of the page's last record leads to the next page."""

from __future__ import annotations

from typing import ClassVar

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.pagination.base import EndValues, ParameterStyle, Token
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.settings.field_types import NAME, PATH
from tap_oauth2_generic.settings.fields import setting
from tap_oauth2_generic.settings.paths import MISSING, Path


class LastRecord(ParameterStyle, EndValues):
    """``GET /charges?starting_after=ch_9`` returns ``{"data": […], "has_more": true}``."""

    style: ClassVar[str] = "last_record"
    fits: ClassVar[str] = '`{"data": […], "has_more": true}`; requested by `?starting_after=ch_9`'
    placeholder: ClassVar[str] = "cursor"

    last_record_path: Path = setting(
        PATH, "Path inside the last record of the value to send next.", required=True
    )
    cursor_param: str | None = setting(
        NAME, "Carries the cursor; required unless a template has `{cursor}`."
    )

    @property
    def paths_in_record(self) -> tuple[Path, ...]:
        """The path of the value inside the last record."""
        return (self.last_record_path,)

    def next(self, token: Token, page: Page) -> Token | None:
        """Return the value of the last record; raise ResponseError if it has none."""
        record = page.last_record
        if record is None:
            return None
        found = self.last_record_path.find(record)
        if found is MISSING or found is None:
            raise ResponseError(
                f"last_record_path {self.last_record_path.text!r} finds nothing in the last "
                f"record, which has {', '.join(list(record)[:20])}"
            )
        return None if self.is_end(found) else found
