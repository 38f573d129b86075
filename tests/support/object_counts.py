"""Print the number of objects left after a run with 100 children, and with 3,000.

Runs as its own process, since other tests leave objects and threads behind.
"""

from __future__ import annotations

import gc

from tap_oauth2_generic.singer.message_writer import MessageWriter
from tap_oauth2_generic.tap import TapOAuth2Generic
from tests.support.server import ApiServer


class Nowhere(MessageWriter):
    """Discard all messages."""

    def write_message(self, message):
        """Discard it."""

    def write_records(self, *_):
        """Discard it."""


def count_objects(api, parents):
    """Return the number of objects after a run with ``parents`` parents."""
    api.routes["/owners"] = lambda _: [{"id": owner} for owner in range(parents)]
    api.routes |= dict.fromkeys((f"/owners/{n}" for n in range(parents)), lambda _: [{"x": 1}])
    child = {
        "name": "notes",
        "path": "owners/{parent.owner}",
        "schema": {"properties": {"x": {"type": "integer"}, "owner": {"type": "integer"}}},
        "parent": {"stream": "owners", "keys": {"owner": "id"}},
    }
    owners = {"name": "owners", "path": "owners", "schema": {"properties": {"id": {}}}}
    tap = TapOAuth2Generic(config=api.config(owners, child), message_writer=Nowhere())
    tap.sync_everything()
    assert len(api.seen) > parents
    api.seen.clear()
    gc.collect()
    return len(gc.get_objects())


if __name__ == "__main__":
    with ApiServer() as serving:
        count_objects(serving, 10)  # fills imports and caches
        print(count_objects(serving, 100), count_objects(serving, 3000))  # noqa: T201 - its result
