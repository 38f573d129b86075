"""The errors a user can meet; each message says what happened, where and what to do."""

from __future__ import annotations


class TapError(Exception):
    """The base of all: one line for the user and exit status 1, never a traceback."""


class ConfigurationError(TapError):
    """The configuration has mistakes; each is a line of the message."""


class InputError(TapError):
    """A file that was named cannot be read or written, or holds no JSON object."""


class AuthorizationError(TapError):
    """No access token could be obtained; the message names the command or setting to use.

    ``response`` is that of the API if it has rejected the token before.
    """

    response: object = None


class TokenRequestError(AuthorizationError):
    """The token endpoint rejected the request or sent no token.

    ``code`` is the ``error`` of RFC 6749 section 5.2, or an empty string. ``is_transient``: the
    request used nothing up and may be sent again, after ``wait_seconds`` if the provider says so.
    """

    wait_seconds: float | None = None

    def __init__(self, message: str, code: str = "", *, is_transient: bool = False) -> None:
        super().__init__(message)
        self.code, self.is_transient = code, is_transient


class LoginNeededError(TokenRequestError):
    """A person has to log in: there is no token, or it cannot be renewed."""


class TokenLostError(AuthorizationError):
    """A refresh was sent and got no response: the provider may have used up the token."""


class TokenStoreError(TapError):
    """The token store cannot be opened, read or written."""


class UnreachableError(TapError):
    """No connection to the host of ``base_url`` could be made, so no stream can be read."""


class StreamError(TapError):
    """A stream or one of its contexts cannot be read; ``on_error`` decides about the others."""


class SettingError(StreamError):
    """A valid setting proved wrong during the run, such as a placeholder without a value."""


class HostNotAllowedError(StreamError):
    """A request with a token would have gone to a host outside ``allowed_hosts``."""


class ApiError(StreamError):
    """The API rejected a request, or kept failing after all retries.

    ``status`` is that of the response which rejected it, None if there was none. ``response``
    is the last response, whose type this module does not know.
    """

    def __init__(self, message: str, status: int | None = None, *, response: object = None) -> None:
        super().__init__(message)
        self.status, self.response = status, response


class ResponseError(StreamError):
    """A response is not what the configuration says: not JSON, or without the records."""


class RecordError(StreamError):
    """A record does not fit the declared schema."""


class RunError(TapError):
    """The run has ended, but a part was not read: one line for each stream or context."""


class StateError(TapError):
    """The given Singer state is malformed."""


class OutputError(TapError):
    """Standard output is closed or cannot take more."""
