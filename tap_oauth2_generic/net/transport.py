"""How bytes reach a server: TLS, proxy, timeout and user agent, for token and data alike.

Redirects are never followed here: whoever sends knows where a token may go.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ReadTimeoutError

from tap_oauth2_generic.errors import HostNotAllowedError, SettingError
from tap_oauth2_generic.net.strict_response import WholeResponse, read_whole
from tap_oauth2_generic.runtime.redaction import redact, register
from tap_oauth2_generic.runtime.secret_values import in_address
from tap_oauth2_generic.settings.field_types import NAME, TIMEOUT
from tap_oauth2_generic.settings.fields import setting
from tap_oauth2_generic.settings.values import is_loopback, is_there

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class TransportSettings:
    """What holds for every request of the process."""

    timeout: float = setting(
        TIMEOUT,
        "Seconds to connect, to wait for data, and for a whole answer; an answer gets one second "
        "more for each kilobyte that has come.",
        default=60,
    )
    ca_bundle: str | None = setting(
        NAME, "File with the certificate authorities to trust.", default=None
    )
    client_cert: str | None = setting(NAME, "File with a TLS client certificate.", default=None)
    client_cert_key: str | None = setting(
        NAME, "File with its private key, if it is apart.", default=None
    )
    proxy: str | None = setting(NAME, "URL of a proxy for all requests.", default=None, secret=True)
    user_agent: str | None = setting(
        NAME, "The User-Agent header; names this tap by default.", default=None
    )

    def contradictions(self) -> list[str]:
        """Say which files are missing."""
        sentences = [
            f"{name}: cannot read the file {path!r}"
            for name in ("ca_bundle", "client_cert", "client_cert_key")
            if (path := getattr(self, name)) and not is_there(path)
        ]
        if self.client_cert_key and not self.client_cert:
            sentences.append("client_cert_key needs client_cert")
        return sentences


class _PlainConnection(HTTPConnection):
    """A connection that anyone on its way can read; so it has no way, but stays in the machine."""

    response_class = WholeResponse

    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        # The name was of loopback; what a name server made of it is seen only here. A proxy that
        # tunnels is no way for plain http, so that none comes by here.
        if not is_loopback(made.getpeername()[0]):
            made.close()
            message = (
                f"{self.host} is not an address of this machine here, and over plain http anyone "
                "could read what is sent; nothing was sent there"
            )
            raise HostNotAllowedError(message)
        return made


class _SecureConnection(HTTPSConnection):
    response_class = WholeResponse


class _Sending(threading.local):
    """What the request under way in this thread asks for, to the letter."""

    target: str | None = None


_SENDING = _Sending()


class _AsWritten:
    """A connection pool that sends a target as it was written; urllib3 would encode it anew."""

    def _make_request(self, conn: Any, method: str, url: str, **options: Any) -> Any:
        url = url if _SENDING.target is None else _SENDING.target
        return super()._make_request(conn, method, url, **options)  # type: ignore[misc]


class _PlainPool(_AsWritten, HTTPConnectionPool):  # type: ignore[misc]
    ConnectionCls = _PlainConnection


class _SecurePool(_AsWritten, HTTPSConnectionPool):  # type: ignore[misc]
    ConnectionCls = _SecureConnection


_PROXY = "the proxy (of the setting proxy, of HTTP_PROXY or HTTPS_PROXY)"
_POOLS = {"http": _PlainPool, "https": _SecurePool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*arguments, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> Any:
        proxied = bool(options.get("proxies"))
        _SENDING.target = None if proxied else request.path_url
        try:
            return super().send(request, *args, **options)
        finally:
            _SENDING.target = None


def _new_session() -> requests.Session:
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter())
    return session


class Transport:
    """Sends prepared requests; one connection pool for each thread."""

    def __init__(self, settings: TransportSettings, version: str) -> None:
        """Open nothing yet; ``version`` goes into the default user agent."""
        self.settings = settings
        self.user_agent = settings.user_agent or f"tap-oauth2-generic/{version}"
        self._local = threading.local()
        self._known_options: dict[str, Mapping[str, Any]] = {}

    def send(
        self, request: requests.PreparedRequest, *, new_connection: bool = False
    ) -> requests.Response:
        """Send one request and read its answer whole; raises ``requests`` exceptions.

        On a new connection a failure before the request went out can be told from one after;
        on one kept open, the server may just have closed it.
        """
        session = _new_session() if new_connection else self._session()
        options = self._options(session, request.url or "")
        request.headers.setdefault("User-Agent", self.user_agent)
        try:
            # Straight to the adapter: a session would also parse where a redirect leads.
            adapter = session.get_adapter(request.url or "")
            response = adapter.send(request, timeout=self.settings.timeout, **options)
            # Read whole, so that an answer that breaks off is known here.
            response._content = read_whole(response)  # noqa: SLF001
        except requests.exceptions.RequestException as error:
            if error.args and isinstance(error.args[0], ReadTimeoutError):
                # In the middle of a body, requests takes a timeout for a lost connection.
                raise requests.exceptions.ReadTimeout(*error.args) from error
            if isinstance(error, ValueError):
                message = f"a request cannot be sent: {redact(str(error))}"
                raise SettingError(message) from None
            raise
        except (UnicodeError, ValueError):
            message = "a header or the address holds a character that none can carry"
            raise SettingError(message) from None
        except OSError as error:
            message = f"the TLS settings (ca_bundle, client_cert, REQUESTS_CA_BUNDLE) fail: {error}"
            raise SettingError(message) from None
        return response

    def _options(self, session: requests.Session, url: str) -> Mapping[str, Any]:
        """Give proxy and TLS options for a host; the environment is asked once, as it is slow."""
        host = "/".join(url.split("/", 3)[:3])
        if host not in self._known_options:
            options = session.merge_environment_settings(
                url,
                self._proxies(),
                False,  # noqa: FBT003 - its second flag, whether to stream
                self.settings.ca_bundle,
                self._client_cert(),
            )
            _check_proxy(url, requests.utils.select_proxy(url, options["proxies"]))
            self._known_options[host] = options
        return self._known_options[host]

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = _new_session()
        return session

    def _proxies(self) -> dict[str, str]:
        proxy = self.settings.proxy
        return {"http": proxy, "https": proxy} if proxy else {}

    def _client_cert(self) -> str | tuple[str, str] | None:
        cert, key = self.settings.client_cert, self.settings.client_cert_key
        return (cert, key) if cert and key else cert


def _check_proxy(url: str, proxy: str | None) -> None:
    """Refuse a proxy that would read a token, or that nobody could speak to; hide its password."""
    if not proxy:
        return
    register(*in_address(proxy))
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_one = False
    if not is_one:
        message = f"{_PROXY} must be the URL of one, which begins with http:// or https://"
        raise SettingError(message)
    if url.startswith("http:") and not is_loopback(parts.hostname):
        address = urlsplit(url).netloc
        message = (
            f"the proxy {parts.hostname} would read what is sent to {address} over plain http, a "
            "token or secret included; nothing was sent. Use no proxy there: NO_PROXY names hosts "
            "that HTTP_PROXY is not used for"
        )
        raise HostNotAllowedError(message)
