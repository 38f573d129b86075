"""The web application: which address leads to which page or action."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from tap_oauth2_generic.studio import (
    connection_page,
    export_page,
    request_page,
    streams_page,
    trial_page,
)
from tap_oauth2_generic.studio.access import Access, Guard, refuse
from tap_oauth2_generic.studio.pages import FOLDER, Studio, changes, reads
from tap_oauth2_generic.studio.project import Project

PAGES = {
    "/": connection_page.show,
    "/connection/state": connection_page.show_state,
    "/request": request_page.show,
    "/export": export_page.show,
    "/streams": streams_page.show_all,
    "/streams/{index:place}": streams_page.show,
    "/streams/{index:place}/events": trial_page.watch,
}
ACTIONS = {
    "/discard": connection_page.discard,
    "/connection": connection_page.save,
    "/connection/draft": connection_page.keep,
    "/connection/preset": connection_page.choose_preset,
    "/connection/use": connection_page.use,
    "/login/stop": connection_page.stop_login,
    "/login/paste": connection_page.paste_redirect,
    "/request/send": request_page.send,
    "/request/draft": request_page.keep,
    "/request/stop": request_page.stop,
    "/request/curl": request_page.read_curl,
    "/export": export_page.apply,
    "/export/meltano": export_page.write_meltano,
    "/streams/add": streams_page.add,
    "/streams/use": streams_page.use,
    "/streams/{index:place}/use": streams_page.use_value,
    "/streams/{index:place}": streams_page.save,
    "/streams/{index:place}/draft": streams_page.keep,
    "/streams/{index:place}/json": streams_page.take_json,
    "/streams/{index:place}/style": streams_page.restyle,
    "/streams/{index:place}/stop": trial_page.stop,
}


class _Place(IntegerConvertor):
    """The place of a stream; no number of more digits than Python reads."""

    regex = "[0-9]{1,9}"


register_url_convertor("place", _Place())


async def _refuse(_: Request, error: Exception) -> Response:
    """Return one sentence about an address or method that leads nowhere."""
    status = error.status_code if isinstance(error, HTTPException) else 400
    return refuse("The studio has no such page, or it takes no such request.", status)


def make_app(project: Project, access: Access) -> ASGIApp:
    """Return the application for one project and one browser."""
    studio = Studio(project, access)

    async def watch_login(_: Request) -> Response:
        return connection_page.watch_login(studio)

    routes = [Route(path, reads(studio, action)) for path, action in PAGES.items()]
    routes += [
        Route(path, changes(studio, action), methods=["POST"]) for path, action in ACTIONS.items()
    ]
    routes.append(Route("/login/events", watch_login))
    static = Mount("/static", StaticFiles(directory=FOLDER / "static"))
    handlers = {HTTPException: _refuse}
    return Guard(Starlette(routes=[*routes, static], exception_handlers=handlers), access)
