"""Components of a manifest that take an API of their own."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tap_oauth2_generic.importers.imported import Imported, ImportOptions, read_source
from tests.importers.airbyte.manifests import (
    IDS,
    ROWS,
    cursor_of,
    manifest,
    option,
    paginator,
    serve,
    stream,
    written,
)
from tests.support.server import Reply

if TYPE_CHECKING:
    from tests.support.runs import TapRunner
    from tests.support.server import ApiServer, Seen

JSONL = b'{"id": 1}\n{"id": 2}\n'
QUERY = "query($after: Int, $kind: String) { items }"


def _import(*streams: dict[str, Any], left_out: int = 0) -> Imported:
    made = read_source("airbyte", written(manifest(*streams)), ImportOptions())
    assert len(made.left_out) == left_out, made.left_out
    return made


def _zipped(**members: bytes) -> bytes:
    written_to = io.BytesIO()
    with zipfile.ZipFile(written_to, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return written_to.getvalue()


def test_a_count_is_read_on_from_where_the_last_run_ended(api: ApiServer, tap: TapRunner) -> None:
    """The first run starts at ``start_value``, the next one at the greatest value seen."""
    api.routes["/above"] = lambda seen: {
        "items": [row for row in ROWS if row["id"] >= int(seen.query["above"])]
    }
    counts = {"type": "IncrementingCountCursor", "cursor_field": "id", "start_value": 3,
              "start_value_option": option("above")}  # fmt: skip
    made = _import(stream(api.url, "/above", incremental_sync=counts))
    first = tap.ok({**made.config})
    assert first.ids() == [3, 4, 5, 6, 7]
    again = tap.ok({**made.config}, state=first.state)
    assert again.ids() == [7]
    sent = [seen.query["above"] for seen in api.requests("/above")]
    assert (sent[0], sent[-1]) == ("3", "7")


def test_a_profile_assertion_is_signed_for_a_token(api: ApiServer, tap: TapRunner) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    assertion = {
        "type": "JwtAuthenticator", "secret_key": "{{ config['key'] }}", "algorithm": "RS256",
        "token_duration": 600, "jwt_headers": {"kid": "key-1"},
        "jwt_payload": {"iss": "service", "aud": f"{api.url}/token", "sub": "user"},
        "additional_jwt_payload": {"scope": "read"},
    }  # fmt: skip
    authenticator = {"type": "OAuthAuthenticator", "token_refresh_endpoint": f"{api.url}/token",
                     "use_profile_assertion": True, "profile_assertion": assertion,
                     "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}  # fmt: skip
    serve(api)
    made = _import(stream(api.url, "/all", requester={"authenticator": authenticator}))
    assert made.secrets == {"private_key": None}
    assert tap.ok({**made.config, "private_key": pem.decode()}).ids() == IDS
    sent = api.requests("/token")[0].form["assertion"]
    assert jwt.get_unverified_header(sent)["kid"] == "key-1"
    claims = jwt.decode(sent, key.public_key(), ["RS256"], audience=f"{api.url}/token")
    assert (claims["iss"], claims["sub"], claims["scope"]) == ("service", "user", "read")
    assert claims["exp"] - claims["iat"] == 600
    assert api.requests("/all")[0].headers["Authorization"] == "Bearer token-of-the-test"


@pytest.mark.parametrize("place", [["variables", "after"], ["variables", "page", "after"]])
def test_a_graphql_body_is_a_query_with_its_variables(
    api: ApiServer, tap: TapRunner, place: list[str]
) -> None:
    """Pages and templates change the variables, never the query."""

    def respond(seen: Seen) -> dict[str, Any]:
        assert seen.json["query"] == QUERY
        found = seen.json["variables"]
        assert found["kind"] == "x"
        after = (found.get("page") or found).get("after") or 0
        rows = [row for row in ROWS if row["id"] > after][:3]
        last = rows[-1]["id"]
        return {"items": rows, "next": last if last < 7 else None}

    api.routes["/graphql"] = respond
    paging = paginator(cursor_of("{{ response.next }}", "{{ not response.next }}"))
    paging["paginator"]["page_token_option"] = {
        "type": "RequestOption", "inject_into": "body_json", "field_path": place}  # fmt: skip
    body = {"type": "RequestBodyGraphQL", "value": {
        "query": QUERY, "variables": {"kind": "{{ parameters['kind'] }}"}}}  # fmt: skip
    requester = {"http_method": "POST", "request_body": body}
    made = _import(
        stream(api.url, "/graphql", requester=requester, retriever=paging,
               **{"$parameters": {"kind": "x"}})
    )  # fmt: skip
    assert tap.ok({**made.config}).ids() == IDS


def _handler(code: int, action: str) -> dict[str, Any]:
    found = {"type": "HttpResponseFilter", "http_codes": [code], "action": action}
    return {"type": "DefaultErrorHandler", "response_filters": [found]}


@pytest.mark.parametrize(
    ("handlers", "status"),
    [
        ([_handler(404, "IGNORE"), _handler(403, "FAIL")], 0),
        ([_handler(403, "FAIL"), _handler(404, "IGNORE")], 0),
        ([_handler(404, "FAIL"), _handler(404, "IGNORE")], 1),
        ([_handler(403, "IGNORE"), _handler(410, "IGNORE")], 1),
    ],
)
def test_the_first_of_several_error_handlers_that_fits_counts(
    api: ApiServer, tap: TapRunner, handlers: list[dict[str, Any]], status: int
) -> None:
    serve(api)
    both = {"type": "CompositeErrorHandler", "error_handlers": handlers}
    made = _import(stream(api.url, "/missing", requester={"error_handler": both}))
    run = tap({**made.config})
    assert (run.status, run.ids()) == (status, []), run.errors


def test_a_response_that_is_a_success_keeps_its_records(api: ApiServer, tap: TapRunner) -> None:
    serve(api)
    handler = _handler(200, "SUCCESS")
    made = _import(stream(api.url, "/all", requester={"error_handler": handler}))
    assert tap.ok({**made.config}).ids() == IDS


_GZIP = {"type": "GzipDecoder", "decoder": {"type": "JsonlDecoder"}}
_ARCHIVES: dict[str, tuple[dict[str, Any], bytes]] = {
    "gzip": (_GZIP, gzip.compress(JSONL)),
    "gzip in a raw decoder": (
        {"type": "CompositeRawDecoder", "parser": {
            "type": "GzipParser", "inner_parser": {"type": "JsonLineParser"}}},
        gzip.compress(JSONL)),
    "zip of JSONL": (
        {"type": "ZipfileDecoder", "decoder": {"type": "JsonlDecoder"}}, _zipped(a=JSONL)),
    "zip of several": (
        {"type": "ZipfileDecoder", "decoder": {"type": "CsvDecoder"}},
        _zipped(a=b"id\n1\n", b=b"id\n2\n")),
}  # fmt: skip


@pytest.mark.parametrize(("decoder", "body"), _ARCHIVES.values(), ids=[*_ARCHIVES])
def test_a_compressed_response_is_read(
    api: ApiServer, tap: TapRunner, decoder: dict[str, Any], body: bytes
) -> None:
    api.serve("/file", Reply(body, headers={"Content-Type": "application/octet-stream"}))
    made = _import(stream(api.url, "/file", field_path=[], retriever={"decoder": decoder}))
    assert sorted(map(int, tap.ok({**made.config}).ids())) == [1, 2]


def test_a_schema_in_a_file_is_inferred(api: ApiServer, tap: TapRunner) -> None:
    """The file is no part of the manifest, and is not opened."""
    serve(api)
    loader = {"type": "JsonFileSchemaLoader", "file_path": "./source_x/schemas/{{ name }}.json"}
    made = _import(stream(api.url, "/all", schema_loader=loader))
    assert "schema" not in made.config["streams"][0]
    run = tap.ok({**made.config})
    assert run.ids() == IDS
    assert run.schemas()[-1]["properties"].keys() >= ROWS[0].keys()


def _flatten(kind: str = "DpathFlattenFields", **fields: Any) -> list[dict[str, Any]]:
    return [{"type": kind, **fields}]


@pytest.mark.parametrize("path", [["items"], []])
def test_records_that_are_replaced_are_the_objects_inside_them(
    api: ApiServer, tap: TapRunner, path: list[str]
) -> None:
    inner = [{"outer": True, "in": row} for row in ROWS]
    api.serve("/wrapped", {"items": inner} if path else inner)
    changes = _flatten(field_path=["in"], replace_record=True)
    made = _import(stream(api.url, "/wrapped", field_path=path, transformations=changes))
    run = tap.ok({**made.config})
    assert run.ids() == IDS
    assert all("outer" not in row for row in run.records())
    assert any("one without it is not read" in sentence for sentence in made.derived)


@pytest.mark.parametrize("kind", ["FlattenFields", "DpathFlattenFields"])
def test_fields_that_stay_inside_objects_are_said(
    api: ApiServer, tap: TapRunner, kind: str
) -> None:
    serve(api)
    changes = _flatten(kind, field_path=["in"])
    made = _import(stream(api.url, "/all", transformations=changes), left_out=1)
    (sentence,) = made.left_out
    assert re.match(rf"line \d+, stream 'items': {kind}: the fields of objects stay", sentence)
    assert [row["in"]["size"] for row in tap.ok({**made.config}).records()] == [
        row["in"]["size"] for row in ROWS
    ]
