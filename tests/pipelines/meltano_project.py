"""A Meltano project per test, using the plugins that `make test-pipelines` installed.

It copies the repository's meltano.yml and has its own state database.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing, contextmanager, suppress

from meltano_log import fetched_records, parse_line

from tests.support import ROOT

MELTANO = ROOT / ".demo" / "venv" / "bin" / "meltano"
TAP = "tap-oauth2-generic"
PREFIX = "TAP_OAUTH2_GENERIC_"
RUN_SECONDS = 240


def plugin_folder(kind, name):
    """Return the folder of an installed plugin; fail the test if there is none."""
    folder = ROOT / ".meltano" / kind / name
    assert (folder / "venv").exists(), f"{name} is not installed: run make test-pipelines"
    return folder


def variables(config):
    """Return a configuration as environment variables of the tap."""
    return {
        f"{PREFIX}{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in config.items()
    }


class Done:
    """The result of one Meltano command: exit status, stdout, and its log in JSON lines."""

    def __init__(self, status, output, log):
        self.status, self.output, self.log = status, output, log

    @property
    def log_tail(self):
        """The end of the log, as plain lines."""
        return "\n".join(parse_line(line)["event"] for line in self.log.splitlines()[-25:])

    @property
    def fetched(self):
        """The number of records that the tap fetched, by stream."""
        return dict(fetched_records(self.log))


class Project:
    """A project folder; ``environment`` is added to what its commands need in any case.

    Without ``copies`` the test writes its meltano.yml.
    """

    def __init__(self, folder, *loaders, copies=True):
        self.folder, self.environment = folder, {}
        if copies:
            shutil.copy(ROOT / "meltano.yml", folder)
        for kind, names in {"extractors": [TAP], "loaders": loaders}.items():
            (folder / ".meltano" / kind).mkdir(parents=True, exist_ok=True)
            for name in names:
                (folder / ".meltano" / kind / name).symlink_to(plugin_folder(kind, name))

    def configure(self, config):
        """Configure the tap, with a token store of its own."""
        store = f"sqlite:///{self.folder / 'tokens.sqlite'}"
        self.environment |= variables({"token_store": store, **config})

    def run(self, loader, *options):
        """Run the pipeline once; fail the test if it fails."""
        done = self.meltano("run", "--no-install", *options, TAP, loader)
        assert done.status == 0, done.log_tail
        return done

    def meltano(self, *arguments):
        """Run a Meltano command to its end."""
        log = self.folder / "command.log"
        with log.open("wb") as errors, self.start(*arguments, stderr=errors) as process:
            output, _ = process.communicate(timeout=RUN_SECONDS)
        return Done(process.returncode, output, log.read_text())

    @contextmanager
    def start(self, *arguments, stderr):
        """Start a command in its own process group, which ends with the block."""
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
        # Without these two, the login prints its address instead of opening a browser.
        shut = {"BROWSER", "DISPLAY"}
        kept = {k: v for k, v in os.environ.items() if not k.startswith(ours) and k not in shut}
        own = {"MELTANO_CLI_DISABLE_VERSION_CHECK": "true", "NO_PROXY": "127.0.0.1"}
        return kept | own | {"no_proxy": "127.0.0.1"} | self.environment

    def saved_state(self):
        """Return the state that Meltano saved for the pipeline, None if it saved none."""
        database = self.folder / ".meltano" / "meltano.db"
        if not database.exists():
            return None
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            row = connection.execute("select completed_state from state").fetchone()
        return json.loads(row[0]).get("singer_state") if row and row[0] else None
