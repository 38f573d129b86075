"""The faults themselves, by their names: what another try mends, what none does, what is none.

Each is a function of the good answer and of the connection to the client.
"""

from __future__ import annotations

import gzip
from email.utils import formatdate
from time import time

HTML = b"<html><body>Sign in</body></html>"
CHUNKED = {"Transfer_Encoding": "chunked"}
GZIP = {"Content_Encoding": "gzip"}


def sends(make):
    """A fault that sends other bytes, given or made of the good answer, and closes."""
    return lambda good, client: client.send(make if isinstance(make, bytes) else make(good))


def body(make, **headers):
    """A fault that sends another body, given or made of the good one, with its right length."""

    def send(good, client):
        made = make if isinstance(make, bytes) else make(good.body)
        client.send(good.head(length=len(made), **headers) + made)
        return True

    return send


def then_open(make):
    """The same, but the connection is kept open for another request."""

    def send(good, client):
        sends(make)(good, client)
        return True

    return send


def then_reset(make):
    """The same, but the connection is broken off with a TCP reset."""

    def send(good, client):
        sends(make)(good, client)
        client.reset()

    return send


def then_silent(make):
    """A fault that sends some bytes and then nothing more, while the connection stays open."""

    def send(good, client):
        sends(make)(good, client)
        client.be_silent()

    return send


def drips(head, rest, *, size=1, seconds=0.05):
    """A fault that sends some bytes at once, and others few at a time."""

    def send(good, client):
        sends(head)(good, client)
        client.drip(pieces(rest(good), size), seconds)

    return send


def pieces(content, size):
    return [content[at : at + size] for at in range(0, len(content), size)]


def headed(lines):
    """A fault that puts other lines in place of those of the head."""
    return sends(lambda good: b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n" + good.body)


def half(content):
    return content[: len(content) // 2]


def chunk(content):
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


def in_record(member):
    """A fault that puts a member into the first record of the page."""
    return body(lambda content: content.replace(b'"id"', member + b', "id"', 1))


def status(line, **headers):
    """A fault that is told by a status, with the connection kept open."""

    def send(good, client):
        client.send(good.whole(line, **headers))
        return True

    return send


NOW = int(time())
GOOD = status("200 OK")


def once(fault):
    """Let a fault happen at the first time alone."""
    left = [fault]

    def send(good, client):
        return (left.pop() if left else GOOD)(good, client)

    return send


RETRIED = {
    "closed before the answer": sends(b""),
    "reset before the answer": then_reset(b""),
    "reset in the head": then_reset(lambda good: good.head()[:30]),
    "closed in the head": sends(lambda good: good.head()[:30]),
    "no HTTP": sends(b"220 mail.example.com ESMTP\r\n"),
    "a line that is no header": headed(b"Date of today\r\nContent-Length: 9\r\n"),
    "a header without an end": headed(b"X: " + b"x" * 10**6 + b"\r\n"),
    "1,000 headers": headed(b"X: x\r\n" * 1000),
    "two lengths": headed(b"Content-Length: 9\r\nContent-Length: 99\r\n"),
    "a length that is none": headed(b"Content-Length: nine\r\n"),
    "announced 1,000 times": sends(
        lambda good: b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + good.whole()),
    "reset before the body": then_reset(lambda good: good.head()),
    "reset in the body": then_reset(lambda good: good.head() + half(good.body)),
    "closed in the body": sends(lambda good: good.head() + half(good.body)),
    "half a chunk": sends(lambda good: good.head(**CHUNKED) + half(chunk(good.body))),
    "no last chunk": sends(lambda good: good.head(**CHUNKED) + chunk(good.body)),
    "a chunk of no length": sends(lambda good: good.head(**CHUNKED) + b"zz\r\n" + good.body),
    "a chunk of a negative length": sends(
        lambda good: good.head(**CHUNKED) + b"-5\r\n" + good.body),
    "gzip that is none": body(lambda content: content, **GZIP),
    "gzip that is cut": body(lambda content: half(gzip.compress(content)), **GZIP),
    "gzip in gzip that is cut": body(
        lambda content: gzip.compress(gzip.compress(content)[:-8]), Content_Encoding="gzip, gzip"),
    "gzip without its checksum": body(lambda content: gzip.compress(content)[:-8], **GZIP),
    "gzip that does not add up": body(
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
    "429, Retry-After: 9": status("429 Slow", Retry_After="9"),
    "429, Retry-After: 1.5": status("429 Slow", Retry_After="1.5"),
    "429, Retry-After: -1": status("429 Slow", Retry_After="-1"),
    "429, Retry-After: a date": status("429 Slow", Retry_After=formatdate(NOW + 9, usegmt=True)),
    "429, Retry-After: a past date": status("429 Slow", Retry_After=formatdate(0, usegmt=True)),
    "429, Retry-After: soon": status("429 Slow", Retry_After="soon"),
    "429, Retry-After: 1e999": status("429 Slow", Retry_After="1e999"),
    "429, reset in seconds": status("429 Slow", X_RateLimit_Reset="30"),
    "429, reset at an epoch": status("429 Slow", X_RateLimit_Reset=str(NOW + 30)),
    "429, reset in milliseconds": status("429 Slow", X_RateLimit_Reset=str((NOW + 30) * 1000)),
    "429, reset at a time": status("429 Slow", X_RateLimit_Reset="2999-01-01T00:00:00Z"),
    "500": status("500 Internal Server Error"),
    "502": status("502 Bad Gateway"),
    "503": status("503 Service Unavailable"),
    "503, Retry-After: 9": status("503 Service Unavailable", Retry_After="9"),
    "504": status("504 Gateway Timeout"),
}  # fmt: skip
SAID = {
    "501": status("501 Not Implemented"),
    "HTML with status 200": body(HTML),
    "an empty body": body(b""),
    "a blank body": body(b" \n"),
    "JSON that is cut": body(half),
    "JSON with a comma too much": body(lambda content: content.replace(b"]", b",]")),
    "JSON with something after it": body(lambda content: content + b"}"),
    "UTF-8 that is none": in_record(b'"x": "\xff\xfe"'),
    "UTF-8 that is cut": in_record(b'"x": "\xc3"'),
    "a key that is no UTF-8": in_record(b'"x": {"\xff": 1}'),
    "UTF-16": body(lambda content: content.decode().encode("utf-16")),
    "NaN": in_record(b'"x": NaN'),
    "Infinity": in_record(b'"x": -Infinity'),
    "nesting without an end": in_record(b'"x": ' + b"[" * 100_000 + b"]" * 100_000),
    "records that are none": body(b'{"rows": "down for maintenance"}'),
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
    "blanks around": body(lambda content: b"\r\n\t " + content + b"\r\n\t "),
    "escapes": in_record(b'"x": "\\u0000\\ud83d\\ude00\\/"'),
    "half a surrogate": in_record(b'"x": "\\ud83d"'),
}  # fmt: skip
