"""TLS, proxy, timeout and user agent of all requests, for tokens and data.

Redirects are never followed here: the caller knows where a token may go.
"""

from __future__ import annotations

import os.path
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ReadTimeoutError

from tap_oauth2_generic.errors import HostNotAllowedError, SettingError
from tap_oauth2_generic.net.strict_response import StrictResponse, read_body
from tap_oauth2_generic.runtime.redaction import redact, register
from tap_oauth2_generic.runtime.secret_values import in_address
from tap_oauth2_generic.settings.field_types import NAME, TIMEOUT
from tap_oauth2_generic.settings.fields import setting
from tap_oauth2_generic.settings.values import is_loopback


@dataclass(frozen=True, kw_only=True)
class TransportSettings:
    """What holds for every request."""

    timeout: float = setting(
        TIMEOUT,
        "Seconds to connect, to wait for data, and for a complete response; each kilobyte "
        "received adds one second.",
        default=60,
    )
    ca_bundle: str | None = setting(NAME, "File with the certificate authorities to trust.")
    client_cert: str | None = setting(NAME, "File with a TLS client certificate.")
    client_cert_key: str | None = setting(NAME, "Private key file, if it is not in `client_cert`.")
    proxy: str | None = setting(NAME, "URL of a proxy for all requests.", secret=True)
    user_agent: str | None = setting(NAME, "The User-Agent header; by default it names the tap.")

    def contradictions(self) -> list[str]:
        """Return the files that cannot be read, a sentence each."""
        # ``Path.exists`` fails if a name is too long for a file.
        sentences = [
            f"{name}: cannot read the file {path!r}"
            for name in ("ca_bundle", "client_cert", "client_cert_key")
            if (path := getattr(self, name)) and not os.path.exists(path)  # noqa: PTH110
        ]
        if self.client_cert_key and not self.client_cert:
            sentences.append("client_cert_key needs client_cert")
        return sentences


class _PlainConnection(HTTPConnection):
    """A plain http connection, which must not leave this machine."""

    response_class = StrictResponse

    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        # The name was checked before; the address that DNS returned is known only here. A tunnel
        # through a proxy carries no plain http.
        if not is_loopback(made.getpeername()[0]):
            made.close()
            raise HostNotAllowedError(
                f"{self.host} is not an address of this machine, and plain http would expose the "
                "request; nothing was sent"
            )
        return made


class _SecureConnection(HTTPSConnection):
    response_class = StrictResponse


class _VerbatimPool:
    """A connection pool that sends a target unchanged; urllib3 would encode it again."""

    def urlopen(self, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        # Only one thread uses a pool.
        self._target = url
        return super().urlopen(method, url, *arguments, **options)  # type: ignore[misc]

    def _make_request(self, conn: Any, method: str, _: str, **options: Any) -> Any:
        return super()._make_request(conn, method, self._target, **options)  # type: ignore[misc]


class _PlainPool(_VerbatimPool, HTTPConnectionPool):  # type: ignore[misc]
    ConnectionCls = _PlainConnection


class _SecurePool(_VerbatimPool, HTTPSConnectionPool):  # type: ignore[misc]
    ConnectionCls = _SecureConnection


_PROXY = "the proxy (setting proxy, HTTP_PROXY or HTTPS_PROXY)"
_POOLS = {"http": _PlainPool, "https": _SecurePool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*arguments, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        # Some versions of requests would drop a slash.
        return super().request_url(request, proxies) if proxies else request.path_url


class _Connections(threading.local):
    """The session of each thread, with its connection pools."""

    def __init__(self) -> None:
        self.session = requests.Session()
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, _Adapter())


class Transport:
    """Sends prepared requests; one connection pool for each thread."""

    def __init__(self, settings: TransportSettings, version: str) -> None:
        """Open no connection yet; ``version`` goes into the default user agent."""
        self.settings = settings
        self.user_agent = settings.user_agent or f"tap-oauth2-generic/{version}"
        self._connections = _Connections()
        self._known_options: dict[str, Mapping[str, Any]] = {}

    def send(
        self, request: requests.PreparedRequest, *, new_connection: bool = False
    ) -> requests.Response:
        """Send one request and read its whole response; raise ``requests`` exceptions.

        Only on a new connection is it known whether a failed request was sent: one kept open
        may have been closed by the server.
        """
        session = (_Connections() if new_connection else self._connections).session
        options = self._options(session, request.url or "")
        request.headers.setdefault("User-Agent", self.user_agent)
        try:
            # Without the session, which would also parse where a redirect leads.
            adapter = session.get_adapter(request.url or "")
            response = adapter.send(request, timeout=self.settings.timeout, **options)
            # Read here, so that a truncated response fails here.
            response._content = read_body(response)  # noqa: SLF001
        except requests.exceptions.RequestException as error:
            if error.args and isinstance(error.args[0], ReadTimeoutError):
                # In the middle of a body, requests reports a timeout as a lost connection.
                raise requests.exceptions.ReadTimeout(*error.args) from error
            if isinstance(error, ValueError):
                raise SettingError(f"a request cannot be sent: {redact(str(error))}") from None
            raise
        except (UnicodeError, ValueError):
            message = "a header or the address holds a character that HTTP cannot carry"
            raise SettingError(message) from None
        except OSError as error:
            message = f"TLS settings (ca_bundle, client_cert, REQUESTS_CA_BUNDLE) failed: {error}"
            raise SettingError(message) from None
        return response

    def _options(self, session: requests.Session, url: str) -> Mapping[str, Any]:
        """Return proxy and TLS options for a host; reading the environment is slow."""
        host = "/".join(url.split("/", 3)[:3])
        if host not in self._known_options:
            settings = self.settings
            cert, key = settings.client_cert, settings.client_cert_key
            options = session.merge_environment_settings(
                url,
                dict.fromkeys(("http", "https"), settings.proxy) if settings.proxy else {},
                False,  # noqa: FBT003 - whether to stream
                settings.ca_bundle,
                (cert, key) if cert and key else cert,
            )
            _check_proxy(url, requests.utils.select_proxy(url, options["proxies"]))
            self._known_options[host] = options
        return self._known_options[host]


def _check_proxy(url: str, proxy: str | None) -> None:
    """Refuse an unusable proxy, or one that could read a token; mask its password."""
    if not proxy:
        return
    register(*in_address(proxy))
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        is_valid = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_valid = False
    if not is_valid:
        raise SettingError(f"{_PROXY} must be a URL that begins with http:// or https://")
    if url.startswith("http:") and not is_loopback(parts.hostname):
        address = urlsplit(url).netloc
        raise HostNotAllowedError(
            f"the proxy {parts.hostname} could read the plain http request to {address}, including "
            "tokens and secrets; nothing was sent. Exclude that host from the proxy with NO_PROXY"
        )
