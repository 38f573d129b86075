"""The request for one page, its encoding, and what a redirect makes of it.

Nothing here sends, signs or decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, urlencode, urljoin, urlsplit

import requests

from tap_oauth2_generic.errors import ApiError, HostNotAllowedError
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.redaction import redact
from tap_oauth2_generic.settings.templates import as_text

# Everything printable that a URL may hold; anything else in a server's link is quoted.
_URL_CHARACTERS = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"<>\\^`{|}')
Place = Literal["query", "body"]


@dataclass
class Request:
    """One API request before it is signed.

    ``params`` are query parameters whose values are scalars or lists of scalars; ``body`` is
    JSON-like data or None. A ``verbatim`` URL was given by the server and is sent untouched.
    The host of ``base_url`` may always have the token.
    """

    method: str
    url: str
    params: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    body_format: Literal["json", "form"] = "json"
    verbatim: bool = False
    base_url: str = ""

    @property
    def name(self) -> str:
        """Method and address, without the query, which may hold secrets."""
        parts = urlsplit(self.url)
        return f"{self.method} {parts.scheme}://{parts.netloc}{parts.path}"

    @property
    def goes_to_base(self) -> bool:
        """Whether its host is that of ``base_url``."""
        return urlsplit(self.url).netloc == urlsplit(self.base_url).netloc

    @property
    def source(self) -> str:
        """Where the address comes from, for messages."""
        return "the next-page link" if self.verbatim else "the stream's path"

    def put(self, name: str, value: Any, place: Place) -> None:
        """Set a parameter; in a JSON body a dotted name nests: ``page.size``."""
        if place == "query":
            self.params[name] = value
            return
        if self.body is None:
            self.body = {}
        keys = name.split(".") if self.body_format == "json" else [name]
        target = self.body
        for key in keys[:-1]:
            nested = target.get(key)
            if not isinstance(nested, dict):
                nested = target[key] = {}
            target = nested
        target[keys[-1]] = value

    def follow(self, url: str) -> None:
        """Point to an address that the server gave; it is sent untouched, without parameters."""
        self.url = url
        self.params = {}
        self.verbatim = True


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
