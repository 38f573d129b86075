"""Whether a response without records names an error; pure, and decided here only."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tap_oauth2_generic.runtime.redaction import excerpt
from tap_oauth2_generic.runtime.timestamps import read_number
from tap_oauth2_generic.settings.paths import Path, before_choice, flatten
from tap_oauth2_generic.settings.templates import as_text

# Names are compared flattened.
_ERRORS = frozenset({
    "error", "errors", "errorcode", "errormessage", "errormessages", "errortype", "errorid",
    "errordescription", "errordetail", "errordetails", "err", "errmsg", "exception",
    "haserror", "haserrors", "iserror",
    "fault", "faults", "faultcode", "faultstring",
})  # fmt: skip
_FLAGS = frozenset({"ok", "success", "succeeded", "successful", "issuccess", "issuccessful"})
_CODES = frozenset({"code", "statuscode"})
_STATUSES = frozenset({"status", "httpstatus", *_CODES})
_RESULTS = frozenset({"status", "stat", "state", "result"})
_STATUS_WORDS = frozenset({
    "error", "err", "fail", "failed", "failure", "fault", "nok", "ko", "unauthorized", "forbidden",
    "unauthenticated", "denied", "exception",
})  # fmt: skip
# In the name that stands in place of a number: `RATE_LIMITED`, `AccessDenied`; not `NO_ERROR`.
_ERROR_CODE = re.compile(
    r"(?<!no)(?<!no_)error|fail|fault|limited|exceeded|denied|invalid|expired|unauth|forbidden"
    r"|throttl|unavailable|too_?many"
)
_MESSAGES = frozenset({"message", "messages", "msg", "detail", "reason"})
# What else an object that only names an error may have.
_BESIDES = frozenset({
    "type", "title", "instance", "requestid", "traceid", "timestamp", "path", "help",
    "documentationurl", "description", "details", "data", "url", "warning", "warnings",
})  # fmt: skip
# Objects next to the records in which APIs report on the request.
_REPORTS = frozenset({"meta", "status", "response", "result", "header", "responsestatus"})
_FALSE_WORDS = frozenset({"0", "false", "no", "n"})
_NO_MESSAGES = frozenset({"", "none", "null", "ok", "success"})
_NONE_WORDS = _FALSE_WORDS | _NO_MESSAGES
_HTTP_ERRORS = range(400, 600)
_SHOWN, _MAX_NAMED = 80, 3


def find_error(body: Any, path: Path, *, found: bool) -> str | None:
    """Return what names an error in a body without records, None if nothing does.

    ``found``: the path of the records is there; if so, a message alone is no error.
    """
    for place in _places(body, path):
        plain = {name: flatten(name) for name in place}
        errors = [name for name in place if _is_error(plain[name], place[name])]
        messages = [name for name in place if plain[name] in _MESSAGES]
        says = [name for name in messages if _says_something(place[name], _NO_MESSAGES)]
        if errors or (says and not found):
            # What says most comes first: not a flag or a status.
            named = sorted(
                dict.fromkeys([*errors, *says]),
                key=lambda name: plain[name] in _FLAGS | _STATUSES | _RESULTS,
            )
            shown = [f"{name!r} is {excerpt(as_text(place[name]), _SHOWN)!r}" for name in named]
            return ", ".join(shown[:_MAX_NAMED])
    return None


def is_only_error(record: Mapping[str, Any]) -> bool:
    """Return whether an object names an error and has nothing that a record would have."""
    known = _ERRORS | _FLAGS | _STATUSES | _RESULTS | _MESSAGES | _BESIDES
    return known.issuperset(map(flatten, record))


def _places(body: Any, path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the objects in which an error may be: around the records, and reports next to them."""
    if isinstance(body, list):
        # Salesforce lists its errors: [{"message": …, "errorCode": …}].
        yield from (one for one in body if isinstance(one, dict) and is_only_error(one))
    if not isinstance(body, dict):
        return
    yield body
    yield from (v for k, v in body.items() if isinstance(v, dict) and flatten(k) in _REPORTS)
    for key in before_choice(path).keys[:-1]:
        body = body.get(key) if isinstance(body, dict) else None
        if isinstance(body, dict):
            yield body


def _is_error(name: str, value: Any) -> bool:
    if name in _ERRORS:
        return _says_something(value)
    word = value.strip().lower() if isinstance(value, str) else value
    if name in _FLAGS:
        return word in _FALSE_WORDS if isinstance(word, str) else word == 0
    if name in _RESULTS and isinstance(word, str) and word in _STATUS_WORDS:
        return True
    if name in _CODES and isinstance(word, str) and _ERROR_CODE.search(word):
        return True
    return name in _STATUSES and read_number(word) in _HTTP_ERRORS


def _says_something(value: Any, nothing: Collection[str] = _NONE_WORDS) -> bool:
    """Return whether the value of an error is one: not false, 0, empty, or only of such values."""
    if isinstance(value, dict | list):
        members = value.values() if isinstance(value, dict) else value
        return any(_says_something(member, nothing) for member in members)
    return value.strip(" 0").lower() not in nothing if isinstance(value, str) else bool(value)
