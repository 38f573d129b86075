"""The security schemes of an OpenAPI document as a grant and its settings; pure.

A credential is never in a document: each is named, for the user to bring.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urljoin

from tap_oauth2_generic.importers.imported import Imported
from tap_oauth2_generic.importers.openapi_document import Document
from tap_oauth2_generic.settings.values import url

# What a person consents to once comes first: it can read what the person can.
_FLOWS = {
    "authorizationCode": "authorization_code",
    "accessCode": "authorization_code",
    "clientCredentials": "client_credentials",
    "application": "client_credentials",
    "deviceAuthorization": "device_code",
    "password": "password",
    "implicit": "",
}
_URLS = {
    "authorizationUrl": "authorize_url",
    "tokenUrl": "access_token_url",
    "refreshUrl": "refresh_token_url",
    "deviceAuthorizationUrl": "device_authorization_url",
}
_USED = {
    "authorization_code": ("authorizationUrl", "tokenUrl", "refreshUrl"),
    "device_code": ("deviceAuthorizationUrl", "tokenUrl", "refreshUrl"),
    "password": ("tokenUrl", "refreshUrl"),
    "client_credentials": ("tokenUrl",),
}
_READS = re.compile(r"read|view|list|\bget\b", re.IGNORECASE)
_MAX_SCOPES = 30
Requirement = Mapping[str, Any]


class Security:
    """Puts the schemes that operations require into settings."""

    def __init__(self, document: Document, made: Imported) -> None:
        self._document, self._made = document, made
        components = document.resolve(document.raw.get("components"))
        named = document.raw.get("securityDefinitions") or components.get("securitySchemes")
        self._schemes = {
            str(name): document.resolve(scheme) for name, scheme in document.resolve(named).items()
        }

    def read(self, operations: Iterable[Mapping[str, Any]]) -> None:
        """Add the settings for the way in which most of the operations can be requested."""
        ways = [self._ways(operation) for operation in operations]
        counted = Counter(tuple(sorted(way)) for found in ways for way in found)
        if not counted and self._schemes:
            # Nothing requires a scheme, so any of them may be meant.
            counted = Counter((name,) for name in self._schemes)
            self._made.unsure.append(
                "security: no operation requires a scheme; the likeliest one is taken"
            )
        if not counted:
            self._made.config["grant_type"] = "none"
            self._made.unsure.append(
                "security: the document names no scheme; if the API has one, set grant_type and "
                "what it needs"
            )
            return
        chosen = max(counted, key=lambda way: (counted[way], self._rank(way)))
        self._made.config["grant_type"] = "none"
        for name in chosen:
            self._take(name, self._schemes.get(name, {}))
        self._take_scopes(chosen, ways)
        if others := sorted({name for way in counted for name in way} - {*chosen}):
            shown = ", ".join(f"{n} ({_kind(self._schemes.get(n, {}))})" for n in others[:10])
            self._made.unsure.append(
                f"security: {' and '.join(chosen) or 'none'} is taken; there is also {shown}"
            )

    def _ways(self, operation: Mapping[str, Any]) -> list[Requirement]:
        found = operation.get("security", self._document.raw.get("security"))
        return [way for way in found if isinstance(way, dict)] if isinstance(found, list) else []

    def _rank(self, way: tuple[str, ...]) -> int:
        order = ("mutualTLS", "digest", "", "basic", "apiKey", "bearer", "openIdConnect", "oauth2")
        kinds = [_kind(self._schemes.get(name, {})) for name in way]
        return max((order.index(kind) for kind in kinds if kind in order), default=-1)

    def _take(self, name: str, scheme: Mapping[str, Any]) -> None:
        kind = _kind(scheme)
        place = f"security scheme {name!r}"
        if kind == "oauth2":
            self._take_flow(place, scheme)
        elif kind == "apiKey":
            self._take_key(place, scheme)
        elif kind == "basic":
            self._made.config |= {"grant_type": "basic", "username": "YOUR_USERNAME"}
            self._made.secrets["password"] = None
            self._derive(place, "HTTP Basic; put your user name into username")
        elif kind == "bearer":
            self._take_token(place, "a bearer token")
        elif kind == "openIdConnect":
            issuer = self._address(place, "openIdConnectUrl", scheme)
            self._take_client("authorization_code", {"issuer": issuer} if issuer else {})
            self._derive(place, f"OpenID Connect, its endpoints from {issuer}")
        else:
            self._made.left_out.append(
                f"{place}: {kind or 'its type'} has no counterpart; see the settings "
                "client_cert, headers and token_exchange"
            )

    def _take_flow(self, place: str, scheme: Mapping[str, Any]) -> None:
        resolve = self._document.resolve
        flows: dict[str, Mapping[str, Any]] = {}
        if self._document.is_swagger:
            flows[str(scheme.get("flow"))] = scheme
        else:
            flows |= {name: resolve(flow) for name, flow in resolve(scheme.get("flows")).items()}
        known = [name for name in _FLOWS if name in flows]
        if not known:
            self._made.left_out.append(f"{place}: it has no flow that is known; set grant_type")
            return
        name, flow, grant = known[0], flows[known[0]], _FLOWS[known[0]]
        if not grant:
            address = self._address(place, "authorizationUrl", flow)
            self._made.config |= {"authorize_url": address} if address else {}
            self._take_token(place, "the token of a login")
            self._made.left_out.append(
                f"{place}: flow implicit has no token endpoint, so no token can be renewed; if the "
                "provider has one, set access_token_url and client_id"
            )
            return
        urls = {_URLS[one]: self._address(place, one, flow) for one in _USED[grant] if one in flow}
        self._take_client(grant, {setting: found for setting, found in urls.items() if found})
        self._derive(place, f"grant_type {grant}, of flow {name}")
        if len(known) > 1:
            self._made.unsure.append(f"{place}: flow {name} is taken, of {', '.join(known)}")

    def _take_client(self, grant: str, urls: Mapping[str, str]) -> None:
        self._made.config |= {"grant_type": grant, **urls, "client_id": "YOUR_CLIENT_ID"}
        self._made.secrets["client_secret"] = None
        self._made.unsure.append("client_id: put the one of your app in place of YOUR_CLIENT_ID")
        if grant == "password":
            self._made.config["username"] = "YOUR_USERNAME"
            self._made.secrets["password"] = None
        if not urls.get("access_token_url") and not urls.get("issuer"):
            self._made.config["access_token_url"] = "https://YOUR-HOST/token"  # noqa: S105 - an address
            self._made.unsure.append("access_token_url: the document has none; set it")

    def _take_token(self, place: str, what: str) -> None:
        del self._made.config["grant_type"]
        self._made.secrets["access_token"] = None
        self._derive(place, f"{what}, in access_token")

    def _take_key(self, place: str, scheme: Mapping[str, Any]) -> None:
        name, where = str(scheme.get("name") or ""), str(scheme.get("in"))
        said = str(scheme.get("description", ""))
        if name.lower() == "authorization" and re.search("bearer", said, re.IGNORECASE):
            self._take_token(place, "a bearer token, by its description")
        elif not name or where not in {"header", "query", "cookie"}:
            self._made.left_out.append(f"{place}: it does not say where its key goes")
        elif where == "cookie":
            self._made.secrets.setdefault("headers", {})["Cookie"] = None
            self._derive(place, f"the header Cookie, with '{name}=' before the key")
        else:
            setting = "headers" if where == "header" else "params"
            self._made.secrets.setdefault(setting, {})[name] = None
            self._derive(place, f"{name!r} in {setting}")
            if name.lower() == "authorization":
                self._made.unsure.append(
                    f"{place}: the header may need a word before the key, such as Bearer"
                )

    def _take_scopes(self, chosen: Iterable[str], ways: Iterable[list[Requirement]]) -> None:
        if not self._made.config.get("client_id"):
            return
        needed: dict[str, None] = {}
        for found in ways:
            lists = [way[n] for way in found for n in chosen if isinstance(way.get(n), list)]
            # Of several ways, one that only reads is enough.
            lists.sort(key=lambda scopes: not all(_READS.search(str(one)) for one in scopes))
            needed |= dict.fromkeys(str(scope) for scope in (lists or [[]])[0])
        if needed and len(needed) <= _MAX_SCOPES:
            self._made.config["scopes"] = list(needed)
            self._derive("scopes", "those that the streams name")
        else:
            said = "the streams name none" if not needed else f"the streams name {len(needed)}"
            self._made.unsure.append(f"scopes: {said}; set those that you need")

    def _address(self, place: str, name: str, flow: Mapping[str, Any]) -> str | None:
        base = str(self._made.config.get("base_url", ""))
        found = str(flow.get(name) or "")
        try:
            address = urljoin(f"{base}/", found) if found else ""
            if re.match("http://(?!localhost|127)", address):
                address = f"https{address[4:]}"
                self._made.unsure.append(f"{place}: {name} is plain http; https is taken")
            return url(address)
        except ValueError as error:
            shown = re.split("[?#]", re.sub("//[^/]*@", "//", found))[0][:100]
            self._made.unsure.append(f"{place}: {name} {shown!r} {error}; set it yourself")
            return None

    def _derive(self, place: str, said: str) -> None:
        self._made.derived.append(f"{place}: {said}")


def _kind(scheme: Mapping[str, Any]) -> str:
    """Return the type of a scheme, of HTTP its scheme."""
    kind = str(scheme.get("type") or "")
    return str(scheme.get("scheme") or "").lower() if kind == "http" else kind
