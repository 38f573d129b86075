"""Secrets that a file holds, as containers mount them: ``client_secret_file`` and its like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tap_oauth2_generic.settings.fields import ErrorCollector

#: The settings that have another, named ``…_file``.
SECRETS = ("client_secret", "refresh_token", "password", "token_store_key", "private_key")


def read_secret_files(raw: Mapping[str, Any], collector: ErrorCollector) -> Mapping[str, Any]:
    """Return a configuration with the secrets that its files hold."""
    found = {}
    for name in SECRETS:
        path = raw.get(f"{name}_file")
        if not isinstance(path, str) or not path:
            continue
        if raw.get(name):
            collector.add("", f"set either {name} or {name}_file, not both")
            continue
        try:
            # Editors end a file with a line break, which is no part of the secret.
            secret = re.sub(r"\r?\n\Z", "", Path(path).read_bytes().decode())
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
            collector.add("", f"{name}_file: cannot read {path!r}: {reason}")
            continue
        if secret:
            found[name] = secret
        else:
            collector.add("", f"{name}_file: the file {path!r} is empty")
    return {**raw, **found}
