"""Each configuration of the guide to API keys sends what it shows, and requests no token."""

from __future__ import annotations

import base64
import json

import pytest

from tests.docs.blocks import DOCS, blocks

SHOWN = [one for one in blocks(DOCS / "guides" / "api-keys.md") if one.language == "json"]


@pytest.mark.parametrize("block", SHOWN, ids=str)
def test_configuration_sends_its_key(api, tap, block):
    shown = json.loads(block.text)
    api.serve("/items", [{"id": 1}])
    tap.ok({"base_url": api.url, "streams": [{"name": "items", "path": "items"}], **shown})
    assert not api.requests("/token")
    sent = api.requests("/items")[-1]
    for name, value in shown.get("headers", {}).items():
        assert sent.headers[name] == value
    assert sent.query == shown.get("params", {})
    if "streams" in shown:
        assert sent.json == {"key": shown["access_token"]}
    if shown.get("grant_type") == "basic":
        pair = f"{shown['username']}:{shown.get('password', '')}"
        expected = f"Basic {base64.b64encode(pair.encode()).decode()}"
    elif "access_token" in shown:
        expected = f"Bearer {shown['access_token']}"
    else:
        expected = shown.get("headers", {}).get("Authorization")
    assert sent.headers.get("Authorization") == expected


def test_guide_shows_each_way():
    grants = {json.loads(block.text).get("grant_type") for block in SHOWN}
    assert grants == {"none", "basic", None}
