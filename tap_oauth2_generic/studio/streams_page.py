"""The pages of the streams: their list, the form of each, and its test read."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.runtime.stats import plural
from tap_oauth2_generic.studio.json_edit import edit_json, read_json
from tap_oauth2_generic.studio.json_tree import tree_of
from tap_oauth2_generic.studio.pages import Form, Studio, fragments, go_to, page, stream_events
from tap_oauth2_generic.studio.read_limits import limit_fields, read_limits
from tap_oauth2_generic.studio.request_page import read_block
from tap_oauth2_generic.studio.stream_form import StreamForm, make_form, take_form
from tap_oauth2_generic.studio.stream_list import (
    add_child,
    add_stream,
    configuration_of,
    name_of,
    set_streams,
    streams_of,
)
from tap_oauth2_generic.studio.suggesting import suggest
from tap_oauth2_generic.studio.trial import Trial

_WRONG = "correct the settings that are marked"
# Members of a record that are shown.
_MAX_MEMBERS = 200
_KEYS = {"use_primary_key": "primary_keys", "use_replication_key": "replication_key"}


def show_all(studio: Studio, _: Form) -> Response:
    """Return the list of the streams, each with its mistakes."""
    streams = streams_of(studio.project)
    mistakes: list[list[str]] = [[] for one in streams]
    for sentence in studio.project.check()[1].errors:
        index, said = sentence.removeprefix("streams[").partition("]")[::2]
        if sentence.startswith("streams[") and int(index) < len(mistakes):
            mistakes[int(index)].append(said.lstrip(".: "))
    return page(studio, "streams", streams=[*zip(streams, mistakes, strict=True)])


def show(studio: Studio, form: Form) -> Response:
    """Return the page of one stream."""
    index = _index(studio, form)
    shown = make_form(studio.project, index, checks=False)
    return page(studio, "stream", **_values(studio, shown))


def add(studio: Studio, form: Form) -> Response:
    """Add a stream with what is typed of it, and open its page."""
    name = form.get("name", "").strip() or "stream"
    return go_to(f"/streams/{add_stream(studio.project, {'name': name, 'path': f'/{name}'})}")


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
        named = {"name": name_of(str(definition.get("path", ""))), **definition}
        index = add_stream(studio.project, named)
    return go_to(f"/streams/{add_child(studio.project, index, field) if field else index}")


def use_value(studio: Studio, form: Form) -> Response:
    """Make a child stream of a value that a test read has found."""
    field = form.get("use", "").partition("\n")[2]
    return go_to(f"/streams/{add_child(studio.project, _index(studio, form), field)}")


def keep(studio: Studio, form: Form) -> Response:
    """Remember what is typed, without judging it."""
    shown = make_form(studio.project, _take(studio, form), checks=False)
    return fragments(studio, "stream_json", **_values(studio, shown))


def take_json(studio: Studio, form: Form) -> Response:
    """Take the edited JSON of a stream as its settings."""
    project, index, text = studio.project, _index(studio, form), form.get("json", "")
    try:
        found = read_json(text)
        error = "" if isinstance(found, dict) else "the stream must be a JSON object"
    except ValueError as raised:
        found, error = None, f"the stream is not JSON: {raised}"
    if error:
        shown = make_form(project, index, checks=False)
        typed = {"json": text, "json_error": error, "mirrors": False}
        return fragments(studio, "stream_json", alert=error, **{**_values(studio, shown), **typed})
    set_streams(project, {index: found})
    shown = make_form(project, index, checks=True)
    alert = _mistakes(shown)
    return _respond(studio, shown, alert=alert, notice="" if alert else "Applied", mirrors=False)


def restyle(studio: Studio, form: Form) -> Response:
    """Return the form with the fields of another list block."""
    return _respond(studio, make_form(studio.project, _take(studio, form), checks=False))


def save(studio: Studio, form: Form) -> Response:
    """Save all streams; or remove this one, complete it or begin a test read of it."""
    project, action = studio.project, form.get("action")
    if action == "remove":
        index = _index(studio, form)
        project.change("streams", [s for n, s in enumerate(streams_of(project)) if n != index])
        project.order += 1
        return go_to("/streams")
    index = _take(studio, form)
    if action == "declare" or _KEYS.keys() & form.keys():
        return _choose(studio, index, form)
    shown = make_form(project, index, checks=True)
    if shown.is_wrong:
        return _respond(studio, shown, alert=_mistakes(shown))
    if action == "suggest":
        return _suggest(studio, shown)
    if action == "save":
        # A connection that is only half typed stays a draft.
        project.save(["streams"] if project.check()[1].found else None)
        return _respond(studio, shown, notice=f"Saved in {project.path.name}")
    return _read(studio, shown, form.get("slice"))


def _read(studio: Studio, shown: StreamForm, chosen: str | None) -> Response:
    """Begin a test read, in place of one that is under way."""
    limits, errors = read_limits(studio.typed_limits)
    if errors:
        return _respond(studio, shown, alert=_WRONG, reading=errors)
    trial, before = Trial(shown.name, limits), studio.trials.get(shown.name)
    if before is not None:
        before.stop()
        numbers = {str(number): number for number in range(len(before.slices))}
        if chosen in numbers:
            trial.slices, trial.chosen = before.slices, numbers[chosen]
    studio.trials[shown.name] = trial
    trial.begin(configuration_of(studio.project, shown.index))
    return _respond(studio, shown, "read")


def _suggest(studio: Studio, shown: StreamForm) -> Response:
    """Fill in what the responses of a stream suggest."""
    raw = configuration_of(studio.project, shown.index)
    definition, remarks = suggest(raw, shown.name)
    before = streams_of(studio.project)[shown.index]
    new = [name for name in definition if definition[name] != before.get(name)]
    set_streams(studio.project, {shown.index: definition})
    filled = f"Filled in: {', '.join(new)}" if new else "Nothing to add"
    form = make_form(studio.project, shown.index, checks=True)
    return _respond(studio, form, notice="; ".join([filled, *remarks]))


def _choose(studio: Studio, index: int, form: Form) -> Response:
    """Declare the schema that a test read inferred, or one of the keys that it found."""
    project = studio.project
    trial = studio.trials.get(str(streams_of(project)[index].get("name")))
    schema = trial.schema if trial is not None else {"properties": {}}
    if not (columns := schema["properties"]):
        raise InputError("no record has been read yet; press Test read")
    chosen: dict[str, Any] = {_KEYS[name]: form[name] for name in _KEYS if name in form}
    notice = "; ".join(f"{name} is {key}" for name, key in chosen.items())
    if not chosen:
        chosen = {"schema": schema}
        notice = f"Declared a schema of {plural(len(columns), 'column')}"
    if "primary_keys" in chosen:
        chosen["primary_keys"] = [chosen["primary_keys"]]
    set_streams(project, {index: {**streams_of(project)[index], **chosen}})
    return _respond(studio, make_form(project, index, checks=True), notice=notice)


def stop(studio: Studio, form: Form) -> Response:
    """Stop the test read of a stream."""
    shown = make_form(studio.project, _index(studio, form), checks=False)
    trial = studio.trials.get(shown.name)
    if trial is None:
        return fragments(studio)
    if trial.is_open:
        trial.stop()
    return fragments(studio, "read_parts", **_values(studio, shown))


def watch(studio: Studio, form: Form) -> Response:
    """Stream a test read, page by page, until it ends."""
    shown = make_form(studio.project, _index(studio, form), checks=False)
    trial = studio.trials.get(shown.name)

    def now() -> Response:
        return fragments(studio, "read_parts", **_values(studio, shown))

    return stream_events(() if trial is None else trial.watch(), now)


def _index(studio: Studio, form: Form) -> int:
    index, order = int(form["index"]), str(studio.project.order)
    if index >= len(streams_of(studio.project)) or form.get("order", order) != order:
        raise InputError("the streams were changed in another window; open the list of streams")
    return index


def _take(studio: Studio, form: Form) -> int:
    """Keep all that is typed; return the index of the stream."""
    index = _index(studio, form)
    studio.typed_limits = {name: text for name, text in form.items() if name.startswith("read.")}
    take_form(studio.project, index, form)
    return index


def _respond(
    studio: Studio, shown: StreamForm, *more: str, alert: str = "", notice: str = "", **values: Any
) -> Response:
    values = {**_values(studio, shown), **values}
    names = ("stream_form", "stream_json", *more)
    return fragments(studio, *names, alert=alert, notice=notice, **values)


def _values(studio: Studio, shown: StreamForm) -> dict[str, Any]:
    """Return what the templates of a stream show."""
    trial = studio.trials.get(shown.name)
    # One that ended while it is rendered would look complete, and nobody would follow it.
    trial = trial and trial.now()
    trees = [tree_of(one, most=_MAX_MEMBERS) for one in trial.records] if trial else []
    reading = limit_fields(studio.typed_limits)
    json = {"json": edit_json("", streams_of(studio.project)[shown.index]), "json_error": ""}
    values = {"form": shown, "trial": trial, "trees": trees, "reading": reading}
    return {**values, **json, "mirrors": True}


def _mistakes(shown: StreamForm) -> str:
    """Return what is wrong in one sentence; the fields hold the rest."""
    return "; ".join(shown.errors) or (_WRONG if shown.is_wrong else "")
