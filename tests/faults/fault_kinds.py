"""Faults by name: transient ones, permanent ones, and unusual responses that are none.

Each is a function of the good response and of the connection to the client.
"""

from __future__ import annotations

import gzip
from email.utils import formatdate
from time import time

HTML = b"<html><body>Sign in</body></html>"
CHUNKED = {"Transfer_Encoding": "chunked"}
GZIP = {"Content_Encoding": "gzip"}


def sends(make):
    """Send other bytes, fixed or made from the good response, and close."""
    return lambda good, client: client.send(make if isinstance(make, bytes) else make(good))


def body(make, **headers):
    """Send another body, fixed or made from the good one, with its correct length."""

    def send(good, client):
        made = make if isinstance(make, bytes) else make(good.body)
        client.send(good.head(length=len(made), **headers) + made)
        return True

    return send


def then_open(make):
    """Send other bytes and keep the connection open."""

    def send(good, client):
        sends(make)(good, client)
        return True

    return send


def then_reset(make):
    """Send other bytes, then a TCP reset."""

    def send(good, client):
        sends(make)(good, client)
        client.reset()

    return send


def then_silent(make):
    """Send some bytes, then nothing more on the open connection."""

    def send(good, client):
        sends(make)(good, client)
        client.stay_silent()

    return send


def drips(head, rest, *, size=1, seconds=0.05):
    """Send some bytes at once, and the others few at a time."""

    def send(good, client):
        sends(head)(good, client)
        client.drip(pieces(rest(good), size), seconds)

    return send


def pieces(content, size):
    return [content[at : at + size] for at in range(0, len(content), size)]


