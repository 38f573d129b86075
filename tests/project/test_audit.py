"""The audit of pinned packages: a known vulnerability fails everywhere, a failed lookup in CI."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support import ROOT
from tests.support.certificates import self_signed
from tests.support.server import Reply
from tests.support.tunnel import Tunnel

PINS = "alpha==1.0\nbeta==2.0 ; python_version < '3'\nbeta==3.0 ; python_version >= '3'\n"
SERVICE = "".join(["py", "pi.org"])  # noqa: FLY002 - no file names a registry's host
KNOWN = {"id": "PYSEC-0", "aliases": [], "fixed_in": ["3.1"], "details": "It is weak."}
LENIENT = "--where-reachable"


@pytest.fixture
def service(api, tmp_path, monkeypatch):
    """Serve pip-audit's lookups: all pins of PINS are known, without vulnerabilities."""
    authority, context = self_signed(tmp_path, SERVICE)
    api.encrypt(context)
    for path in ("alpha/1.0", "beta/3.0"):
        api.serve(f"/pypi/{path}/json", {"vulnerabilities": []})
    with Tunnel(api.host) as tunnel:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{tunnel.host}")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority))
        yield api


def audit(folder, *options, pins=PINS):
    """Audit pins and return the exit status and the output."""
    (folder / "constraints.txt").write_text(pins)
    command = [sys.executable, ROOT / "scripts" / "audit.py", folder / "constraints.txt", *options]
    command += [f"--cache-dir={folder / 'cache'}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize("options", [[], [LENIENT]])
def test_every_pin_of_this_python_is_looked_up(service, tmp_path, options):
    status, output = audit(tmp_path, *options)
    assert (status, "NOT DONE" in output) == (0, False)
    assert {seen.path for seen in service.seen} == {
        "/pypi/alpha/1.0/json", "/pypi/beta/3.0/json",
    }  # fmt: skip


@pytest.mark.parametrize("unknown", [[], ["alpha/1.0"]])
@pytest.mark.parametrize("options", [[], [LENIENT]])
def test_known_vulnerability_fails_everywhere(service, tmp_path, options, unknown):
    """It fails even if another package cannot be looked up."""
    service.serve("/pypi/beta/3.0/json", {"vulnerabilities": [KNOWN]})
    for path in unknown:
        del service.routes[f"/pypi/{path}/json"]
    status, output = audit(tmp_path, *options)
    assert status == 1
    assert ("PYSEC-0" in output) or (unknown and not options)


@pytest.mark.parametrize(
    ("fault", "options", "status"),
    [
        ("nobody listens", [], 1),
        ("nobody listens", [LENIENT], 0),
        ("no service behind the index", [], 1),
        ("no service behind the index", [LENIENT], 0),
        ("an error", [LENIENT], 0),
        ("one unknown pin", [LENIENT], 0),
    ],
)
def test_failed_lookup_passes_only_where_that_is_allowed(
    service, tmp_path, monkeypatch, fault, options, status
):
    """An index that serves packages alone responds with 404 to each lookup."""
    if fault == "nobody listens":
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    elif fault == "one unknown pin":
        del service.routes["/pypi/beta/3.0/json"]
    else:
        reply = Reply({}, 502 if fault == "an error" else 404)
        service.routes = dict.fromkeys(service.routes, lambda _: reply)
    found, output = audit(tmp_path, *options)
    assert found == status
    assert ("audit: NOT DONE" in output) == bool(options)


@pytest.mark.parametrize(
    ("pins", "options"), [("alpha>=1.0\n", []), ("alpha==1.0\n", ["--no-such-option"])]
)
def test_unusable_audit_fails_everywhere(service, tmp_path, pins, options):
    """A line that is not a pin and an unknown option are errors, not failed lookups."""
    status, _ = audit(tmp_path, LENIENT, *options, pins=pins)
    assert status == 1
    assert not service.seen
