"""Look up the pins of constraints files in a vulnerability database, by pip-audit.

Fails for a known vulnerability, and for a pin that cannot be looked up. With ``--where-reachable``
the latter is reported but passes, for machines that reach nothing but packages.
"""

from __future__ import annotations

import subprocess
import sys

PIP_AUDIT = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip"]
LENIENT = "--where-reachable"


def audit(file: str, options: list[str], *, is_lenient: bool) -> bool:
    """Audit one file and return whether it passes."""
    command = [*PIP_AUDIT, "--progress-spinner=off", f"--requirement={file}", *options]
    strict = [] if is_lenient else ["--strict"]
    done = subprocess.run([*command, *strict], capture_output=True, text=True, check=False)  # nosec B603 # our own
    print(done.stdout, done.stderr, sep="", end="")
    if done.returncode == 0 and "Skip Reason" not in done.stdout:
        return True
    if not is_lenient or "known vulnerabilit" in done.stderr.replace("No known", ""):
        return False
    # Without a lookup only a wrong file or option can still fail.
    print(f"audit: NOT DONE or incomplete for {file}: the vulnerability service is unreachable")
    dry_run = subprocess.run([*command, "--dry-run"], capture_output=True, check=False)  # nosec B603 # our own
    return dry_run.returncode == 0


def main(arguments: list[str]) -> int:
    """Audit all files, print what pip-audit found, and return the exit status."""
    files = [argument for argument in arguments if argument.endswith(".txt")]
    options = [argument for argument in arguments if argument not in {LENIENT, *files}]
    passed = [audit(file, options, is_lenient=LENIENT in arguments) for file in files]
    return 0 if passed and all(passed) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
