"""Run a recipe as it ships, with only hosts and credentials of its provider's fake."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tap_oauth2_generic.config.reader import read_config
from tap_oauth2_generic.settings.fields import ErrorCollector
from tests.recipes.fake_google import Google
from tests.recipes.fake_jira_cloud import JiraCloud
from tests.recipes.fake_jira_data_center import JiraDataCenter
from tests.recipes.fake_microsoft import Microsoft
from tests.recipes.fake_provider import CLIENT, Provider
from tests.recipes.fake_zoho import Zoho
from tests.support import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RECIPES = ROOT / "recipes"
FAKES: dict[str, type[Provider]] = {
    "zoho_crm_leads/config.json": Zoho,
    "zoho_crm_leads/config_page_token.json": Zoho,
    "jira_issues/config.json": JiraDataCenter,
    "jira_cloud_issues/config.json": JiraCloud,
    "google_people_contact_groups/config.json": Google,
    "microsoft_to_do/config.json": Microsoft,
}


@dataclass
class Recipe:
    """A recipe's file, its provider's fake, and a way to run it."""

    path: Path
    provider: Provider
    tap: Callable[..., Any]

    @property
    def stream(self) -> str:
        """The name of the first stream."""
        return json.loads(self.path.read_text())["streams"][0]["name"]

    def run(self, *, state: dict[str, Any] | None = None) -> Any:
        """Run the tap on the recipe's own file, with credentials in the environment."""
        files = {} if state is None else {"state": state}
        return self.tap({}, "--config", str(self.path), "--config", "ENV", **files)


def towards(provider: Provider, path: Path) -> dict[str, str]:
    """Return a recipe's URLs with the fake's host."""
    problems = ErrorCollector()
    config = read_config({**json.loads(path.read_text()), **CLIENT}, frozenset(), problems)
    assert config is not None, problems.errors
    there = {"authorize_url": config.grant.authorize_url, "base_url": config.top.base_url.text}
    there["access_token_url"] = config.oauth2.access_token_url
    # What holds a part of the token response leads to the fake by itself.
    return {n: provider.url + urlsplit(a).path for n, a in there.items() if "{" not in a}


def only(*paths: str) -> Any:
    """Limit a test to some of the recipes."""
    return pytest.mark.parametrize("recipe", paths, indirect=True)
