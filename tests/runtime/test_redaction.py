"""Redaction: no registered secret is left in any string, however it is spelled."""

from __future__ import annotations

import base64
import html
import json
import logging
import sys
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.config.reader import read_config
from tap_oauth2_generic.runtime.redaction import (
    MASK,
    SHORTEST_SECRET,
    RedactingFormatter,
    Redactor,
    excerpt,
    mask_tokens,
    protect_logs,
    redact,
    register,
)
from tap_oauth2_generic.settings.fields import ErrorCollector

quick = settings(max_examples=100)
characters = st.characters(codec="utf-8", exclude_characters="*")
secrets = st.text(characters).filter(lambda text: len(text.strip()) >= SHORTEST_SECRET)
CONFIG = {
    "base_url": "https://api.example.com/v1",
    "access_token_url": "https://auth.example.com/token",
    "client_id": "client",
    "streams": [{"name": "items", "path": "items"}],
}
SPELLINGS = {
    "plain": str,
    "in a path": lambda secret: quote(secret, safe=""),
    "in a URL": quote,
    "in a form": quote_plus,
    "in a query": lambda secret: urlencode({"k": secret})[2:],
    "by a browser's script": lambda secret: quote(secret, safe="!'()*~"),
    "in an address": lambda secret: quote(secret, safe=";,/?:@&=+$-_.!~*'()#"),
    "twice in JSON": lambda secret: json.dumps(json.dumps(secret))[3:-3],
    "in a page": html.escape,
    "in a page, by number": lambda secret: "".join(
        c if c.isascii() and c.isalnum() else f"&#{ord(c)};" for c in secret
    ),
    "in a representation": lambda secret: repr(secret)[1:-1],
    "in bytes": lambda secret: repr(secret.encode())[2:-1],
    "with its blanks made one": lambda secret: " ".join(secret.split()),
}


def knowing(*registered):
    redactor = Redactor()
    redactor.register(*registered)
    return redactor


@quick
@given(st.lists(secrets, min_size=1, max_size=4), st.sampled_from(sorted(SPELLINGS)), st.text())
def test_no_secret_is_left(registered, spelling, around):
    """No spelling of a registered secret is left in a string."""
    redactor = knowing(*registered)
    for secret in registered:
        written = SPELLINGS[spelling](secret)
        assert written not in redactor.redact(f"{around}{written}{around}")


@quick
@given(
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=4).filter(
        lambda text: len(text.strip()) >= SHORTEST_SECRET
    )
)
def test_no_secret_is_left_in_json(secret):
    """A secret inside JSON is found behind its escapes."""
    assert knowing(secret).redact(json.dumps(secret)) == f'"{MASK}"'


@pytest.mark.parametrize("secret", ["pässwört", "tab\there", "line\r\nend", "smile \U0001f600!"])
def test_no_secret_is_left_in_escaped_json(secret):
    """Control and non-ASCII characters of a secret are found behind their escapes."""
    assert knowing(secret).redact(json.dumps(secret)) == f'"{MASK}"'


def test_no_secret_is_left_in_lower_case_percent_encoding():
    """Percent-encoding may be in lower case."""
    assert knowing("slash/and?").redact("slash%2fand%3f") == MASK


def test_no_secret_is_left_in_a_repr():
    """A secret in the repr of a value, as in many an error, is found."""
    secret = 'it\'s "quoted"'
    assert secret not in repr(secret)
    assert knowing(secret).redact(repr(secret)) == f"'{MASK}'"


def test_longest_secret_is_masked_first():
    """If one secret contains another, nothing of the longer one is left."""
    assert knowing("abcd", "abcdefgh", "cdef").redact("<abcdefgh> <abcd>") == f"<{MASK}> <{MASK}>"


