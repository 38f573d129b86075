"""An import without its command line: checked, tried, and written to a new file.

Nothing here knows a kind of source.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from tap_oauth2_generic.cli.env_file import read_env, replace_file, write_env
from tap_oauth2_generic.cli.export import meltano_project, pip_url
from tap_oauth2_generic.cli.suggest import Suggester
from tap_oauth2_generic.config.config import CONFIG_SCHEMA
from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.importers.imported import (
    Imported,
    ImportOptions,
    read_source,
    strings_in,
)
from tap_oauth2_generic.importers.paging import doubt
from tap_oauth2_generic.parsing.guess_records import NO_KEYS
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.log import PREFIX
from tap_oauth2_generic.runtime.redaction import register
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.singer.environment import add_environment
from tap_oauth2_generic.tap import TapOAuth2Generic

MELTANO = "meltano.yml"
_UNUSED = (
    "; secrets of the environment are used if it also has the addresses, such as "
    f"{PREFIX}BASE_URL, because the source may name any host"
)
_NO_TOKEN = (
    f"the source has no token; set {PREFIX}ACCESS_TOKEN, or add access_token_url, client_id "
    "(and authorize_url) for OAuth2"
)
_YOURS = re.compile(r"\bYOUR[-_]\w+")
_ORIGIN = re.compile(r"https?://[^/?#]*")
_PLACE = re.compile(r"(\w*)(?:\[(\d+)\])?")


def import_source(kind: str, text: str, options: ImportOptions) -> tuple[Imported, list[str]]:
    """Read a source, and leave out what the tap would reject.

    Return it with what has to be added; raise InputError if nothing usable is left.
    """
    made = read_source(kind, text, options)
    register(*strings_in(made.secrets))
    missing = check(made)
    streams = made.config.pop("streams", [])
    if not streams:
        reason = "; ".join(made.left_out[:3]) or "it names no request that reads a list"
        raise InputError(f"nothing in the source can be imported: {reason}")
    made.config["streams"] = streams
    return made, missing


def check(made: Imported) -> list[str]:
    """Leave out wrong settings and streams, with a sentence each; return what is missing."""
    while True:
        collector = ErrorCollector()
        given = {name: _fill(name, value) for name, value in made.secrets.items()}
        TapOAuth2Generic.check_configuration({**made.config, **given}, collector)
        wrong: dict[int, str] = {}
        missing, streams = [], made.config.get("streams") or []
        for line in collector.errors:
            name, index = re.findall(_PLACE, line)[0]
            if name == "streams" and index:
                wrong.setdefault(int(index), line.partition("]")[2].lstrip(".:").strip())
            elif name in made.config and name != "streams":
                del made.config[name]
                made.left_out.append(line)
            else:
                missing.append(line)
        if len(missing) == len(collector.errors):
            made.unsure += collector.warnings
            return missing if streams else []
        for index, reason in wrong.items():
            made.left_out.append(f"stream {streams[index].get('name')!r}: {reason}")
        made.config["streams"] = [s for i, s in enumerate(streams) if i not in wrong]


def _fill(name: str, value: Any) -> Any:
    """Return a value for a secret that the user has, so that the other settings can be checked."""
    if isinstance(value, dict):
        return {member: _fill(member, one) for member, one in value.items()}
    return f"<{name}>" if value is None else value


class _ConfinedTap(TapOAuth2Generic):
    is_confined = True


def try_streams(made: Imported, *, is_own: bool) -> None:
    """Read a page or two of each stream, and take over what completes its definition.

    ``is_own``: the person has typed the addresses. Those of a source get the secrets of the
    environment only if it names them, too: a document has no author to trust.
    """
    known = {n: v for n, v in made.secrets.items() if None not in (values_of(v))}
    raw = {**made.config, **known}
    is_own = is_own or _names_addresses(os.environ, raw)
    if is_own:
        own = {n: v for n in _stand_ins(raw) if (v := os.environ.get(f"{PREFIX}{n.upper()}"))}
        raw = add_environment(CONFIG_SCHEMA, raw | own, wins=False)
    if reason := _reason_not_to_try(raw):
        made.unsure.append(f"nothing was tried: {reason}{'' if is_own else _UNUSED}")
        return
    kind = TapOAuth2Generic if is_own else _ConfinedTap
    tap = kind(config=raw, setup_mapper=False)
    suggester, found = Suggester(), []
    try:
        for definition, (name, stream) in zip(
            made.config["streams"], tap.streams.items(), strict=True
        ):
            if definition.get("selected") is False:
                # It lacks values that only the user knows.
                found.append(definition)
                continue
            suggested = suggester.suggest(stream.sample)
            found.append(suggested.definition)
            _report_trial(made, name, suggested.remarks)
    finally:
        tap.session.close()
    made.config["streams"] = found


def _reason_not_to_try(raw: Mapping[str, Any]) -> str:
    """Return what is missing to log in, empty if nothing is."""
    for name, stand_in in _stand_ins(raw).items():
        return f"setting {name!r} still holds {stand_in}; put yours in its place"
    collector = ErrorCollector()
    if TapOAuth2Generic.check_configuration(raw, collector) is not None:
        return ""
    error = collector.errors[0]
    return _NO_TOKEN if error == "setting 'access_token_url' is required" else error


def _stand_ins(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings of the connection that an import left for the person to fill in."""
    strings = {n: one for n, one in config.items() if n != "streams" and isinstance(one, str)}
    return {name: found[0] for name, one in strings.items() if (found := _YOURS.search(one))}


