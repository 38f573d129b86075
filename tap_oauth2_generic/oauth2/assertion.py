"""Sign the JWTs that authenticate a client or stand for a grant (RFC 7523).

The only module that imports PyJWT.
"""

from __future__ import annotations

import json
import secrets
import warnings
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tap_oauth2_generic.errors import SettingError
from tap_oauth2_generic.runtime.redaction import register
from tap_oauth2_generic.settings.field_types import JSON_OBJECT, NAME, enum, integer
from tap_oauth2_generic.settings.fields import FieldType, Settings, setting


def _headers(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = JSON_OBJECT.parse(value)
    # PyJWT obeys both, and would sign nothing.
    if wrong := [name for name in ("alg", "b64") if name in found]:
        raise ValueError(f"must not hold {wrong[0]!r}; jwt_algorithm is the algorithm")
    return found


_HEADERS = FieldType(JSON_OBJECT.schema, _headers)


class AssertionSettings(Settings):
    """The signing key, and the claims of the JWTs that it signs."""

    private_key: str | None = setting(
        NAME, "PEM key that signs JWTs; with HS256, the shared secret.", secret=True
    )
    private_key_file: str | None = setting(NAME, "File that holds `private_key`.")
    private_key_id: str | None = setting(NAME, "`kid` in the JWT header.")
    jwt_algorithm: str = setting(
        enum("RS256", "PS256", "ES256", "HS256"), "Signature algorithm of JWTs.", default="RS256"
    )
    jwt_issuer: str | None = setting(NAME, "`iss` of JWTs. Default: `client_id`.")
    jwt_subject: str | None = setting(NAME, "`sub` of the grant's JWT: the user it acts for.")
    jwt_audience: str | None = setting(NAME, "`aud` of JWTs. Default: `access_token_url`.")
    jwt_lifetime: int = setting(integer(1), "Seconds from `iat` to `exp` of JWTs.", default=300)
    jwt_claims: dict[str, Any] = setting(JSON_OBJECT, "More claims of JWTs.", default={})
    jwt_headers: dict[str, Any] = setting(
        _HEADERS, "More fields of the JWT header, such as `x5t`.", default={}
    )


@dataclass(frozen=True)
class RequestContext:
    """What authenticates a token request; ``now`` is in seconds since 1970.

    ``signs_grant``: the settings of JWTs are for the grant's own assertion.
    """

    client_id: str
    client_secret: str = field(repr=False)
    audience: str
    assertion: AssertionSettings
    now: float
    signs_grant: bool = False


def sign(context: RequestContext, claims: dict[str, Any]) -> str:
    """Return a JWT valid from now on (RFC 7523 section 3); raise SettingError for a bad key."""
    settings = context.assertion
    # A key in an environment variable often has its line ends written as \n.
    key = (settings.private_key or "").replace("\\n", "\n")
    headers = {"kid": settings.private_key_id} if settings.private_key_id else {}
    return _encode(context, claims, key, settings.jwt_algorithm, headers)


def sign_grant(context: RequestContext) -> str:
    """Return the JWT of a grant: for the issuer, about the subject."""
    settings = context.assertion
    claims = {
        "iss": settings.jwt_issuer or context.client_id or None,
        "sub": settings.jwt_subject,
        "aud": context.audience or None,
        **settings.jwt_claims,
    }
    return sign(context, claims)


def sign_with_secret(context: RequestContext, claims: dict[str, Any]) -> str:
    """Return a JWT whose HMAC is made with the client secret."""
    return _encode(context, claims, context.client_secret, "HS256", {})


def _encode(
    context: RequestContext,
    claims: dict[str, Any],
    key: str,
    algorithm: str,
    headers: dict[str, Any],
) -> str:
    import jwt  # only a run that signs needs it; it brings cryptography
    from jwt.exceptions import PyJWTError

    settings, issued = context.assertion, int(context.now)
    times = {"iat": issued, "exp": issued + settings.jwt_lifetime, "jti": secrets.token_urlsafe(16)}
    # The provider chose the secret: nobody can change its length.
    warnings.filterwarnings("ignore", "The HMAC key is", module="jwt")
    payload = {name: value for name, value in {**times, **claims}.items() if value is not None}
    headers = {**headers, **settings.jwt_headers}
    try:
        token = jwt.encode(payload, key, algorithm, headers=headers, json_encoder=_Encoder)
    except (PyJWTError, ValueError, TypeError) as error:
        raise SettingError(
            f"the private key cannot sign with {algorithm} ({type(error).__name__}); "
            "it must be an unencrypted PEM key of that type, or a secret for HS256"
        ) from None
    register(token)
    return token


class _Encoder(json.JSONEncoder):
    # The numbers of a configuration are exact.
    def default(self, o: Any) -> Any:
        return float(o) if isinstance(o, Decimal) else super().default(o)
