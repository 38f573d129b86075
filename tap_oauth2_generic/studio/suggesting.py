"""Suggest the settings of a stream from its responses, as ``preview --suggest`` does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tap_oauth2_generic.cli.suggest import Suggester
from tap_oauth2_generic.runtime.redaction import redact
from tap_oauth2_generic.studio.sessions import keep_session
from tap_oauth2_generic.tap import TapOAuth2Generic


def suggest(raw: Mapping[str, Any], name: str) -> tuple[dict[str, Any], list[str]]:
    """Return the completed definition of a stream, and remarks on how sure it is.

    ``raw`` is a configuration with the stream and its ancestors alone. Raise TapError.
    """
    tap = TapOAuth2Generic(config=dict(raw), setup_mapper=False)
    with keep_session(tap.session):
        made = Suggester().suggest(tap.streams[name].sample)
        return made.definition, [redact(remark) for remark in made.remarks]
