"""Looks everything that is pinned up in a service that knows vulnerabilities, by pip-audit.

Fails where it knows one. What could not be looked up is named and fails as well, unless it was
said that this machine may reach no such service: nothing counts as audited that was not.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PIP_AUDIT = [sys.executable, "-m", "pip_audit"]
_PIN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[\w.!+-]+)(?: ; .+)?")
_HANDFUL = 5


class AuditError(Exception):
    """The audit itself went wrong; the message is for whoever ran it."""


class NotReachedError(Exception):
    """The service that knows vulnerabilities did not answer."""


def pins(files: Iterable[Path]) -> dict[str, list[str]]:
    """Give the versions of each package in constraints files, whatever they are pinned for.

    Raises AuditError for a line that is no pin, and where there is none.
    """
    found: dict[str, list[str]] = {}
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            pin = _PIN.fullmatch(line)
            if pin is None:
                message = f"{file}:{number} is no pin: {line}"
                raise AuditError(message)
            versions = found.setdefault(pin["name"], [])
            if pin["version"] not in versions:
                versions.append(pin["version"])
    if not found:
        message = "nothing is pinned"
        raise AuditError(message)
    return found


def rounds(found: dict[str, list[str]]) -> Iterator[list[tuple[str, str]]]:
    """Give every pin once, no package twice in a round: pip-audit takes one version of each.

    The first round is a handful, to see whether anybody answers.
    """
    of_each = [[(name, version) for version in found[name]] for name in sorted(found)]
    for members in zip_longest(*of_each):
        pinned = [pin for pin in members if pin is not None]
        yield pinned[:_HANDFUL]
        if pinned[_HANDFUL:]:
            yield pinned[_HANDFUL:]


def looked_up(pinned: Sequence[tuple[str, str]], options: Sequence[str]) -> dict[str, Any]:
    """Give what pip-audit says of each package; raises NotReachedError, AuditError."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pinned.txt"
        file.write_text("\n".join(map("==".join, pinned)), encoding="utf-8")
        asked = ["--requirement", str(file), "--no-deps", "--disable-pip", "--format", "json"]
        asked += ["--progress-spinner", "off", *options]
        done = _run(asked)
        try:
            return {one["name"]: one for one in json.loads(done.stdout)["dependencies"]}
        except ValueError:
            said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            if _run([*asked, "--dry-run"]).returncode:
                # It fails without asking anybody, too.
                raise AuditError(said) from None
            raise NotReachedError(said) from None


def _run(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = [*PIP_AUDIT, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # nosec B603 # ours


def audit(found: dict[str, list[str]], options: Sequence[str]) -> tuple[list[str], list[str]]:
    """Give what is known of the pins, a sentence each, and the pins that nobody knows.

    Raises AuditError, NotReachedError.
    """
    known: list[str] = []
    left_out: list[str] = []
    looked_at = 0
    for pinned in rounds(found):
        told = looked_up(pinned, options)
        for name, version in pinned:
            vulnerabilities = told.get(name, {}).get("vulns")
            if vulnerabilities is None:
                left_out.append(f"{name}=={version}")
            for one in vulnerabilities or ():
                mended = ", ".join(one["fix_versions"]) or "no release yet"
                known.append(f"{name}=={version}: {one['id']}, mended in {mended}")
        looked_at += len(pinned)
        if len(left_out) == looked_at:
            # An index of packages alone answers, too, and pip-audit is content with that.
            message = f"nothing is known of {', '.join(left_out)}"
            raise NotReachedError(message)
    return known, left_out


def main() -> int:
    """Audit the files that are named; give the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="Other options go to pip-audit, such as --ignore-vuln ID."
    )
    parser.add_argument("files", nargs="+", type=Path, help="constraints files")
    parser.add_argument(
        "--where-reachable",
        action="store_true",
        help="do not fail for what cannot be looked up from here",
    )
    chosen, options = parser.parse_known_args()
    try:
        found = pins(chosen.files)
        known, left_out = audit(found, options)
    except AuditError as error:
        print(f"audit: failed: {error}")
        return 1
    except NotReachedError as error:
        print(f"audit: NOT DONE, no service that knows vulnerabilities can be reached: {error}")
        return 0 if chosen.where_reachable else 1
    for sentence in known:
        print(f"audit: {sentence}")
    pinned = sum(map(len, found.values()))
    print(
        f"audit: {pinned - len(left_out)} of {pinned} pins looked up, {len(known)} vulnerabilities"
    )
    if left_out:
        named = ", ".join(left_out[:_HANDFUL]) + (", …" if left_out[_HANDFUL:] else "")
        print(f"audit: NOT DONE for {len(left_out)}, which the service does not know: {named}")
    return 1 if known or (left_out and not chosen.where_reachable) else 0


if __name__ == "__main__":
    sys.exit(main())
