"""A Meltano project of a test's own, around the plugins that `make test-pipelines` installed.

It has the definitions of the repository's meltano.yml and a state database of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing, contextmanager, suppress

from meltano_log import fetched_records, parsed

from tests.support import ROOT

MELTANO = ROOT / ".demo" / "venv" / "bin" / "meltano"
TAP = "tap-oauth2-generic"
PREFIX = "TAP_OAUTH2_GENERIC_"
RUN_SECONDS = 240


def installed(kind, name):
    """Give the folder of a plugin that Meltano installed; where there is none, the test fails."""
    folder = ROOT / ".meltano" / kind / name
    assert (folder / "venv").exists(), f"{name} is not installed: run make test-pipelines"
    return folder


def variables(config):
    """Give a configuration as the environment variables of the tap."""
    return {
        f"{PREFIX}{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in config.items()
    }


class Done:
    """What one run of Meltano left: exit status, standard output, and its log in JSON lines."""

    def __init__(self, status, output, log):
        self.status, self.output, self.log = status, output, log

    @property
    def said(self):
        """The end of the log, in plain lines."""
        return "\n".join(parsed(line)["event"] for line in self.log.splitlines()[-25:])

    @property
    def fetched(self):
        """The number of records that the tap fetched, by stream."""
        return dict(fetched_records(self.log))


class Project:
    """A project folder; ``environment`` is what its commands see beside the bare necessities."""

    def __init__(self, folder, *loaders):
        self.folder, self.environment = folder, {}
        shutil.copy(ROOT / "meltano.yml", folder)
        # A loader's executable may lead from its environment to the scripts of the project.
        (folder / "scripts").symlink_to(ROOT / "scripts")
        for kind, names in {"extractors": [TAP], "loaders": loaders}.items():
            (folder / ".meltano" / kind).mkdir(parents=True)
            for name in names:
                (folder / ".meltano" / kind / name).symlink_to(installed(kind, name))

    def configure(self, config):
        """Give the tap a configuration, and a token store of its own."""
        store = f"sqlite:///{self.folder / 'tokens.sqlite'}"
        self.environment |= variables({"token_store": store, **config})

    def run(self, loader, *options):
        """Load once."""
        done = self.meltano("run", "--no-install", *options, TAP, loader)
        assert done.status == 0, done.said
        return done

    def meltano(self, *arguments):
        """Run a command of Meltano to its end."""
        log = self.folder / "command.log"
        with log.open("wb") as errors, self.started(*arguments, stderr=errors) as process:
            output, _ = process.communicate(timeout=RUN_SECONDS)
        return Done(process.returncode, output, log.read_text())

    @contextmanager
    def started(self, *arguments, stderr):
        """Start a command as the head of a process group, which does not outlive the block."""
        process = subprocess.Popen(
            [str(MELTANO), "--log-format", "json", *arguments],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
        with process:
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def _environment(self):
        ours = (PREFIX, "TARGET_", "MELTANO_")
        # Without these two, a login shows its address instead of opening a browser.
        shut = {"BROWSER", "DISPLAY"}
        kept = {k: v for k, v in os.environ.items() if not k.startswith(ours) and k not in shut}
        own = {"MELTANO_CLI_DISABLE_VERSION_CHECK": "true", "NO_PROXY": "127.0.0.1"}
        return kept | own | {"no_proxy": "127.0.0.1"} | self.environment

    def saved_state(self):
        """Give the state that Meltano keeps of the pipeline, None while there is none."""
        database = self.folder / ".meltano" / "meltano.db"
        if not database.exists():
            return None
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            row = connection.execute("select completed_state from state").fetchone()
        return json.loads(row[0]).get("singer_state") if row and row[0] else None
