"""The options of curl 8: which of them take a value, and which no setting describes; pure."""

from __future__ import annotations

from collections.abc import Iterator
from getopt import gnu_getopt

_FLAGS = "#012346aBfgGiIjJklLMnNOpqRsSvVZ"
_SHORT = _FLAGS + "".join(f"{letter}:" for letter in "AbcCdDeEFhHKmoPQrtTuUwxXyYz")
_WITH_VALUES = """
abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-
timeout connect-to continue-at cookie cookie-jar create-file-mode crlfile curves data data-
ascii data-binary data-raw data-urlencode delegation dns-interface dns-servers doh-url dump-
header ech egd-file engine etag-compare etag-save expect100-timeout form form-string ftp-
account happy-eyeballs-timeout-ms haproxy-clientip header hostpubmd5 hsts interface ip-tos
json keepalive-cnt keepalive-time key key-type krb limit-rate local-port login-options max-
filesize max-redirs max-time netrc-file noproxy oauth2-bearer output output-dir parallel-max
pass pinnedpubkey preproxy proto proto-default proto-redir proxy proxy-cacert proxy-cert
proxy-header proxy-user pubkey quote random-file range rate referer request request-target
resolve retry retry-delay retry-max-time sasl-authzid service-name socks5 socks5-hostname
speed-limit speed-time stderr time-cond tls-max tls13-ciphers trace trace-ascii unix-socket
upload-file url url-query user user-agent variable write-out
"""
_LONG = _WITH_VALUES.split()
_NAMES = {"A": "user-agent", "b": "cookie", "d": "data", "e": "referer", "F": "form"}
_NAMES |= {"G": "get", "H": "header", "I": "head", "K": "config", "T": "upload-file"}
_NAMES |= {"k": "insecure", "u": "user", "x": "proxy", "X": "request"}
_NAMES |= {"data-ascii": "data", "form-string": "form"}
_REFUSED = {
    "form": "-F sends a form of parts, which no setting describes",
    "upload-file": "-T sends a file, which no setting describes",
    "config": "-K reads its options from a file; put them into the line",
    "next": "--next begins a second request; paste one at a time",
    "aws-sigv4": "--aws-sigv4 signs the request, which no setting describes",
}


def read_options(words: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the options by their long names, and the addresses.

    Raises GetoptError if an option lacks its value, or ValueError if no setting describes it.
    """
    # Any other option is a flag, such as --compressed.
    flags = {word[2:] for word in words if word.startswith("--") and "=" not in word}
    names = [f"{name}=" for name in _LONG] + sorted(flags - {*_LONG, ""})
    found, urls = gnu_getopt(words, _SHORT, names)
    options = [*_name_options(found)]
    urls += [value for name, value in options if name == "url"]
    return options, urls


def _name_options(found: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for option, value in found:
        name = _NAMES.get(option.lstrip("-"), option.lstrip("-"))
        if name in _REFUSED:
            raise ValueError(f"the curl line cannot be read: {_REFUSED[name]}")
        yield name, value
