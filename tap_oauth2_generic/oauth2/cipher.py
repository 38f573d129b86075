"""Encryption of stored tokens; the only module that imports cryptography."""

from __future__ import annotations

import base64
import hashlib
import secrets
from functools import lru_cache

from tap_oauth2_generic.errors import TokenStoreError

# Distinguishes an encrypted entry from a plain one, which begins with a brace.
_MARK = "scrypt1:"
_SALT_BYTES = 16
# Some 50 ms and 16 MB: once a run, but for each guess of somebody who has stolen the file.
_COST = {"n": 2**14, "r": 8, "p": 1}


def encrypt(plain: str, key: str | None) -> str:
    """Encrypt a string with a key of any length; keep it plain without a key."""
    if key is None:
        return plain
    from cryptography.fernet import Fernet  # only a store with a key needs it

    salt = secrets.token_hex(_SALT_BYTES)
    return f"{_MARK}{salt}:{Fernet(_derive_key(key, salt)).encrypt(plain.encode()).decode()}"


def decrypt(stored: str, key: str | None) -> str:
    """Decrypt a string; return one that was stored without a key unchanged.

    Raise TokenStoreError if the key is missing or wrong.
    """
    if not stored.startswith(_MARK):
        return stored
    from cryptography.fernet import Fernet, InvalidToken  # only a store with a key needs it

    if key is None:
        raise TokenStoreError("the stored tokens are encrypted; set token_store_key")
    salt, _, encrypted = stored.removeprefix(_MARK).partition(":")
    try:
        return Fernet(_derive_key(key, salt)).decrypt(encrypted.encode()).decode()
    except InvalidToken:
        raise TokenStoreError(
            "the stored tokens were encrypted with another token_store_key; set that one, or log "
            "in again under another connection name"
        ) from None


@lru_cache(maxsize=8)
def _derive_key(key: str, salt: str) -> bytes:
    derived = hashlib.scrypt(key.encode(), salt=salt.encode(), dklen=32, **_COST)
    return base64.urlsafe_b64encode(derived)
