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
    """With a client ID and the params of its URLs, every preset is complete."""
    config, errors = read(provider=name, provider_params=params_of(name))
    assert config is not None, errors
    assert config.oauth2.access_token_url


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
