"""Rules that hold for every input."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.config.config import CONFIG_SCHEMA
from tests.fuzz.fuzz_values import SECRETS

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_LINE = 2500
# With instrumented functions Python may start the line when its stack overflows. A secret that is
# the word "error" masks the level, too.
ERROR = re.compile(r"^(?:.*\| |Exception ignored in .*)?(?:ERROR\b|\*\*\*: ).*", re.MULTILINE)
_STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class FaultError(AssertionError):
    """An input broke a rule."""


class Hang(BaseException):
    """An input took too long; no ``except Exception`` may swallow it."""


@dataclass
class Outcome:
    """Exit status and output of a command."""

    status: int
    output: bytes
    errors: str


def planted_secrets(case: Mapping[str, Any]) -> set[str]:
    """Return the secrets of a case: values in places for secrets or of unknown settings."""
    config, declared = case.get("config"), CONFIG_SCHEMA["properties"]
    variables = case.get("environment")
    settings = {**variables} if isinstance(variables, dict) else {}
    settings |= config if isinstance(config, dict) else {}
    shown = {n: v for n, v in settings.items() if n in declared and not declared[n].get("secret")}
    secret = [v for n, v in settings.items() if n not in shown]
    secret.append(case.get("token"))
    return set(SECRETS.findall(json.dumps(secret))) - set(SECRETS.findall(json.dumps(shown)))


def check_outcome(done: Outcome, secrets: set[str]) -> None:
    """Check a command's outcome; raises FaultError."""
    lines = ERROR.findall(done.errors)
    _require("Traceback (most recent call last)" not in done.errors, "a traceback", done)
    _require(
        not any(re.search(r"\bunexpected \w+: ", x) for x in lines), "an unexpected error", done
    )
    _require(done.status in {0, 1, 2}, f"exit status {done.status}", done)
    says = bool(lines) or b"failed: " in done.output or b'"error": "' in done.output
    _require(done.status != 1 or says, "a failure without an error line", done)
    _require(not any(secret in done.errors for secret in secrets), "a secret is shown", done)
    _require(not _STEERS.search(done.errors.replace("\x1b[", "")), "control characters", done)
    _require(max(map(len, lines), default=0) < _LONGEST_LINE, "an error line without end", done)


def check_messages(done: Outcome) -> None:
    """Check the Singer messages on stdout; raises FaultError."""
    known: set[str] = set()
    for line in done.output.decode().split("\n")[:-1]:
        message = json.loads(line, parse_int=str, parse_constant=_no_constant)
        if message["type"] == "SCHEMA":
            known.add(message["stream"])
        is_known = message["type"] != "RECORD" or message["stream"] in known
        _require(is_known, "a record before its schema", done)
    _require(done.output[-1:] in {b"", b"\n"}, "a truncated line", done)


def _no_constant(name: str) -> Any:
    raise FaultError(f"{name} was written, which is not JSON")


def _require(holds: object, broken: str, done: Outcome) -> None:
    if not holds:
        raise FaultError(f"{broken}; status {done.status}, stderr:\n{done.errors[-6000:]}")
