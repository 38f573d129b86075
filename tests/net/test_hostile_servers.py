"""Servers that mislead: nothing is lost in silence, nothing hangs, nothing leaks."""

from __future__ import annotations

import pytest

from tests.support.server import Reply

SCHEMA = {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}}


def row(number):
    return {"id": number, "at": f"2024-01-{number:02}T00:00:00Z"}


def stream(style, **settings):
    pagination = {"style": style, **settings.pop("pagination", {})}
    return {
        "name": "items",
        "path": "items",
        "records_path": "d",
        "schema": SCHEMA,
        "replication_key": "at",
        "pagination": pagination,
        **settings,
    }


def ids(run):
    return [record["id"] for record in run.records("items")]


CURSOR = {"cursor_path": "n", "cursor_param": "c"}


@pytest.mark.parametrize(
    ("style", "pagination", "answers"),
    [
        (
            "page_number",
            {"has_more_path": "more"},
            [{"d": [row(n)], "more": True} for n in (1, 2, 2)],
        ),
        ("cursor", CURSOR, [{"d": [row(n)], "n": str(i)} for i, n in enumerate((1, 2, 2, 3), 1)]),
        (
            "cursor",
            CURSOR | {"has_more_path": "more"},
            [{"d": [row(1)], "n": "A", "more": True}, {"d": [row(2)], "n": "A", "more": True}],
        ),
        (
            "last_record",
            {"last_record_path": "x", "cursor_param": "c"},
            [{"d": [{**row(1), "x": 5}]}, {"d": [{**row(2), "x": 5}]}],
        ),
        ("page_number", {}, [{"d": [row(1)]}, {"error": "rate limit"}]),
        ("cursor", CURSOR, [{"d": [row(1)], "n": "A"}, {"error": "rate limit"}]),
        ("cursor", CURSOR, [{"d": [row(1)], "n": "A"}, Reply(b"", 202)]),
        ("page_number", {}, [{"d": [row(1)]}, Reply(b"", 202)]),
        (
            "next_url",
            {"next_url_path": "n"},
            [{"d": [row(1)], "n": "?p=2"}, {"errors": [{"code": "busy"}]}],
        ),
        ("page_number", {"total_path": "t"}, [{"d": [row(n)], "t": 9} for n in (1, 2, 2)]),
    ],
)  # fmt: skip
def test_a_loop_that_hides_records_moves_no_bookmark(api, tap, style, pagination, answers):
    """Where the answers say that more follows, a repeated page or token is no complete end."""
    api.serve("/items", *answers)
    run = tap(api.config(stream(style, pagination=pagination, new_fields="ignore")))
    assert run.status == 0, run.errors
    assert run.warnings
    assert run.bookmark("items") is None


@pytest.mark.parametrize("signs", [{"total_path": "t"}, {"total_pages_path": "p"}])
def test_a_next_page_counts_more_than_a_number(api, tap, signs):
    """A total that is no total does not cut off a walk whose answers name a next page."""
    api.routes["/items"] = lambda seen: {
        "d": [row(int(seen.query.get("c", 1)))],
        "n": str(int(seen.query.get("c", 1)) + 1) if seen.query.get("c") != "5" else None,
        "t": 1,
        "p": 1,
    }
    assert ids(tap(api.config(stream("cursor", pagination=CURSOR | signs)))) == [1, 2, 3, 4, 5]


def test_a_total_that_shrinks_does_not_cut_off(api, tap):
    """A total that falls on the way does not end a walk before the records do."""
    rows = [row(n) for n in range(1, 10)]

    def answer(seen):
        start = int(seen.query["offset"])
        return {"d": rows[start : start + 3], "t": 9 if start == 0 else 5}

    api.routes["/items"] = answer
    run = tap(api.config(stream("offset", pagination={"total_path": "t"})))
    assert ids(run) == list(range(1, 10))


@pytest.mark.parametrize("style", ["page_number", "offset"])
def test_a_filter_in_the_records_path_is_no_end(api, tap, style):
    """Pages of which a filter takes few or none count with all their records."""
    rows = [{**row(n), "t": "x" if n in {1, 9} else "y"} for n in range(1, 11)]

    def answer(seen):
        start = int(seen.query.get("offset", (int(seen.query.get("page", 1)) - 1) * 2))
        return {"d": rows[start : start + 2]}

    api.routes["/items"] = answer
    settings = stream(style, records_path="$.d[?(@.t=='x')]", new_fields="ignore")
    assert ids(tap(api.config(settings))) == [1, 9]


def test_a_link_back_to_the_beginning_ends(api, tap):
    """A next URL that leads back to the first page ends the walk without reading it again."""
    api.routes["/items"] = lambda seen: {
        "d": [row(int(seen.query["p"]))],
        "n": f"?p={int(seen.query['p']) % 3 + 1}",
    }
    settings = stream("next_url", pagination={"next_url_path": "n"}, params={"p": 1})
    assert ids(tap(api.config(settings))) == [1, 2, 3]


