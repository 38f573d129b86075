"""A request and its response as the tap sees them: encoding, redirects, readable headers.

Nothing here sends, signs or decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from urllib.parse import quote, unquote_plus, urlencode, urljoin, urlsplit

import requests

from tap_oauth2_generic.errors import ApiError, HostNotAllowedError, SettingError
from tap_oauth2_generic.parsing.charset import charset_of
from tap_oauth2_generic.parsing.spool import Source, Spool
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.redaction import redact, register
from tap_oauth2_generic.runtime.secret_values import in_address
from tap_oauth2_generic.settings.conditions import Condition
from tap_oauth2_generic.settings.templates import as_text
from tap_oauth2_generic.settings.values import with_member

# Everything printable that a URL may hold; anything else in a server's link is quoted.
_URL_CHARACTERS = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"<>\\^`{|}')
_QUERY_CHARACTERS = _URL_CHARACTERS.replace("#", "")
_SEE_OTHER = 303
Place = Literal["query", "body"]
Decode = Callable[[Source, str], Any]


@dataclass
class Request:
    """One API request before it is signed.

    ``params`` are query parameters whose values are scalars or lists of scalars; ``body`` is
    JSON-like data or None. ``raw_query`` is encoded; ``params`` replace parameters in it. A
    ``verbatim`` URL was given by the server and is sent untouched; parameters are added to a
    ``link`` of a parent's record, of which ``url`` and ``raw_query`` are the parts.
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
    raw_query: str = ""
    link: str = ""

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
    def is_link(self) -> bool:
        """Whether the server gave the address."""
        return self.verbatim or bool(self.link)

    @property
    def source(self) -> str:
        """Where the address comes from, for messages."""
        return "the next-page link" if self.verbatim else "the stream's path"

    def put(self, name: str, value: Any, place: Place) -> None:
        """Set a parameter; in a JSON body a dotted name nests: ``page.size``, ``filters.0.id``."""
        if place == "query":
            self.params[name] = value
            return
        keys = name.split(".") if self.body_format == "json" else [name]
        try:
            self.body = with_member(self.body, keys, value)
        except LookupError as error:
            raise SettingError(
                f"parameter {name!r} has no place in the body: its part {error.args[0]!r} is in no "
                "object, and is no place in a list"
            ) from None

    def follow(self, url: str) -> None:
        """Point to an address that the server gave; it is sent untouched, without parameters."""
        self.url = url
        self.params, self.raw_query = {}, ""
        self.verbatim = True


@dataclass
class Response:
    """A response to work with, its body read to the end and decompressed.

    ``outcome`` is ``ok``, or what a response rule decided: ``ignore`` or ``end``.
    """

    request: Request
    url: str
    status: int
    headers: requests.structures.CaseInsensitiveDict[str]
    content: bytes
    decode: Decode
    outcome: str = "ok"
    #: All of a body that is too large for memory; ``content`` is its beginning.
    file: Spool | None = None

    @cached_property
    def body(self) -> Any:
        """The decoded body; raises ValueError that says what is wrong with it."""
        return self.decode(self.file or self.content, charset_of(self.headers))

    @classmethod
    def of(cls, request: Request, raw: requests.Response, decode: Decode) -> Response:
        """Make one of a response of ``requests``."""
        headers = requests.structures.CaseInsensitiveDict(
            {name: _readable(value) for name, value in raw.headers.items()}
        )
        file = raw.raw if isinstance(raw.raw, Spool) else None
        return cls(request, raw.url, raw.status_code, headers, raw.content, decode, file=file)

    def meets(self, condition: Condition) -> bool:
        """Return whether it meets a condition; raise SettingError for a slow pattern."""
        if condition.is_empty is not None:
            return condition.is_empty is not bool(self.content.strip())
        if condition.header:
            found = self.headers.get(condition.header)
            return condition.accepts(found) or found in [as_text(one) for one in condition.choices]
        return condition.holds(self.read_body())

    def read_body(self) -> Any:
        """Return the body for rules to look into, None if it cannot be decoded."""
        try:
            return self.body
        except ValueError:
            return None


