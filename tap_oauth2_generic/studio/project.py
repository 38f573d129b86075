"""The configuration that a person edits: as saved, and with the changes not yet saved.

Secrets are kept apart: they go to ``.env``, never into the configuration or onto the page.
"""

from __future__ import annotations

import copy
import hashlib
import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tap_oauth2_generic.cli.env_file import read_env, replace_file, write_env
from tap_oauth2_generic.config.config import Config
from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.log import PREFIX
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.studio.json_edit import edit_json, read_json
from tap_oauth2_generic.tap import TapOAuth2Generic

#: Stands in for the streams while there are none, so that the connection can be tried.
STAND_IN: dict[str, Any] = {"name": "request", "path": "/"}


def version_of(settings: Any) -> str:
    """Return a string that differs when the settings do."""
    return hashlib.blake2b(encode_json(settings), digest_size=8).hexdigest()


class Project:
    """One configuration file, its ``.env``, and what was typed since they were saved."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._text = self._read()
        self._saved: dict[str, Any] = self._parse(self._text)
        self.draft = copy.deepcopy(self._saved)
        schema: dict[str, Any] = copy.deepcopy(TapOAuth2Generic.config_jsonschema)
        TapOAuth2Generic.append_builtin_config(schema)
        #: The JSON Schema of each setting, by name.
        self.settings: dict[str, dict[str, Any]] = schema["properties"]
        self._variables = {n: f"{PREFIX}{n.upper()}" for n in self.settings if self.is_secret(n)}
        #: Secrets typed since the last save.
        self._typed: dict[str, Any] = {}
        #: Grows when streams leave their places; a form made before is of another stream.
        self.order = 0

    @property
    def env_path(self) -> Path:
        """The file of the secrets."""
        return self.path.parent / ".env"

    @property
    def problem(self) -> str:
        """Why the stored secrets cannot be read, empty if they can."""
        return self._read_env()[1]

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to save."""
        return bool(self._typed) or encode_json(self.draft) != encode_json(self._saved)

    def is_secret(self, name: str) -> bool:
        """Return whether a setting is never shown."""
        return bool(self.settings.get(name, {}).get("secret"))

    def is_set(self, name: str) -> bool:
        """Return whether a setting has a value, wherever it comes from."""
        return self.effective().get(name) not in (None, "")

    def effective(self) -> dict[str, Any]:
        """Return what the tap reads: the draft, completed by the secrets."""
        with self.lock:
            found = {n: v for n, v in self.draft.items() if n not in self._typed}
            stored = {**os.environ, **self._read_env()[0]}
            secrets = {n: stored[v] for n, v in self._variables.items() if stored.get(v)}
            secrets = {n: v for n, v in secrets.items() if n not in found} | self._typed
            return {**found, **{n: v for n, v in secrets.items() if v is not None}}

    def refuse_outdated(self, form: Mapping[str, str], settings: Any) -> None:
        """Raise InputError if a form was made of other settings than there are now."""
        now = version_of(settings)
        if form.get("version", now) != now:
            raise InputError(
                "these settings were changed in another window, and nothing was taken from this "
                "one; reload the page to see both: what you typed stays"
            )

    def discard(self) -> None:
        """Go back to the file as it is now, and forget the secrets that were typed."""
        with self.lock:
            text = self._read()
            self._saved, self._text, self._typed = self._parse(text), text, {}
            self.draft = copy.deepcopy(self._saved)
            self.order += 1

    def change(self, name: str, value: Any) -> None:
        """Set a setting of the draft; None removes it."""
        with self.lock:
            if self.is_secret(name):
                self._typed[name] = value
            elif value is None:
                self.draft.pop(name, None)
            else:
                self.draft[name] = value

    def check(self, streams: list[Any] | None = None) -> tuple[Config | None, ErrorCollector]:
        """Parse the draft, with other streams if given; the collector holds the mistakes."""
        collector, raw = ErrorCollector(), self.effective()
        raw["streams"] = raw.get("streams") or [STAND_IN] if streams is None else streams
        return TapOAuth2Generic.check_configuration(raw, collector), collector

    def save(self, names: Iterable[str] | None = None) -> None:
        """Write the named settings, all by default; raise InputError."""
        with self.lock:
            if self._read() != self._text:
                raise InputError(
                    f"{self.path.name} was changed by another program; copy what you need, and "
                    "start the studio again"
                )
            self._save_secrets()
            # In the file they would win over the new ones.
            draft = {n: v for n, v in self.draft.items() if n not in self._typed}
            saved = {n: v for n, v in self._saved.items() if n not in self._typed}
            chosen = {*draft, *saved} if names is None else {*names}
            kept = {n: v for n, v in saved.items() if n not in chosen or n in draft}
            merged = {**kept, **{n: v for n, v in draft.items() if n in chosen}}
            text = edit_json(self._text, merged)
            if text != self._text:
                self._replace(text)
            self._text, self._saved = text, copy.deepcopy(merged)
            self.draft, self._typed = draft, {}

    def write_secrets(self) -> None:
        """Write all secrets to ``.env`` but those of the environment, for whoever reads only it."""
        found = self.effective()
        written = {v: _as_variable(found[n]) for n, v in self._variables.items() if found.get(n)}
        kept = read_env(self.env_path)
        new = {v: s for v, s in written.items() if s not in (kept.get(v), os.environ.get(v))}
        if new:
            write_env(self.env_path, new)

    def _read_env(self) -> tuple[dict[str, str], str]:
        """Return what ``.env`` holds, and why it cannot be read."""
        try:
            return read_env(self.env_path), ""
        except InputError as error:
            return {}, str(error)

    def _save_secrets(self) -> None:
        """Write the typed secrets; they stay typed until the configuration is written, too."""
        if not self._typed:
            return
        stored = read_env(self.env_path)
        written = {
            self._variables[name]: "" if value is None else _as_variable(value)
            for name, value in self._typed.items()
        }
        if changed := {n: v for n, v in written.items() if v != stored.get(n, "")}:
            write_env(self.env_path, changed)

    def _read(self) -> str:
        try:
            return self.path.read_bytes().decode() if self.path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"cannot read the configuration file {self.path}: {error}") from None

    def _replace(self, text: str) -> None:
        mode = self.path.stat().st_mode & 0o777 if self.path.exists() else 0o644
        try:
            replace_file(self.path, text, mode)
        except OSError as error:
            raise InputError(f"cannot write {self.path.name}: {error.strerror}") from None

    def _parse(self, text: str) -> dict[str, Any]:
        try:
            found = read_json(text or "{}")
        except ValueError as error:
            name = str(self.path)
            raise InputError(f"the configuration file {name!r} is not JSON: {error}") from None
        if not isinstance(found, dict):
            raise InputError(f"the configuration file {str(self.path)!r} must be a JSON object")
        return found


def _as_variable(value: Any) -> str:
    return value if isinstance(value, str) else encode_json(value).decode()
