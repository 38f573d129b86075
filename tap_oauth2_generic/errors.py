"""The family of errors that a user can meet; each says what, where and what to do next.

TapError                    anything below; one line, exit status 1
├── ConfigurationError      the configuration has mistakes, each a line of the message
├── InputError              a file that was named cannot be read or holds no JSON object
├── SettingError  a setting turned out wrong at run time (a template, a file)
├── AuthorizationError      no token could be had
│   ├── TokenRequestError   the token endpoint refused, or its answer is no token
│   │   └── LoginNeededError  a person has to log in, for the first time or again
│   └── TokenLostError      a refresh was sent and its answer never came
├── TokenStoreError         the token store cannot be read or written
├── HostNotAllowedError     a token would have gone to a host it is not meant for
├── ApiError                the API failed or refused a request
├── ResponseError             the API answered with something that cannot be used
├── RecordError             a record cannot be emitted without losing a value
├── StateError              the state that was given cannot be used
└── OutputError             standard output is closed or full
"""

from __future__ import annotations


class TapError(Exception):
    """An error with one clear line for its reader; never shown with a traceback."""


class ConfigurationError(TapError):
    """The configuration has mistakes; each is a line of its own."""


class InputError(TapError):
    """A file that was named on the command line cannot be read, or holds no JSON object."""


class SettingError(TapError):
    """A setting that looked right and turned out not to be, such as a hole with no value."""


class AuthorizationError(TapError):
    """No usable access token; the message says which command or setting brings one."""


class TokenRequestError(AuthorizationError):
    """The token endpoint refused the request or answered without a token.

    ``code`` is the ``error`` of RFC 6749 section 5.2, or an empty text where there was none.
    """

    def __init__(self, message: str, code: str = "") -> None:
        """Keep the error code beside the message."""
        super().__init__(message)
        self.code = code


class LoginNeededError(TokenRequestError):
    """A person has to log in: there is no token, or what there is cannot be renewed."""


class TokenLostError(AuthorizationError):
    """A refresh request was sent and no answer came: the provider may have spent the token."""


class TokenStoreError(TapError):
    """The token store cannot be opened, read or written."""


class HostNotAllowedError(TapError):
    """A request with a token would have gone to a host outside ``allowed_hosts``."""


class ApiError(TapError):
    """The API refused a request, or went on failing after all retries."""


class ResponseError(TapError):
    """The API's answer is not what the configuration says: not JSON, or no records there."""


class RecordError(TapError):
    """A record does not fit the declared schema."""


class StateError(TapError):
    """The Singer state that was given is malformed."""


class OutputError(TapError):
    """Standard output was closed or cannot take more."""
