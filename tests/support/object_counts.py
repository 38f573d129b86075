"""A program: prints how many objects are left after a run with 100, and one with 3,000 children.

In a process of its own, since other tests leave objects and threads behind.
"""

from __future__ import annotations

import gc

from tap_oauth2_generic.singer.message_writer import MessageWriter
from tap_oauth2_generic.tap import TapOAuth2Generic
from tests.support.server import ApiServer


class Nowhere(MessageWriter):
    """Takes messages, and keeps none."""

    def write_message(self, message):
        """Nothing is kept."""

    def write_records(self, *_):
        """Nothing is kept."""


def objects_kept(api, parents):
    """Give how many objects there are at the end of a run with so many parents."""
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
        objects_kept(serving, 10)  # what is imported and cached at the first time
        print(objects_kept(serving, 100), objects_kept(serving, 3000))  # noqa: T201 - its result
