"""Judge a name or value of a foreign document: which hold secrets, which stand for one; pure."""

from __future__ import annotations

import re
from collections.abc import Container
from itertools import count as count_from
from typing import Any

from tap_oauth2_generic.runtime.redaction import mask_tokens
from tap_oauth2_generic.runtime.timestamps import is_date_time

# What a browser or curl adds by itself, and the tap does, too, or no API needs.
_OF_CLIENTS = re.compile(
    r"(sec-|x-client-data)|(user-agent|referer|origin|host|connection|content-length|priority|dnt|te|"
    r"accept-encoding|accept-language|cache-control|pragma|upgrade-insecure-requests|"
    r"if-none-match|if-modified-since|postman-token|traceparent|tracestate|baggage|sentry-trace|"
    r"newrelic|x-(request|correlation)-id)$",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"auth|token|secret|key|cookie|passw|pwd|session|signature|csrf|xsrf|(^|[-_])sig$",
    re.IGNORECASE,
)
# In a body, where project_key and key are mostly data, only what is nothing but a secret.
_SECRET_IN_BODY = re.compile(
    r"secret|passw|pwd|(access|auth|api|refresh|id|session|csrf|bearer|private)[-_]?(token|key)|"
    r"(api)?_?token$",
    re.IGNORECASE,
)
# page_token leads to the next page.
_NO_SECRET = re.compile("page|next|cursor|contin|sync|scroll|sort|keyword|search", re.IGNORECASE)
# What documentation writes in the place of a token.
_STAND_IN = re.compile(r"[$<{\[%]|(your|my)[-_ ]|x+$|.*(\.\.\.|…|\*\*)", re.IGNORECASE)
# Words that name a secret: in capitals among others, in lower case alone.
_NAME_OF_SECRET = re.compile(
    r"([A-Z]{1,20}[-_ ]){0,4}(ACCESS|API|AUTH|BEARER)?"
    r"(TOKEN|KEY|SECRET|PASSWORD|JWT)([-_ ][A-Z]{1,20}){0,4}"
    r"|((access|api|auth|bearer|client)[-_ ]?)?(token|key|secret)|password"
)
# Placeholders, numbers, UUIDs, and what is about the version or format of an API.
_NO_NAME = re.compile(
    r"[{}:$<>]|^\d+$|^v\d+(\.\d+)*$|^[0-9a-f]{8}-[0-9a-f-]{27}$|^(api|rest|index|list|search)$|^$",
    re.IGNORECASE,
)

# Of MongoDB, and UUIDs.
_ID = re.compile(r"[0-9a-f]{24}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def is_of_client(header: str) -> bool:
    """Return whether a header is of the program that sent it, not of the request."""
    return bool(_OF_CLIENTS.match(header))


def is_secret(name: str) -> bool:
    """Return whether a header or parameter of this name holds a secret."""
    return bool(_SECRET.search(name)) and not _NO_SECRET.search(name)


def is_secret_member(name: str, value: str = "") -> bool:
    """Return whether a member of a body has the name, or the value, of nothing but a secret."""
    is_named = bool(_SECRET_IN_BODY.search(name))
    return (is_named or looks_secret(value)) and not _NO_SECRET.search(name)


def drop_secrets(value: Any, names: list[str]) -> Any:
    """Return JSON-like data of a body without the members that hold secrets; add their names."""
    if isinstance(value, list):
        return [drop_secrets(one, names) for one in value]
    if not isinstance(value, dict):
        return value
    strings = {name: one for name, one in value.items() if isinstance(one, str)}
    found = [name for name, one in strings.items() if is_secret_member(name, one)]
    names += found
    return {name: drop_secrets(one, names) for name, one in value.items() if name not in found}


def looks_secret(value: str) -> bool:
    """Return whether a value has the form of a token; an ID, a time or a sentence has not."""
    is_other = _ID.fullmatch(value) or " " in value or is_date_time(value)
    return not is_other and mask_tokens(value) != value


def holds_secret(name: str, value: str) -> bool:
    """Return whether a header, parameter or member is a secret, by its name or its value."""
    return is_secret(name) or (looks_secret(value) and not _NO_SECRET.search(name))


def is_stand_in(value: str) -> bool:
    """Return whether a value only stands for a secret."""
    return bool(_STAND_IN.match(value) or _NAME_OF_SECRET.fullmatch(value))


def stream_name(path: str, taken: Container[str] = ()) -> str:
    """Return a name for the stream of a path: its last part that is no placeholder or ID."""
    parts = [part for part in path.partition("?")[0].split("/") if not _NO_NAME.search(part)]
    words = [re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", part).lower() for part in parts]
    words = [re.sub(r"[^a-z0-9]+", "_", word).strip("_") for word in words]
    words = [word for word in words if word] or ["items"]
    for count in range(1, len(words) + 1):
        if (name := "_".join(words[-count:])) not in taken:
            return name
    return next(name for number in count_from(2) if (name := f"{words[-1]}_{number}") not in taken)
