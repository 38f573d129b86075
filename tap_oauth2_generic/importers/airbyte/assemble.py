"""Put the streams of a manifest and their connection into one configuration; pure."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tap_oauth2_generic.importers.airbyte.connection import (
    SecretValue,
    Settings,
    read_authenticator,
)
from tap_oauth2_generic.importers.airbyte.cursors import StartDates
from tap_oauth2_generic.importers.airbyte.manifest import Component, LeftOutError
from tap_oauth2_generic.importers.airbyte.requests import host_of, split_base
from tap_oauth2_generic.importers.airbyte.settings_of_spec import SpecSettings
from tap_oauth2_generic.importers.airbyte.streams import Stream, StreamReader
from tap_oauth2_generic.importers.airbyte.texts import Texts
from tap_oauth2_generic.importers.imported import Imported, ImportOptions

_DATE = "2020-01-01T00:00:00Z"
_NO_SETTINGS = ("page_size", "authenticator")


def assemble(manifest: Component, options: ImportOptions) -> Imported:
    """Return the configuration of a manifest, and what it lacks."""
    spec_of = manifest.child("spec", "Spec")
    spec = SpecSettings(spec_of.get("connection_specification") if spec_of else None)
    reader = StreamReader(spec)
    for stream in _streams(manifest):
        if options.takes(stream.text("name")):
            reader.take(stream)
    for dynamic in manifest.children("dynamic_streams"):
        reader.left_out.append(
            f"line {dynamic.line}: dynamic streams are made from responses; list each as a stream"
        )
    made = Imported({}, left_out=reader.left_out)
    streams = _connect(list(reader.read.values()), spec, spec_of, made)
    if not streams:
        return made
    made.config["base_url"] = _shorten(streams)
    _allow_hosts(streams, made)
    _take_dates(streams, reader.dates, spec, made)
    if maps := {one.name: one.stream_map for one in streams if one.stream_map}:
        made.config["stream_maps"] = maps
    for one in streams:
        for place, names in one.secrets.items():
            made.secrets.setdefault(place, {}).update(names)
    _take_limits(manifest, made)
    made.config["streams"] = [one.definition for one in streams]
    for one in streams:
        made.left_out += [f"{_in_stream(sentence, one.name)}" for sentence in one.lost]
        made.derived += [_in_stream(sentence, one.name) for sentence in one.notes]
    _report_settings(spec, made)
    _keep_one_of_each(made)
    return made


def _streams(manifest: Component) -> list[Component]:
    found = []
    for stream in manifest.children("streams", "DeclarativeStream"):
        is_group = stream.type == "ConditionalStreams"
        found += stream.children("streams", "DeclarativeStream") if is_group else [stream]
    return found


def _connect(
    streams: list[Stream], spec: SpecSettings, spec_of: Component | None, made: Imported
) -> list[Stream]:
    """Choose the connection of most streams; those of another one are left out."""
    found: list[tuple[Stream, Settings]] = []
    for stream in streams:
        texts = Texts(spec)
        try:
            found.append((stream, read_authenticator(stream.authenticator, texts)))
        except LeftOutError as error:
            line, _, rest = str(error).partition(": ")
            made.left_out.append(f"{line}, stream {stream.name!r}: {rest}")
        made.unsure += texts.notes
    if not found:
        return []
    chosen = Counter(repr(settings) for _, settings in found).most_common(1)[0][0]
    kept = [stream for stream, settings in found if repr(settings) == chosen]
    settings = next(settings for _, settings in found if repr(settings) == chosen)
    for stream, other in found:
        if repr(other) != chosen:
            made.left_out.append(
                f"line {stream.line}, stream {stream.name!r}: it has another authenticator than "
                "most streams; import it into a configuration of its own with --include"
            )
    kept = _with_parents(kept, made)
    _split_secrets(settings, made)
    _take_consent(spec_of, made)
    return kept


def _with_parents(streams: list[Stream], made: Imported) -> list[Stream]:
    """Leave out the children of parents that are left out."""
    names = {one.name for one in streams}
    while True:
        lost = [one for one in streams if _parent_of(one) not in {*names, ""}]
        if not lost:
            return streams
        names -= {one.name for one in lost}
        streams = [one for one in streams if one.name in names]
        made.left_out += [
            f"line {one.line}, stream {one.name!r}: its parent {_parent_of(one)!r} is left out"
            for one in lost
        ]


def _parent_of(stream: Stream) -> str:
    return str((stream.definition.get("parent") or {}).get("stream", ""))


def _split_secrets(settings: Settings, made: Imported) -> None:
    for name, value in settings.items():
        if value is None or isinstance(value, SecretValue):
            made.secrets[name] = value and str(value)
        else:
            made.config[name] = value


def _take_consent(spec_of: Component | None, made: Imported) -> None:
    """Read the address of the login, which the manifest has for Airbyte's own consent page."""
    flow = spec_of.child("advanced_auth") if spec_of else None
    oauth = flow.child("oauth_config_specification") if flow else None
    about = oauth.child("oauth_connector_input_specification") if oauth else None
    if about is None or made.config.get("grant_type") != "authorization_code":
        return
    address = about.text("consent_url").partition("?")[0]
    if address.startswith("https://") and "{" not in address:
        made.config["authorize_url"] = address
    if scope := about.text("scope"):
        made.config["scopes"] = scope.split()


