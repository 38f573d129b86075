"""Carry out the steps of a Dockerfile without an engine, each in a root folder of its own.

A step runs in a mount namespace of its own, with the root, user, variables and folder that the
Dockerfile sets. What differs from an image: the base is the system and the Python of this machine,
there are no layers, and the network is that of this machine. Needs root on Linux.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

# What an installation behind a proxy or with an index of its own needs.
_OUTSIDE = re.compile(r"(PIP|UV)_\w+|\w+_PROXY|\w+_proxy|SSL_CERT_FILE|REQUESTS_CA_BUNDLE")


def instructions(text):
    """Return the instructions of a Dockerfile, each a word and what follows it."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in whole.splitlines() if line.strip()]


def context(folder):
    """Return the files that .dockerignore lets into an image, by their paths in the folder."""
    lines = (folder / ".dockerignore").read_text().splitlines()
    rules = [(not line.startswith("!"), _pattern(line)) for line in lines if line[0] != "#"]

    def is_kept(name):
        return [out for out, rule in rules if rule.fullmatch(name)][-1:] == [True]

    listed = ["git", "ls-files", "-co"]  # ignored files, too: the engine knows nothing of git
    found = subprocess.run(listed, cwd=folder, capture_output=True, text=True, check=True)
    names = found.stdout.splitlines()
    return [name for name in names if not is_kept(name) and (folder / name).is_file()]


def _pattern(line):
    """Return what a line of .dockerignore matches: paths, and all below them."""
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    parts = re.split(r"(\*\*/|\*\*|\*)", line.removeprefix("!"))
    return re.compile("".join(words.get(part, re.escape(part)) for part in parts) + "(?:/.*)?")


class Stage:
    """A root folder, and what the instructions so far have set for the next."""

    def __init__(self, root):
        self.root = root
        self.env = {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"}
        self.user, self.folder = "0:0", "/"
        self.settings = {}
        for name in ("dev", "opt", "proc", "root", "usr", "var/lib", "config"):
            (root / name).mkdir(parents=True)
        (root / "tmp").mkdir(mode=0o1777)
        (root / "tmp").chmod(0o1777)
        (root / sys.base_prefix.lstrip("/")).mkdir(parents=True, exist_ok=True)
        for name in ("bin", "lib", "lib64", "sbin"):
            (root / name).symlink_to(f"usr/{name}")
        shutil.copytree("/etc", root / "etc", symlinks=True)

    def start(self, *command, outside=False):
        """Start a command with this root."""
        root, own = shlex.quote(str(self.root)), shlex.quote(sys.base_prefix)
        mounts = {"/usr": "usr", "/dev": "dev", "/proc": "proc"}
        steps = [f"mount --rbind {source} {root}/{name}" for source, name in mounts.items()]
        if sys.base_prefix != "/usr":
            # Once as in the image, once where its libraries are looked for.
            steps += [f"mount --bind {own} {root}{place}" for place in ("/usr/local", own)]
        user, group = self.user.split(":")
        ids = f"setpriv --reuid {user} --regid {group} --clear-groups"
        steps += [f'exec chroot {root} {ids} sh -c \'cd {self.folder} && exec "$@"\' sh "$@"']
        env = {n: v for n, v in os.environ.items() if outside and _OUTSIDE.fullmatch(n)}
        return subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", " && ".join(steps), "sh", *command],
            env={**env, **self.env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command, outside=False):
        """Run a command with this root; return status, stdout and stderr."""
        with self.start(*command, outside=outside) as process:
            output, errors = process.communicate(timeout=600)
        return process.returncode, output, errors

    def place(self, path):
        """Return where a path of the image is."""
        return self.root / os.path.normpath(Path(self.folder, path)).lstrip("/")


class Image:
    """The last stage of a Dockerfile, after all of its steps."""

    def __init__(self, folder, work):
        self._folder, self._work = folder, work
        self._sent = context(folder)
        self._stages = {}
        for word, rest in instructions((folder / "Dockerfile").read_text()):
            getattr(self, f"_{word.lower()}")(rest)

    def start(self, *arguments):
        """Start the container with arguments, without any with those of CMD."""
        given = arguments or self.stage.settings["CMD"]
        return self.stage.start(*self.stage.settings["ENTRYPOINT"], *given)

    def health(self):
        """Run the health check; return status, stdout and stderr."""
        return self.stage.run(*self.stage.settings["HEALTHCHECK"])

    def _from(self, rest):
        _, _, name = rest.partition(" AS ")
        number = str(len(self._stages))
        self.stage = self._stages[name or number] = Stage(self._work / f"stage-{number}")

    def _workdir(self, rest):
        self.stage.folder = rest
        self.stage.place(".").mkdir(parents=True, exist_ok=True)

    def _run(self, rest):
        status, output, errors = self.stage.run("sh", "-c", rest, outside=True)
        assert status == 0, f"{rest}\n{output}\n{errors}"

    def _copy(self, rest):
        *sources, target = rest.split()
        into = self.stage.place(target)
        if sources[0].startswith("--from="):
            stage = self._stages[sources.pop(0).removeprefix("--from=")]
            shutil.copytree(stage.place(sources[0]), into, symlinks=True, dirs_exist_ok=True)
            return
        for source in sources:
            found = [one for one in self._sent if one == source or one.startswith(f"{source}/")]
            assert found, f"{source} is not sent to the engine"
            for name in found:
                # The content of a folder is copied, but a file by its name.
                inside = Path(name).relative_to(source) if name != source else Path(name)
                (into / inside).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self._folder / name, into / inside)

    def _env(self, rest):
        for name, value in (word.split("=", 1) for word in shlex.split(rest)):
            self.stage.env[name] = value.replace("$PATH", self.stage.env["PATH"])

    def _user(self, rest):
        self.stage.user = rest

    def _volume(self, rest):
        self.stage.settings["VOLUME"] = json.loads(rest)

    def _healthcheck(self, rest):
        self.stage.settings["HEALTHCHECK"] = json.loads(rest.partition(" CMD ")[2])

    def _entrypoint(self, rest):
        self.stage.settings["ENTRYPOINT"] = json.loads(rest)

    def _cmd(self, rest):
        self.stage.settings["CMD"] = json.loads(rest)
