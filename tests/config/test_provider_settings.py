"""Presets in a configuration: what they fill in, and that the user's settings win."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.config.presets import names, preset
from tap_oauth2_generic.config.reader import read_config
from tap_oauth2_generic.settings.fields import ErrorCollector

STREAM = {"name": "items", "path": "items"}


def read(**settings):
    collector = ErrorCollector()
    raw = {"client_id": "id", "streams": [STREAM], **settings}
    return read_config(raw, frozenset(), collector), collector.errors


def params_of(name):
    declared = preset(name).get("params", {})
    return {param: "value" for param, about in declared.items() if "default" not in about}


@pytest.mark.parametrize("name", names())
def test_every_preset_is_a_configuration(name):
    """With a client ID or a key, and the params of its URLs, every preset is complete."""
    settings = preset(name)["settings"]
    user = {"username": "user"}
    keys = {"basic": user, "password": {**user, "password": "secret"}}
    key = keys.get(settings.get("grant_type"), {})
    token = {} if {"access_token_url", "grant_type"} & {*settings} else {"access_token": "key"}
    config, errors = read(provider=name, provider_params=params_of(name), **key, **token)
    assert config is not None, errors


def test_zoho_has_its_own_header_and_base():
    """Zoho's token has its own prefix and goes to the host in the token response."""
    config, _ = read(provider="zoho_crm")
    assert config.oauth2.auth_prefix == "Zoho-oauthtoken"
    assert config.grant.authorize_params["access_type"].text == "offline"
    assert config.top.base_url.text.startswith("{token.api_domain}")


def test_microsoft_has_a_tenant_and_stays_connected():
    """Microsoft's URLs contain the tenant; a login asks for offline_access."""
    config, _ = read(
        provider="microsoft_graph", provider_params={"tenant": "contoso"}, scopes="a b"
    )
    assert "/contoso/" in config.oauth2.access_token_url
    assert config.oauth2.scopes == ["a", "b", "offline_access"]
    alone, _ = read(provider="microsoft_graph", grant_type="client_credentials", scopes="a")
    assert alone.oauth2.scopes == ["a"]


def test_user_settings_override_the_preset():
    """Of an object, each entry overrides the preset's; null removes one."""
    config, _ = read(
        provider="google_people",
        access_token_url="https://other.example/token",
        authorize_params={"prompt": None, "login_hint": "x"},
    )
    assert config.oauth2.access_token_url == "https://other.example/token"
    assert config.grant.authorize_params["access_type"].text == "offline"
    assert config.grant.authorize_params["prompt"] is None
    assert config.grant.authorize_params["login_hint"].text == "x"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"provider": "zendsk"}, "did you mean 'zendesk'?"),
        ({"provider": "zendesk"}, "'subdomain' is required"),
        ({"provider": "zendesk", "provider_params": {"subdomain": "a/../b"}}, "letters, digits"),
        ({"provider": "zendesk", "provider_params": {"subdomain": "x.evil.example/"}}, "letters"),
        (
            {"provider": "zendesk", "provider_params": {"subdoman": "x"}},
            "did you mean 'subdomain'?",
        ),
        ({"provider_params": {"a": "b"}}, "needs the setting 'provider'"),
    ],
)
def test_wrong_provider_params_are_one_line(settings, said):
    """A mistake in the params of a preset is one line."""
    _, errors = read(**settings)
    assert any(said in error for error in errors), errors


def names_of_streams(config):
    return [stream.name for stream in config.top.streams]


@pytest.mark.parametrize("streams", ["preset", ["preset"], '["preset"]'])
def test_word_stands_for_all_streams_of_the_preset(streams):
    """``preset`` brings all streams of the provider, and the scopes that they need."""
    config, errors = read(provider="hubspot", streams=streams)
    assert config is not None, errors
    assert names_of_streams(config) == ["contacts", "companies", "deals"]
    assert "crm.objects.deals.read" in config.oauth2.scopes


def test_one_stream_of_the_preset_stands_next_to_own_ones():
    """``preset:NAME`` brings one stream; the order of the array is kept."""
    config, _ = read(provider="hubspot", streams=[STREAM, "preset:deals"])
    assert names_of_streams(config) == ["items", "deals"]


def test_own_stream_replaces_the_stream_of_the_preset():
    """A stream of the user's own wins over the preset's stream of that name."""
    own = {"name": "deals", "path": "own/deals"}
    config, _ = read(provider="hubspot", streams=["preset", own])
    assert names_of_streams(config) == ["contacts", "companies", "deals"]
    assert config.top.streams[2].request.path.text == "own/deals"


@pytest.mark.parametrize("name", [[], {}, None, True, ["deals"]])
def test_name_of_an_own_stream_that_is_no_string_is_an_error(name):
    config, errors = read(provider="hubspot", streams=["preset", {"name": name, "path": "x"}])
    assert config is None
    assert any("name" in error for error in errors), errors


def test_own_scopes_and_other_grants_keep_the_scopes_of_the_preset_out():
    """The preset's scopes are for its own grant, and only if the user sets none."""
    own, _ = read(provider="hubspot", streams="preset", scopes="a")
    other, _ = read(provider="hubspot", streams="preset", grant_type="client_credentials")
    alone, _ = read(provider="hubspot")
    assert [c.oauth2.scopes for c in (own, other, alone)] == [["a"], [], []]


def test_params_of_the_provider_are_filled_into_its_streams():
    """A path of the preset may hold a param of the provider."""
    params = {"shop": "mine", "version": "2030-01"}
    config, _ = read(provider="shopify", provider_params=params, streams=["preset:orders"])
    assert config.top.streams[0].request.path.text == "2030-01/orders.json"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"streams": "preset"}, "'preset' needs a provider that has streams"),
        ({"provider": "hubspot", "streams": "prset"}, "must be an object or 'preset'"),
        ({"provider": "hubspot", "streams": ["preset:deal"]}, "did you mean 'deals'?"),
        ({"provider": "hubspot", "streams": ["preset:x"]}, "it has: contacts, companies, deals"),
    ],
)
def test_wrong_word_for_streams_is_one_line(settings, said):
    """A mistake in the words for the preset's streams is one line with its place."""
    _, errors = read(**settings)
    found = [error for error in errors if error.startswith("streams[0]")]
    assert any(said in error for error in found), errors
