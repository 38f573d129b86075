"""What is fuzzed: for each target the cases to begin with, and what of a case is changed.

A case is all that a run depends on: the command with its options, configuration, state, catalog,
what the token endpoint answers and what the API answers, page after page. Parts are in cases.json.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.config.config import CONFIG_SCHEMA
from tap_oauth2_generic.config.presets import names, preset
from tap_oauth2_generic.config.streams import STREAM_SECTIONS
from tap_oauth2_generic.pagination import styles
from tap_oauth2_generic.settings.fields import names_of
from tests.fuzz.fuzz_laws import judge_messages
from tests.fuzz.fuzz_mutations import mutated
from tests.fuzz.fuzz_values import API, SECRET
from tests.support import ROOT

if TYPE_CHECKING:
    from random import Random

    from tests.fuzz.fuzz_ground import Ground
    from tests.fuzz.fuzz_mutations import Place

Case = dict[str, Any]
_PARTS = json.loads((Path(__file__).parent / "cases.json").read_text())
_SYNC, _TRY, _LOOK = ["tap"], ["tap", "--test"], ["tap", "--discover"]
_SHOW, _SUGGEST = ["preview"], ["preview", "--json", "--suggest"]
_SPLIT = ["shard", "--shards", "2"]
_STREAM, _WHOLE, _CHILD = _PARTS["stream"], _PARTS["whole"], _PARTS["child"]
_DECLARED = {**_STREAM, "schema": _PARTS["schema"]}
_GRANTS, _STATES, _CATALOG = _PARTS["grants"], _PARTS["states"], _PARTS["catalog"]
_PAGE, _LAST = (answer["body"] for answer in _PARTS["answers"])
#: Names to try in place of others.
WORDS = sorted(
    {
        *CONFIG_SCHEMA["properties"],
        *names_of(*STREAM_SECTIONS, *styles().values()),
        *_PARTS["words"],
    }
)


@dataclass(frozen=True)
class Target:
    """One kind of input: the cases it begins with, and the places in them that are changed."""

    name: str
    cases: list[Case]
    places: list[Place]

    def changed(self, case: Case, dice: Random) -> Case:
        """Give another case near one."""
        return mutated(case, self.places, WORDS, dice)

    def hold(self, case: Case, ground: Ground) -> None:
        """Run a case and hold it to the laws; raises FaultError or Hang."""
        done = ground.hold(case)
        if case["command"] in (_SYNC, _TRY):
            judge_messages(done)


def _case(command: list[str], *streams: Any, settings: Any = None, **rest: Any) -> Case:
    config = {**_PARTS["connection"], "start_date": "2023-01-01T00:00:00Z", "streams": [*streams]}
    answers = {"token": _PARTS["token"], "answers": _PARTS["answers"]}
    return {"command": command, "config": {**config, **(settings or {})}, **answers, **rest}


def _presets() -> list[Case]:
    def of(name: str) -> Case:
        params = dict.fromkeys(preset(name).get("params", {}), "x")
        settings = {"base_url": None, "provider": name, "provider_params": params}
        return _case(_SPLIT, _STREAM, settings=settings)

    return [of(name) for name in names()]


def _sample() -> list[Case]:
    """Give the sample configuration, whole and stream by stream; the API has none of it."""
    sample = json.loads((ROOT / "sample_config.json").read_text())
    sample |= {"base_url": API, "access_token_url": f"{API}/token", "client_secret": f"{SECRET}10"}
    streams = sample.pop("streams")
    each = [_case(_LOOK, one, settings=sample) for one in streams if "parent" not in one]
    return [_case(_SPLIT, *streams, settings=sample), *each]


def _paged(command: list[str], **rest: Any) -> list[Case]:
    return [_case(command, {**_STREAM, "pagination": style}, **rest) for style in _PARTS["styles"]]


def _granted() -> list[Case]:
    return [_case(_SYNC, _STREAM, settings=grant) for grant in _GRANTS]


def _from_variables() -> Case:
    """Give a configuration of which a part is in the environment, secrets among it."""
    case = _case(_SYNC, _WHOLE)
    names = ("client_secret", "headers", "scopes", "streams", "start_date")
    return {**case, "environment": {name: case["config"].pop(name) for name in names}}


def _bounded() -> list[Case]:
    """Give streams with a bookmark of each form, each with every state."""
    forms = ({"format": "epoch_ms", "order": "desc"}, {"format": "%d.%m.%Y", "order": "asc"})
    streams = [{**_DECLARED, "incremental": {"start_param": "since", **form}} for form in forms]
    return [_case(_SYNC, one, _CHILD, state=state) for state in _STATES for one in streams]


def _answered() -> list[Case]:
    """Give streams whose answers are of another make than a page of JSON."""
    csv, lines = ({**_STREAM, "records_path": "$", "response_format": f} for f in ("csv", "jsonl"))
    texts = _PARTS["texts"]
    values = {**_STREAM, "records_are_values": True, "records_key_field": "k"}
    linked = {**_STREAM, "pagination": {"style": "link_header"}}
    link = {"Link": f'<{API}/items?page=2>; rel="next"'}
    late = {"status": 429, "headers": {"Retry-After": "1", "X-RateLimit-Reset": "1800000000"}}
    return [
        _case(_SYNC, csv, answers=[{"text": texts[0]}]),
        _case(_SYNC, lines, answers=[{"text": texts[1]}]),
        _case(_SYNC, values, answers=[{"body": {"d": {"a": _LAST["d"][0]}}}]),
        _case(_SYNC, _STREAM, answers=[{"body": _LAST, "gzip": True}, late]),
        _case(_SYNC, _STREAM, answers=[{"text": json.dumps(_PAGE)}]),
        _case(_TRY, linked, answers=[{"body": _PAGE, "headers": link}]),
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
_KNOWN: list[Place] = [("answers", 0, "body", name) for name in _DOCUMENT]
_OF_TOKEN = {"params": {"k": "{token.scope}"}}

_ALL = [
    Target(
        "configuration",
        [
            *(*_EVERY, *_sample(), *_presets(), *_paged(_SYNC), *_granted()),
            *(_case(command, _WHOLE) for command in (_SPLIT, _TRY, _SUGGEST)),
            *[_from_variables()] * 5,
        ],
        [("config",), _ONE, ("environment",)],
    ),
    Target(
        "path expressions",
        [*_EVERY, *_paged(_SYNC), *_granted()[-1:], _case(_SUGGEST, _WHOLE)],
        [
            *((*_ONE, name) for name in _PATHS),
            ("config", "expires_at_path"),
            ("config", "streams", 1, "parent"),
        ],
    ),
    Target(
        "templates",
        [*_EVERY[:2], *_paged(_SHOW, settings=_OF_TOKEN), _case(_SYNC, _WHOLE, state=_STATES[1])],
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
        [(*_ONE, "schema"), ("answers", 0, "body", "d")],
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
            *_bounded(),
            *(_case(command, _WHOLE, state=one) for one in _STATES for command in (_SYNC, _SPLIT)),
        ],
        [("state",)],
    ),
    Target(
        "token answers",
        [
            *_granted(),
            _case(_SYNC, _STREAM, settings=_GRANTS[1], token={"text": _FORM}),
            _case(_SYNC, _STREAM, token={"status": 400, "body": _REFUSAL}),
            _case(_SYNC, _STREAM, settings={"base_url": f"{API}/{{token.scope}}"}),
            _case(_SYNC, _STREAM, settings=_DISCOVERED, answers=[{"body": _DOCUMENT}]),
        ],
        [("token",), ("token", "body"), ("token", "text"), *_KNOWN],
    ),
    Target(
        "API answers",
        [
            *(*_EVERY, *_paged(_SYNC), *_paged(_SHOW), *_paged(_SUGGEST)),
            *(*_paged(_SYNC, state=_STATES[0]), *_answered()),
        ],
        [("answers",), ("answers", 0, "body"), ("answers", 0, "text"), ("answers", 1)],
    ),
]
TARGETS = {target.name: target for target in _ALL}