def replace_headers(lines):
    """Replace the header lines."""
    return sends(lambda good: b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n" + good.body)


def half(content):
    return content[: len(content) // 2]


def chunk(content):
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


def in_record(member):
    """Insert a member into the first record of the page."""
    return body(lambda content: content.replace(b'"id"', member + b', "id"', 1))


def status(line, **headers):
    """Send the good body with another status, and keep the connection open."""

    def send(good, client):
        client.send(good.whole(line, **headers))
        return True

    return send


NOW = int(time())
LATER = NOW + 100_000
GOOD = status("200 OK")


def once(fault):
    """Let a fault happen the first time only."""
    left = [fault]

    def send(good, client):
        return (left.pop() if left else GOOD)(good, client)

    return send


RETRIED = {
    "closed before the response": sends(b""),
    "reset before the response": then_reset(b""),
    "reset in the head": then_reset(lambda good: good.head()[:30]),
    "closed in the head": sends(lambda good: good.head()[:30]),
    "another protocol": sends(b"220 mail.example.com ESMTP\r\n"),
    "an invalid header line": replace_headers(b"Date of today\r\nContent-Length: 9\r\n"),
    "an endless header": replace_headers(b"X: " + b"x" * 10**6 + b"\r\n"),
    "1,000 headers": replace_headers(b"X: x\r\n" * 1000),
    "two lengths": replace_headers(b"Content-Length: 9\r\nContent-Length: 99\r\n"),
    "an invalid length": replace_headers(b"Content-Length: nine\r\n"),
    "announced 1,000 times": sends(
        lambda good: b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + good.whole()),
    "reset before the body": then_reset(lambda good: good.head()),
    "reset in the body": then_reset(lambda good: good.head() + half(good.body)),
    "closed in the body": sends(lambda good: good.head() + half(good.body)),
    "half a chunk": sends(lambda good: good.head(**CHUNKED) + half(chunk(good.body))),
    "no last chunk": sends(lambda good: good.head(**CHUNKED) + chunk(good.body)),
    "a chunk with an invalid length": sends(
        lambda good: good.head(**CHUNKED) + b"zz\r\n" + good.body),
    "a chunk with a negative length": sends(
        lambda good: good.head(**CHUNKED) + b"-5\r\n" + good.body),
    "invalid gzip": body(lambda content: content, **GZIP),
    "truncated gzip": body(lambda content: half(gzip.compress(content)), **GZIP),
    "truncated gzip twice": body(
        lambda content: gzip.compress(gzip.compress(content)[:-8]), Content_Encoding="gzip, gzip"),
    "gzip without its checksum": body(lambda content: gzip.compress(content)[:-8], **GZIP),
    "gzip with a wrong checksum": body(
        lambda content: gzip.compress(content)[:-8] + b"x" * 8, **GZIP),
    "silence": then_silent(b""),
    "silence in the body": then_silent(lambda good: good.head() + half(good.body)),
    "a head that drips": drips(b"", lambda good: good.whole()),
    "a body that drips": drips(lambda good: good.head(), lambda good: good.body),
    "chunks that drip": drips(
        lambda good: good.head(**CHUNKED), lambda good: b"".join(map(chunk, pieces(good.body, 1)))),
    "408": status("408 Request Timeout"),
    "425": status("425 Too Early"),
    "429": status("429 Too Many Requests"),
    "429, Retry-After: 0": status("429 Slow", Retry_After="0"),
    "429, Retry-After: 0.01": status("429 Slow", Retry_After="0.01"),
    "429, Retry-After: -1": status("429 Slow", Retry_After="-1"),
    "429, Retry-After: a past date": status("429 Slow", Retry_After=formatdate(0, usegmt=True)),
    "429, Retry-After: soon": status("429 Slow", Retry_After="soon"),
    "429, Retry-After: 1e999": status("429 Slow", Retry_After="1e999"),
    "429, reset in seconds": status("429 Slow", X_RateLimit_Reset="0.01"),
    "429, reset at an epoch": status("429 Slow", X_RateLimit_Reset=str(NOW)),
    "429, reset in milliseconds": status("429 Slow", X_RateLimit_Reset=str(NOW * 1000)),
    "429, reset at a time": status("429 Slow", X_RateLimit_Reset="2001-01-01T00:00:00Z"),
    "500": status("500 Internal Server Error"),
    "502": status("502 Bad Gateway"),
    "503": status("503 Service Unavailable"),
    "503, Retry-After: 0.01": status("503 Service Unavailable", Retry_After="0.01"),
    "504": status("504 Gateway Timeout"),
}  # fmt: skip
PERMANENT = {
    "501": status("501 Not Implemented"),
    # Waits beyond max_wait.
    "429, Retry-After: 9": status("429 Slow", Retry_After="9"),
    "429, Retry-After: 1.5": status("429 Slow", Retry_After="1.5"),
    "429, Retry-After: a date": status("429 Slow", Retry_After=formatdate(LATER, usegmt=True)),
    "429, late reset in seconds": status("429 Slow", X_RateLimit_Reset="30"),
    "429, late reset at an epoch": status("429 Slow", X_RateLimit_Reset=str(LATER)),
    "429, late reset in milliseconds": status("429 Slow", X_RateLimit_Reset=str(LATER * 1000)),
    "429, late reset at a time": status("429 Slow", X_RateLimit_Reset="2999-01-01T00:00:00Z"),
    "503, Retry-After: 9": status("503 Service Unavailable", Retry_After="9"),
    "HTML with status 200": body(HTML),
    "an empty body": body(b""),
    "a whitespace body": body(b" \n"),
    "truncated JSON": body(half),
    "JSON with a trailing comma": body(lambda content: content.replace(b"]", b",]")),
    "JSON with trailing data": body(lambda content: content + b"}"),
    "invalid UTF-8": in_record(b'"x": "\xff\xfe"'),
    "truncated UTF-8": in_record(b'"x": "\xc3"'),
    "a key of invalid UTF-8": in_record(b'"x": {"\xff": 1}'),
    "endless nesting": in_record(b'"x": ' + b"[" * 100_000 + b"]" * 100_000),
    "a string for records": body(b'{"rows": "down for maintenance"}'),
}  # fmt: skip
CLOSED = {
    "reset after the body": then_reset(lambda good: good.whole()),
    "closed after the body": sends(lambda good: good.whole()),
}
HARMLESS = {
    "announced": then_open(lambda good: b"HTTP/1.1 100 Continue\r\n\r\n" + good.whole()),
    "announced with a hint": then_open(
        lambda good: b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" + good.whole()),
    "one length twice": then_open(
        lambda good: good.whole(content_length=str(len(good.body)))),
    "HTTP/1.0": sends(lambda good: b"HTTP/1.0 200 OK\r\n\r\n" + good.body),
    "no length": sends(lambda good: b"HTTP/1.1 200 OK\r\n\r\n" + good.body),
    "chunks": then_open(
        lambda good: good.head(**CHUNKED) + chunk(half(good.body))
        + chunk(good.body[len(good.body) // 2 :]) + b"0\r\n\r\n"),
    "gzip": body(gzip.compress, **GZIP),
    "gzip in gzip": body(
        lambda content: gzip.compress(gzip.compress(content)), Content_Encoding="gzip, gzip"),
    "a byte-order mark": body(lambda content: b"\xef\xbb\xbf" + content),
    "whitespace around": body(lambda content: b"\r\n\t " + content + b"\r\n\t "),
    "escapes": in_record(b'"x": "\\u0000\\ud83d\\ude00\\/"'),
    "half a surrogate": in_record(b'"x": "\\ud83d"'),
}  # fmt: skip
