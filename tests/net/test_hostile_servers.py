"""Misleading servers: nothing is lost silently, nothing hangs, nothing leaks."""

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


CURSOR = {"cursor_path": "n", "cursor_param": "c"}


@pytest.mark.parametrize(
    ("style", "pagination", "responses"),
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
    ],
)  # fmt: skip
def test_loop_that_hides_records_moves_no_bookmark(api, tap, style, pagination, responses):
    """A repeated page or token does not complete a read if more should follow."""
    api.serve("/items", *responses)
    run = tap(api.config(stream(style, pagination=pagination, new_fields="ignore")))
    assert run.warnings
    assert run.bookmark("items") is None


@pytest.mark.parametrize("signs", [{"total_path": "t"}, {"total_pages_path": "p"}])
def test_next_page_wins_over_a_wrong_total(api, tap, signs):
    api.routes["/items"] = lambda seen: {
        "d": [row(int(seen.query.get("c", 1)))],
        "n": str(int(seen.query.get("c", 1)) + 1) if seen.query.get("c") != "5" else None,
        "t": 1,
        "p": 1,
    }
    assert tap(api.config(stream("cursor", pagination=CURSOR | signs))).ids() == [1, 2, 3, 4, 5]


def test_shrinking_total_does_not_stop_paging(api, tap):
    rows = [row(n) for n in range(1, 10)]

    def respond(seen):
        start = int(seen.query["offset"])
        return {"d": rows[start : start + 3], "t": 9 if start == 0 else 5}

    api.routes["/items"] = respond
    run = tap(api.config(stream("offset", pagination={"total_path": "t"})))
    assert run.ids() == list(range(1, 10))


@pytest.mark.parametrize("style", ["page_number", "offset"])
def test_page_filtered_empty_does_not_stop_paging(api, tap, style):
    rows = [{**row(n), "t": "x" if n in {1, 9} else "y"} for n in range(1, 11)]

    def respond(seen):
        start = int(seen.query.get("offset", (int(seen.query.get("page", 1)) - 1) * 2))
        return {"d": rows[start : start + 2]}

    api.routes["/items"] = respond
    settings = stream(style, records_path="$.d[?(@.t=='x')]", new_fields="ignore")
    assert tap(api.config(settings)).ids() == [1, 9]


def test_next_url_back_to_the_first_page_stops_paging(api, tap):
    api.routes["/items"] = lambda seen: {
        "d": [row(int(seen.query["p"]))],
        "n": f"?p={int(seen.query['p']) % 3 + 1}",
    }
    settings = stream("next_url", pagination={"next_url_path": "n"}, params={"p": 1})
    assert tap(api.config(settings)).ids() == [1, 2, 3]


def test_partitions_in_state_do_not_run_a_stream(api, tap):
    api.serve("/items", {"d": [row(5)]})
    entries = [{"context": {"a": n}, "replication_key_value": "2024-01-01"} for n in (1, 2)]
    state = {"bookmarks": {"items": {"partitions": entries}}}
    assert tap(api.config(stream("none")), state=state).records("items") == [row(5)]


def test_fields_below_a_value_empty_in_the_sample_are_added(api, tap):
    rows = [{"o": {}, "l": []}, {"o": {"x": 1}, "l": [{"y": 2}]}]
    api.serve("/items", rows)
    run = tap.ok(api.config({"name": "items", "path": "items", "schema_sample_size": 1}))
    assert run.records("items") == rows
    last = run.schemas("items")[-1]["properties"]
    assert last["o"]["properties"]["x"]["type"] == ["integer", "null"]
    # Items that had no type get none: a typed array column could not follow.
    assert last["l"]["items"] == {}


def test_new_field_changes_no_declared_sibling(api, tap):
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
def test_huge_exponent_costs_no_time_or_memory(api, tap, content):
    api.serve("/items", Reply(content))
    paged = {"style": "none", "total_path": "t"}
    stream = {"name": "items", "path": "items", "schema_sample_size": 1, "pagination": paged}
    assert tap(api.config(stream)).status == 0


def test_null_in_a_required_column_is_an_error(api, tap):
    api.serve("/items", [{"id": 1}, {"id": None}])
    entry = {
        "tap_stream_id": "items",
        "schema": {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
        "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
    }
    run = tap(api.config({"name": "items", "path": "items"}), catalog={"streams": [entry]})
    assert run.status == 1
    assert "type null does not fit the declared type of 'id'" in run.error_lines[-1]


def test_templates_follow_a_renewed_token_response(api, tap):
    sessions = iter(["s-one-of-the-test", "s-two-of-the-test"])
    api.token = lambda _: {"access_token": "t-of-the-test", "sess": next(sessions)}

    def respond(seen):
        good = seen.headers["X-Sess"] == "s-two-of-the-test"
        return {"d": [row(1)]} if good else Reply({}, 401)

    api.routes["/items"] = respond
    tap.ok(api.config(stream("none", headers={"X-Sess": "{token.sess}"})))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"x" * 60 + b" token-of-the-test-that-is-long"),
        Reply({"d": "Bearer token-of-the-test-that-is-long"}),
        Reply({"msg": "x" * 190 + "token-of-the-test-that-is-long"}, 400),
        Reply(b'{"msg": "bad sl\\/ash\\/token"}', 400),
    ],
)
def test_token_is_masked_before_an_excerpt_is_cut(api, tap, reply):
    api.token = lambda _: {"access_token": "token-of-the-test-that-is-long", "key": "sl/ash/token"}
    api.serve("/items", reply)
    run = tap(api.config(stream("none")))
    assert run.status == 1
    for part in ("token-of-the", "sl\\/ash"):
        assert part not in run.errors


