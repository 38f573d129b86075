"""Encryption of stored tokens; the one file that imports cryptography."""

from __future__ import annotations

import base64
import hashlib
import secrets
from functools import lru_cache

from tap_oauth2_generic.errors import TokenStoreError

# Tells an encrypted entry from a plain one, which begins with a brace.
_MARK = "scrypt1:"
_SALT_BYTES = 16
# Costs some 50 ms and 16 MB: once a run for us, and for each guess of who has stolen the file.
_COST = {"n": 2**14, "r": 8, "p": 1}


def encrypt(plain: str, key: str | None) -> str:
    """Encrypt a text with a key of any length; without a key it stays as it is."""
    if key is None:
        return plain
    from cryptography.fernet import Fernet  # only a store with a key needs it

    salt = secrets.token_hex(_SALT_BYTES)
    return f"{_MARK}{salt}:{Fernet(_derived(key, salt)).encrypt(plain.encode()).decode()}"


def decrypt(stored: str, key: str | None) -> str:
    """Decrypt a text; one that was stored before there was a key is given as it is.

    Raises TokenStoreError where the key is missing or another one.
    """
    if not stored.startswith(_MARK):
        return stored
    from cryptography.fernet import Fernet, InvalidToken  # only a store with a key needs it

    if key is None:
        message = "the stored tokens are encrypted: give the setting token_store_key"
        raise TokenStoreError(message)
    salt, _, sealed = stored.removeprefix(_MARK).partition(":")
    try:
        return Fernet(_derived(key, salt)).decrypt(sealed.encode()).decode()
    except InvalidToken:
        message = (
            "the stored tokens were encrypted with another token_store_key: give that one, or log "
            "in again under another connection name"
        )
        raise TokenStoreError(message) from None


@lru_cache(maxsize=8)
def _derived(key: str, salt: str) -> bytes:
    return base64.urlsafe_b64encode(
        hashlib.scrypt(key.encode(), salt=salt.encode(), dklen=32, **_COST)
    )
