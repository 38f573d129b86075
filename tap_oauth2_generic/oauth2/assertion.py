"""Sign the JWTs that authenticate a client or stand for a grant (RFC 7523).

The only module that imports PyJWT.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from tap_oauth2_generic.errors import SettingError
from tap_oauth2_generic.runtime.redaction import register
from tap_oauth2_generic.settings.field_types import JSON_OBJECT, NAME, enum, integer
from tap_oauth2_generic.settings.fields import setting
from tap_oauth2_generic.settings.values import is_there


@dataclass(frozen=True, kw_only=True)
class AssertionSettings:
    """The signing key, and the claims of the JWTs that it signs."""

    private_key: str | None = setting(NAME, "PEM key that signs JWTs.", secret=True)
    private_key_file: str | None = setting(NAME, "File with the PEM key, instead of the key.")
    private_key_id: str | None = setting(NAME, "`kid` in the JWT header.")
    jwt_algorithm: str = setting(
        enum("RS256", "PS256", "ES256"), "Signature algorithm of JWTs.", default="RS256"
    )
    jwt_issuer: str | None = setting(NAME, "`iss` of JWTs. Default: `client_id`.")
    jwt_subject: str | None = setting(NAME, "`sub` of the grant's JWT: the user it acts for.")
    jwt_audience: str | None = setting(NAME, "`aud` of JWTs. Default: `access_token_url`.")
    jwt_lifetime: int = setting(integer(1), "Seconds from `iat` to `exp` of JWTs.", default=300)
    jwt_claims: dict[str, Any] = setting(JSON_OBJECT, "More claims of JWTs.", default={})

    def contradictions(self) -> list[str]:
        """Return what is wrong with the key's two settings."""
        file = self.private_key_file
        if self.private_key and file:
            return ["set either private_key or private_key_file, not both"]
        if file and (not is_there(file) or Path(file).is_dir()):
            return [f"private_key_file: no such file {file!r}"]
        return []

    @property
    def has_key(self) -> bool:
        """Whether there is a key to sign with."""
        return bool(self.private_key or self.private_key_file)


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
    import jwt  # only a run that signs needs it; it brings cryptography
    from jwt.exceptions import PyJWTError

    settings, issued = context.assertion, int(context.now)
    times = {"iat": issued, "exp": issued + settings.jwt_lifetime, "jti": secrets.token_urlsafe(16)}
    payload = {name: value for name, value in {**times, **claims}.items() if value is not None}
    headers = {"kid": settings.private_key_id} if settings.private_key_id else None
    try:
        token = jwt.encode(
            payload, _key(settings), settings.jwt_algorithm, headers=headers, json_encoder=_Encoder
        )
    except (PyJWTError, ValueError, TypeError, OSError) as error:
        raise SettingError(
            f"the private key cannot sign with {settings.jwt_algorithm} ({type(error).__name__}); "
            "it must be an unencrypted PEM key of that type"
        ) from None
    register(token)
    return token


class _Encoder(json.JSONEncoder):
    # The numbers of a configuration are exact.
    def default(self, o: Any) -> Any:
        return float(o) if isinstance(o, Decimal) else super().default(o)


def _key(settings: AssertionSettings) -> str:
    if settings.private_key_file:
        return Path(settings.private_key_file).read_text(encoding="utf-8")
    # A key in an environment variable often has its line ends written as \n.
    return (settings.private_key or "").replace("\\n", "\n")
