"""Run a recipe as it ships, with only hosts and credentials of its provider's fake."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
import yaml

from tap_oauth2_generic.cli.login import read_redirect
from tap_oauth2_generic.config.reader import read_config
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.settings.fields import ErrorCollector
from tests.recipes.fake_airtable import Airtable
from tests.recipes.fake_dataverse import Dataverse
from tests.recipes.fake_docusign import Docusign
from tests.recipes.fake_github import GitHub
from tests.recipes.fake_google import Google
from tests.recipes.fake_google_analytics import GoogleAnalytics
from tests.recipes.fake_hubspot import HubSpot
from tests.recipes.fake_jira_cloud import JiraCloud
from tests.recipes.fake_jira_data_center import JiraDataCenter
from tests.recipes.fake_microsoft import Microsoft
from tests.recipes.fake_microsoft_mail import MicrosoftMail
from tests.recipes.fake_notion import Notion
from tests.recipes.fake_provider import CLIENT, Provider
from tests.recipes.fake_quickbooks import QuickBooks
from tests.recipes.fake_salesforce import Salesforce
from tests.recipes.fake_shopify import Shopify
from tests.recipes.fake_slack import Slack
from tests.recipes.fake_strava import Strava
from tests.recipes.fake_xero import Xero
from tests.recipes.fake_zendesk import Zendesk
from tests.recipes.fake_zoho import Zoho
from tests.support import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RECIPES = ROOT / "recipes"
#: Settings of the SDK that a recipe may use.
SDK_SETTINGS = frozenset({"stream_maps"})
FAKES: dict[str, type[Provider]] = {
    "airtable": Airtable,
    "docusign": Docusign,
    "dynamics_365": Dataverse,
    "github": GitHub,
    "google_analytics": GoogleAnalytics,
    "google_people_contact_groups": Google,
    "hubspot": HubSpot,
    "jira_cloud_issues": JiraCloud,
    "jira_issues": JiraDataCenter,
    "microsoft_graph": MicrosoftMail,
    "microsoft_to_do": Microsoft,
    "notion": Notion,
    "quickbooks": QuickBooks,
    "salesforce": Salesforce,
    "shopify": Shopify,
    "slack": Slack,
    "strava": Strava,
    "xero": Xero,
    "zendesk": Zendesk,
    "zoho_crm_leads": Zoho,
}


@cache
def _project(name: str) -> dict[str, Any]:
    text = (RECIPES / name / "meltano.yml").read_text(encoding="utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe


def project(name: str) -> dict[str, Any]:
    """Return the Meltano project of a recipe."""
    return deepcopy(_project(name))


def settings(name: str) -> dict[str, Any]:
    """Return the tap's settings in the Meltano project of a recipe."""
    (tap,) = project(name)["plugins"]["extractors"]
    return tap["config"]


@dataclass
class Recipe:
    """A recipe's settings, its provider's fake, and a way to run it.

    ``own`` is what a user adds, and the hosts of the fake.
    """

    name: str
    provider: Provider
    tap: Callable[..., Any]
    own: dict[str, Any]

    @property
    def streams(self) -> list[dict[str, Any]]:
        return settings(self.name)["streams"]

    @property
    def stream(self) -> str:
        """The name of the first stream."""
        return self.streams[0]["name"]

    @property
    def config(self) -> dict[str, Any]:
        return {**settings(self.name), **self.own}

    def run(self, *, state: dict[str, Any] | None = None) -> Any:
        """Run the tap."""
        files = {} if state is None else {"state": state}
        return self.tap(self.config, **files)

    def log_in(self) -> None:
        """Log in as a person who consents."""
        problems = ErrorCollector()
        config = read_config(self.config, SDK_SETTINGS, problems)
        assert config is not None, problems.errors
        Session.of(config, Clock(), lambda: None).authenticator.login(_Person())


class _Person:
    """A ``LoginUI`` whose person opens the address and pastes the redirect."""

    def say(self, line: str) -> None:
        """Show nothing."""

    def wait(self, seconds: float) -> None:
        """Wait for nobody."""

    def wait_for_redirect(self, url: str, redirect_uri: str) -> Mapping[str, str]:
        """Return the parameters of the redirect."""
        response = requests.get(url, allow_redirects=False, timeout=10)
        assert response.status_code == 302, response.text
        return read_redirect(response.headers["Location"], redirect_uri)


def towards(provider: Provider, name: str) -> dict[str, str]:
    """Return a recipe's URLs with the fake's host."""
    problems = ErrorCollector()
    config = read_config({**settings(name), **CLIENT}, SDK_SETTINGS, problems)
    assert config is not None, problems.errors
    there = {"authorize_url": config.grant.authorize_url, "base_url": config.top.base_url.text}
    there["access_token_url"] = config.oauth2.access_token_url
    # What holds a part of the token response leads to the fake by itself.
    return {n: provider.url + urlsplit(a).path for n, a in there.items() if "{" not in a}


def only(*names: str) -> Any:
    """Limit a test to some of the recipes."""
    return pytest.mark.parametrize("recipe", names, indirect=True)
