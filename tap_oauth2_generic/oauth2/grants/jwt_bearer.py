"""Grant ``jwt_bearer``: a signed assertion for a token (RFC 7523 section 2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tap_oauth2_generic.oauth2.assertion import sign
from tap_oauth2_generic.oauth2.grants.base import Asking, Grant

if TYPE_CHECKING:
    from tap_oauth2_generic.oauth2.assertion import AssertionSettings


@dataclass(frozen=True, kw_only=True)
class JwtBearer(Grant):
    """A token for whom the assertion names, as long as the key is trusted."""

    grant_type: ClassVar[str] = "jwt_bearer"
    needs: ClassVar[str] = (
        "`access_token_url`, `private_key` or `private_key_file`, and `client_id` or `jwt_issuer`; "
        "`jwt_subject`, `jwt_audience`, `jwt_claims` as the provider asks"
    )
    refreshes: ClassVar[bool] = False

    def subject(self, assertion: AssertionSettings) -> str:
        """Give the subject of the assertion."""
        return assertion.jwt_subject or ""

    def fields(self, asking: Asking) -> dict[str, Any]:
        """Give a new assertion."""
        settings = asking.assertion
        claims = {
            "iss": settings.jwt_issuer or asking.client_id,
            "sub": settings.jwt_subject,
            "aud": asking.audience,
            **settings.jwt_claims,
        }
        return {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": sign(settings, claims, asking.now),
        }

    def missing(self, assertion: AssertionSettings) -> list[str]:
        """Name the key if there is none."""
        return [] if assertion.has_key else ["private_key"]
