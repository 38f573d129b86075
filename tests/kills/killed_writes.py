"""Imports and saves of the studio that are killed while they write.

Each file then has its old or its new content, and the next run works. Every other kill comes as
soon as the folder changes, so that many hit the write itself.
"""

from __future__ import annotations

import json
import os
import random
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

from dotenv import dotenv_values

from tests.kills.figures import Figure
from tests.support.studio_process import StudioClient, StudioProcess

_LONGEST_SECONDS, _MOST_SECONDS = 0.03, 30.0
_CURL = "curl -H 'Authorization: Bearer {}' 'https://api.example.com/v1/items?page=1&limit=50'"
_SECRET = "token-of-the-kill-campaign"
_NAME = "TAP_OAUTH2_GENERIC_CLIENT_SECRET"


def kill_imports(kills: int, folder: Path) -> Figure:
    """Kill an import; its file is absent or whole, and a second import writes it."""
    moments = random.Random(kills)  # noqa: S311 - the same in every run
    whole, seconds = _import(folder / "whole", None)
    damaged = 0
    for number in range(kills):
        place = folder / str(number)
        delay = -1.0 if number % 2 else moments.uniform(0, seconds)
        content, _ = _import(place, delay)
        again = content if content is not None else _import(place, None)[0]
        damaged += again != whole
    return Figure("imports", kills, 0, 0, 0, damaged)


def _import(folder: Path, delay: float | None) -> tuple[str | None, float]:
    """Import, and kill it after a delay, or at the first change if that is below 0."""
    folder.mkdir(exist_ok=True)
    file = folder / "config.json"
    command = [sys.executable, "-m", "tap_oauth2_generic", "import", "curl", _CURL.format(_SECRET)]
    began = time.monotonic()
    with subprocess.Popen(
        [*command, "--output", file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _kill(process, folder, delay)
    return (file.read_text() if file.exists() else None), time.monotonic() - began


def _kill(process: subprocess.Popen, folder: Path, delay: float | None) -> None:
    if delay is None:
        process.wait()
    elif delay >= 0:
        threading.Event().wait(delay)
    else:
        before, end = _look(folder), time.monotonic() + _MOST_SECONDS
        while process.poll() is None and _look(folder) == before and time.monotonic() < end:
            pass
    process.kill()


def _look(folder: Path) -> list[tuple[str, int]]:
    found = []
    for entry in os.scandir(folder):
        try:
            found.append((entry.name, entry.stat().st_mtime_ns))
        except FileNotFoundError:
            continue
    return found


def kill_studio(kills: int, folder: Path) -> Figure:
    """Kill a studio that saves; configuration and secrets are each as before or as typed."""
    moments = random.Random(kills)  # noqa: S311 - the same in every run
    config, env = folder / "config.json", folder / ".env"
    address = "http://127.0.0.1:1"
    typed = {"base_url": address, "access_token_url": f"{address}/token", "client_id": "me"}
    config.write_text(json.dumps({**typed, "scopes": "old"}))
    env.write_text(f"OTHER=kept\n{_NAME}='secret-old'\n")
    # The studio writes it for its owner alone; a kill before the first write leaves it as it was.
    env.chmod(0o600)
    damaged = 0
    for number in range(kills):
        before = json.loads(config.read_text())["scopes"], dotenv_values(env)[_NAME]
        delay = -1.0 if number % 2 else moments.uniform(0, _LONGEST_SECONDS)
        with StudioProcess(folder) as studio:
            client = StudioClient(studio)
            form = {
                **typed,
                "scopes": f"new-{number}",
                "client_secret": f"secret-{number}",
                "action": "save",
            }
            saving = threading.Thread(target=_post, args=(client, form))
            saving.start()
            _kill(studio.process, folder, delay)
            saving.join()
        found = json.loads(config.read_text()), dotenv_values(env)
        is_whole = found[0]["scopes"] in ([f"new-{number}"], f"new-{number}", before[0])
        is_whole &= found[1].get(_NAME) in (f"secret-{number}", before[1])
        is_whole &= found[1].get("OTHER") == "kept"
        damaged += not is_whole or stat.S_IMODE(env.stat().st_mode) & 0o077 != 0
    return Figure("saves of the studio", kills, 0, 0, 0, damaged)


def _post(client: StudioClient, form: dict[str, str]) -> None:
    try:
        client.post("/connection", form)
    except OSError:
        return
