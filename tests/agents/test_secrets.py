"""No result shows a secret, also not one that a server repeats."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.agents.calls import Call
from tap_oauth2_generic.agents.owner import Owner
from tap_oauth2_generic.agents.tools import run
from tests.support.server import ApiServer, Reply

ITEMS = {"name": "items", "path": "/items"}
# Letters that no response or message of these tests has.
SECRET = st.text("QXZJ%+/=&\"'\\ ü0987", min_size=8, max_size=40).filter(
    lambda one: sum(c.isalnum() for c in one) > 6 and one == one.strip()
)
TOOLS = {
    "validate_config": {},
    "preview": {"stream": "items"},
    "suggest_stream": {"stream": "items"},
    "connection_status": {},
}


def looks(secret):
    """Return a secret as it is and in each encoding."""
    encoded = base64.b64encode(secret.encode()).decode()
    return {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], encoded}


def repeat(seen, status):
    """Respond with all that was sent, as a careless server does."""
    sent = {"id": 1, "target": seen.target, "body": seen.content.decode(), **seen.headers}
    return Reply([sent] if status == 200 else {"error": sent}, status)


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("tool", TOOLS)
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(secrets=st.lists(SECRET, min_size=5, max_size=5, unique=True))
def test_no_result_shows_a_secret(tool, status, secrets):
    """Whatever the tool, and whether the API takes or rejects the request."""
    client_secret, access, rotated, header, param = secrets
    with ApiServer() as api:
        api.token = lambda _: {"access_token": access, "refresh_token": rotated}
        api.routes["/items"] = lambda seen: repeat(seen, status)
        own = {"client_secret": client_secret, "params": {"key": param}}
        header = quote(header)
        config = api.config(ITEMS, **own, headers={"X-Key": header}, retry_statuses=[])
        arguments = {"config": config, **TOOLS[tool]}
        texts = run(Call(Owner({})), tool, arguments).texts
        if status == 200 and tool == "preview":
            # It was sent, and came back.
            assert "***" in texts[0]
    for secret in (client_secret, access, rotated, header, param):
        assert [look for look in looks(secret) if look in "\n".join(texts)] == []


def postman(secret):
    auth = {"type": "bearer", "bearer": [{"key": "token", "value": secret}]}
    request = {"method": "GET", "url": {"raw": "https://api.example.com/items"}}
    return {"info": {"name": "x"}, "auth": auth, "item": [{"name": "items", "request": request}]}


def har(secret):
    sent = [{"name": "api_key", "value": secret}]
    url = f"https://api.example.com/items?api_key={secret}"
    request = {"method": "GET", "url": url, "headers": [], "queryString": sent}
    content = {"mimeType": "application/json", "text": '[{"id": 1}]'}
    response = {"status": 200, "headers": [], "content": content}
    return {"log": {"version": "1.2", "entries": [{"request": request, "response": response}]}}


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("curl", lambda secret: f"curl https://api.example.com/items -H 'X-Api-Key: {secret}'"),
        ("postman", lambda secret: json.dumps(postman(secret))),
        ("har", lambda secret: json.dumps(har(secret))),
    ],
)
def test_import_names_the_variable_and_shows_no_secret(kind, make):
    secret = "q8Zx7Wv6Ut5Sr4Qp3On2Ml1K"
    arguments = {"kind": kind, "text": make(secret)}
    (text,) = run(Call(Owner({})), "import_source", arguments).texts
    assert secret not in text
    assert json.loads(text)["secrets"][0].startswith("TAP_OAUTH2_GENERIC_")


@pytest.mark.parametrize("tool", TOOLS)
def test_mistake_shows_no_secret(api, tool):
    wrong = api.config(ITEMS, client_secret=["secret-in-a-list"], headers={"X": ["secret-too"]})
    outcome = run(Call(Owner({})), tool, {"config": wrong, **TOOLS[tool]})
    assert outcome.failed
    assert "secret-" not in "\n".join(outcome.texts)


def test_secret_of_the_person_is_masked_in_what_an_agent_reads_elsewhere(api, other_api):
    """A server that knows it may repeat it to another configuration."""
    other_api.serve("/items", [{"id": 1, "said": "secret-of-the-test"}])
    own = other_api.config(ITEMS, client_secret="secret-of-the-agent")
    call = Call(Owner(api.config(ITEMS)))
    (text,) = run(call, "preview", {"config": own, "stream": "items"}).texts
    assert json.loads(text)["records"] == [{"id": 1, "said": "***"}]
