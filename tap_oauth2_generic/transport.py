"""How bytes reach a server: TLS, proxy, timeout and user agent, for token and data alike.

Redirects are never followed here: whoever sends knows where a token may go.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import requests

from tap_oauth2_generic.kinds import NAME, number
from tap_oauth2_generic.settings import setting


@dataclass(frozen=True, kw_only=True)
class TransportSettings:
    """What holds for every request of the process."""

    timeout: float = setting(
        number(0, exclusive=True),
        "Timeout",
        "Seconds to connect, and to wait for data.",
        default=60,
    )
    ca_bundle: str | None = setting(
        NAME, "CA bundle", "File with the certificate authorities to trust.", default=None
    )
    client_cert: str | None = setting(
        NAME, "Client certificate", "File with a TLS client certificate.", default=None
    )
    client_cert_key: str | None = setting(
        NAME, "Client certificate key", "File with its private key, if it is apart.", default=None
    )
    proxy: str | None = setting(
        NAME, "Proxy", "URL of a proxy for all requests.", default=None, secret=True
    )
    user_agent: str | None = setting(
        NAME, "User agent", "The User-Agent header; names this tap by default.", default=None
    )

    def contradictions(self) -> list[str]:
        """Say which files are missing."""
        sentences = [
            f"{name}: cannot read the file {path!r}"
            for name in ("ca_bundle", "client_cert", "client_cert_key")
            if (path := getattr(self, name)) and not Path(path).exists()
        ]
        if self.client_cert_key and not self.client_cert:
            sentences.append("client_cert_key needs client_cert")
        return sentences


class Transport:
    """Sends prepared requests; one connection pool for each thread."""

    def __init__(self, settings: TransportSettings, version: str) -> None:
        """Open nothing yet; ``version`` goes into the default user agent."""
        self.settings = settings
        self.user_agent = settings.user_agent or f"tap-oauth2-generic/{version}"
        self._local = threading.local()

    def send(
        self, request: requests.PreparedRequest, *, new_connection: bool = False
    ) -> requests.Response:
        """Send one request and read its answer whole; raises ``requests`` exceptions.

        On a new connection a failure before the request went out can be told from one after;
        on one kept open, the server may just have closed it.
        """
        session = requests.Session() if new_connection else self._session()
        options = session.merge_environment_settings(
            request.url or "",
            self._proxies(),
            False,  # noqa: FBT003 - its second flag, whether to stream
            self.settings.ca_bundle,
            self._client_cert(),
        )
        request.headers.setdefault("User-Agent", self.user_agent)
        return session.send(
            request, timeout=self.settings.timeout, allow_redirects=False, **options
        )

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
        return session

    def _proxies(self) -> dict[str, str]:
        proxy = self.settings.proxy
        return {"http": proxy, "https": proxy} if proxy else {}

    def _client_cert(self) -> str | tuple[str, str] | None:
        cert, key = self.settings.client_cert, self.settings.client_cert_key
        return (cert, key) if cert and key else cert
