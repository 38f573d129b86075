"""The page of the export: the configuration as JSON, ``meltano.yml``, and what to run next."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tap_oauth2_generic.cli.export import (
    is_local,
    meltano_project,
    next_commands,
    pip_url,
    secret_variables,
    streams_without_keys,
)
from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.oauth2.grants import DEFAULT_GRANT
from tap_oauth2_generic.studio.connection_page import state_of
from tap_oauth2_generic.studio.json_edit import edit_json, read_json
from tap_oauth2_generic.studio.pages import Form, Studio, fragments, page
from tap_oauth2_generic.studio.project import Project

_NAME = "meltano.yml"
# The grants that need a login of a person.
_OF_PERSONS = {"authorization_code", "device_code"}


def show(studio: Studio, _: Form) -> Response:
    """Return the page."""
    return page(studio, "export", **_values(studio))


def apply(studio: Studio, form: Form) -> Response:
    """Take the edited JSON as the draft; save it if the button says so."""
    project = studio.project
    try:
        found = read_json(form.get("json", ""))
    except ValueError as error:
        raise InputError(f"the configuration is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise InputError("the configuration must be a JSON object")
    if found.get("streams") != project.draft.get("streams"):
        project.order += 1
    for name in {*_shown(project), *found}:
        project.change(name, found.get(name))
    _, collector = project.check()
    alert, notice = "; ".join(collector.errors), "Applied"
    if form.get("action") == "save" and not alert:
        project.save()
        notice = f"Saved in {project.path.name}"
    return fragments(
        studio, "export", alert=alert, notice="" if alert else notice, **_values(studio)
    )


def write_meltano(studio: Studio, _: Form) -> Response:
    """Write ``meltano.yml`` next to the configuration, unless there is one, and the secrets."""
    path = studio.project.path.parent / _NAME
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(_values(studio)["meltano"])
    except FileExistsError:
        raise InputError(f"there is a {_NAME} already; copy the plugin into it") from None
    except OSError as error:
        raise InputError(f"cannot write {_NAME}: {error.strerror}") from None
    studio.project.write_secrets()
    return fragments(studio, notice=f"Wrote {_NAME}, and the secrets to .env")


def _shown(project: Project) -> dict[str, Any]:
    """Return the settings of the draft that may be shown."""
    return {name: value for name, value in project.draft.items() if not project.is_secret(name)}


def _values(studio: Studio) -> dict[str, Any]:
    project = studio.project
    shown, effective = _shown(project), project.effective()
    secrets = [name for name in effective if project.is_secret(name)]
    exported = {name: value for name, value in shown.items() if name != "$schema"}
    needs_person = str(effective.get("grant_type") or DEFAULT_GRANT) in _OF_PERSONS
    is_connected, address = state_of(studio)["state"].is_connected, pip_url()
    return {
        "json": edit_json("", shown),
        "meltano": meltano_project(exported, secrets, project.settings, address),
        "local_path": address if is_local(address) else "",
        "is_connected": is_connected,
        "keyless": streams_without_keys(exported),
        "variables": secret_variables(secrets),
        "commands": next_commands(project.path.name, needs_login=needs_person and not is_connected),
    }
