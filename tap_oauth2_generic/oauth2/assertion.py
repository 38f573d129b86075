"""Signed assertions: the JWTs that prove who a client is, or stand for a grant (RFC 7523).

The one file that imports PyJWT.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tap_oauth2_generic.errors import SettingError
from tap_oauth2_generic.runtime.redaction import register
from tap_oauth2_generic.settings.field_types import JSON_OBJECT, NAME, enum, integer, is_there
from tap_oauth2_generic.settings.fields import setting

ALGORITHMS = ("RS256", "PS256", "ES256")


@dataclass(frozen=True, kw_only=True)
class AssertionSettings:
    """The key that signs, and what the assertion of the ``jwt_bearer`` grant says."""

    private_key: str | None = setting(
        NAME, "Private key", "PEM text of the key that signs JWTs.", default=None, secret=True
    )
    private_key_file: str | None = setting(
        NAME, "Private key file", "File with that key, instead.", default=None
    )
    private_key_id: str | None = setting(
        NAME, "Private key ID", "`kid` in the header of the JWT.", default=None
    )
    jwt_algorithm: str = setting(
        enum(*ALGORITHMS), "JWT algorithm", "How the JWT is signed.", default="RS256"
    )
    jwt_issuer: str | None = setting(
        NAME, "JWT issuer", "`iss` of the grant's JWT; `client_id` by default.", default=None
    )
    jwt_subject: str | None = setting(
        NAME, "JWT subject", "`sub` of the grant's JWT: the user it acts for.", default=None
    )
    jwt_audience: str | None = setting(
        NAME, "JWT audience", "`aud` of JWTs; `access_token_url` by default.", default=None
    )
    jwt_lifetime: int = setting(
        integer(1), "JWT lifetime", "Seconds from `iat` to `exp` of JWTs.", default=300
    )
    jwt_claims: dict[str, Any] = setting(
        JSON_OBJECT, "JWT claims", "Further claims of the grant's JWT.", default={}
    )

    def contradictions(self) -> list[str]:
        """Say which of the two places of a key is too many or cannot be read."""
        if self.private_key and self.private_key_file:
            return ["give either private_key or private_key_file"]
        file = self.private_key_file
        if file and (not is_there(file) or Path(file).is_dir()):
            return [f"private_key_file: there is no file {self.private_key_file!r}"]
        return []

    @property
    def has_key(self) -> bool:
        """Whether there is a key to sign with."""
        return bool(self.private_key or self.private_key_file)


def sign(settings: AssertionSettings, claims: dict[str, Any], now: float) -> str:
    """Sign claims that are valid from now on (RFC 7523 section 3).

    Raises SettingError where the key cannot be used.
    """
    import jwt  # only a run that signs needs it; it brings cryptography
    from jwt.exceptions import PyJWTError

    issued = int(now)
    times = {"iat": issued, "exp": issued + settings.jwt_lifetime, "jti": secrets.token_urlsafe(16)}
    payload = {name: value for name, value in {**times, **claims}.items() if value is not None}
    headers = {"kid": settings.private_key_id} if settings.private_key_id else None
    try:
        token = jwt.encode(
            payload, _key(settings), settings.jwt_algorithm, headers=headers, json_encoder=_Encoder
        )
    except (PyJWTError, ValueError, TypeError, OSError) as error:
        message = (
            f"the private key cannot sign with {settings.jwt_algorithm}: "
            f"{type(error).__name__}; it must be an unencrypted PEM key of that kind"
        )
        raise SettingError(message) from None
    register(token)
    return token


class _Encoder(json.JSONEncoder):
    """Writes the numbers of a configuration, which are exact."""

    def default(self, o: Any) -> Any:
        """Write a Decimal as a number."""
        return float(o) if isinstance(o, Decimal) else super().default(o)


def _key(settings: AssertionSettings) -> str:
    if settings.private_key_file:
        return Path(settings.private_key_file).read_text(encoding="utf-8")
    # A key from an environment variable often has its line ends written out.
    return (settings.private_key or "").replace("\\n", "\n")
