"""The list that ``preview --provider NAME --list`` prints: what a preset brings.

Sends nothing and reads no settings but the name of the preset.
"""

from __future__ import annotations

from typing import Any

import click
import msgspec

from tap_oauth2_generic.config.presets import READY, names, preset
from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.settings.fields import near_choice


def list_streams(provider: Any, *, as_json: bool) -> None:
    """Print the streams of a preset and what they need; raise InputError without a preset."""
    if provider not in names():
        near = near_choice(provider, names()) if provider else ""
        raise InputError(f"--list needs --provider with the name of a preset{near}")
    found = preset(provider)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
        return
    click.echo(f"{found['title']} (provider {provider})")
    for name, about in found.get("params", {}).items():
        default = f" Default: {about['default']}." if "default" in about else ""
        click.echo(f"  provider_params.{name}: {about['description']}{default}")
    if scopes := found.get("scopes"):
        click.echo(f"  scopes: {' '.join(scopes)}")
    for stream in found.get("streams", []):
        key = stream.get("replication_key")
        click.echo(
            f"  {READY}:{stream['name']}  {stream.get('method', 'GET')} {stream['path']}"
            + (f"  incremental by {key}" if key else "")
        )
    click.echo(f'to read all of them: "provider": "{provider}", "streams": "{READY}"')