def test_state_of_another_tap_is_no_partition_of_ours(api, tap):
    """Partitions in a state do not make a stream run for them."""
    api.serve("/items", {"d": [row(5)]})
    entries = [{"context": {"a": n}, "replication_key_value": "2024-01-01"} for n in (1, 2)]
    state = {"bookmarks": {"items": {"partitions": entries}}}
    assert tap(api.config(stream("none")), state=state).records("items") == [row(5)]


def test_what_was_empty_in_the_sample_grows(api, tap):
    """Fields below an object or list that was empty in the sample are added before their record."""
    rows = [{"o": {}, "l": []}, {"o": {"x": 1}, "l": [{"y": 2}]}]
    api.serve("/items", rows)
    run = tap(api.config({"name": "items", "path": "items", "schema_sample_size": 1}))
    assert run.status == 0, run.errors
    assert run.records("items") == rows
    last = run.schemas("items")[-1]["properties"]
    assert last["o"]["properties"]["x"]["type"] == ["integer", "null"]
    assert last["l"]["items"]["properties"]["y"]["type"] == ["integer", "null"]


def test_a_new_field_leaves_its_declared_siblings_alone(api, tap):
    """new_fields: add below a declared object adds that field and changes no other."""
    inner = {
        "x": {"anyOf": [{"type": "object"}, {"type": "null"}]},
        "d": {"type": "string", "format": "date"},
    }
    schema = {"type": "object", "properties": {"a": {"type": "object", "properties": inner}}}
    api.serve("/items", [{"a": {"x": {"k": [1]}, "d": "2024-01-01", "new": 1}}])
    settings = {"name": "items", "path": "items", "schema": schema, "new_fields": "add"}
    run = tap(api.config(settings))
    grown = run.schemas("items")[-1]["properties"]["a"]["properties"]
    assert {name: grown[name] for name in inner} == inner
    assert run.records("items")[0]["a"]["x"] == {"k": [1]}


@pytest.mark.parametrize(
    "content", [b'[{"id": 1}, {"id": 1e99999999}]', b'{"d": [{"id": 1}], "t": 1e99999999}']
)
def test_a_huge_exponent_does_not_hang(api, tap, content):
    """A number with a huge exponent costs no time and no memory."""
    api.serve("/items", Reply(content))
    paged = {"style": "none", "total_path": "t"}
    stream = {"name": "items", "path": "items", "schema_sample_size": 1, "pagination": paged}
    assert tap(api.config(stream)).status == 0


def test_a_null_in_a_required_column_of_a_catalog_makes_room(api, tap):
    """A catalog that forbids a null is widened once, and does not loop."""
    api.serve("/items", [{"id": None}, {"id": 1}, {"id": None}])
    entry = {
        "tap_stream_id": "items",
        "schema": {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
        "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
    }
    run = tap(api.config({"name": "items", "path": "items"}), catalog={"streams": [entry]})
    assert run.status == 0, run.errors
    assert [r["id"] for r in run.records("items")] == [None, 1, None]
    assert len(run.schemas("items")) == 2


def test_templates_follow_a_renewed_token_response(api, tap):
    """After a renewal in the middle of a walk, a hole holds a field of the newest response."""
    sessions = iter(["s-one-of-the-test", "s-two-of-the-test"])
    api.token = lambda _: {"access_token": "t-of-the-test", "sess": next(sessions)}

    def answer(seen):
        good = seen.headers["X-Sess"] == "s-two-of-the-test"
        return {"d": [row(1)]} if good else Reply({}, 401)

    api.routes["/items"] = answer
    run = tap(api.config(stream("none", headers={"X-Sess": "{token.sess}"})))
    assert run.status == 0, run.errors


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"x" * 60 + b" token-of-the-test-that-is-long"),
        Reply({"d": "Bearer token-of-the-test-that-is-long"}),
        Reply({"msg": "x" * 190 + "token-of-the-test-that-is-long"}, 400),
        Reply(b'{"msg": "bad sl\\/ash\\/token"}', 400),
    ],
)
def test_no_part_of_a_token_is_shown(api, tap, reply):
    """A token that an answer repeats is masked before the answer is cut short."""
    api.token = lambda _: {"access_token": "token-of-the-test-that-is-long", "key": "sl/ash/token"}
    api.serve("/items", reply)
    run = tap(api.config(stream("none")))
    assert run.status == 1
    for part in ("token-of-the", "sl\\/ash"):
        assert part not in run.errors


def test_a_server_cannot_steer_the_terminal(api, tap):
    """Control characters in an answer do not reach standard error."""
    api.serve("/items", Reply({"msg": "x"}, 400))
    api.routes["/items"] = lambda _: Reply(b"\x1b[31mred\x07", 400)
    assert "\x1b" not in tap(api.config(stream("none"))).errors


@pytest.mark.parametrize("base_url", ["{token.home}", "{token.home}/x", "https://{token.user}"])
def test_a_token_response_leads_nowhere_that_a_setting_may_not(api, tap, base_url):
    """An address out of the token response is https, without a user, as one that is configured."""
    api.token = lambda _: {"access_token": "a-token", "home": "http://192.0.2.1", "user": "u@h"}
    run = tap({**api.config({"name": "items", "path": "items"}), "base_url": base_url})
    assert run.status == 1
    assert "leads to" in run.error_lines[0]


