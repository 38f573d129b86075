"""The pages of the streams: their list, and the form of each."""

from __future__ import annotations

from starlette.responses import Response

from tap_oauth2_generic.studio import trial_page
from tap_oauth2_generic.studio.json_edit import read_json
from tap_oauth2_generic.studio.pages import Form, Studio, fragments, go_to, page
from tap_oauth2_generic.studio.request_page import read_block
from tap_oauth2_generic.studio.stream_form import StreamForm, make_form
from tap_oauth2_generic.studio.stream_list import (
    add_child,
    add_stream,
    configuration_of,
    name_of,
    set_streams,
    streams_of,
)
from tap_oauth2_generic.studio.stream_view import (
    index_of,
    keep_trial,
    mistakes,
    respond,
    take,
    values_of,
)
from tap_oauth2_generic.studio.suggesting import suggest


def show_all(studio: Studio, _: Form) -> Response:
    """Return the list of the streams, each with its mistakes."""
    streams = streams_of(studio.project)
    wrong: list[list[str]] = [[] for one in streams]
    for sentence in studio.project.check()[1].errors:
        index, said = sentence.removeprefix("streams[").partition("]")[::2]
        if sentence.startswith("streams[") and int(index) < len(wrong):
            wrong[int(index)].append(said.lstrip(".: "))
    return page(studio, "streams", streams=[*zip(streams, wrong, strict=True)])


def show(studio: Studio, form: Form) -> Response:
    """Return the page of one stream."""
    index = index_of(studio, form)
    shown = make_form(studio.project, index, checks=False)
    return page(studio, "stream", **values_of(studio, shown))


def add(studio: Studio, form: Form) -> Response:
    """Add a stream with what is typed of it, and open its page."""
    name = form.get("name", "").strip() or "stream"
    return go_to(f"/streams/{add_stream(studio.project, {'name': name, 'path': f'/{name}'})}")


def use(studio: Studio, form: Form) -> Response:
    """Make a stream of the request block: of a list of its response, or a child of a value."""
    definition = read_block(studio.sent_request)
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
    return go_to(f"/streams/{add_child(studio.project, index_of(studio, form), field)}")


def keep(studio: Studio, form: Form) -> Response:
    """Remember what is typed, without judging it."""
    shown = make_form(studio.project, take(studio, form), checks=False)
    names = ("stream_title", "stream_json", "read_stale", "version")
    return fragments(studio, *names, **values_of(studio, shown))


def take_json(studio: Studio, form: Form) -> Response:
    """Take the edited JSON of a stream as its settings."""
    project, index, text = studio.project, index_of(studio, form), form.get("json", "")
    try:
        found = read_json(text)
        error = "" if isinstance(found, dict) else "the stream must be a JSON object"
    except ValueError as raised:
        found, error = None, f"the stream is not JSON: {raised}"
    if error:
        shown = make_form(project, index, checks=False)
        typed = {"json": text, "json_error": error, "mirrors": False}
        return fragments(
            studio, "stream_json", alert=error, **{**values_of(studio, shown), **typed}
        )
    keep_trial(studio, streams_of(project)[index], found)
    set_streams(project, {index: found})
    shown = make_form(project, index, checks=True)
    alert = mistakes(shown)
    return respond(studio, shown, alert=alert, notice="" if alert else "Applied", mirrors=False)


def restyle(studio: Studio, form: Form) -> Response:
    """Return the form with the fields of another list block."""
    return respond(studio, make_form(studio.project, take(studio, form), checks=False))


def save(studio: Studio, form: Form) -> Response:
    """Save all streams; or remove this one, complete it or begin a test read of it."""
    project, action = studio.project, form.get("action")
    if action == "remove":
        index = index_of(studio, form)
        project.change("streams", [s for n, s in enumerate(streams_of(project)) if n != index])
        project.order += 1
        return go_to("/streams")
    index = take(studio, form)
    if action == "declare" or trial_page.KEYS.keys() & form.keys():
        return trial_page.choose(studio, index, form)
    shown = make_form(project, index, checks=True)
    if shown.is_wrong:
        return respond(studio, shown, alert=mistakes(shown))
    if action == "suggest":
        return _suggest(studio, shown)
    if action == "save":
        # A connection that is only half typed stays a draft.
        project.save(["streams"] if project.check()[1].found else None)
        return respond(studio, shown, notice=f"Saved in {project.path.name}")
    return trial_page.begin(studio, shown, form.get("slice"))


def _suggest(studio: Studio, shown: StreamForm) -> Response:
    """Fill in what the responses of a stream suggest."""
    place = {"index": str(shown.index), "order": str(studio.project.order)}
    before = streams_of(studio.project)[shown.index]
    found, remarks = suggest(configuration_of(studio.project, shown.index), shown.name)
    new = {name: value for name, value in found.items() if value != before.get(name)}
    # It may take a while, in which more was typed, or another stream removed.
    now = streams_of(studio.project)[index_of(studio, place)]
    set_streams(studio.project, {shown.index: {**now, **new}})
    filled = f"Filled in: {', '.join(new)}" if new else "Nothing to add"
    form = make_form(studio.project, shown.index, checks=True)
    return respond(studio, form, notice="; ".join([filled, *remarks]))
