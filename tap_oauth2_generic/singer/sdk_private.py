"""Private functions of the SDK that read environment variables.

``tests/singer/test_sdk_joints.py`` fails if a release moves one.
"""

from __future__ import annotations

from singer_sdk.configuration._dict_config import TRUTHY, parse_environment_config
from singer_sdk.helpers._typing import is_boolean_type

__all__ = ["TRUTHY", "is_boolean_type", "parse_environment_config"]