@pytest.mark.parametrize("end", ["\r\nX-Evil: 1", "\nX-Evil: 1", "Ж"])
def test_a_token_brings_in_no_header(api, tap, end):
    """A token that no header can carry is never sent, and not shown."""
    api.token = lambda _: {"access_token": f"t0ken-of-the-test{end}"}
    run = tap(api.config({"name": "items", "path": "items"}))
    assert run.status == 1
    assert not api.requests("/items")
    assert "t0ken" not in run.errors


def test_a_server_cannot_bring_in_a_line_of_its_own(api, tap):
    """What an answer holds never begins a line of standard error, so that it can forge none."""
    forged = "\n2026-01-01 00:00:00,000 | ERROR    | forged | all tokens were lost"
    api.serve("/items", {f"a{forged}": [{f"b{forged}": 1}], "\u2028c": 2})
    run = tap(api.config(stream("none", records_path="nowhere", schema=None)))
    assert run.status == 0, run.errors
    assert "forged" in run.errors
    assert not [line for line in run.errors.splitlines() if line.startswith("2026-01-01")]
    assert "\u2028" not in run.errors


def test_two_logins_of_one_client_are_two_connections(api, tap):
    """A client's own token and a person's token of that client are kept apart."""
    api.token = lambda seen: {
        "access_token": f"{seen.form['grant_type']}-token",
        "refresh_token": "r-t",
    }
    api.serve("/items", {"d": [row(1)]})
    assert tap(api.config(stream("none"))).status == 0
    person = {"grant_type": "authorization_code", "refresh_token": None}
    run = tap(api.config(stream("none"), **person))
    assert run.status == 1
    assert "has no token" in run.error_lines[-1]


@pytest.mark.parametrize(
    ("style", "pagination", "answer"),
    [
        (
            "next_url",
            {"next_url_path": "'@odata.nextlink'"},
            {"d": [row(1)], "@odata.nextLink": "x"},
        ),
        ("cursor", CURSOR | {"cursor_path": "next_cursr"}, {"d": [row(1)], "next_cursor": "x"}),
    ],
)
def test_a_misspelt_next_page_is_said(api, tap, style, pagination, answer):
    """A place of the next page that is nearly named is said, and the bookmark does not move."""
    api.serve("/items", answer)
    run = tap(api.config(stream(style, pagination=pagination)))
    assert any("is not in the response, but" in line for line in run.warnings)
    assert run.bookmark("items") is None


def test_a_forgotten_records_path_is_said(api, tap):
    """A stream that pages and takes each answer for one record is said."""
    api.serve("/items", {"d": [row(1)], "info": 1}, {"d": [row(2)], "info": 1}, [])
    settings = {"name": "items", "path": "items", "pagination": {"style": "page_number"}}
    run = tap(api.config(settings))
    assert any("records_path is not set" in line and "d, info" in line for line in run.warnings)


@pytest.mark.parametrize("value", [[1], {"a": 1}, True])
def test_a_replication_value_that_is_none_moves_no_bookmark(api, tap, value):
    """A list, object or boolean where the time should be is said, and the record emitted."""
    api.serve("/items", {"d": [row(1), {"id": 2, "at": value}]})
    run = tap(api.config({**stream("none"), "schema": {"properties": {"id": {}, "at": {}}}}))
    assert run.status == 0, run.errors
    assert ids(run) == [1, 2]
    assert run.bookmark("items") == row(1)["at"]
    assert any("1 records had a 'at' that is neither" in line for line in run.warnings)


@pytest.mark.parametrize("settings", [{}, {"schema": SCHEMA, "keep": [{"path": "id", "equals": 1}]},
                                      {"records_path": "$.d[?(@.id==1)]"}])  # fmt: skip
@pytest.mark.parametrize("option", [[], ["--discover"]])
@pytest.mark.parametrize("depth", [230, 300, 480, 950, 100_000])
def test_what_is_nested_too_deep_is_said(api, tap, settings, option, depth):
    """A record of any depth is read, or one line says that it is too deep."""
    deep = b"[" * depth + b"]" * depth
    api.serve("/items", Reply(b'{"d": [{"id": 1, "at": ' + deep + b"}]}"))
    run = tap(api.config({**stream("none"), "schema": None, **settings}), *option)
    assert run.status in {0, 1}
    assert run.status == len(run.error_lines), run.errors
    assert all("nested too deep" in line for line in run.error_lines)


def test_a_filter_below_a_descent_finds_what_it_finds(api, tap):
    """Of a filter whose list has no path of its own the pages are counted by what it finds."""
    api.serve("/items", {"d": {"l": [row(1), row(2)]}})
    run = tap(api.config(stream("none", records_path="$..[?(@.id==2)]")))
    assert run.status == 0, run.errors
    assert ids(run) == [2]
