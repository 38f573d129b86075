"""The provider's endpoints: configured, or discovered from its issuer.

OpenID Connect Discovery 1.0 section 4 and RFC 8414 section 3.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import requests

from tap_oauth2_generic.errors import AuthorizationError
from tap_oauth2_generic.net.transport import Transport
from tap_oauth2_generic.oauth2.settings import OAuth2Settings
from tap_oauth2_generic.parsing.formats import decode
from tap_oauth2_generic.settings.values import url as parse_url

_OK = 200
_METADATA_NAMES = {
    "authorize_url": "authorization_endpoint",
    "access_token_url": "token_endpoint",
    "device_authorization_url": "device_authorization_endpoint",
}


class Endpoints:
    """The endpoints of one provider; discovered once, and only if one is not configured.

    ``configured`` are the objects whose fields are settings: those of the grant, too.
    """

    def __init__(self, settings: OAuth2Settings, transport: Transport, *configured: object) -> None:
        self._settings = settings
        self._configured = (settings, *configured)
        self._transport = transport

    @property
    def known(self) -> bool:
        """Whether there is a token endpoint at all."""
        return bool(self._settings.access_token_url or self._settings.issuer)

    def resolve(self, name: str) -> str:
        """Return an endpoint by the name of its setting; raise AuthorizationError."""
        for configured in self._configured:
            if endpoint := getattr(configured, name, None):
                return str(endpoint)
        issuer, metadata_name = self._settings.issuer, _METADATA_NAMES[name]
        if not issuer:
            raise AuthorizationError(f"setting {name!r} is required")
        found = self._metadata.get(metadata_name)
        if not found:
            raise AuthorizationError(f"issuer {issuer} names no {metadata_name}; set {name}")
        try:
            return parse_url(found)
        except ValueError as error:
            raise AuthorizationError(f"{metadata_name} of issuer {issuer} {error}") from None

    def check_issuer(self, issuer: str) -> None:
        """Raise AuthorizationError if an ``iss`` is not the provider's (RFC 9207).

        Without a configured issuer, it must be on the host of an endpoint.
        """
        expected = self._settings.issuer
        urls = (self.resolve("authorize_url"), self.resolve("access_token_url"))
        with suppress(ValueError):
            if expected and issuer.removesuffix("/") == expected.removesuffix("/"):
                return
            if not expected and urlsplit(issuer).netloc in {urlsplit(url).netloc for url in urls}:
                return
        raise AuthorizationError(
            f"the login response came from another provider (iss {issuer[:200]!r}), so the code "
            "was not used; run the login again"
        )

    @cached_property
    def _metadata(self) -> dict[str, Any]:
        issuer = self._settings.issuer or ""
        parts, causes = urlsplit(issuer), []
        path, origin = parts.path.removesuffix("/"), f"{parts.scheme}://{parts.netloc}"
        names = ("openid-configuration", "oauth-authorization-server")
        # Before the path by RFC 8414, after it by OpenID Connect; some mix them.
        for url in dict.fromkeys(
            f"{origin}{before}/.well-known/{name}{after}"
            for name in names
            for before, after in ((path, ""), ("", path))
        ):
            try:
                request = requests.Request("GET", url, headers={"Accept": "application/json"})
                response = self._transport.send(request.prepare())
                document = decode(response.content) if response.status_code == _OK else None
            except (requests.exceptions.RequestException, ValueError) as error:
                causes.append(f"{url}: {type(error).__name__}")
                continue
            if isinstance(document, dict):
                # The document of another issuer could send the client secret elsewhere.
                if str(document.get("issuer")).removesuffix("/") != issuer.removesuffix("/"):
                    raise AuthorizationError(
                        f"the discovery document of {issuer} names another issuer"
                    )
                return document
            causes.append(f"{url}: status {response.status_code}")
        raise AuthorizationError(f"issuer {issuer} has no discovery document ({'; '.join(causes)})")