def prepare(request: Request) -> requests.PreparedRequest:
    """Encode a request, not yet signed; raise ApiError if that is impossible."""
    headers = {**request.headers}
    data: bytes | None = None
    # Bytes of a legacy encoding go back unchanged.
    unchanged = "surrogateescape"
    query = urlencode(encode_pairs(request.params), quote_via=quote, errors=unchanged)
    raw = _raw_query(request)
    query = f"{raw}&{query}" if raw and query else raw or query
    url = f"{request.url}?{query}" if query else request.url
    try:
        if request.body is not None and request.body_format == "form":
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            data = urlencode(encode_pairs(request.body), errors=unchanged).encode()
        elif request.body is not None:
            headers.setdefault("Content-Type", "application/json")
            data = encode_json(request.body)
        # Request.prepare() would also look for cookies, and for a user name in the URL.
        prepared = requests.PreparedRequest()
        prepared.prepare_method(request.method)
        prepared.prepare_url(url, "")
        prepared.prepare_headers(headers)
        prepared.prepare_body(data, None)
    except (requests.exceptions.RequestException, UnicodeError) as error:
        raise ApiError(f"{request.name} cannot be sent: {redact(str(error))}") from None
    if request.verbatim:
        # requests would re-quote an address that must go back unchanged.
        target = request.url.partition("#")[0]
        prepared.url = quote(target, safe=_URL_CHARACTERS, errors=unchanged)
    elif raw:
        prepared.url = f"{(prepared.url or '').partition('?')[0]}?{query}"
    return prepared


def _raw_query(request: Request) -> str:
    """Return the raw query in characters that a URL can hold, without replaced parameters."""
    pairs = request.raw_query.split("&")
    kept = (one for one in pairs if unquote_plus(one.partition("=")[0]) not in request.params)
    return quote("&".join(kept), safe=_QUERY_CHARACTERS, errors="surrogateescape")


def without_secrets(
    prepared: requests.PreparedRequest, link: str, came_from: str
) -> requests.PreparedRequest:
    """Return a request with nothing of the configuration; raise HostNotAllowedError.

    Of the query only that of the ``link`` stays.
    """
    address = (prepared.url or "").partition("?")[0]
    if prepared.method != "GET":
        raise HostNotAllowedError(
            f"{came_from} leads to {urlsplit(address).netloc}, one of tokenless_hosts, by "
            f"{prepared.method}; only GET goes there"
        )
    # Its signature is a secret.
    register(*in_address(link))
    _, mark, query = link.partition("#")[0].partition("?")
    bare = requests.PreparedRequest()
    bare.prepare_method("GET")
    bare.url = address + mark + quote(query, safe=_QUERY_CHARACTERS, errors="surrogateescape")
    accepted = prepared.headers.get("Accept")
    bare.prepare_headers({"Accept": accepted} if accepted else {})
    return bare


def redirect(
    prepared: requests.PreparedRequest, response: requests.Response
) -> requests.PreparedRequest:
    """Return the request that a redirect asks for, unsigned (RFC 9110 section 15.4).

    Only 303 makes a GET of it: after 301 and 302 a browser would drop the body of a POST, and
    the response to a GET is another one.
    """
    following = prepared.copy()
    try:
        target = requests.Session().get_redirect_target(response) or ""
        following.url = urljoin(response.url, target)
    except ValueError:
        message = f"a redirect of {urlsplit(response.url).netloc} leads to an invalid URL"
        raise HostNotAllowedError(message) from None
    if response.status_code == _SEE_OTHER and prepared.method != "GET":
        following.method, following.body = "GET", None
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


def _readable(value: str) -> str:
    """Return a header's text; every byte of it goes back as it came, whatever its encoding.

    ``requests`` decodes headers as Latin-1, but servers write UTF-8.
    """
    if value.isascii():
        return value
    return value.encode("latin-1", "replace").decode("utf-8", "surrogateescape")
