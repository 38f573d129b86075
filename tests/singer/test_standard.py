"""The SDK's own tests for taps, with a configuration for each grant and paging style."""

from __future__ import annotations

import atexit
import json
import tempfile
from urllib.parse import urlencode
from urllib.request import urlopen

from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_oauth2_generic.demo.server import DemoServer
from tap_oauth2_generic.tap import TapOAuth2Generic
from tests.support import ROOT

# The SDK makes its tests while this module is imported, so the API must be there already.
_DEMO = DemoServer(port=0).__enter__()
atexit.register(_DEMO.__exit__, None, None, None)
_FOLDER = tempfile.TemporaryDirectory()
atexit.register(_FOLDER.cleanup)
_SAMPLE = ROOT / "sample_config.json"
_SUITE = SuiteConfig(ignore_no_records=False)
_USER = {"username": "demo", "password": "demo-password"}


def _config(name, **settings):
    text = _SAMPLE.read_text().replace("http://127.0.0.1:8765", _DEMO.url)
    return {
        **json.loads(text),
        "token_store": f"sqlite:///{_FOLDER.name}/{name}.sqlite",
        **settings,
    }


def _refresh_token():
    client = {"client_id": "demo-client", "client_secret": "demo-secret"}
    form = urlencode({"grant_type": "password", **_USER, **client}).encode()
    with urlopen(f"{_DEMO.url}/oauth/token", form) as answer:
        return json.load(answer)["refresh_token"]


TestClientCredentials = get_tap_test_class(
    TapOAuth2Generic, config=_config("client_credentials"), suite_config=_SUITE
)
TestPassword = get_tap_test_class(
    TapOAuth2Generic,
    config=_config("password", grant_type="password", client_auth="client_secret_basic", **_USER),
    suite_config=_SUITE,
)
TestRefreshToken = get_tap_test_class(
    TapOAuth2Generic,
    config=_config("refresh", grant_type="refresh_token", refresh_token=_refresh_token()),
    suite_config=_SUITE,
)
