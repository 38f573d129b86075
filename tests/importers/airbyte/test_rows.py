"""A manifest that is imported reads the rows that it describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_oauth2_generic.importers.imported import ImportOptions, read_source
from tests.importers.airbyte.cases import CASES, Build
from tests.importers.airbyte.manifests import ROWS, serve, written

if TYPE_CHECKING:
    from tests.support.runs import Run, TapRunner
    from tests.support.server import ApiServer


def _run(tap: TapRunner, document: dict[str, Any], **secrets: Any) -> Run:
    made = read_source("airbyte", written(document), ImportOptions())
    assert made.left_out == []
    return tap.ok({**made.config, **secrets, "max_retries": 0})


@pytest.mark.parametrize(("build", "stream", "ids"), [c[1:] for c in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_an_imported_stream_reads_the_rows_of_its_manifest(
    api: ApiServer, tap: TapRunner, build: Build, stream: str, ids: list[int]
) -> None:
    serve(api)
    run = _run(tap, build(api.url))
    assert sorted(map(int, run.ids(stream))) == ids
    rows = {row["id"]: row for row in ROWS if stream == "items"}
    for row in run.records(stream):
        if len(row) < len(ROWS[0]):
            continue
        known = rows.get(int(row["id"]), {})
        assert {name: known.get(name) for name in known if name in row} == {
            name: row[name] for name in known if name in row
        }
