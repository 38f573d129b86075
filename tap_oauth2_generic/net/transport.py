"""TLS, proxy, timeout and user agent of all requests, for tokens and data.

Redirects are never followed here: the caller knows where a token may go.
"""

from __future__ import annotations

import os.path
import socket
import ssl
import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ReadTimeoutError
from urllib3.util.ssl_ import create_urllib3_context

from tap_oauth2_generic.errors import HostNotAllowedError, SettingError
from tap_oauth2_generic.net.strict_response import ACCEPT_ENCODING, StrictResponse, read_body
from tap_oauth2_generic.runtime.redaction import redact, register
from tap_oauth2_generic.runtime.secret_values import in_address
from tap_oauth2_generic.settings.field_types import NAME, TIMEOUT
from tap_oauth2_generic.settings.fields import Settings, setting
from tap_oauth2_generic.settings.values import is_loopback


class TransportSettings(Settings):
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


_this_thread = threading.local()


class _VerbatimPool:
    """A connection pool that sends a target unchanged; urllib3 would encode it again."""

    def urlopen(self, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        _this_thread.target = url
        return super().urlopen(method, url, *arguments, **options)  # type: ignore[misc]

    def _make_request(self, conn: Any, method: str, _: str, **options: Any) -> Any:
        target = _this_thread.target
        return super()._make_request(conn, method, target, **options)  # type: ignore[misc]


class _PlainPool(_VerbatimPool, HTTPConnectionPool):  # type: ignore[misc]
    ConnectionCls = _PlainConnection


class _SecurePool(_VerbatimPool, HTTPSConnectionPool):  # type: ignore[misc]
    ConnectionCls = _SecureConnection


_PROXY = "the proxy (setting proxy, HTTP_PROXY or HTTPS_PROXY)"
_POOLS = {"http": _PlainPool, "https": _SecurePool}
_MAX_HOSTS = 100  # whose connections are kept
# Two threads would make two contexts or managers, each with connections of its own.
_making_lock = threading.Lock()


@lru_cache(maxsize=2)
def _tls_context(trusted: str, cert: str | tuple[str, str] | None) -> ssl.SSLContext:
    """Return the context of all TLS connections: urllib3 would read the files for each one."""
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    is_folder = os.path.isdir(trusted)  # noqa: PTH112
    context.load_verify_locations(**{"capath" if is_folder else "cafile": trusted})
    if cert:
        certificate, key = (cert, None) if isinstance(cert, str) else cert
        # Without a password, OpenSSL would ask for that of an encrypted key on the terminal.
        context.load_cert_chain(certificate, key, password="")  # nosec B106
    return context


class _Adapter(HTTPAdapter):
    """Shares its connections among all threads, so there are as many as requests in flight."""

    def __init__(self) -> None:
        # A pool of size 0 keeps every connection and opens one only if none is idle.
        super().__init__(_MAX_HOSTS, pool_maxsize=0)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        # Without the file of the authorities, which it would look for each time.
        host, _ = super().build_connection_pool_key_attributes(request, True)  # noqa: FBT003
        if host["scheme"] != "https":
            return host, {}
        trusted = DEFAULT_CA_BUNDLE_PATH if verify is True else verify
        with _making_lock:
            return host, {"ssl_context": _tls_context(trusted, cert)}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        # The context has the files, but the connection to a TLS proxy does not use it.
        if conn.proxy and conn.proxy.scheme == "https":
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        with _making_lock:
            manager = super().proxy_manager_for(*arguments, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        # Some versions of requests would drop a slash.
        return super().request_url(request, proxies) if proxies else request.path_url


class Transport:
    """Sends prepared requests, from any thread."""

    def __init__(self, settings: TransportSettings, version: str) -> None:
        """Open no connection yet; ``version`` goes into the default user agent."""
        self.settings = settings
        self.user_agent = settings.user_agent or f"tap-oauth2-generic/{version}"
        self._adapter = _Adapter()
        self._known_options: dict[str, Mapping[str, Any]] = {}

    def send(
        self,
        request: requests.PreparedRequest,
        *,
        new_connection: bool = False,
        shows_cert: bool = True,
        spools: bool = False,
    ) -> requests.Response:
        """Send one request and read its whole response; raise ``requests`` exceptions.

        Only on a new connection is it known whether a failed request was sent: one kept open may
        have been closed. ``shows_cert``: the host may see the client certificate. ``spools``: a
        body that is too large for memory becomes ``raw``, a file.
        """
        adapter = _Adapter() if new_connection else self._adapter
        options = {**self._options(request.url or ""), **({} if shows_cert else {"cert": None})}
        request.headers.setdefault("User-Agent", self.user_agent)
        request.headers.setdefault("Accept-Encoding", "gzip" if spools else ACCEPT_ENCODING)
        try:
            # Without a session, which would also parse where a redirect leads.
            response = adapter.send(request, timeout=self.settings.timeout, **options)
            response._content = read_body(response, spools=spools)  # noqa: SLF001
        except requests.exceptions.RequestException as error:
            # In the middle of a body, requests reports a timeout as a lost connection.
            if error.args and isinstance(error.args[0], ReadTimeoutError):
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
        finally:
            if new_connection:
                adapter.close()
        return response

    def _options(self, url: str) -> Mapping[str, Any]:
        """Return proxy and TLS options for a host; reading the environment is slow."""
        host = "/".join(url.split("/", 3)[:3])
        if host not in self._known_options:
            settings = self.settings
            cert, key = settings.client_cert, settings.client_cert_key
            options = requests.Session().merge_environment_settings(
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
