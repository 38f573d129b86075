"""Where a provider's endpoints are: given by hand, or found from its issuer.

OpenID Connect Discovery 1.0 section 4 and RFC 8414 section 3; those given by hand win.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from tap_oauth2_generic.errors import AuthorizationError
from tap_oauth2_generic.parsing.json_text import decode
from tap_oauth2_generic.settings.field_types import url as checked_url

if TYPE_CHECKING:
    from tap_oauth2_generic.net.transport import Transport
    from tap_oauth2_generic.oauth2.grants import Grant
    from tap_oauth2_generic.oauth2.settings import OAuth2Settings

_OK = 200
_NAMES = {
    "authorize_url": "authorization_endpoint",
    "access_token_url": "token_endpoint",
    "device_authorization_url": "device_authorization_endpoint",
}


class Endpoints:
    """The endpoints of one provider; its issuer is asked at most once, and only if it must be."""

    def __init__(self, settings: OAuth2Settings, grant: Grant, transport: Transport) -> None:
        """Take what was given by hand; asks nobody yet."""
        self._settings = settings
        self._grant = grant
        self._transport = transport
        self._document: dict[str, Any] | None = None

    @property
    def known(self) -> bool:
        """Whether there is a token endpoint to be had at all."""
        return bool(self._settings.access_token_url or self._settings.issuer)

    def resolve(self, name: str) -> str:
        """Give an endpoint by the name of its setting.

        Raises AuthorizationError where it is neither given nor found.
        """
        given = getattr(self._settings, name, None) or getattr(self._grant, name, None)
        if given:
            return str(given)
        if not self._settings.issuer:
            message = f"the setting {name} is needed for this"
            raise AuthorizationError(message)
        found = self._discovered(self._settings.issuer).get(_NAMES[name])
        if not found:
            message = f"the issuer {self._settings.issuer} names no {_NAMES[name]}; set {name}"
            raise AuthorizationError(message)
        return _checked(found, _NAMES[name], self._settings.issuer)

    def check_issuer(self, issuer: str) -> None:
        """Raise AuthorizationError where an ``iss`` is not this provider's (RFC 9207).

        Where no issuer was given by hand, it must be at home on the host of an endpoint.
        """
        expected = self._settings.issuer
        hosts = {
            urlsplit(self.resolve(name)).netloc for name in ("authorize_url", "access_token_url")
        }
        try:
            fits = issuer == expected if expected else urlsplit(issuer).netloc in hosts
        except ValueError:
            fits = False
        if not fits:
            message = (
                "the answer to the login comes from another provider (its iss is "
                f"{issuer[:200]!r}), so the code was not used. Run the login again"
            )
            raise AuthorizationError(message)

    def _discovered(self, issuer: str) -> dict[str, Any]:
        if self._document is None:
            self._document = self._fetch(issuer)
        return self._document

    def _fetch(self, issuer: str) -> dict[str, Any]:
        causes = []
        for address in _addresses(issuer):
            try:
                request = requests.Request("GET", address, headers={"Accept": "application/json"})
                response = self._transport.send(request.prepare())
                document = decode(response.content) if response.status_code == _OK else None
            except (requests.exceptions.RequestException, ValueError) as error:
                causes.append(f"{address}: {type(error).__name__}")
                continue
            if isinstance(document, dict):
                return _accepted(document, issuer)
            causes.append(f"{address}: status {response.status_code}")
        message = f"no endpoints could be found from the issuer ({'; '.join(causes)})"
        raise AuthorizationError(message)


def _addresses(issuer: str) -> list[str]:
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    origin = f"{parts.scheme}://{parts.netloc}"
    return [
        f"{origin}{path}/.well-known/openid-configuration",
        f"{origin}/.well-known/oauth-authorization-server{path}",
    ]


def _accepted(document: dict[str, Any], issuer: str) -> dict[str, Any]:
    """Refuse the document of another issuer: it could send the secret elsewhere."""
    named = document.get("issuer")
    if named != issuer and named != issuer.rstrip("/") and f"{named}" != f"{issuer}/":
        message = f"the discovery document of {issuer} says that it is of another issuer"
        raise AuthorizationError(message)
    return document


def _checked(found: Any, name: str, issuer: str) -> str:
    try:
        return checked_url(found)
    except ValueError as error:
        message = f"the {name} that the issuer {issuer} names {error}"
        raise AuthorizationError(message) from None