def _names_addresses(environment: Mapping[str, str], config: Mapping[str, Any]) -> bool:
    """Return whether the environment has the origin of each address of the connection."""
    own = {n: one for n, one in environment.items() if n.startswith(PREFIX)}
    connection = {n: one for n, one in config.items() if n not in {"scopes", "streams"}}
    return "allowed_hosts" not in config and _origins(connection) <= _origins(own)


def _origins(settings: Mapping[str, Any]) -> set[str]:
    return {one[0] for text in strings_in(settings) if (one := _ORIGIN.match(text))}


def _report_trial(made: Imported, name: str, remarks: list[str]) -> None:
    # What was said of the key without a trial is said again, or no longer true.
    of_keys = f"stream {name!r}: {NO_KEYS}"
    made.unsure = [one for one in made.unsure if not one.startswith(of_keys)]
    for remark in remarks:
        is_sure = remark.startswith("tried")
        (made.derived if is_sure else made.unsure).append(f"stream {name!r}: {remark}")
        if is_sure:
            made.unsure = [one for one in made.unsure if not one.startswith(doubt(name))]


def values_of(value: Any) -> list[Any]:
    """Return the values of a secret setting: one, or one for each member."""
    return list(value.values()) if isinstance(value, dict) else [value]


def _umask() -> int:
    """Return the umask, which is only read by setting it."""
    found = os.umask(0o077)
    os.umask(found)
    return found


def write_new(path: Path, text: str) -> None:
    """Write a file atomically; raise InputError if it exists or cannot be written."""
    refuse_existing(path)
    try:
        replace_file(path, text, 0o666 & ~_umask())
    except OSError as error:
        raise InputError(f"cannot write {str(path)!r}: {error.strerror}") from None


def refuse_existing(path: Path, cure: str = "choose another name") -> None:
    """Raise InputError if a file exists, before anything is asked or requested for it."""
    if os.path.lexists(path):
        raise InputError(f"{path} exists; {cure}, or move it away")


def as_json(config: dict[str, Any]) -> str:
    """Return a configuration as it goes into a file."""
    return msgspec.json.format(encode_json(config), indent=2).decode() + "\n"


def ask_kind(file: Path) -> str:
    """Ask what to write; by default, an existing Meltano project is left alone."""
    label = f"Write {file.name} alone (config), or a whole project (meltano)"
    default = "config" if os.path.lexists(file.parent / MELTANO) else "meltano"
    kinds = click.Choice(["config", "meltano"])
    found: str = click.prompt(label, type=kinds, default=default, show_choices=False)
    return found


def write_project(made: Imported, file: Path, wanted: str, *, is_asking: bool) -> None:
    """Write the settings and the secrets, whatever of it is not there yet, and say so."""
    write_new(file, as_json(made.config))
    env, variables = (
        file.parent / ".env",
        {f"{PREFIX}{n.upper()}": v for n, v in made.secrets.items()},
    )
    kept = read_env(env)
    for name in [n for n, value in variables.items() if kept.get(n, value) != value]:
        if not (is_asking and click.confirm(f"{env} has another {name}. Replace it?")):
            del variables[name]
    if variables:
        write_env(env, variables)
    if wanted == "meltano":
        schema = TapOAuth2Generic.config_jsonschema
        TapOAuth2Generic.append_builtin_config(schema)
        project = meltano_project(made.config, made.secrets, schema["properties"], pip_url())
        write_new(file.parent / MELTANO, project)
    project = f" and {MELTANO}" if wanted == "meltano" else ""
    click.echo(f"Wrote {file}{project}" + (f", secrets to {env}" if variables else ""))
