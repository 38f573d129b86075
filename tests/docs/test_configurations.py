"""Every configuration that the documentation shows is one that the tap accepts."""

from __future__ import annotations

import json

import pytest

from tap_oauth2_generic.config.config import CONFIG_SCHEMA
from tap_oauth2_generic.config.reader import read_config
from tap_oauth2_generic.config.streams import STREAM_SECTIONS
from tap_oauth2_generic.settings.fields import ErrorCollector, names_of
from tests.docs.blocks import DOCS, ROOT, blocks

#: A block with this note shows a response or a record, not settings.
NOT_SETTINGS = "not settings"
PAGES = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
BLOCKS = [
    block
    for page in PAGES
    for block in blocks(page)
    if block.language == "json" and NOT_SETTINGS not in block.note
]
CONNECTION = {
    "base_url": "https://api.example.com",
    "access_token_url": "https://auth.example.com/token",
    "grant_type": "client_credentials",
    "client_id": "client",
    "client_secret": "secret",
    "start_date": "2024-01-01T00:00:00Z",
}
STREAM = {"name": "other", "path": "other", "replication_key": "updated_at"}


def completed(shown):
    """Return a whole configuration around what a page shows: streams, a stream or settings."""
    if isinstance(shown, list):
        return {**CONNECTION, "streams": shown}
    if "streams" in shown:
        return shown if "base_url" in shown or "provider" in shown else {**CONNECTION, **shown}
    stream_settings = set(names_of(*STREAM_SECTIONS)) - {"params", "headers", "response_rules"}
    if shown.keys() & stream_settings or not shown.keys() & CONFIG_SCHEMA["properties"].keys():
        return {**CONNECTION, "streams": [{**STREAM, **shown}]}
    return {**CONNECTION, **shown, "streams": [STREAM]}


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_configurations_in_docs_are_accepted(block, tmp_path, monkeypatch):
    """A configuration, stream or setting in a page is read without an error."""
    # The files that configurations name.
    (tmp_path / "contacts.schema.json").write_text('{"properties": {"id": {"type": "integer"}}}')
    monkeypatch.chdir(tmp_path)
    collector = ErrorCollector()
    config = completed(json.loads(block.text))
    assert read_config(config, frozenset(), collector) is not None, collector.errors


def test_docs_show_configurations():
    """The pages show many configurations, so that the test above does not pass on none."""
    assert len(BLOCKS) > 5
