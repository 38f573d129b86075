"""Run the command on one input, with a real server and real files.

Independent of targets and engines. Each input has a connection of its own.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fuzz.fuzz_checks import check_outcome, planted_secrets
from tests.fuzz.fuzz_process import in_process
from tests.fuzz.fuzz_values import API, content_of, render
from tests.support.server import ApiServer, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.fuzz.fuzz_checks import Outcome
    from tests.support.server import Seen

_MOST_REQUESTS = 20
# The server frames its responses; tests/faults tries false frames.
_FRAMING = {"content-length", "transfer-encoding", "connection", "upgrade"}
# Settings that would only slow a run down, or send requests to other machines.
_TAME = {"max_retries": 1, "max_wait": 0, "requests_per_second": None, "timeout": 20, "proxy": None}
_TAME |= {"rate_limits": None}
# Commands whose files are arguments, not options.
_OTHER_FILES = {"import": ("source",), "studio": ("config", "forms")}
_NOWHERE = "http://127.0.0.1:9"
_STATUSES = range(200, 600)
_LONGEST_HEADER = 2000
_LONGEST_VARIABLE = 100_000


class Sandbox:
    """One server and one folder for all inputs."""

    def __init__(self) -> None:
        # In memory if possible: each input commits to a token store of its own.
        memory = Path("/dev/shm")  # noqa: S108
        place = memory if memory.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=place))
        self.api = ApiServer()
        self.api.routes = _AnyPath(self._respond)
        self.api.token = self._token
        self._case: dict[str, Any] = {}
        self._requests = 0

    def __enter__(self) -> Sandbox:
        self.api.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.api.__exit__()
        shutil.rmtree(self.folder)

    def check(self, case: dict[str, Any], run: Callable[..., Outcome] = in_process) -> Outcome:
        """Run a case and check its outcome; raises FaultError or Hang."""
        done = self.run(case, run)
        check_outcome(done, planted_secrets(case))
        return done

    def run(self, case: dict[str, Any], runner: Callable[..., Outcome]) -> Outcome:
        """Write a case to files, serve its responses and run its command."""
        self._case, self._requests = case, 0
        self.api.seen.clear()
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        environment = {
            "XDG_STATE_HOME": str(self.folder / "store"),
            "TAP_OAUTH2_GENERIC_LOGLEVEL": "DEBUG",
            "HTTP_PROXY": _NOWHERE,
            "HTTPS_PROXY": _NOWHERE,
            "NO_PROXY": "127.0.0.1,localhost,::1",
        }
        environment |= _variables(case.get("environment"), self.api.url)
        return runner(self._arguments(case), environment, self.folder)

    def _arguments(self, case: Mapping[str, Any]) -> list[str]:
        name, *options = case["command"]
        if name in _OTHER_FILES:
            return [name, *options, *map(str, self._files(case, _OTHER_FILES[name]))]
        if "environment" in case:
            options += ["--config", "ENV"]
        files = [("config", case.get("config", {}))]
        if name != "shard":
            files.append(("config", _TAME))
        options_of = {"tap": ("state", "catalog"), "shard": ("state",)}.get(name, ())
        files += [(option, case[option]) for option in options_of if case.get(option) is not None]
        for number, (option, content) in enumerate(files):
            path = self.folder / f"{option}{number}.json"
            path.write_bytes(render(content, self.api.url))
            options += [f"--{option}", str(path)]
        return [name, *options]

    def _files(self, case: Mapping[str, Any], names: Sequence[str]) -> Iterator[Path]:
        """Write parts of a case, each to its file."""
        for name in names:
            path = self.folder / f"{name}.json"
            part = {"text": case.get(name), "body": case.get(name)}
            # Each field of a form is rendered by itself.
            is_forms = name == "forms"
            path.write_bytes(
                json.dumps(part["body"]).encode() if is_forms else content_of(part, self.api.url)
            )
            yield path

    def _token(self, _: Seen) -> Any:
        return _reply(self._case.get("token"), self.api.url)

    def _respond(self, seen: Seen) -> Any:
        responses = self._case.get("responses")
        page = seen.query.get("page", "")
        number = int(page) - 1 if re.fullmatch("[1-9][0-9]?", page) else self._requests
        self._requests += 1
        if not isinstance(responses, list) or not responses or self._requests > _MOST_REQUESTS:
            return Reply([])
        return _reply(responses[number % len(responses)], self.api.url)


class _AnyPath(dict[str, Any]):
    """Routes that contain every path."""

    def __init__(self, answer: Callable[[Seen], Any]) -> None:
        super().__init__()
        self._any = answer

    def get(self, *_: Any) -> Any:
        return self._any


def _variables(settings: Any, api: str) -> dict[str, str]:
    """Return settings as environment variables, without those that cannot exist."""
    found = {}
    for name, value in (settings if isinstance(settings, dict) else {}).items():
        text = value if isinstance(value, str) else render(value, api).decode()
        text = text.replace(API, api)[:_LONGEST_VARIABLE].encode("utf-8", "replace").decode()
        if re.fullmatch(r"\w{1,99}", name, re.ASCII) and "\0" not in text:
            found[f"TAP_OAUTH2_GENERIC_{name.upper()}"] = text
    return found


def _reply(answer: Any, api: str) -> Reply:
    answer = answer if isinstance(answer, dict) else {"body": answer}
    status, headers = answer.get("status"), answer.get("headers")
    sent = {"Content-Type": "application/json", "Connection": "close"}
    for name, value in (headers if isinstance(headers, dict) else {}).items():
        if re.fullmatch(r"[\w-]{1,99}", name, re.ASCII) and name.lower() not in _FRAMING:
            text = str(value).replace(API, api).encode("latin-1", "replace").decode("latin-1")
            sent[name] = re.sub(r"[\r\n\x00]", " ", text)[:_LONGEST_HEADER]
    is_status = isinstance(status, int) and status in _STATUSES
    return Reply(content_of(answer, api), int(status) if is_status else 200, sent)
