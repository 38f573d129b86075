"""Parse settings that a test knows to be valid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from tap_oauth2_generic.config.reader import read_config
from tap_oauth2_generic.pagination import read_style
from tap_oauth2_generic.settings.fields import ErrorCollector, read

if TYPE_CHECKING:
    from tap_oauth2_generic.config.config import Config
    from tap_oauth2_generic.pagination.base import PagingStyle

T = TypeVar("T")


def valid_settings(kind: type[T], raw: dict[str, Any]) -> T:
    """Return parsed settings of a class."""
    collector = ErrorCollector()
    found = read(kind, raw, collector)
    assert found is not None, collector.errors
    return found


def valid_config(raw: dict[str, Any]) -> Config:
    """Return a parsed configuration."""
    collector = ErrorCollector()
    found = read_config(raw, frozenset(), collector)
    assert found is not None, collector.errors
    return found


def valid_style(**raw: Any) -> PagingStyle:
    """Return the paging style of these settings."""
    collector = ErrorCollector()
    found = read_style(raw, collector)
    assert found is not None, collector.errors
    return found