def test_control_characters_never_reach_the_terminal(api, tap):
    api.serve("/items", Reply({"msg": "x"}, 400))
    api.routes["/items"] = lambda _: Reply(b"\x1b[31mred\x07", 400)
    assert "\x1b" not in tap(api.config(stream("none"))).errors


@pytest.mark.parametrize("base_url", ["{token.home}", "{token.home}/x", "https://{token.user}"])
def test_address_from_a_token_response_meets_the_rules_of_settings(api, tap, base_url):
    api.token = lambda _: {"access_token": "a-token", "home": "http://192.0.2.1", "user": "u@h"}
    run = tap({**api.config({"name": "items", "path": "items"}), "base_url": base_url})
    assert run.status == 1
    assert "leads to" in run.error_lines[0]


@pytest.mark.parametrize("end", ["\r\nX-Evil: 1", "\nX-Evil: 1", "Ж"])
def test_token_cannot_inject_a_header(api, tap, end):
    api.token = lambda _: {"access_token": f"t0ken-of-the-test{end}"}
    run = tap(api.config({"name": "items", "path": "items"}))
    assert run.status == 1
    assert not api.requests("/items")
    assert "t0ken" not in run.errors


def test_server_cannot_forge_a_log_line(api, tap):
    forged = "\n2026-01-01 00:00:00,000 | ERROR    | forged | all tokens were lost"
    api.serve("/items", {f"a{forged}": [{f"b{forged}": 1}], "\u2028c": 2})
    run = tap(api.config(stream("none", records_path="nowhere", schema=None)))
    assert "forged" in run.errors
    assert sum("| ERROR    | tap-oauth2-generic" in line for line in run.errors.splitlines()) == 1
    assert not [line for line in run.errors.splitlines() if line.startswith("2026-01-01")]
    assert "\u2028" not in run.errors


def test_client_token_and_user_token_are_separate_connections(api, tap):
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
    ("style", "pagination", "body"),
    [
        (
            "next_url",
            {"next_url_path": "'@odata.nextlink'"},
            {"d": [row(1)], "@odata.nextLink": "x"},
        ),
        ("cursor", CURSOR | {"cursor_path": "next_cursr"}, {"d": [row(1)], "next_cursor": "x"}),
    ],
)
def test_misspelled_next_page_path_keeps_the_bookmark(api, tap, style, pagination, body):
    api.serve("/items", body)
    run = tap(api.config(stream(style, pagination=pagination)))
    assert any("is not in the response, but" in line for line in run.warnings)
    assert run.bookmark("items") is None


def test_missing_records_path_setting_warns(api, tap):
    api.serve("/items", {"d": [row(1)], "info": 1}, {"d": [row(2)], "info": 1}, [])
    settings = {"name": "items", "path": "items", "pagination": {"style": "page_number"}}
    run = tap(api.config(settings))
    assert any("records_path is not set" in line and "d, info" in line for line in run.warnings)


@pytest.mark.parametrize("value", [[1], {"a": 1}, True])
def test_unusable_replication_value_moves_no_bookmark(api, tap, value):
    """The record is emitted, with a warning."""
    api.serve("/items", {"d": [row(1), {"id": 2, "at": value}]})
    run = tap.ok(api.config({**stream("none"), "schema": {"properties": {"id": {}, "at": {}}}}))
    assert run.ids() == [1, 2]
    assert run.bookmark("items") == row(1)["at"]
    assert any("1 record had a 'at' that is neither" in line for line in run.warnings)


@pytest.mark.parametrize("settings", [{}, {"schema": SCHEMA, "keep": [{"path": "id", "equals": 1}]},
                                      {"records_path": "$.d[?(@.id==1)]"}])  # fmt: skip
@pytest.mark.parametrize("option", [[], ["--discover"]])
@pytest.mark.parametrize("depth", [230, 300, 480, 950, 100_000])
def test_deep_record_is_read_or_reported(api, tap, settings, option, depth):
    deep = b"[" * depth + b"]" * depth
    api.serve("/items", Reply(b'{"d": [{"id": 1, "at": ' + deep + b"}]}"))
    run = tap(api.config({**stream("none"), "schema": None, **settings}), *option)
    assert run.status in {0, 1}
    assert run.status == len(run.error_lines), run.errors
    assert all("nested too deep" in line for line in run.error_lines)


def test_filter_below_a_descent_counts_its_matches(api, tap):
    api.serve("/items", {"d": {"l": [row(1), row(2)]}})
    run = tap.ok(api.config(stream("none", records_path="$..[?(@.id==2)]")))
    assert run.ids() == [2]
