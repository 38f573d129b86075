"""What providers do differently in a login: names, further parameters, the fragment."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.support.login_process import Login, Person, config
from tests.support.server import Reply


@pytest.fixture
def provider(api):
    """A provider whose refreshes name neither the account nor the server of the API."""

    def token(seen):
        n = len(api.requests("/token"))
        tokens = {"access_token": f"token-{n}", "refresh_token": f"refresh-{n}"}
        return tokens | ({"site": "of-the-response"} if "code" in seen.form else {})

    api.token = token
    return api


def settings_of(api, **settings):
    endpoints = {"authorize_url": f"{api.url}/authorize", "access_token_url": f"{api.url}/token"}
    return config(api.url, **{"base_url": api.url, **endpoints, **settings})


def log_in(folder, settings, redirect):
    """Log in with a redirect, in which {state} is that of the login; return what was asked."""
    login = Login(folder, settings).wait_for_address()
    asked = dict(parse_qsl(urlsplit(login.address).query))
    address = login.redirect_uri + redirect.replace("{state}", asked["state"])
    Person().visit(address)
    return asked, login.end()


def test_parameters_of_the_redirect_become_placeholders(provider, tmp_path, tap):
    """They last over refreshes, whose responses do not have them."""
    stream = {"name": "items", "path": "company/{token.realmId}/items"}
    settings = settings_of(provider, streams=[stream])
    provider.serve("/company/12%2F3/items", [{"id": 1}], Reply({}, 401), [{"id": 2}])
    assert log_in(tmp_path, settings, "?code=c&realmId=12/3&state={state}")[1][0] == 0
    assert tap.ok(settings).ids() == [2]
    assert provider.requests("/token")[1].form["refresh_token"] == "refresh-1"


def test_fields_of_the_response_win_over_the_redirect(provider, tmp_path, tap):
    """Whoever forges a redirect cannot change a field that the provider's response has."""
    stream = {"name": "items", "path": "items"}
    stream["params"] = {"at": "{token.accounts-server}", "site": "{token.site}"}
    settings = settings_of(provider, streams=[stream])
    provider.serve("/items", [{"id": 1}])
    redirect = "?code=c&accounts-server=https://eu.example.com&site=x&state={state}"
    assert log_in(tmp_path, settings, redirect)[1][0] == 0
    tap.ok(settings)
    assert provider.requests("/items")[0].query == {
        "at": "https://eu.example.com",
        "site": "of-the-response",
    }


def test_parameters_of_the_redirect_are_used_in_refreshes(provider, tmp_path, tap):
    """refresh_params may send them, as those of the token response."""
    settings = settings_of(provider, refresh_params={"location": "{token.location}"})
    provider.serve("/lists", Reply({}, 401), {"value": [{"id": 1}]})
    assert log_in(tmp_path, settings, "?code=c&location=eu&state={state}")[1][0] == 0
    tap.ok(settings)
    assert provider.requests("/token")[1].form["location"] == "eu"


def test_redirect_and_code_have_other_names(provider, tmp_path):
    """authorize_param_names rename parameters of the request, code_param that of the redirect."""
    names = {"client_id": "client_key", "scope": "permissions", "redirect_uri": "callback"}
    settings = settings_of(
        provider, authorize_param_names=names, code_param="auth_code", scopes="a b"
    )
    asked, (status, _, errors) = log_in(tmp_path, settings, "?auth_code=c-1&state={state}")
    assert status == 0, errors
    assert asked["client_key"] == "demo-client"
    assert asked["permissions"] == "a b"
    assert asked["callback"] == settings["redirect_uri"]
    assert not asked.keys() & names.keys()
    assert provider.requests("/token")[0].form["code"] == "c-1"


def test_code_of_another_name_is_missing(provider, tmp_path):
    """The error names the parameter that was expected; nothing is exchanged."""
    settings = settings_of(provider, code_param="auth_code")
    _, (status, _, errors) = log_in(tmp_path, settings, "?code=c-1&state={state}")
    assert status == 1
    assert "the redirect has neither a parameter auth_code nor an error" in errors
    assert not provider.requests("/token")


@pytest.mark.parametrize("separator", ["#", "?location=eu#", "?"])
def test_pasted_address_may_have_a_fragment(provider, tmp_path, separator):
    """The parameters of a pasted address are in its query, its fragment, or both."""
    settings = settings_of(provider)
    login = Login(tmp_path, settings, "--no-browser").wait_for_address()
    asked = dict(parse_qsl(urlsplit(login.address).query))
    login.type(f"{login.redirect_uri}{separator}code=c-1&state={asked['state']}")
    assert login.end()[0] == 0
    assert provider.requests("/token")[0].form["code"] == "c-1"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"authorize_param_names": {"clientid": "x"}},
            "the redirect has no 'clientid' to rename; did you mean 'client_id'?",
        ),
        ({"authorize_param_names": {"state": "x"}}, "the redirect has no 'state' to rename"),
        ({"authorize_param_names": {"scope": None}}, "authorize_param_names.scope: must be a str"),
        ({"authorize_param_names": "x"}, "authorize_param_names: must be an object"),
        (
            {"authorize_params": {"nonce": "{uid}"}},
            "authorize_params.nonce: unknown placeholder {uid}; did you mean 'uuid'?",
        ),
        ({"authorize_params": {"a": "{token.id}"}}, "authorize_params.a: unknown placeholder"),
        ({"code_param": ["code"]}, "code_param: must be a string"),
    ],
)
def test_wrong_name_is_one_error(provider, tap, settings, said):
    """The state keeps its name; a misspelled parameter is named with the nearest."""
    run = tap(settings_of(provider, **settings))
    assert run.status == 1
    assert said in run.errors
    assert not provider.seen
