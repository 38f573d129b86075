"""An unusable proxy is reported by its setting, and no request bypasses it."""

from __future__ import annotations

import pytest

STREAM = {"name": "items", "path": "items"}


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "ftp://127.0.0.1:1", "http://"])
@pytest.mark.parametrize("way", ["proxy", "HTTP_PROXY"])
def test_invalid_proxy_url_names_its_setting(api, tap, monkeypatch, way, proxy):
    monkeypatch.setenv("NO_PROXY", "")
    if way == "HTTP_PROXY":
        monkeypatch.setenv(way, proxy)
    settings = {"proxy": proxy} if way == "proxy" else {}
    run = tap(api.config(STREAM, **settings, max_retries=6))
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("stream 'items', page 1: the proxy (setting proxy")
    assert not api.seen
