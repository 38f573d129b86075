"""Where an input is tried: a real server, and files for the command to read.

Knows no target and no engine. Each input has a connection of its own.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fuzz.fuzz_laws import judge, planted
from tests.fuzz.fuzz_process import in_process
from tests.fuzz.fuzz_values import API, content_of, written
from tests.support.server import ApiServer, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fuzz.fuzz_laws import Outcome
    from tests.support.server import Seen

_MOST_REQUESTS = 20
# The server frames its answers itself; what comes of a false frame is for a proxy to try.
_FRAMING = {"content-length", "transfer-encoding", "connection", "upgrade"}
# What would only be slow, and rightly so; and what would lead out of this machine.
_TAME = {"max_retries": 1, "max_wait": 0, "requests_per_second": None, "timeout": 20, "proxy": None}
_NOWHERE = "http://127.0.0.1:9"
_STATUSES = range(200, 600)
_LONGEST_HEADER = 2000
_LONGEST_VARIABLE = 100_000


class Ground:
    """One server and one folder for all inputs."""

    def __init__(self) -> None:
        # In memory where that can be: each input has a token store of its own, written with care.
        memory = Path("/dev/shm")  # noqa: S108
        place = memory if memory.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=place))
        self.api = ApiServer()
        self.api.routes = _AnyPath(self._answer)
        self.api.token = self._token
        self._case: dict[str, Any] = {}
        self._asked = 0

    def __enter__(self) -> Ground:
        self.api.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.api.__exit__()
        shutil.rmtree(self.folder)

    def hold(self, case: dict[str, Any], run: Callable[..., Outcome] = in_process) -> Outcome:
        """Run a case and hold it to the laws; raises FaultError or Hang."""
        done = self.run(case, run)
        judge(done, planted(case))
        return done

    def run(self, case: dict[str, Any], runner: Callable[..., Outcome]) -> Outcome:
        """Write a case into files, serve it, and run its command on it."""
        self._case, self._asked = case, 0
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
        if "environment" in case:
            options += ["--config", "ENV"]
        files = [("config", case.get("config", {}))]
        if name != "shard":
            files.append(("config", _TAME))
        options_of = {"tap": ("state", "catalog"), "shard": ("state",)}.get(name, ())
        files += [(option, case[option]) for option in options_of if case.get(option) is not None]
        for number, (option, content) in enumerate(files):
            path = self.folder / f"{option}{number}.json"
            path.write_bytes(written(content, self.api.url))
            options += [f"--{option}", str(path)]
        return [name, *options]

    def _token(self, _: Seen) -> Any:
        return _reply(self._case.get("token"), self.api.url)

    def _answer(self, seen: Seen) -> Any:
        answers = self._case.get("answers")
        page = seen.query.get("page", "")
        number = int(page) - 1 if re.fullmatch("[1-9][0-9]?", page) else self._asked
        self._asked += 1
        if not isinstance(answers, list) or not answers or self._asked > _MOST_REQUESTS:
            return Reply([])
        return _reply(answers[number % len(answers)], self.api.url)


class _AnyPath(dict[str, Any]):
    """Routes of which every path is one."""

    def __init__(self, answer: Callable[[Seen], Any]) -> None:
        super().__init__()
        self._any = answer

    def get(self, *_: Any) -> Any:
        return self._any


def _variables(settings: Any, api: str) -> dict[str, str]:
    """Give settings as environment variables bring them, those that can be there at all."""
    found = {}
    for name, value in (settings if isinstance(settings, dict) else {}).items():
        text = value if isinstance(value, str) else written(value, api).decode()
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
