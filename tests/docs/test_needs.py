"""The page of what an API may need names each setting that an API can ask for."""

from __future__ import annotations

import json
import re

from tap_oauth2_generic.config.streams import STREAM_SECTIONS
from tap_oauth2_generic.pagination import styles
from tap_oauth2_generic.replication.bookmark import IncrementalSettings
from tap_oauth2_generic.settings.fields import names_of
from tests.docs.blocks import DOCS
from tests.support import ROOT

# What you decide for yourself, whatever the API is like.
OF_A_RUN = {
    "batch_config", "connection", "emit_activate_version_messages", "faker_config", "on_error",
    "run_report", "selected", "stream_map_config", "stream_maps", "token_store",
    "token_store_key", "token_store_key_file",
}  # fmt: skip
OF_A_SCHEMA = {
    "new_fields", "on_type_change", "primary_keys", "remember_schema", "schema",
    "schema_sample_size",
}  # fmt: skip
# The rows say what is in them.
HOLDERS = {"$schema", "base_url", "incremental", "name", "pagination", "streams"}
SAME_IN_A_FILE = re.compile(r"\w+_file|flattening_\w+")


def test_page_names_each_setting_that_an_api_asks_for():
    known = set(json.loads((ROOT / "config.schema.json").read_text())["properties"])
    known |= {*names_of(*STREAM_SECTIONS, *styles().values(), IncrementalSettings), *styles()}
    known -= {"none", *OF_A_RUN, *OF_A_SCHEMA, *HOLDERS}
    page = (DOCS / "reference" / "needs.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:\w+\.)?(\w+)`", page))
    assert {name for name in known - named if not SAME_IN_A_FILE.fullmatch(name)} == set()
