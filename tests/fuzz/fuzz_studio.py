"""Send forms to the studio's application, in this process and without a browser."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tap_oauth2_generic.studio.access import TOKEN_HEADER, Access
from tap_oauth2_generic.studio.app import make_app
from tap_oauth2_generic.studio.project import Project
from tap_oauth2_generic.studio.sessions import close_sessions
from tests.fuzz.fuzz_checks import FaultError
from tests.fuzz.fuzz_values import API, SECRETS, render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# An address that no form is sent to; the port is only a name here.
_HOST, _PORT = "127.0.0.1:8080", 8080
_ERROR = 400
_BROKEN = 500
#: Shown after the forms, and what ends that which they began.
_PAGES = ("/", "/request", "/streams", "/streams/0", "/export")
_ENDS = ("/login/stop", "/request/stop", "/streams/0/stop")


def send_forms(arguments: Sequence[str]) -> int:
    """Open the project of a file and send the forms of another; raises FaultError."""
    config, forms = map(Path, arguments)
    project = Project(config)
    api = project.draft["base_url"]
    access = Access(_PORT)
    browser = _Browser(make_app(project, access), access, _secrets_of(project))
    try:
        for form in _forms(json.loads(forms.read_bytes())):
            fields = form.get("fields")
            fields = fields if isinstance(fields, dict) else {}
            typed = {name: _typed(value, api) for name, value in fields.items()}
            browser.send("POST", form["path"], typed)
        for path in _PAGES:
            browser.send("GET", path, {})
    finally:
        for path in _ENDS:
            browser.send("POST", path, {})
        close_sessions()
    return 0


def _forms(found: Any) -> list[dict[str, Any]]:
    forms = found if isinstance(found, list) else [found]
    return [f for f in forms if isinstance(f, dict) and isinstance(f.get("path"), str)]


def _typed(value: Any, api: str) -> str:
    """Return a value as the string of a field, with its macros expanded."""
    text = render(value, api).decode("utf-8", "replace")
    is_text = isinstance(value, str) and text.startswith('"')
    return str(value).replace(API, api) if is_text else text


def _secrets_of(project: Project) -> list[str]:
    return [name for name in project.settings if project.is_secret(name)]


class _Browser:
    """The browser that has opened the page."""

    def __init__(self, app: Any, access: Access, secret_fields: Sequence[str]) -> None:
        self._app, self._secret_fields = app, secret_fields
        self._secrets: set[str] = set()
        self._headers = {
            "host": _HOST,
            "cookie": f"{access.cookie_name}={access.cookie}",
            "origin": f"http://{_HOST}",
            TOKEN_HEADER.lower(): access.form_token,
            "content-type": "application/x-www-form-urlencoded",
        }

    def send(self, method: str, path: str, typed: Mapping[str, str]) -> None:
        """Send a request and check the response; raises FaultError."""
        for name in self._secret_fields:
            self._secrets |= set(SECRETS.findall(typed.get(name, "")))
        content = urlencode(typed, errors="surrogatepass").encode()
        status, text = asyncio.run(self._exchange(method, path, content))
        place = f"{method} {path}"
        _require(status < _BROKEN and "Traceback" not in text, f"{place}: {status}", text)
        _require("unexpected " not in text, f"{place}: an unexpected error", text)
        _require(status < _ERROR or "<p" in text, f"{place}: a refusal without a reason", text)
        shown = any(secret in text for secret in self._secrets)
        _require(not shown, f"{place}: a secret is shown", text)

    async def _exchange(self, method: str, path: str, content: bytes) -> tuple[int, str]:
        headers = {**self._headers, "content-length": str(len(content))}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "root_path": "",
            "query_string": b"",
            "headers": [(n.encode(), v.encode()) for n, v in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", _PORT),
        }
        status, parts = _BROKEN, []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)
            parts.append(message.get("body", b""))

        await self._app(scope, receive, send)
        return status, b"".join(parts).decode("utf-8", "replace")


def _require(holds: object, broken: str, text: str) -> None:
    if not holds:
        raise FaultError(f"{broken}; the response:\n{text[-3000:]}")
