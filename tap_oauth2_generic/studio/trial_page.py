"""The test read of a stream on its page: begin, follow and stop it, and use what it found."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.runtime.stats import plural
from tap_oauth2_generic.studio.pages import Form, Studio, fragments, stream_events
from tap_oauth2_generic.studio.read_limits import read_limits
from tap_oauth2_generic.studio.stream_form import StreamForm, make_form
from tap_oauth2_generic.studio.stream_list import configuration_of, set_streams, streams_of
from tap_oauth2_generic.studio.stream_view import WRONG, index_of, respond, values_of
from tap_oauth2_generic.studio.trial import Trial

#: The settings that a press of a found key sets, by the name of its button.
KEYS = {"use_primary_key": "primary_keys", "use_replication_key": "replication_key"}


def begin(studio: Studio, shown: StreamForm, chosen: str | None) -> Response:
    """Begin a test read, in place of one that is under way."""
    limits, errors = read_limits(studio.typed_limits)
    if errors:
        return respond(studio, shown, alert=WRONG, reading=errors)
    trial, before = Trial(shown.name, limits), studio.trials.get(shown.name)
    if before is not None:
        before.stop()
        numbers = {str(number): number for number in range(len(before.slices))}
        if chosen in numbers:
            trial.slices, trial.chosen = before.slices, numbers[chosen]
    studio.trials[shown.name] = trial
    trial.begin(configuration_of(studio.project, shown.index))
    return respond(studio, shown, "read")


def choose(studio: Studio, index: int, form: Form) -> Response:
    """Declare the schema that a test read inferred, or one of the keys that it found."""
    project = studio.project
    trial = studio.trials.get(str(streams_of(project)[index].get("name")))
    schema = trial.schema if trial is not None else {"properties": {}}
    if not (columns := schema["properties"]):
        raise InputError("no record has been read yet; press Test read")
    chosen: dict[str, Any] = {KEYS[name]: form[name] for name in KEYS if name in form}
    notice = "; ".join(f"{name} is {key}" for name, key in chosen.items())
    if not chosen:
        chosen = {"schema": schema}
        notice = f"Declared a schema of {plural(len(columns), 'column')}"
    if "primary_keys" in chosen:
        chosen["primary_keys"] = [chosen["primary_keys"]]
    set_streams(project, {index: {**streams_of(project)[index], **chosen}})
    return respond(studio, make_form(project, index, checks=True), notice=notice)


def stop(studio: Studio, form: Form) -> Response:
    """Stop the test read of a stream."""
    shown = make_form(studio.project, index_of(studio, form), checks=False)
    trial = studio.trials.get(shown.name)
    if trial is None:
        return fragments(studio)
    if trial.is_open:
        trial.stop()
    return fragments(studio, "read_parts", **values_of(studio, shown))


def watch(studio: Studio, form: Form) -> Response:
    """Stream a test read, page by page, until it ends."""
    shown = make_form(studio.project, index_of(studio, form), checks=False)
    trial = studio.trials.get(shown.name)

    def now() -> Response:
        return fragments(studio, "read_parts", **values_of(studio, shown))

    return stream_events(() if trial is None else trial.watch(), now)
