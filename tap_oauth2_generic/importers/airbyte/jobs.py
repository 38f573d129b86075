"""An ``AsyncRetriever`` as ``job``: created, polled and downloaded; pure."""

from __future__ import annotations

import ast
from typing import Any

from tap_oauth2_generic.importers.airbyte.expressions import chain_of
from tap_oauth2_generic.importers.airbyte.manifest import Component, texts_in
from tap_oauth2_generic.importers.airbyte.paging import to_path
from tap_oauth2_generic.importers.airbyte.requests import read_request
from tap_oauth2_generic.importers.airbyte.texts import Texts

_ADDRESS = ("url_base", "url", "path")


def read_job(retriever: Component, texts: Texts) -> dict[str, Any]:
    """Return the settings of an export job; raise LeftOutError."""
    texts.symbols.is_job = True
    creation = _require(retriever, "creation_requester")
    polling = _require(retriever, "polling_requester")
    create, poll = read_request(creation, texts), read_request(polling, texts)
    create.setdefault("method", "GET")
    statuses = _require(retriever, "status_mapping")
    done = statuses.get("completed")
    if not isinstance(done, list) or not done:
        raise statuses.fail("it names no status of a job that is done")
    listed = [statuses.get(name) for name in ("failed", "timeout", "skipped")]
    stopped = [one for some in listed if isinstance(some, list) for one in some]
    found: dict[str, Any] = {
        "create": create,
        "poll": poll,
        "status_path": _path_of_extractor(retriever, "status_extractor"),
        "done": list(done),
        "failed": list(dict.fromkeys(map(str, stopped))),
        "download": _download(retriever, texts),
        **_identity(poll),
    }
    if retriever.child("delete_requester"):
        found["delete"] = read_request(_require(retriever, "delete_requester"), texts)
    if minutes := texts.constant(retriever, retriever.get("polling_job_timeout")):
        found["timeout"] = int(minutes) * 60
    return found


def _require(retriever: Component, name: str) -> Component:
    found = retriever.child(name, "HttpRequester")
    if found is None:
        raise retriever.fail(f"it has no {name}")
    return found


def _path_of_extractor(retriever: Component, name: str) -> str:
    extractor = retriever.child(name, "DpathExtractor")
    path = extractor.get("field_path") if extractor else None
    if extractor is None or extractor.type != "DpathExtractor" or not isinstance(path, list):
        raise (extractor or retriever).fail(f"its {name} is no path", name)
    return to_path(tuple(str(key) for key in path if key != "*"))


def _identity(poll: dict[str, Any]) -> dict[str, Any]:
    """Return the path of the ID by the placeholder that the poll uses, and rename it."""
    names = {
        text[text.index("{job.") + 5 : text.index("}", text.index("{job."))]
        for text in texts_in(poll)
        if "{job." in text
    }
    return {"id_path": next(iter(names))} if len(names) == 1 and names != {"id"} else {}


def _download(retriever: Component, texts: Texts) -> dict[str, Any]:
    requester = _require(retriever, "download_requester")
    if retriever.child("download_target_requester"):
        raise requester.fail("a second request for the address of the download has no counterpart")
    address = next((requester.text(name) for name in _ADDRESS if requester.text(name)), "")
    parts = [one for one in texts.parts(requester, address) if not isinstance(one, str)]
    targets = [one for one in parts if isinstance(one, ast.expr)]
    if any((chain_of(one) or ("",))[0] in ("download_target", "url") for one in targets):
        extractor = retriever.child("download_target_extractor", "DpathExtractor")
        many = extractor is not None and "*" in (extractor.get("field_path") or ())
        path = _path_of_extractor(retriever, "download_target_extractor")
        return {"urls_path" if many else "url_path": path}
    return read_request(requester, texts)
