"""The form of every preset: its own fields, its documentation, and what it fills in."""

from __future__ import annotations

import html
import re

import pytest

from tap_oauth2_generic.config.presets import names, preset
from tests.support.studio_process import StudioClient, StudioProcess


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """One studio for all: each preset takes the place of the one before."""
    with StudioProcess(tmp_path_factory.mktemp("project")) as found:
        yield StudioClient(found)


def choose(client, provider, **params):
    typed = {f"provider_params.{name}": value for name, value in params.items()}
    return client.post("/connection/preset", {"provider": provider, **typed}).text


def fields(text):
    """Return the attributes of each field by name, as written, unescaped."""
    tags = (html.unescape(one) for one in re.findall(r"<(?:input|textarea)\s[^>]*>", text))
    found = (dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) for tag in tags)
    return {one["name"]: one for one in found if "name" in one}


@pytest.mark.parametrize("provider", names())
def test_preset_asks_for_its_parameters_and_links_its_documentation(client, provider):
    """Each is a field with its description and default; each page of the provider is a link."""
    about = preset(provider)
    text = choose(client, provider)
    shown = {n: one for n, one in fields(text).items() if n.startswith("provider_params.")}
    assert [*shown] == [f"provider_params.{name}" for name in about.get("params", {})]
    for name, param in about.get("params", {}).items():
        assert shown[f"provider_params.{name}"].get("placeholder", "") == param.get("default", "")
        assert html.escape(param["description"].split("`")[0], quote=False) in html.unescape(text)
    for url in about["documentation"]:
        assert f'<a href="{html.escape(url)}" target="_blank" rel="noreferrer">' in text


@pytest.mark.parametrize("provider", names())
def test_preset_fills_in_what_it_knows(client, provider):
    """Its URLs stand in the empty fields, with the parameters in their places."""
    about = preset(provider)
    choose(client, provider)
    params = {name: one.get("default") or "given" for name, one in about.get("params", {}).items()}
    shown = fields(choose(client, provider, **params))
    for name in ("base_url", "authorize_url", "access_token_url"):
        expected = about["settings"].get(name, "")
        for param, value in params.items():
            expected = expected.replace(f"{{provider.{param}}}", value)
        if "{" not in expected:
            assert shown[name].get("placeholder", "") == expected
        assert shown[name]["value"] == ""


@pytest.mark.parametrize("provider", names())
def test_missing_parameter_of_a_preset_is_marked(client, provider):
    """A parameter without a default that is left empty is a mistake at its own field."""
    about = preset(provider)
    choose(client, provider)
    params = {
        f"provider_params.{n}": one.get("default", "") for n, one in about.get("params", {}).items()
    }
    text = client.post("/connection", {"provider": provider, "action": "save", **params}).text
    wrong = re.findall(r'name="([\w.]+)"[^>]*aria-invalid', text)
    needed = [
        f"provider_params.{n}" for n, one in about.get("params", {}).items() if "default" not in one
    ]
    assert needed == [one for one in wrong if one.startswith("provider_params.")]