@quick
@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=12), st.binary())
def test_no_secret_is_left_in_base64(secret, before):
    """A secret inside a longer string is found at each offset, in both alphabets."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(before + secret.encode() + b":more").decode()
        masked = knowing(secret).redact(encoded)
        start = len(before) * 8 // 6 + 2
        assert MASK in masked
        assert encoded[start : start + 8] not in masked


CASES = [str.upper, str.lower, str.swapcase]


@pytest.mark.parametrize("change", CASES)
@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("secret", ["AbCdEf0123-Token", "MiXeD/kEy+0", "ya29.a0AfB_byC-kq/3"])
def test_secret_in_another_case_is_masked(change, spell, secret):
    """In every spelling."""
    assert knowing(secret).redact(f"<{spell(change(secret))}>") == f"<{MASK}>"


@pytest.mark.parametrize("change", CASES)
def test_base64_of_a_secret_in_another_case_is_masked(change):
    secret = "AbCdEf0123-Token-4567"
    masked = knowing(secret).redact(change(base64.b64encode(f"id:{secret}".encode()).decode()))
    assert MASK in masked
    assert len(masked) < 12


@pytest.mark.parametrize("length", [16, 20, 27, 400])
@pytest.mark.parametrize("change", [str, *CASES])
@pytest.mark.parametrize(
    "secret",
    [
        "refresh-token-of-the-first-account",
        "ya29.a0AfB_byC-kq3Zx81/tt+Q",
        "1//0gAbC3dEf5GhI7jKlM9nOpQrStU",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln" * 9,
    ],
)
def test_beginning_of_a_secret_is_masked(secret, change, length):
    """A server may show a part of the token that it refuses, and dots for the rest."""
    for rest in ("", "...", "…"):
        shown = f"'{change(secret[:length])}{rest}' was refused"
        assert knowing(secret).redact(shown) in {
            f"'{MASK}' was refused",
            f"'{MASK}{rest}' was refused",
        }


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("application/vnd.own+json", "application/vnd.other+json"),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z"),
        ("a password of several words", "a password of somebody else"),
        ("refresh-token-of-the-first", "refresh-token-o"),
        ("sixteen-of-these", "sixteen-of-thes"),
    ],
)
def test_words_and_times_that_begin_like_a_secret_stay(secret, shown):
    assert knowing(secret).redact(shown) == shown


@pytest.mark.parametrize("secret", ["AbCdEf0123-Token", "MiXeD/kEy+0"])
def test_secret_in_lower_case_is_masked(secret):
    """A URL's host name is shown in lower case."""
    shown = f"https://{secret.lower()}.example/"
    assert knowing(secret).redact(shown) == f"https://{MASK}.example/"


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("is_text", [True, False])
def test_excerpt_masks_before_it_cuts(spell, is_text):
    """A secret at any cut is masked or left out, whatever comes before it."""
    secret = "exc3rpt-s3cret/of the+t3st"
    register(secret)
    content = spell(secret)
    for padding in range(3900, 4700, 7):
        text = f"{' ' * padding}{content} and more {'x' * 5000}"
        shown = excerpt(text if is_text else text.encode())
        assert not any(part in shown for part in ("exc3", "s3c"))
    text = f"{content * 30} {content}"
    assert excerpt(text if is_text else text.encode(), 200) == excerpt(f"{MASK * 30} {MASK}", 200)
    assert excerpt("short", 3) == "sho"


def test_excerpt_of_a_long_body_has_its_beginning():
    assert excerpt(b"not found " + b"x" * 9000, 9) == "not found"


TOKEN_LIKE = [
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
    "ya29.a0AfH6SMBx9Qz3T7vW1",
    "unknown-refresh-token-9f8e7d6c5b4a",
    "9f86d081884c7d659a2feaa0c55ad015",
    "1//0gAbC3dEf5GhI7jKlM9nOpQrStU",
]


@pytest.mark.parametrize("token", TOKEN_LIKE)
def test_what_looks_like_a_token_is_masked_in_texts_of_a_provider(token):
    assert mask_tokens(f"Token '{token}' was revoked") == f"Token '{MASK}' was revoked"


