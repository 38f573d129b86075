"""What holds for every kind of source: nothing is lost in the file, and no secret is in it."""

from __future__ import annotations

import json
import shlex
import string
from decimal import Decimal
from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tap_oauth2_generic.cli.import_file import as_json, import_source
from tap_oauth2_generic.importers.imported import ImportOptions
from tap_oauth2_generic.importers.kinds import KINDS
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.tap import TapOAuth2Generic
from tests.importers.samples import SAMPLES, SECRET
from tests.support.imports import read

TEXTS = st.text(string.printable.replace("\x0b", "").replace("\x0c", "") + "äß…{}$%", max_size=12)
NAMES = st.text(string.ascii_letters + "_-[]$.", min_size=1, max_size=12)
SECRETS = st.text(string.ascii_letters + string.digits + "+/=._-ß", min_size=16, max_size=40)
PLACES = st.sampled_from([
    "-H 'Authorization: Bearer {}'", "-H 'Authorization: Token {}'", "-H 'X-Api-Key: {}'",
    "-u 'me:{}'", "-u '{}:'", "-b 'session={}'", "--oauth2-bearer '{}'",
])  # fmt: skip


def parse(text):
    return json.loads(text, parse_float=Decimal)


def check_file(made, missing):
    """Assert that the file is the configuration, and that the tap reads it."""
    assert parse(as_json(made.config)) == made.config
    given = {
        name: value if isinstance(value, str) else {n: v or "x" for n, v in (value or {}).items()}
        for name, value in made.secrets.items()
    }
    collector = ErrorCollector()
    raw = parse(as_json(made.config))
    TapOAuth2Generic.check_configuration(
        raw | {n: v or "a-secret-of-the-user" for n, v in given.items()}, collector
    )
    assert collector.errors == missing


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind in KINDS for text in SAMPLES[kind]]
)
def test_file_of_a_sample_is_valid_and_holds_no_secret(kind, text):
    made, missing = import_source(kind, text, ImportOptions())
    check_file(made, missing)
    assert SECRET not in as_json(made.config)
    assert SECRET not in "".join(read(kind, text)[1])
    assert SECRET in text


@given(st.dictionaries(NAMES, TEXTS, max_size=4), st.text(max_size=20), SECRETS, PLACES)
@example({}, "0" * 12, f"000={'0' * 12}", "-H 'X-Api-Key: {}'")
@example({}, "", "s3cret-with-one-ß", "-H 'Authorization: Bearer {}'")
def test_any_curl_line_is_imported_whole_and_without_its_secret(params, path, secret, place):
    shown = " ".join([quote(path), path, *params.values()])
    assume(secret not in shown)
    # A parameter of a login, such as token=SECRET.
    assume("Token" not in place or (secret.partition("=")[2] or secret) not in shown)
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in params.items())
    url = f"https://api.example.com/{quote(path)}?{query}"
    made, missing = import_source(
        "curl", f"curl {place.format(secret)} {shlex.quote(url)}", ImportOptions()
    )
    assert missing == []
    check_file(made, missing)
    written = as_json(made.config)
    assert secret not in written
    (stream,) = made.config["streams"]
    kept = {**stream.get("params", {}), **(made.secrets.get("params") or {})}
    paged = {v for n, v in stream.get("pagination", {}).items() if n.endswith("_param")}
    doubted = " ".join(made.unsure)
    for name in params:
        assert name in kept or name in paged or repr(name) in doubted
