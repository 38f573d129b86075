"""The page of the connection: its form, its state, and the login."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tap_oauth2_generic.errors import TapError
from tap_oauth2_generic.studio import connection_state
from tap_oauth2_generic.studio.connecting import Login
from tap_oauth2_generic.studio.connection_form import make_form, take_form
from tap_oauth2_generic.studio.connection_state import ConnectionState, read_state
from tap_oauth2_generic.studio.pages import Form, Studio, fragments, go_to, page, stream_events
from tap_oauth2_generic.studio.project import STAND_IN, Project, version_of
from tap_oauth2_generic.studio.sessions import connection_config, sentence
from tap_oauth2_generic.studio.stream_list import streams_of

_PARTS = ("connection_form", "connection_state", "login", "version")
_UNKNOWN = ConnectionState("unknown", "Not connected: fill in the form")
_WRONG = "nothing was saved: correct the settings that are marked"
_CLOSED = "tap-oauth2-generic studio is not waiting for a login; press Save and connect"


def show(studio: Studio, _: Form) -> Response:
    """Return the page."""
    form = make_form(studio.project, checks=False)
    return page(studio, "connection", form=form, **_version(studio), **state_of(studio))


def show_state(studio: Studio, _: Form) -> Response:
    """Return the state of the connection as it is now."""
    return fragments(studio, "connection_state", **state_of(studio))


def keep(studio: Studio, form: Form) -> Response:
    """Remember what is typed, without judging it."""
    _take(studio, {n: v for n, v in form.items() if not _is_secret(studio.project, n)})
    return fragments(studio, "version", **_version(studio))


def choose_preset(studio: Studio, form: Form) -> Response:
    """Return the form with the values of another preset."""
    _take(studio, form)
    shown = make_form(studio.project, checks=False)
    return fragments(studio, "connection_form", "version", form=shown, **_version(studio))


def save(studio: Studio, form: Form) -> Response:
    """Save the connection, and log in if the button says so."""
    project = studio.project
    _take(studio, form)
    shown, version = make_form(project, checks=True), _version(studio)
    if shown.wrong or shown.errors:
        values = {"form": shown, **version, **state_of(studio)}
        return fragments(studio, *_PARTS, alert=_WRONG, **values)
    project.save(name for name in project.settings if name != "streams")
    notice = f"Saved in {project.path.name}"
    if form.get("action") == "connect":
        _stop_login(studio)
        studio.check, studio.login = None, Login()
        studio.login.begin(connection_config(project))
    return fragments(studio, *_PARTS, notice=notice, form=shown, **version, **state_of(studio))


def discard(studio: Studio, _: Form) -> Response:
    """Go back to what is saved, and show the page anew."""
    studio.project.discard()
    return go_to("?")


def watch_login(studio: Studio) -> Response:
    """Stream the state of the login until it ends."""

    def now() -> Response:
        # Always both: the page follows no further once the login has ended.
        return fragments(studio, "login", "connection_state", **state_of(studio))

    return stream_events((True,) if studio.login is None else studio.login.watch(), now)


def stop_login(studio: Studio, _: Form) -> Response:
    """Stop the login that waits."""
    _stop_login(studio)
    return fragments(studio, "login", "connection_state", **state_of(studio))


def paste_redirect(studio: Studio, form: Form) -> Response:
    """Take the pasted address of a redirect."""
    if studio.login is None or not studio.login.is_open:
        return fragments(studio, "login", alert=_CLOSED)
    studio.login.paste(form.get("address", "").strip())
    return fragments(studio)


def use(studio: Studio, form: Form) -> Response:
    """Check, renew or remove the stored connection."""
    config, project = connection_config(studio.project), studio.project
    done, is_bad, studio.check = "", False, None
    parts = ["connection_state"]
    try:
        match form.get("action"):
            case "check":
                studio.check = connection_state.check(config, _plain_stream(project))
                done, is_bad = studio.check.said, not studio.check.works
            case "renew":
                done = connection_state.renew(config)
            case "disconnect":
                done = connection_state.disconnect(config)
                if studio.login is not None and not studio.login.is_open:
                    # What the login said of its connection is no longer true.
                    studio.login = None
                    parts.append("login")
    except TapError as error:
        # The attempt may have changed the state: a refresh token may be rejected.
        done, is_bad = sentence(error), True
    said = {"alert" if is_bad else "notice": done}
    return fragments(studio, *parts, **said, **state_of(studio))


def _plain_stream(project: Project) -> dict[str, Any]:
    """Return a stream that can be requested without a parent."""
    return next((one for one in streams_of(project) if not one.get("parent")), STAND_IN)


def state_of(studio: Studio) -> dict[str, Any]:
    """Return the state to show: what the form lacks is no error of the connection."""
    config, _ = studio.project.check([STAND_IN])
    if config is None:
        return {"state": _UNKNOWN}
    try:
        return {"state": read_state(config, studio.check)}
    except TapError as error:
        return {"state": ConnectionState("unusable", sentence(error))}


def _take(studio: Studio, form: Form) -> None:
    """Keep what is typed; raise InputError if the page shows other settings."""
    studio.project.refuse_outdated(form, _settings(studio.project))
    take_form(studio.project, form)


def _settings(project: Project) -> dict[str, Any]:
    """Return the settings of the draft that the form shows."""
    names = (name for name in project.draft if name != "streams" and not project.is_secret(name))
    return {name: project.draft[name] for name in names}


def _version(studio: Studio) -> dict[str, Any]:
    return {"version": version_of(_settings(studio.project)), "versioned": ("connection_form",)}


def _stop_login(studio: Studio) -> None:
    if studio.login is not None:
        studio.login.stop()


def _is_secret(project: Project, name: str) -> bool:
    return project.is_secret(name.removesuffix(".remove"))
