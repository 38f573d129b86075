"""The servers of one scenario, both on loopback, and what they saw of one tool."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.server import ApiServer, Drop, Reply, Seen

__all__ = ["Drop", "Reply", "Route", "Seen", "World", "open_world"]

Route = Callable[[Seen], Any]

#: A tool that sends more requests than this in one run is stopped: it would never end.
MOST_REQUESTS = 150
CLIENT_SECRET = "secret-of-the-comparison"  # noqa: S105 # nosec B105 # of servers on loopback


class World:
    """An API that checks tokens, a foreign host that collects them, and their records."""

    def __init__(self, api: ApiServer, foreign: ApiServer) -> None:
        self.api = api
        self.foreign = foreign
        #: Set to have the tool's process killed.
        self.kill = threading.Event()
        #: Set when it is dead.
        self.killed = threading.Event()
        self.live: set[str] = set()
        self.issued: list[str] = []
        #: For each token request, whether it was accepted.
        self.accepted: list[bool] = []
        self._first_of_run = 0
        api.token = self.note_accepted(lambda _: self.grant())

    def start_run(self) -> None:
        """Count requests anew."""
        self.kill.clear()
        self.killed.clear()
        self._first_of_run = len(self.api.seen)

    def grant(self, **more: Any) -> dict[str, Any]:
        """Issue an access token that says it is good for an hour."""
        token = f"access-{len(self.issued) + 1}"
        self.issued.append(token)
        self.live.add(token)
        return {"access_token": token, "token_type": "Bearer", "expires_in": 3600, **more}

    def note_accepted(self, token: Route) -> Route:
        """Return a token endpoint that notes whether it accepted a request."""

        def respond(seen: Seen) -> Any:
            found = token(seen)
            self.accepted.append(not isinstance(found, Reply) or found.status < 400)  # noqa: PLR2004
            return found

        return respond

    def serve(self, path: str, respond: Route) -> None:
        """Respond at a path to requests that carry a live token."""

        def check_token(seen: Seen) -> Any:
            if len(self.api.seen) - self._first_of_run > MOST_REQUESTS:
                self.kill.set()
                return Reply({"error": "too many requests in one run"}, 503)
            if bearer(seen) not in self.live:
                return Reply({"error": "invalid_token"}, 401)
            try:
                return respond(seen)
            except ValueError as error:  # of a page number or a bookmark
                return Reply({"error": str(error)}, 400)

        self.api.routes[path] = check_token

    @property
    def foreign_url(self) -> str:
        """Another host name for loopback, which makes it another host."""
        return self.foreign.url.replace("127.0.0.1", "localhost")

    @property
    def alive(self) -> bool:
        """Whether the token endpoint accepted the tool's last request, so that a next run can."""
        return self.accepted[-1] if self.accepted else False

    @property
    def leaked(self) -> bool:
        """Whether a token or the client secret reached the foreign host."""
        secrets = [*self.issued, CLIENT_SECRET]
        sent = [f"{s.target} {s.headers} {s.content!r}" for s in self.foreign.seen]
        return any(secret in request for request in sent for secret in secrets)


def bearer(seen: Seen) -> str:
    """Return the token of a request, or nothing."""
    headers = {name.lower(): value for name, value in seen.headers.items()}
    return headers.get("authorization", "").removeprefix("Bearer ")


@contextmanager
def open_world() -> Iterator[World]:
    """Start both servers."""
    with ApiServer() as api, ApiServer() as foreign:
        yield World(api, foreign)
