"""Import a source inside the test process, and run the configuration as a user would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.cli.import_file import as_json, import_source
from tap_oauth2_generic.cli.importing import report
from tap_oauth2_generic.importers.imported import Imported, ImportOptions

if TYPE_CHECKING:
    import pytest

    from tests.support.runs import Run, TapRunner


def read(kind: str, text: str, **options: Any) -> tuple[Imported, list[str]]:
    """Return what an import makes of a source, and the lines of its report."""
    made, missing = import_source(kind, text, ImportOptions(**options))
    return made, list(report(made, missing))


def run_imported(
    tap: TapRunner, monkeypatch: pytest.MonkeyPatch, kind: str, text: str, **settings: Any
) -> Run:
    """Import a source and run its file, with its secrets in the variables of the report.

    ``settings`` are added to the file, such as what the report says is missing.
    """
    made, missing = import_source(kind, text, ImportOptions())
    assert settings or missing == []
    for name, value in made.secrets.items():
        text = value if isinstance(value, str) else json.dumps(value)
        monkeypatch.setenv(f"TAP_OAUTH2_GENERIC_{name.upper()}", text)
    return tap.ok({**json.loads(as_json(made.config)), **settings})
