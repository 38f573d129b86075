"""The pages of the streams: their list, the form of each, and its test read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sse_starlette import EventSourceResponse
from starlette.responses import Response

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.studio.pages import Form, Studio, fragments, go_to, page
from tap_oauth2_generic.studio.request_page import read_block
from tap_oauth2_generic.studio.stream_form import StreamForm, make_form, streams_of, take_form
from tap_oauth2_generic.studio.suggesting import suggest
from tap_oauth2_generic.studio.trial import Trial

_WRONG = "correct the settings that are marked"


def show_all(studio: Studio, _: Form) -> Response:
    """Return the list of the streams."""
    return page(studio, "streams", streams=streams_of(studio.project))


def show(studio: Studio, form: Form) -> Response:
    """Return the page of one stream."""
    index = _index(studio, form)
    shown = make_form(studio.project, index, checks=False)
    return page(studio, "stream", form=shown, trial=studio.trials.get(shown.name))


def add(studio: Studio, form: Form) -> Response:
    """Add a stream with what is typed of it, and open its page."""
    name = form.get("name", "").strip() or "stream"
    return go_to(f"/streams/{_add(studio, {'name': name, 'path': f'/{name}'})}")


def use(studio: Studio, form: Form) -> Response:
    """Make a stream of the request block: of a list of its response, or a child of a value."""
    definition = read_block(studio.typed_request)
    records_path, _, field = form.get("use", "").partition("\n")
    if records_path not in {"", "$"}:
        definition["records_path"] = records_path
    same = (
        n for n, one in enumerate(streams_of(studio.project)) if definition.items() <= one.items()
    )
    index = next(same, None)
    if index is None:
        index = _add(studio, {"name": _name_of(str(definition.get("path", ""))), **definition})
    if field:
        parent = streams_of(studio.project)[index]["name"]
        key = f"{parent}_{re.sub(r'[^A-Za-z0-9_]', '', field.rpartition('.')[2])}"
        path = str(definition.get("path", "")).partition("?")[0].rstrip("/")
        child = {
            "name": f"{parent}_child",
            "path": f"{path}/{{parent.{key}}}",
            "parent": {"stream": parent, "keys": {key: field}},
        }
        index = _add(studio, child)
    return go_to(f"/streams/{index}")


def keep(studio: Studio, form: Form) -> Response:
    """Remember what is typed, without judging it."""
    take_form(studio.project, _index(studio, form), form)
    return fragments(studio)


def restyle(studio: Studio, form: Form) -> Response:
    """Return the form with the fields of another list block."""
    index = _index(studio, form)
    take_form(studio.project, index, form)
    return fragments(studio, "stream_form", form=make_form(studio.project, index, checks=False))


def save(studio: Studio, form: Form) -> Response:
    """Save all streams; or remove this one, complete it or begin a test read of it."""
    index, project = _index(studio, form), studio.project
    if form.get("action") == "remove":
        project.change("streams", [s for n, s in enumerate(streams_of(project)) if n != index])
        return go_to("/streams")
    take_form(project, index, form)
    shown = make_form(project, index, checks=True)
    if shown.is_wrong:
        return fragments(studio, "stream_form", alert=_WRONG, form=shown)
    match form.get("action"):
        case "read":
            return _read(studio, shown)
        case "suggest":
            return _suggest(studio, shown)
    # A connection that is only half typed stays a draft.
    project.save(["streams"] if project.check()[1].found else None)
    return fragments(studio, "stream_form", notice=f"Saved in {project.path.name}", form=shown)


def _read(studio: Studio, shown: StreamForm) -> Response:
    """Begin a test read, in place of one that is under way."""
    if shown.name in studio.trials:
        studio.trials[shown.name].stop()
    trial = studio.trials[shown.name] = Trial(shown.name)
    trial.begin(_configuration(studio, shown.index))
    return fragments(studio, "stream_form", "read", form=shown, trial=trial)


def _suggest(studio: Studio, shown: StreamForm) -> Response:
    """Fill in what the responses of a stream suggest."""
    definition, remarks = suggest(_configuration(studio, shown.index), shown.name)
    streams = streams_of(studio.project)
    new = [name for name in definition if definition[name] != streams[shown.index].get(name)]
    streams[shown.index] = definition
    studio.project.change("streams", streams)
    filled = f"Filled in: {', '.join(new)}" if new else "Nothing to add"
    form = make_form(studio.project, shown.index, checks=True)
    return fragments(studio, "stream_form", notice="; ".join([filled, *remarks]), form=form)


def stop(studio: Studio, form: Form) -> Response:
    """Stop the test read of a stream."""
    shown = make_form(studio.project, _index(studio, form), checks=False)
    trial = studio.trials.get(shown.name)
    if trial is not None and trial.is_open:
        trial.stop()
    return fragments(studio, "read", form=shown, trial=trial)


def watch(studio: Studio, form: Form) -> Response:
    """Stream a test read, page by page, until it ends."""
    shown = make_form(studio.project, _index(studio, form), checks=False)
    trial = studio.trials.get(shown.name)

    def events() -> Iterator[dict[str, str]]:
        if trial is not None:
            for _ in trial.watch():
                found = fragments(studio, "read", form=shown, trial=trial)
                yield {"data": bytes(found.body).decode()}
        yield {"event": "end", "data": ""}

    return EventSourceResponse(events())


def _index(studio: Studio, form: Form) -> int:
    index = int(form["index"])
    if index >= len(streams_of(studio.project)):
        raise InputError("this stream was removed; open the list of streams")
    return index


def _add(studio: Studio, definition: Mapping[str, Any]) -> int:
    """Add a stream under a free name; return its index."""
    streams = streams_of(studio.project)
    taken, name = {one.get("name") for one in streams}, str(definition["name"])
    numbered = (name if n == 1 else f"{name}_{n}" for n in range(1, len(streams) + 2))
    free = next(one for one in numbered if one not in taken)
    studio.project.change("streams", [*streams, {**definition, "name": free}])
    return len(streams)


def _name_of(path: str) -> str:
    words = [w for w in path.partition("?")[0].split("/") if w and "{" not in w]
    return re.sub(r"[^A-Za-z0-9_]+", "_", words[-1]).strip("_").lower() if words else "stream"


def _configuration(studio: Studio, index: int) -> dict[str, Any]:
    """Return the configuration of one stream and its ancestors."""
    named = {one.get("name"): one for one in streams_of(studio.project)}
    found = [streams_of(studio.project)[index]]
    while isinstance(parent := found[0].get("parent"), dict) and parent.get("stream") in named:
        found.insert(0, named[parent["stream"]])
        if len(found) > len(named):
            break
    return {**studio.project.effective(), "streams": found}
