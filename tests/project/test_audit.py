"""The audit of what is pinned: what it finds fails, and what it cannot look up never counts."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support import ROOT
from tests.support.certificates import self_signed
from tests.support.server import Reply
from tests.support.tunnel import Tunnel

PINS = "alpha==1.0\nbeta==2.0 ; python_version < '3.11'\nbeta==3.0 ; python_version >= '3.11'\n"
SERVICE = "".join(["py", "pi.org"])  # noqa: FLY002 - no file names a registry's host
KNOWN = {"id": "PYSEC-0", "aliases": [], "fixed_in": ["2.1"], "details": "It is weak."}


@pytest.fixture
def service(api, tmp_path, monkeypatch):
    """Stand where pip-audit asks: knows each pin of PINS, and nothing bad of any."""
    authority, context = self_signed(tmp_path, SERVICE)
    api.encrypt(context)
    for path in ("alpha/1.0", "beta/2.0", "beta/3.0"):
        api.serve(f"/pypi/{path}/json", {"vulnerabilities": []})
    with Tunnel(api.host) as tunnel:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{tunnel.host}")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority))
        yield api


def audit(folder, *options, pins=PINS):
    """Audit what is pinned; give the exit status and what was said."""
    (folder / "constraints.txt").write_text(pins)
    command = [sys.executable, ROOT / "scripts" / "audit.py", folder / "constraints.txt", *options]
    command += ["--cache-dir", folder / "cache"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.stderr
    return done.returncode, done.stdout


def test_every_pin_is_looked_up(service, tmp_path):
    """All versions of a package are asked for, whatever Python or machine they are pinned for."""
    assert audit(tmp_path) == (0, "audit: 3 of 3 pins looked up, 0 vulnerabilities\n")
    assert {seen.path.split("/", 2)[2] for seen in service.seen} == {
        "alpha/1.0/json", "beta/2.0/json", "beta/3.0/json",
    }  # fmt: skip


def test_a_vulnerability_fails(service, tmp_path):
    """A release that the service knows something bad of is named, and fails everywhere."""
    service.serve("/pypi/beta/2.0/json", {"vulnerabilities": [KNOWN]})
    status, said = audit(tmp_path, "--where-reachable")
    assert (status, said.splitlines()[0]) == (1, "audit: beta==2.0: PYSEC-0, mended in 2.1")


@pytest.mark.parametrize(
    ("fault", "options", "status"),
    [
        ("nobody listens", [], 1),
        ("nobody listens", ["--where-reachable"], 0),
        ("an index without the service", [], 1),
        ("an index without the service", ["--where-reachable"], 0),
        ("an error", ["--where-reachable"], 0),
    ],
)
def test_what_cannot_be_looked_up_is_said(service, tmp_path, monkeypatch, fault, options, status):
    """Without a service nothing counts as audited, and only who said that it may be so passes."""
    if fault == "nobody listens":
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    else:
        answer = Reply({}, 404 if "index" in fault else 502)
        service.routes = dict.fromkeys(service.routes, lambda _: answer)
    found, said = audit(tmp_path, *options)
    assert found == status
    assert said.startswith("audit: NOT DONE, no service that knows vulnerabilities can be reached")
    assert said.count("\n") == 1


@pytest.mark.parametrize(("options", "status"), [([], 1), (["--where-reachable"], 0)])
def test_a_pin_that_the_service_does_not_know_is_named(service, tmp_path, options, status):
    """A single release that cannot be looked up is named beside those that were."""
    del service.routes["/pypi/beta/3.0/json"]
    found, said = audit(tmp_path, *options)
    assert found == status
    assert "2 of 3 pins looked up" in said
    assert "NOT DONE for 1, which the service does not know: beta==3.0" in said


@pytest.mark.parametrize(
    ("pins", "options"),
    [("alpha>=1.0\n", []), ("alpha==1.0\n", ["--no-such-option"]), ("", [])],
)
def test_an_audit_that_goes_wrong_fails(service, tmp_path, pins, options):
    """A line that is no pin, a misused option and empty files fail, also where all may pass."""
    status, said = audit(tmp_path, "--where-reachable", *options, pins=pins)
    assert status == 1
    assert said.startswith("audit: failed: ")
    assert not service.seen
