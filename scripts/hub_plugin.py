"""The definition of this plugin for Meltano's Hub, made from the code and meltano.yml."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD = "# Plugin definition for Meltano's Hub, written by scripts/generate.py: change the code.\n"
_METADATA = Path(__file__).resolve().parent.parent / "pyproject.toml"


def hub_plugin(project: str, about: Any, settings: Iterable[str]) -> str:
    """Return plugin.yaml.

    ``project`` is meltano.yml, ``about`` what ``--about`` prints, and ``settings`` the lines that
    declare the settings in meltano.yml.
    """
    (plugin,) = yaml.safe_load(project)["plugins"]["extractors"]
    definition = {
        "name": about.name,
        "namespace": plugin["namespace"],
        "variant": "original",
        "label": plugin["label"],
        "description": plugin["description"],
        "pip_url": about.name,
        "executable": plugin["executable"],
        "maintenance_status": "beta",
        "quality": "unknown",
        "keywords": ["api", "oauth2", "rest", "meltano_sdk"],
        "supported_python_versions": _python_versions(),
        "capabilities": [capability.value for capability in about.capabilities],
        "commands": plugin["commands"],
        "settings_group_validation": [["base_url", "streams"], ["provider", "streams"]],
        "settings": yaml.safe_load("".join(settings)),
    }
    body: str = yaml.safe_dump(definition, sort_keys=False, allow_unicode=True, width=100)
    return _HEAD + body


def _python_versions() -> list[str]:
    # What is installed may be older than its source.
    pattern = r'"Programming Language :: Python :: (3\.\d+)"'
    return re.findall(pattern, _METADATA.read_text())
