"""Fuzz targets: the initial cases of each, and the parts of a case to mutate.

A case is all input of a run: command and options, configuration, state, catalog, token response and
API responses, page by page. Parts are in cases.json.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.config.config import CONFIG_SCHEMA
from tap_oauth2_generic.config.presets import names, preset
from tap_oauth2_generic.config.streams import STREAM_SECTIONS
from tap_oauth2_generic.importers.kinds import KINDS
from tap_oauth2_generic.pagination import styles
from tap_oauth2_generic.settings.fields import names_of
from tests.fuzz.fuzz_checks import check_messages
from tests.fuzz.fuzz_more_cases import import_cases, job_cases, studio_cases
from tests.fuzz.fuzz_mutations import mutate
from tests.fuzz.fuzz_values import API, SECRET
from tests.support import ROOT

if TYPE_CHECKING:
    from random import Random

    from tests.fuzz.fuzz_mutations import Place
    from tests.fuzz.fuzz_sandbox import Sandbox

Case = dict[str, Any]
_PARTS = json.loads((Path(__file__).parent / "cases.json").read_text())
_SYNC, _TRY, _LOOK = ["tap"], ["tap", "--test"], ["tap", "--discover"]
_SHOW, _SUGGEST = ["preview"], ["preview", "--json", "--suggest"]
_SPLIT = ["shard", "--shards", "2"]
_STREAM, _WHOLE, _CHILD = _PARTS["stream"], _PARTS["whole"], _PARTS["child"]
_DECLARED = {**_STREAM, "schema": _PARTS["schema"]}
_GRANTS, _STATES, _CATALOG = _PARTS["grants"], _PARTS["states"], _PARTS["catalog"]
_PAGE, _LAST = (answer["body"] for answer in _PARTS["responses"])
#: Names to replace others with.
WORDS = sorted(
    {
        *CONFIG_SCHEMA["properties"],
        *names_of(*STREAM_SECTIONS, *styles().values()),
        *_PARTS["words"],
    }
)


@dataclass(frozen=True)
class Target:
    """One kind of input: its initial cases, and the places in them to mutate."""

    name: str
    cases: list[Case]
    places: list[Place]

    def mutate(self, case: Case, dice: Random) -> Case:
        """Return a mutated copy of a case."""
        return mutate(case, self.places, WORDS, dice)

    def check(self, case: Case, sandbox: Sandbox) -> None:
        """Run a case and check its outcome; raises FaultError or Hang."""
        done = sandbox.check(case)
        if case["command"] in (_SYNC, _TRY):
            check_messages(done)


def _case(command: list[str], *streams: Any, settings: Any = None, **rest: Any) -> Case:
    config = {**_PARTS["connection"], "start_date": "2023-01-01T00:00:00Z", "streams": [*streams]}
    responses = {"token": _PARTS["token"], "responses": _PARTS["responses"]}
    return {"command": command, "config": {**config, **(settings or {})}, **responses, **rest}


def _preset_cases() -> list[Case]:
    def of(name: str) -> Case:
        params = dict.fromkeys(preset(name).get("params", {}), "x")
        settings = {"base_url": None, "provider": name, "provider_params": params}
        return _case(_SPLIT, _STREAM, settings=settings)

    return [of(name) for name in names()]


def _sample_cases() -> list[Case]:
    """Return the sample configuration, complete and stream by stream."""
    sample = json.loads((ROOT / "sample_config.json").read_text())
    sample |= {"base_url": API, "access_token_url": f"{API}/token", "client_secret": f"{SECRET}10"}
    streams = sample.pop("streams")
    each = [_case(_LOOK, one, settings=sample) for one in streams if "parent" not in one]
    return [_case(_SPLIT, *streams, settings=sample), *each]


def _paging_cases(command: list[str], **rest: Any) -> list[Case]:
    return [_case(command, {**_STREAM, "pagination": style}, **rest) for style in _PARTS["styles"]]


def _grant_cases() -> list[Case]:
    return [_case(_SYNC, _STREAM, settings=grant) for grant in _GRANTS]


def _environment_case() -> Case:
    """Return a configuration with a part of it, secrets included, in the environment."""
    case = _case(_SYNC, _WHOLE)
    names = ("client_secret", "headers", "scopes", "streams", "start_date")
    return {**case, "environment": {name: case["config"].pop(name) for name in names}}


def _bound_cases() -> list[Case]:
    """Return streams with each format of bookmark, each with every state."""
    forms = ({"format": "epoch_ms", "order": "desc"}, {"format": "%d.%m.%Y", "order": "asc"})
    streams = [{**_DECLARED, "incremental": {"start_param": "since", **form}} for form in forms]
    return [_case(_SYNC, one, _CHILD, state=state) for state in _STATES for one in streams]


def _response_cases() -> list[Case]:
    """Return streams whose responses are not a plain page of JSON."""
    csv, lines = ({**_STREAM, "records_path": "$", "response_format": f} for f in ("csv", "jsonl"))
    texts = _PARTS["texts"]
    values = {**_STREAM, "records_are_values": True, "records_key_field": "k"}
    linked = {**_STREAM, "pagination": {"style": "link_header"}}
    link = {"Link": f'<{API}/items?page=2>; rel="next"'}
    late = {"status": 429, "headers": {"Retry-After": "1", "X-RateLimit-Reset": "1800000000"}}
    return [
        _case(_SYNC, csv, responses=[{"text": texts[0]}]),
        _case(_SYNC, lines, responses=[{"text": texts[1]}]),
        _case(_SYNC, values, responses=[{"body": {"d": {"a": _LAST["d"][0]}}}]),
        _case(_SYNC, _STREAM, responses=[{"body": _LAST, "gzip": True}, late]),
        _case(_SYNC, _STREAM, responses=[{"text": json.dumps(_PAGE)}]),
        _case(_TRY, linked, responses=[{"body": _PAGE, "headers": link}]),
    ]


def _job_cases() -> list[Case]:
    return [
        _case(found["command"], found["stream"], responses=found["responses"])
        for found in job_cases(_DECLARED, _SYNC)
    ]


_EVERY = [
    _case(_SYNC, _WHOLE),
    _case(_SYNC, {**_STREAM, "partitions": [{"k": 1}]}, _CHILD),
    _case(_SYNC, {**_STREAM, "records_path": "$.d[?(@.id>1)]"}),
]
_ONE: Place = ("config", "streams", 0)
_PATHS = ("records_path", "add_fields", "keep", "pagination", "response_rules")
_TEMPLATES = ("path", "params", "headers", "body", "records_path")
_FORM = f"access_token={SECRET}1&expires_in=1"
_REFUSAL = {"error": "invalid_grant", "error_description": "no"}
_DISCOVERED = {"issuer": API, "access_token_url": None}
_DOCUMENT = {"issuer": API, "token_endpoint": f"{API}/token"}
_KNOWN: list[Place] = [("responses", 0, "body", name) for name in _DOCUMENT]
_OF_TOKEN = {"params": {"k": "{token.scope}"}}

_ALL = [
    Target(
        "configuration",
        [
            *(*_EVERY, *_sample_cases(), *_preset_cases(), *_paging_cases(_SYNC), *_grant_cases()),
            *(_case(command, _WHOLE) for command in (_SPLIT, _TRY, _SUGGEST)),
            *[_environment_case()] * 5,
        ],
        [("config",), _ONE, ("environment",)],
    ),
    Target(
        "path expressions",
        [*_EVERY, *_paging_cases(_SYNC), *_grant_cases()[-1:], _case(_SUGGEST, _WHOLE)],
        [
            *((*_ONE, name) for name in _PATHS),
            ("config", "expires_at_path"),
            ("config", "streams", 1, "parent"),
        ],
    ),
    Target(
        "templates",
        [
            *_EVERY[:2],
            *_paging_cases(_SHOW, settings=_OF_TOKEN),
            _case(_SYNC, _WHOLE, state=_STATES[1]),
        ],
        [
            *((*_ONE, name) for name in _TEMPLATES),
            *(("config", name) for name in ("base_url", "params", "headers")),
        ],
    ),
    Target(
        "schemas",
        [
            *(_case(c, {**_DECLARED, "new_fields": "add"}) for c in (_SYNC, _LOOK)),
            *(_case(_SYNC, {**_DECLARED, "new_fields": n}) for n in ("ignore", "fail")),
            _case(_SYNC, {**_DECLARED, "add_fields": {"b": "a.b"}}),
        ],
        [(*_ONE, "schema"), ("responses", 0, "body", "d")],
    ),
    Target(
        "catalogs",
        [
            *(_case(command, _STREAM, catalog=_CATALOG) for command in (_SYNC, _LOOK)),
            _case(_SYNC, _DECLARED, _CHILD, catalog=_CATALOG),
        ],
        [("catalog",)],
    ),
    Target(
        "states",
        [
            *_bound_cases(),
            *(_case(command, _WHOLE, state=one) for one in _STATES for command in (_SYNC, _SPLIT)),
        ],
        [("state",)],
    ),
    Target(
        "token responses",
        [
            *_grant_cases(),
            _case(_SYNC, _STREAM, settings=_GRANTS[1], token={"text": _FORM}),
            _case(_SYNC, _STREAM, token={"status": 400, "body": _REFUSAL}),
            _case(_SYNC, _STREAM, settings={"base_url": f"{API}/{{token.scope}}"}),
            _case(_SYNC, _STREAM, settings=_DISCOVERED, responses=[{"body": _DOCUMENT}]),
        ],
        [("token",), ("token", "body"), ("token", "text"), *_KNOWN],
    ),
    Target(
        "API responses",
        [
            *(*_EVERY, *_paging_cases(_SYNC), *_paging_cases(_SHOW), *_paging_cases(_SUGGEST)),
            *(*_paging_cases(_SYNC, state=_STATES[0]), *_response_cases()),
        ],
        [("responses",), ("responses", 0, "body"), ("responses", 0, "text"), ("responses", 1)],
    ),
    Target(
        "job responses",
        _job_cases(),
        [("responses",), *((*_ONE, "job", name) for name in ("status_path", "download", "done"))]
        + [("responses", number, "body") for number in range(4)],
    ),
    *(Target(f"import of {kind}", [*import_cases(kind)], [("source",)]) for kind in KINDS),
    Target("studio forms", [*studio_cases()], [("forms",), ("responses",)]),
]
TARGETS = {target.name: target for target in _ALL}