@pytest.mark.parametrize(
    "text",
    [
        "AADSTS700082: expired. Trace ID: 0f1e2d3c-1a2b-3c4d-5e6f-0a1b2c3d4e5f 10:00:00Z",
        "unsupported_grant_type: see https://docs.example.com/identity/protocols/oauth2/errors",
        "redirect_uri_mismatch_for_application 1234567890123456789012345",
    ],
)
def test_codes_links_and_ids_in_texts_of_a_provider_stay(text):
    assert mask_tokens(text) == text


def test_secret_in_a_chain_of_exceptions_is_masked():
    """Causes and contexts are part of a traceback, and bytes are shown by repr."""
    secret = "ch\u00e4in-s3cret/+1"
    register(secret)
    try:
        try:
            raise ValueError(secret.encode())  # noqa: TRY301 - the traceback is the point
        except ValueError as error:
            raise KeyError(secret) from error
    except KeyError:
        record = logging.LogRecord("a", 10, "b", 1, "x", (), sys.exc_info())
    shown = RedactingFormatter(logging.Formatter("%(message)s")).format(record)
    assert "s3cret" not in shown
    assert shown.count(MASK) >= 2


@pytest.mark.parametrize("value", ["abc", "", None, 12345, True, ["abcdef"]])
def test_short_or_non_string_values_are_no_secrets(value):
    """Short values would mask ordinary words."""
    assert knowing(value).redact("abc 12345 True abcdef") == "abc 12345 True abcdef"


def test_string_without_secrets_stays():
    """A string without secrets is returned unchanged."""
    assert knowing("hunter-2").redact("hunter-3 *** hunter") == "hunter-3 *** hunter"


def test_log_record_is_masked_with_its_traceback():
    """A secret is masked in message, arguments and traceback of a log record."""
    register("secret-of-a-record")
    try:
        message = "secret-of-a-record"
        raise ValueError(message)  # noqa: TRY301 - the traceback is the point
    except ValueError:
        error = sys.exc_info()
    record = logging.LogRecord("a", 10, "b", 1, "%s", ("secret-of-a-record",), error)
    shown = RedactingFormatter(logging.Formatter("%(message)s")).format(record)
    assert "secret-of-a-record" not in shown
    assert "ValueError" in shown
    assert redact("secret-of-a-record") == MASK


