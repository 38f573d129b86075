"""How stored tokens are encrypted."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.errors import TokenStoreError
from tap_oauth2_generic.oauth2.cipher import decrypt, encrypt

PLAIN = '{"access_token": "an-access-token"}'


@pytest.mark.parametrize("key", ["k", "ein schlüssel " * 50])
def test_only_the_key_opens_what_it_encrypted(key):
    stored = encrypt(PLAIN, key)
    assert "access" not in stored
    assert decrypt(stored, key) == PLAIN
    with pytest.raises(TokenStoreError, match="were encrypted with another token_store_key"):
        decrypt(stored, f"{key} ")
    with pytest.raises(TokenStoreError, match="are encrypted; set token_store_key"):
        decrypt(stored, None)


def test_equal_entries_do_not_look_equal():
    """Each has a salt of its own."""
    assert encrypt(PLAIN, "key") != encrypt(PLAIN, "key")


@pytest.mark.parametrize("key", ["key", None])
def test_entry_stored_without_a_key_is_read_with_any(key):
    assert encrypt(PLAIN, None) == PLAIN == decrypt(PLAIN, key)
