"""A proxy that nothing can be sent through: said by its setting, and no request goes around it."""

from __future__ import annotations

import pytest

STREAM = {"name": "items", "path": "items"}


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "ftp://127.0.0.1:1", "http://"])
@pytest.mark.parametrize("way", ["proxy", "HTTP_PROXY"])
def test_a_proxy_that_is_none_is_said(api, tap, monkeypatch, way, proxy):
    """What is no address of an HTTP proxy ends the run in one line that names where it stands."""
    monkeypatch.setenv("NO_PROXY", "")
    if way == "HTTP_PROXY":
        monkeypatch.setenv(way, proxy)
    settings = {"proxy": proxy} if way == "proxy" else {}
    run = tap(api.config(STREAM, **settings, max_retries=6))
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("stream 'items', page 1: the proxy (of the setting proxy")
    assert not api.seen