def test_every_handler_is_masked_once():
    """Each log handler gets one mask, however often it is asked for."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("<%(message)s>"))
    logger = logging.getLogger("test-redaction")
    before = [(h, h.formatter) for h in logging.getLogger().handlers]
    logger.addHandler(handler)
    try:
        protect_logs()
        masking = handler.formatter
        protect_logs()
        assert handler.formatter is masking
        assert isinstance(masking, RedactingFormatter)
        assert masking.format(logging.makeLogRecord({"msg": "x"})) == "<x>"
    finally:
        logger.removeHandler(handler)
        for found, formatter in before:
            found.setFormatter(formatter)


PART = "a hole cut out of a secret value is shown, and only the whole value is masked"
QUOTED = "the value is shown as repr writes it, which the mask does not know"


@pytest.mark.parametrize(
    ("changes", "secret"),
    [
        ({"client_secret": ["hunter2-a"]}, "hunter2-a"),
        ({"access_token": {"x": "hunter2-b"}}, "hunter2-b"),
        ({"token_params": "hunter2-c"}, "hunter2-c"),
        ({"token_params": ["hunter2-d"]}, "hunter2-d"),
        ({"client_secrets": "hunter2-e"}, "hunter2-e"),
        ({"token_store": "mysql://u:hunter2-f@h/db"}, "hunter2-f"),
        ({"headers": {"X": {"y": "hunter2-g"}}}, "hunter2-g"),
        ({"headers": {"X": "hunter2-h{"}}, "hunter2-h"),
        ({"token_headers": {"X": ["hunter2-j"]}}, "hunter2-j"),
        pytest.param(
            {"headers": {"X": "ab{hunter2k}cd"}},
            "hunter2k",
        ),
        pytest.param(
            {"headers": {"X": "it's \"hunter2-l{"}},
            "hunter2-l",
        ),
    ],
)
def test_no_error_line_shows_a_secret(changes, secret):
    """An error in or near a secret does not show it."""
    collector = ErrorCollector()
    read_config({**CONFIG, **changes}, frozenset(), collector)
    assert collector.errors
    assert not any(secret in redact(line) for line in collector.errors)


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("client_secret", "hunter3-a", "hunter3-a"),
        ("client_secret", 7171717171, "7171717171"),
        ("headers", {"X": "hunter3-b"}, "hunter3-b"),
        ("params", {"key": ["hunter3-c"]}, "hunter3-c"),
        ("token_params", {"a": {"b": "hunter3-d"}}, "hunter3-d"),
        pytest.param(
            "headers",
            '{"X": "hunter3-e"}',
            "hunter3-e",
        ),
        ("token_store", "postgresql://u:hunter3-f@h/db", "hunter3-f"),
        ("token_store", "postgresql://u:hunter3-g@hunter4-g@h/db", "hunter3-g"),
        ("token_store", "postgresql://u:hunter3-h@hunter4-h@h/db", "hunter4-h"),
        ("token_store", "postgresql://u:hunter3-i/hunter4-i@h/db", "hunter4-i"),
        ("token_store", "postgresql://u:hunter3%2Dj@h/db", "hunter3-j"),
        ("token_store", "postgresql://h/db?user=u&password=hunter3-k", "hunter3-k"),
        ("proxy", "http://u:hunter3-l@h:1", "hunter3-l"),
        ("headers", {"X": "Key hunter3-m"}, "hunter3-m"),
    ],
)
def test_reading_a_configuration_registers_its_secrets(name, value, secret):
    """Secrets are masked before any mistake in them is reported."""
    read_config({**CONFIG, name: value}, frozenset(), ErrorCollector())
    assert secret not in redact(f"<{secret}>")


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("password", "hunter5 ordinarily", "ordinarily"),
        ("token_params", {"audience": "https://audience.example:8080/@x"}, "audience.example"),
        ("token_store", "postgresql://somebody:hunter5@database/db", "somebody"),
    ],
)
def test_non_secrets_stay_readable(name, value, word):
    """Words of a password, hosts and users stay readable in messages."""
    read_config({**CONFIG, name: value}, frozenset(), ErrorCollector())
    assert word in redact(f"<{word}>")


def test_logger_created_meanwhile_is_harmless():
    """Another thread may create a logger while the masks are applied."""

    class Sociable(logging.Logger):
        def __init__(self, name):
            super().__init__(name)
            if name == "placeholder-of-the-test":
                logging.getLogger("comes-with-it")

    logging.getLogger("placeholder-of-the-test.inner")
    before = logging.getLoggerClass()
    logging.setLoggerClass(Sociable)
    try:
        protect_logs()
    finally:
        logging.setLoggerClass(before)
    assert "comes-with-it" in logging.root.manager.loggerDict


@pytest.mark.parametrize(
    "secret", ["pass word end", "a\n\n\nb+ +c", r"c:\\\\\\\dir", r"\\\\\\/end", " a b "]
)
@pytest.mark.parametrize("filling", [" ", "\n", "\\", "+", r"\ ", "%20", "\\\\n"])
def test_almost_matching_a_secret_costs_no_time(secret, filling):
    """A string that begins like a secret and continues with spaces or backslashes is fast."""
    known = Redactor()
    known.register(secret)
    begin = secret.strip()[:4]
    text = f"{begin}{filling * 1000}x {secret.strip()[-3:]}"
    assert known.redact(text) == text
