"""How a request becomes bytes, and what a redirect makes of it; nothing here sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

import requests

from tap_oauth2_generic.errors import ApiError, HostNotAllowedError
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.redaction import redact
from tap_oauth2_generic.settings.templates import as_text

if TYPE_CHECKING:
    from tap_oauth2_generic.net.request import Request

# Everything printable that a URL may hold; anything else in a server's link is quoted.
_URL_CHARACTERS = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"<>\\^`{|}')


def prepare(request: Request) -> requests.PreparedRequest:
    """Encode a request, not yet signed; raise ApiError if that is impossible."""
    headers = {**request.headers}
    data: bytes | None = None
    if request.body is not None and request.body_format == "form":
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        data = urlencode(encode_pairs(request.body)).encode()
    elif request.body is not None:
        headers.setdefault("Content-Type", "application/json")
        data = encode_json(request.body)
    # Bytes of a legacy encoding go back unchanged.
    pairs = encode_pairs(request.params)
    query = urlencode(pairs, quote_via=quote, errors="surrogateescape")
    url = f"{request.url}?{query}" if query else request.url
    try:
        prepared = requests.Request(request.method, url, headers=headers, data=data).prepare()
    except requests.exceptions.RequestException as error:
        raise ApiError(f"{request.name} cannot be sent: {redact(str(error))}") from None
    if request.verbatim:
        # requests would re-quote an address that must go back unchanged.
        prepared.url = quote(request.url.partition("#")[0], safe=_URL_CHARACTERS)
    return prepared


def redirect(
    prepared: requests.PreparedRequest, response: requests.Response
) -> requests.PreparedRequest:
    """Return the request that a redirect asks for, unsigned (RFC 9110 section 15.4)."""
    session = requests.Session()
    following = prepared.copy()
    try:
        following.url = urljoin(response.url, session.get_redirect_target(response) or "")
    except ValueError:
        message = f"a redirect of {urlsplit(response.url).netloc} leads to an invalid URL"
        raise HostNotAllowedError(message) from None
    session.rebuild_method(following, response)
    if following.method == "GET" and prepared.method != "GET":
        following.body = None
        for name in ("Content-Length", "Content-Type", "Transfer-Encoding"):
            following.headers.pop(name, None)
    return following


def encode_pairs(params: dict[str, Any]) -> list[tuple[str, str]]:
    """Flatten parameters for a query or form: a list repeats its name, null is left out."""
    pairs = []
    for name, value in params.items():
        members = value if isinstance(value, list | tuple) else [value]
        pairs += [(name, as_text(member)) for member in members if member is not None]
    return pairs
