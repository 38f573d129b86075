"""The laws that hold for every input, whatever it is and whoever tries it."""

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
# Where its stack is at an end Python may begin the line, when functions are instrumented.
ERROR = re.compile(r"^(?:.*\| |Exception ignored in .*)?ERROR\b.*", re.MULTILINE)
_STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class FaultError(AssertionError):
    """A law was broken by an input."""


class Hang(BaseException):
    """An input took too long; no ``except Exception`` may swallow it."""


@dataclass
class Outcome:
    """How a command ended, and what it wrote."""

    status: int
    output: bytes
    errors: str


def planted(case: Mapping[str, Any]) -> set[str]:
    """Give the secrets of a case: what stands where only secrets, or no settings, stand."""
    config, declared = case.get("config"), CONFIG_SCHEMA["properties"]
    variables = case.get("environment")
    settings = {**variables} if isinstance(variables, dict) else {}
    settings |= config if isinstance(config, dict) else {}
    shown = {n: v for n, v in settings.items() if n in declared and not declared[n].get("secret")}
    secret = [v for n, v in settings.items() if n not in shown]
    secret.append(case.get("token"))
    return set(SECRETS.findall(json.dumps(secret))) - set(SECRETS.findall(json.dumps(shown)))


def judge(done: Outcome, secrets: set[str]) -> None:
    """Hold what a command did to the laws; raises FaultError."""
    lines = ERROR.findall(done.errors)
    _law("Traceback (most recent call last)" not in done.errors, "a traceback", done)
    _law(not any(re.search(r"\bunexpected \w+: ", x) for x in lines), "an unexpected error", done)
    _law(done.status in {0, 1, 2}, f"exit status {done.status}", done)
    says = bool(lines) or b"failed: " in done.output or b'"error": "' in done.output
    _law(done.status != 1 or says, "a failure without a word", done)
    _law(not any(secret in done.errors for secret in secrets), "a secret is shown", done)
    _law(not _STEERS.search(done.errors.replace("\x1b[", "")), "control characters", done)
    _law(max(map(len, lines), default=0) < _LONGEST_LINE, "an error line without end", done)


def judge_messages(done: Outcome) -> None:
    """Hold what went to a target to the form of messages; raises FaultError."""
    known: set[str] = set()
    for line in done.output.decode().split("\n")[:-1]:
        message = json.loads(line, parse_int=str, parse_constant=_no_constant)
        if message["type"] == "SCHEMA":
            known.add(message["stream"])
        is_known = message["type"] != "RECORD" or message["stream"] in known
        _law(is_known, "a record before its schema", done)
    _law(done.output[-1:] in {b"", b"\n"}, "half a line", done)


def _no_constant(name: str) -> Any:
    raise FaultError(f"{name} was written, which is no JSON")


def _law(holds: object, broken: str, done: Outcome) -> None:
    if not holds:
        raise FaultError(f"{broken}; status {done.status}, and it said:\n{done.errors[-6000:]}")
