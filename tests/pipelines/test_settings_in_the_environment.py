"""Each setting through its environment variable, as Meltano passes it to the tap."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.pipelines.meltano_project import ROOT, TAP, variables

SAMPLES = {
    "integer": 7,
    "boolean": True,
    "array": ["one", {"two": 2}],
    # Meltano splits a name at a dot unless a backslash precedes it.
    "object": {"one": [1, 2.5, None], r"a\.b": "{placeholder} $.path"},
    "date_iso8601": "2024-01-01T00:00:00Z",
    "string": "string with spaces, 'quotes' and a %",
}


@pytest.fixture(scope="module")
def declared():
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    (extractor,) = project["plugins"]["extractors"]
    return {setting["name"]: setting for setting in extractor["settings"]}


def test_each_variable_sets_its_setting(project, declared):
    """Meltano reads each setting from TAP_OAUTH2_GENERIC_…, with its value and type."""
    given = {
        name: setting["options"][-1]["value"] if "options" in setting else SAMPLES[setting["kind"]]
        for name, setting in declared.items()
    }
    project.environment |= variables(given)
    done = project.meltano("config", "--unsafe", "print", TAP)
    assert done.status == 0, done.log_tail
    assert json.loads(done.output) == json.loads(json.dumps(given).replace(r"a\\.b", "a.b"))


def test_settings_of_every_type_reach_the_tap(api, project):
    """Numbers, objects, arrays and booleans from variables take effect in a sync."""
    api.routes["/items"] = lambda seen: [{"id": seen.headers["X-Key"]}]
    project.configure(
        api.config(
            {"name": "items", "path": "items"},
            timeout=7.5,
            max_wait=10.5,
            token_leeway=3.5,
            token_lifetime=100.5,
            requests_per_second=99.5,
            max_in_flight=2,
            pkce=False,
            headers={"X-Key": "key {client_id}"},
            retry_statuses=[429, 503],
            scopes="read, write",
            start_date="2024-01-01T00:00:00Z",
        )
    )
    done = project.meltano("invoke", "--no-install", TAP)
    assert done.status == 0, done.log_tail
    records = [json.loads(line) for line in done.output.splitlines() if '"RECORD"' in line]
    assert [message["record"]["id"] for message in records] == ["key client-of-the-test"]
    assert api.requests("/token")[0].form["scope"] == "read write"