def _shorten(streams: list[Stream]) -> str:
    """Return the address that most streams share, and make their paths relative to it."""
    addresses = [path for one in streams for path in _paths(one)]
    host = Counter(split_base(one)[0] for one in addresses if "{" not in split_base(one)[0])
    base = host.most_common(1)[0][0] if host else "https://your-host.example"
    below = [one for one in addresses if one.startswith(f"{base}/")]
    common = below[0].split("?")[0].split("{")[0].split("/")[3:-1] if below else []
    while common and not all(one.startswith("/".join([base, *common, ""])) for one in below):
        common.pop()
    base = "/".join([base, *common])
    for one in streams:
        for request in _requests(one):
            path = request["path"]
            if path.startswith(f"{base}/"):
                request["path"] = path[len(base) :]
            elif path == base:
                request["path"] = "?"
    return base


def _requests(stream: Stream) -> list[dict[str, Any]]:
    job = stream.definition.get("job")
    found = (
        [stream.definition]
        if job is None
        else [job[name] for name in ("create", "poll", "download", "delete") if name in job]
    )
    return [one for one in found if "path" in one]


def _paths(stream: Stream) -> list[str]:
    return [one["path"] for one in _requests(stream)]


def _allow_hosts(streams: list[Stream], made: Imported) -> None:
    paths = [path for one in streams for path in _paths(one) if "://" in path]
    hosts = sorted({host_of(path) for path in paths} - {""})
    if hosts:
        made.config["allowed_hosts"] = hosts
        made.derived.append(f"allowed_hosts: {', '.join(hosts)}, which get the token, too")


def _take_dates(
    streams: list[Stream], dates: StartDates, spec: SpecSettings, made: Imported
) -> None:
    times = [one for one in streams if "replication_key" in one.definition]
    if not any("initial_value" not in one.definition for one in times):
        return
    asked = [one for one in dates.settings if not one.is_secret]
    example = next((str(e) for one in asked if (e := spec.example(one.keys))), "")
    fixed = sorted({*dates.fixed})
    is_date = example[:4].isdecimal() and "-" in example
    made.config["start_date"] = _as_date(example if is_date else fixed[0] if fixed else _DATE)
    if asked or len(fixed) != 1 or dates.is_computed:
        why = f"config.{'.'.join(asked[0].keys)}" if asked else "times that differ, or are computed"
        made.unsure.append(
            f"start_date: {made.config['start_date']} is assumed for {why}; set your own"
        )
    for one in asked:
        spec.used.pop(one.keys, None)


def _as_date(text: str) -> str:
    return text.strip().replace(" ", "T") if len(text) >= len("2020-01-01") else _DATE


def _take_limits(manifest: Component, made: Imported) -> None:
    level = manifest.child("concurrency_level")
    default = level.get("default_concurrency") if level else None
    if isinstance(default, int) and not isinstance(default, bool) and default > 0:
        made.config["max_in_flight"] = min(default, 64)
    budget = manifest.child("api_budget")
    for policy in budget.children("policies") if budget else ():
        made.derived.append(
            f"line {policy.line}: {policy.type}: the tap waits when the API says so; for a limit "
            "of your own set requests_per_second or rate_limits"
        )


def _report_settings(spec: SpecSettings, made: Imported) -> None:
    written = repr(made.config)
    for keys, unknown in spec.used.items():
        if str(unknown) in written:
            made.unsure.append(f"replace {unknown!s} by your value of config.{'.'.join(keys)}")
    for keys, value in spec.defaulted.items():
        made.derived.append(f"config.{'.'.join(keys)}: its default {str(value)[:60]!r} is used")


def _in_stream(sentence: str, name: str) -> str:
    line, _, rest = sentence.partition(": ")
    return f"{line}, stream {name!r}: {rest}"


def _keep_one_of_each(made: Imported) -> None:
    for name in ("derived", "unsure", "left_out"):
        setattr(made, name, list(dict.fromkeys(getattr(made, name))))
