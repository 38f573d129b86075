"""Every limit a user can meet, each with the sentence that the reference prints for it.

A limit that only bounds a loop or a buffer inside the tap stays where it is used.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from tap_oauth2_generic.runtime.redaction import SHORTEST_SECRET
from tap_oauth2_generic.runtime.timestamps import MAX_EPOCH_SECONDS, YEAR_SECONDS

_T = TypeVar("_T", bound=float)


class Limit(NamedTuple):
    """One row of the reference: what is limited, to how much, and what happens beyond that."""

    what: str
    value: float
    beyond: str


#: All limits, in the order of the reference.
LIMITS: list[Limit] = []


def _limit(what: str, value: _T, beyond: str) -> _T:
    LIMITS.append(Limit(what, value, beyond))
    return value


# ------------------------------------------------------------------------------------ configuration
_limit(
    "seconds of a timeout or wait (a year)",
    YEAR_SECONDS,
    "A longer one is a configuration error; a rate below one request a year counts as that.",
)
MAX_INTEGER_DIGITS = _limit(
    "digits of a whole-number setting, counter or total",
    18,
    "In a setting a longer one is an error; in a response it is ignored.",
)
MAX_DESCENTS = _limit(
    "`..` in one JSONPath", 2, "More is a configuration error: each multiplies the search."
)
MAX_PATTERN_PARTS = _limit(
    "parts of a regular expression, its repeat counts multiplied out",
    10_000,
    "A larger one is a configuration error.",
)
MAX_PATTERN_SECONDS = _limit(
    "processor seconds of one match of a regular expression",
    1.0,
    "A slower match ends the stream with an error that shows the pattern.",
)
MAX_PLAIN_DIGITS = _limit(
    "digits of a number in a URL or header", 100, "A longer one is written with an exponent."
)
MAX_PARTITIONS = _limit(
    "combinations that `partitions` makes", 200_000, "More is a configuration error."
)
MIN_SECRET_LENGTH = _limit(
    "characters of a secret",
    SHORTEST_SECRET,
    "A shorter one is not masked in output: it would mask ordinary words.",
)
MIN_MASKED_LENGTH = _limit(
    "characters of a value of `headers` or `params`",
    6,
    "A shorter one is taken for a word, not a secret, and is not masked in output.",
)

# --------------------------------------------------------------------------------------------- sync
MAX_PAGE_SIZE = _limit(
    "records in one page (`page_size`)", 200, "A larger setting is capped, with a warning."
)
MAX_SEEN_TOKENS = _limit(
    "page tokens remembered to detect a loop",
    2**16,
    "Beyond that the tap keeps every second token, then every fourth: loops are found later.",
)
MAX_WINDOWS = _limit(
    "windows of one read (`incremental.window`)",
    50_000,
    "More is an error: write a longer window or a later `start_date`.",
)
MAX_SAMPLED_PARENTS = _limit(
    "parents requested to infer the schema of a child stream",
    50,
    "The schema is inferred from the records of the first ones.",
)
MAX_PROPERTIES = _limit(
    "keys of an object in an inferred schema",
    500,
    "A larger object is declared free-form: its keys are data, not columns.",
)
MAX_NUMBER_LENGTH = _limit(
    "characters of a string that fits a number column",
    40,
    "A longer one does not fit the column.",
)
_limit(
    "a time in epoch seconds (the year 5138)",
    MAX_EPOCH_SECONDS,
    "A larger number is read as epoch milliseconds.",
)
FREE_STATE_BYTES = _limit(
    "bytes of all STATE messages of a run",
    2**23,
    "Up to that, each state is sent at once; beyond it, STATE is throttled to a tenth of the "
    "output or a hundredth of the time. The last state is always sent.",
)

# ----------------------------------------------------------------------------------- HTTP and login
MAX_REDIRECTS = _limit("redirects of one request", 10, "More fail the request.")
MIN_BYTES_PER_SECOND = _limit(
    "bytes per second of a response, on average",
    1000,
    "A slower response counts as timed out once `timeout` has passed.",
)
LOCK_TIMEOUT_SECONDS = _limit(
    "seconds to wait for another process that renews the same token",
    600,
    "Then the run ends with an error.",
)
MAX_DEVICE_INTERVAL_SECONDS = _limit(
    "seconds between two polls of a device login",
    300.0,
    "A longer interval requested by the provider is capped.",
)
MAX_DEVICE_LIFETIME_SECONDS = _limit(
    "seconds of a device login (a day)", 86400.0, "A longer lifetime is capped."
)

# ------------------------------------------------------------------------------------- command line
MAX_ERROR_LINES = _limit(
    "mistakes shown at once", 20, "The remaining ones are counted in a last line."
)
MAX_LINE_LENGTH = _limit("characters of an error line", 2000, "A longer line is cut off.")
MAX_NAMED_STREAMS = _limit("streams named in a warning", 20, "The remaining ones are only counted.")
MAX_PREVIEW_PAGES = _limit(
    "pages, and parents, requested by `preview`", 10, "It shows the records it has by then."
)
MAX_PREVIEW_FIELDS = _limit(
    "fields listed by `preview`", 300, "The remaining ones are only counted."
)
MAX_SHARDS = _limit("configurations made by `shard`", 1000, "More is an error.")
