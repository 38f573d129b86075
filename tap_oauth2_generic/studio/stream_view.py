"""What every page and action of one stream shares: which it is, what was typed, what is shown."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.studio.json_edit import edit_json
from tap_oauth2_generic.studio.json_tree import tree_of
from tap_oauth2_generic.studio.pages import Form, Studio, fragments
from tap_oauth2_generic.studio.project import version_of
from tap_oauth2_generic.studio.read_limits import limit_fields
from tap_oauth2_generic.studio.stream_form import StreamForm, take_form
from tap_oauth2_generic.studio.stream_list import configuration_of, streams_of

WRONG = "correct the settings that are marked"
# Members of a record that are shown.
_MAX_MEMBERS = 200
_FORMS = ("stream_form", "stream_json_form")


def index_of(studio: Studio, form: Form) -> int:
    """Return the place of a stream; raise InputError if the page shows another state of it."""
    index, order = int(form["index"]), str(studio.project.order)
    streams = streams_of(studio.project)
    if index >= len(streams) or form.get("order", order) != order:
        raise InputError("the streams were changed in another window; open the list of streams")
    studio.project.refuse_outdated(form, streams[index])
    return index


def take(studio: Studio, form: Form) -> int:
    """Keep all that is typed; return the index of the stream."""
    index, project = index_of(studio, form), studio.project
    studio.typed_limits = {name: text for name, text in form.items() if name.startswith("read.")}
    before = streams_of(project)[index]
    take_form(project, index, form)
    keep_trial(studio, before, streams_of(project)[index])
    return index


def keep_trial(studio: Studio, before: Form, now: Form) -> None:
    """Leave the test read with its stream, which may have another name now."""
    old, new = str(before.get("name")), str(now.get("name"))
    if old != new and old in studio.trials:
        studio.trials[new] = studio.trials.pop(old)


def respond(
    studio: Studio, shown: StreamForm, *more: str, alert: str = "", notice: str = "", **values: Any
) -> Response:
    """Return the parts that an action on a stream changes."""
    values = {**values_of(studio, shown), **values}
    names = ("stream_title", "stream_form", "stream_json", "read_stale", "version", *more)
    return fragments(studio, *names, alert=alert, notice=notice, **values)


def values_of(studio: Studio, shown: StreamForm) -> dict[str, Any]:
    """Return what the templates of a stream show."""
    trial = studio.trials.get(shown.name)
    # One that ended while it is rendered would look complete, and nobody would follow it.
    trial = trial and trial.now()
    definition = streams_of(studio.project)[shown.index]
    is_stale = trial is not None and trial.raw != configuration_of(studio.project, shown.index)
    return {
        "form": shown,
        "trial": trial,
        "is_stale": is_stale,
        "trees": [tree_of(one, most=_MAX_MEMBERS) for one in trial.records] if trial else [],
        "reading": limit_fields(studio.typed_limits),
        "is_bare": not {"pagination", "primary_keys", "schema"} & {*definition},
        "json": edit_json("", definition),
        "json_error": "",
        "mirrors": True,
        "version": version_of(definition),
        "versioned": _FORMS,
    }


def mistakes(shown: StreamForm) -> str:
    """Return what is wrong in one sentence; the fields hold the rest."""
    return "; ".join(shown.errors) or (WRONG if shown.is_wrong else "")
