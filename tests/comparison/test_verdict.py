"""The verdict counts what fabricated deliveries and requests did."""

from __future__ import annotations

import json
from decimal import Decimal
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from comparison.scenario import Scenario, rows
from comparison.verdict import Delivery, judge, same_value
from comparison.world import CLIENT_SECRET, Reply, open_world

ROWS = rows(1, 4)
CHANGED = [*ROWS[:3], {**ROWS[3], "name": "row 5"}]


class Plain(Scenario):
    """Four rows on one page."""

    name = title = story = "plain"

    def prepare(self):
        """Serve them."""
        self.expected["items"] = ROWS
        self.world.serve("/items", lambda _: {"data": ROWS})


class Failing(Plain):
    """Four rows, and an exit status other than 0."""

    fails = True


@pytest.fixture(scope="module")
def world():
    with open_world() as world:
        yield world


@pytest.fixture
def judged(world):
    """A function that judges the deliveries of a tool that requested its rows once."""

    def run(*deliveries, scenario=Plain):
        acted = scenario(world)
        send(f"{world.api.url}/items", new_token(world))
        return judge(acted, [delivery(*given) for given in deliveries])

    return run


def delivery(found, status=0):
    return Delivery([("items", row) for row in found], status)


def send(url, token):
    try:
        urlopen(Request(url, headers={"Authorization": f"Bearer {token}"}), timeout=10).close()
    except HTTPError as error:
        error.close()


def new_token(world):
    """Request a token, as a tool does."""
    with urlopen(f"{world.api.url}/token", timeout=10) as response:
        return json.load(response)["access_token"]


@pytest.mark.parametrize(
    ("deliveries", "lost", "twice", "changed"),
    [
        ([(ROWS,)], 0, 0, 0),
        ([(ROWS[:1],)], 3, 0, 0),
        ([([*ROWS, *ROWS[2:]],)], 0, 2, 0),
        ([(CHANGED,)], 0, 0, 1),
        ([([{**row, "_id": "x"} for row in ROWS],)], 0, 0, 0),
        ([(ROWS[:2],), (ROWS[1:],)], 0, 0, 0),
        ([(ROWS[:2],), (ROWS[3:],)], 1, 0, 0),
        ([([],)], 4, 0, 0),
    ],
    ids=["right", "lost", "twice", "changed", "own fields", "two runs", "lost between", "nothing"],
)
def test_lost_repeated_and_changed_rows_are_counted(judged, deliveries, lost, twice, changed):
    """A row that a second run delivers again is no repetition."""
    found = judged(*deliveries)
    assert (found.lost, found.twice, found.changed) == (lost, twice, changed)
    assert found.right is (lost == twice == changed == 0)
    assert found.alive
    assert not found.leaked


def test_row_of_another_stream_is_lost(world):
    found = judge(Plain(world), [Delivery([("others", row) for row in ROWS], 0)])
    assert found.lost == 4


@pytest.mark.parametrize(
    ("scenario", "found", "status", "honest"),
    [
        (Plain, ROWS, 0, True),
        (Plain, ROWS, 1, False),
        (Plain, ROWS[:1], 0, False),
        (Plain, ROWS[:1], 1, True),
        (Plain, ROWS, None, False),
        (Failing, ROWS, 0, False),
        (Failing, ROWS, 1, True),
    ],
)
def test_exit_status_has_to_tell_how_the_run_went(judged, scenario, found, status, honest):
    """None is a run that had to be stopped."""
    assert judged((found, status), scenario=scenario).honest is honest


@pytest.mark.parametrize("carried", ["header", "url", "client secret"])
def test_token_at_the_foreign_host_is_a_leak(carried):
    with open_world() as world:
        acted = Plain(world)
        token = new_token(world)
        send(f"{world.foreign_url}/items", "another")
        assert not judge(acted, [delivery(ROWS)]).leaked
        secret = CLIENT_SECRET if carried == "client secret" else token
        query = f"?token={token}" if carried == "url" else ""
        send(f"{world.foreign_url}/items{query}", "another" if query else secret)
        assert judge(acted, [delivery(ROWS)]).leaked


@pytest.mark.parametrize("recovers", [False, True])
def test_connection_is_dead_if_the_token_endpoint_refused_the_last_request(recovers):
    with open_world() as world:
        acted = Plain(world)
        new_token(world)
        accepting = world.api.token
        world.api.token = world.note_accepted(lambda _: Reply({"error": "invalid_grant"}, 400))
        send(f"{world.api.url}/token", "none")
        if recovers:
            world.api.token = accepting
            new_token(world)
        assert judge(acted, [delivery(ROWS)]).alive is recovers


def test_expired_token_is_refused_and_ends_no_connection():
    with open_world() as world:
        acted = Plain(world)
        token = new_token(world)
        world.live.clear()
        send(f"{world.api.url}/items", token)
        assert judge(acted, [delivery([], 1)]).alive


@pytest.mark.parametrize(
    ("expected", "found", "same"),
    [
        (7, 7, True),
        (7, "7", True),
        (7, Decimal("7.0"), True),
        (7, 8, False),
        (1, True, False),
        (100000000000000000117, Decimal(100000000000000000117), True),
        (100000000000000000117, 1e20, False),
        (Decimal("0.01345678901234567891"), 0.013456789012345679, False),
        ("2026-01-01T10:00:00+02:00", "2026-01-01 08:00:00+00:00", True),
        ("2026-01-01T08:00:00Z", "2026-01-01T08:00:00", True),
        ("2026-01-01T08:00:00Z", "2026-01-01T08:00:01Z", False),
        ("n/a", "n/a", True),
        ("n/a", None, False),
        ({"amount": 1}, '{"amount": 1}', True),
        ({"amount": 1}, {"amount": 2}, False),
        (None, None, True),
        (None, "x", False),
    ],
)
def test_value_in_another_notation_is_unchanged(expected, found, same):
    assert same_value(expected, found) is same
