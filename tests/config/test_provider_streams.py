"""The ready streams of each preset, read from a server that behaves as the provider documents.

``providers/NAME.json`` is that server: written from the provider's documentation, not from the
preset. It holds the token response, and for each stream every request with its response.
"""

from __future__ import annotations

import json
import re
from functools import cache
from urllib.parse import parse_qsl, urlsplit

import pytest

from tap_oauth2_generic.config.presets import apply_preset, preset
from tap_oauth2_generic.settings.fields import ErrorCollector
from tests.config.test_provider_files import FILES
from tests.support import ROOT
from tests.support.server import Reply

DOCUMENTED = ROOT / "tests" / "config" / "providers"
NAMES = [file.stem for file in FILES if preset(file.stem).get("streams")]
each_preset = pytest.mark.parametrize("name", NAMES)


@cache
def documented(name):
    return json.loads((DOCUMENTED / f"{name}.json").read_text("utf-8"))


class Provider:
    """A server with the documented responses; anything else is a 404."""

    def __init__(self, name, api):
        self.name, self.api, self.facts = name, api, documented(name)
        own = {"provider": name, "provider_params": self.facts.get("params", {})}
        self.settings = apply_preset({**own, "streams": "preset"}, ErrorCollector())
        base = self.facts.get("host") or urlsplit(self.settings["base_url"]).netloc
        self.hosts = [base, *self.settings.get("allowed_hosts", [])]
        self.wanted = [
            (stream, self.local(one))
            for stream, exchanges in self.facts["streams"].items()
            for one in exchanges
        ]
        self.asked = []
        for _, one in self.wanted:
            api.routes[urlsplit(one["request"].split(" ")[1]).path] = self.respond
        api.routes[self.token_path] = api.token = self.issue

    @property
    def token_path(self):
        return urlsplit(self.settings.get("access_token_url", "")).path

    def local(self, value):
        """Return a value with the provider's hosts led to loopback."""
        text = json.dumps(value)
        for host in self.hosts:
            text = text.replace(f"https://{host}", self.api.url)
        return json.loads(text)

    def config(self, **settings):
        """Return the configuration of a user whose URLs lead to loopback."""
        urls = {}
        for name, address in self.settings.items():
            if name.endswith("_url") and not address.startswith("{token."):
                path = address.split("://")[1].partition("/")[2]
                urls[name] = f"{self.api.url}/{path}".rstrip("/")
        secrets = {"client_id": "client-of-the-test", "client_secret": "secret-of-the-test"}
        if "token" in self.facts:
            secrets["refresh_token"] = "refresh-token-of-the-test"
        else:
            secrets["access_token"] = "token-of-the-test"
        if self.settings.get("grant_type") == "basic":
            secrets = {}
        elif self.settings.get("grant_type"):
            secrets.pop("refresh_token", None)
        return {
            "provider": self.name,
            "provider_params": self.facts.get("params", {}),
            "streams": "preset",
            **urls,
            **secrets,
            "max_in_flight": 1,
            "max_retries": 0,
            **self.facts.get("settings", {}),
            **settings,
        }

    def issue(self, seen):
        """Check a token request as the token endpoint does."""
        facts = self.facts["token"]
        sent = self.parameters(seen, facts.get("format", "form"))
        in_header = seen.headers.get("Authorization", "").startswith("Basic ")
        is_proved = in_header if facts.get("auth") == "basic" else "client_secret" in sent
        wrong = {n: v for n, v in facts.get("request", {}).items() if sent.get(n) != v}
        if not is_proved or wrong:
            return Reply({"error": "invalid_request", "error_description": str(sent)}, 400)
        return self.local(facts["response"])

    def parameters(self, seen, form):
        return seen.json if form == "json" else seen.query if form == "query" else seen.form

    def respond(self, seen):
        """Return the documented response to a request."""
        for header, value in self.facts["headers"].items():
            if seen.headers.get(header) != value:
                return Reply({"message": f"{header}: {seen.headers.get(header)}"}, 401)
        for stream, one in self.wanted:
            if shape(f"{seen.method} {seen.target}") != shape(one["request"]):
                continue
            if "body" in one and seen.json != one["body"]:
                continue
            self.asked.append((stream, one))
            return Reply(one["response"], headers=one.get("headers", {}))
        return Reply({"message": f"no such resource: {seen.method} {seen.target}"}, 404)


def shape(request):
    """Return a request in comparable form: whatever its encoding and order of parameters."""
    method, target = request.split(" ", 1)
    parts = urlsplit(target)
    return method, parts.path, sorted(parse_qsl(parts.query, keep_blank_values=True))


@each_preset
def test_every_stream_reads_all_pages_and_ends(name, api, tap):
    """Client ID and secret suffice: each documented request is sent, in order, and no other."""
    provider = Provider(name, api)
    run = tap(provider.config())
    asked = [shape(f"{seen.method} {seen.target}") for seen in api.seen]
    assert run.status == 0, (run.error_lines, asked)
    assert not run.warnings
    # The first pages are requested for the schema, too.
    asked = [*dict.fromkeys((stream, str(one)) for stream, one in provider.asked)]
    wanted = [(stream, str(one)) for stream, one in provider.wanted]
    if any("parent" in stream for stream in provider.settings["streams"]):
        asked, wanted = sorted(asked), sorted(wanted)
    assert asked == wanted
    for stream in provider.settings["streams"]:
        records = run.records(stream["name"])
        assert len(records) >= 2, stream["name"]
        keys = [tuple(record[key] for key in stream["primary_keys"]) for record in records]
        assert len({*keys}) == len(keys), stream["name"]


@each_preset
def test_preset_has_two_streams_and_says_what_was_read(name):
    """A preset with streams has at least two, and names its sources and their date."""
    found = preset(name)
    assert len(found["streams"]) >= 2
    assert {one["name"] for one in found["streams"]} == {*documented(name)["streams"]}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found["checked"]["date"])
