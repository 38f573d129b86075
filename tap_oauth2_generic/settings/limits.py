"""Every limit a user can meet.

The comment above each is its row in the reference: what is limited, and what happens beyond it.
A limit that only bounds a loop or a buffer inside the tap stays where it is used.
"""

from __future__ import annotations

from tap_oauth2_generic.runtime import failures, redaction, stats, timestamps

#: seconds of a timeout or wait (a year) | A longer one is a configuration error.
MAX_SECONDS = timestamps.YEAR_SECONDS
#: digits of a whole-number setting, counter or total | In a setting a longer one is an error; in
#: a response it is ignored.
MAX_INTEGER_DIGITS = 18
#: `..` in one JSONPath | More is a configuration error: each multiplies the search.
MAX_DESCENTS = 2
#: parts of a regular expression, repeat counts multiplied | More is a configuration error.
MAX_PATTERN_PARTS = 10_000
#: processor seconds of one match of a regular expression | A slower match ends the stream with an
#: error that shows the pattern.
MAX_PATTERN_SECONDS = 1.0
#: digits of a number in a URL or header | A longer one is written with an exponent.
MAX_PLAIN_DIGITS = 100
#: combinations that `partitions` makes | More is a configuration error.
MAX_PARTITIONS = 200_000
#: characters of a secret | A shorter one is not masked in output: it would mask ordinary words.
MIN_SECRET_LENGTH = redaction.SHORTEST_SECRET
#: characters of a value of `headers` or `params` | A shorter one is taken for a word and is not
#: masked in output.
MIN_MASKED_LENGTH = 6

#: records in one page (`page_size`) | A larger setting is capped, with a warning.
MAX_PAGE_SIZE = 200
#: page tokens remembered to detect a loop | Beyond that the tap keeps every second token, then
#: every fourth: it finds loops later.
MAX_SEEN_TOKENS = 2**16
#: empty pages in a row that name a next page | Paging stops, with a warning, and the read is
#: incomplete. See `stop_on_empty_page`.
MAX_EMPTY_PAGES = 20
#: equal pages in a row, although the API says that more follow | Paging stops, with a warning,
#: and the read is incomplete.
MAX_EQUAL_PAGES = 100
#: spent refresh tokens remembered of a connection | An older one that is set again as
#: `refresh_token` would be sent again.
MAX_SPENT_TOKENS = 1000
#: windows of one read (`incremental.window`) | More is an error: write a longer window or a later
#: `start_date`.
MAX_WINDOWS = 50_000
#: parents requested to infer the schema of a child stream | The schema is inferred from the
#: records of the first ones.
MAX_SAMPLED_PARENTS = 50
#: contexts (partitions, parents) of a stream that fail in a row | After more of them, the stream
#: is not read any further.
MAX_FAILED_CONTEXTS = failures.MAX_IN_ROW
#: keys of an object in an inferred schema | A larger object is declared free-form: its keys are
#: data, not columns.
MAX_PROPERTIES = 500
#: characters of a string that fits a number column | A longer one does not fit the column.
MAX_NUMBER_LENGTH = 40
#: a time in epoch seconds (the year 5138) | A larger number is read as epoch milliseconds.
MAX_EPOCH_SECONDS = timestamps.MAX_EPOCH_SECONDS
#: bytes of all STATE messages of a run | Up to that, each state is sent at once; beyond it, STATE
#: is throttled to a twentieth of the output, or a hundredth of the time and one in 10 seconds, but
#: one in 5 minutes is sent. The last one is always sent.
FREE_STATE_BYTES = 2**14

#: bytes that a compressed response unpacks to | More is an error if it is also above the next
#: limit: a few bytes may stand for all memory there is.
UNPACKED_BYTES = 2**27
#: bytes that each byte of a compressed response unpacks to | See the limit before.
MAX_UNPACKED_RATIO = 100
#: redirects of one request | More fail the request.
MAX_REDIRECTS = 10
#: bytes per second of a response, on average | A slower response counts as timed out once
#: `timeout` has passed.
MIN_BYTES_PER_SECOND = 1000
#: seconds to wait for another process that renews the same token | Then the run ends with an error.
LOCK_TIMEOUT_SECONDS = 600
#: seconds between two polls of a device login | A longer interval of the provider is capped.
MAX_DEVICE_INTERVAL_SECONDS = 300.0
#: seconds of a device login (a day) | A longer lifetime is capped.
MAX_DEVICE_LIFETIME_SECONDS = 86400.0

#: mistakes shown at once | The remaining ones are counted in a last line.
MAX_ERROR_LINES = 20
#: characters of an error line | A longer line is cut off.
MAX_LINE_LENGTH = 2000
#: warnings, and errors, of a stream in the run report | Only the last ones are in it.
MAX_REPORTED_LINES = stats.MAX_LINES
#: streams named in a warning | The remaining ones are only counted.
MAX_NAMED_STREAMS = 20
#: fields named in a warning | The remaining ones are only counted.
MAX_NAMED_FIELDS = 20
#: pages, and parents, requested by `preview` | It shows the records it has by then.
MAX_PREVIEW_PAGES = 10
#: requests of `preview --suggest` to try paging settings, for one stream | It suggests what it has
#: found by then, and says what is unsure.
MAX_TRIALS = 120
#: fields listed by `preview` | The remaining ones are only counted.
MAX_PREVIEW_FIELDS = 300
#: bytes of a source that `import` reads | A larger one is an error.
MAX_IMPORT_BYTES = 2**27
#: characters of a curl line, of which Linux runs no longer word | A longer line is an error.
MAX_COMMAND_CHARACTERS = 2**17
#: seconds of one call of an `mcp` tool | The call ends with an error; what it had begun stops.
MAX_CALL_SECONDS = 50
#: bytes of the arguments of an `mcp` tool, as JSON | More is an error.
MAX_ARGUMENT_BYTES = 2**22
#: bytes of the result of an `mcp` tool | More is an error: ask for fewer records.
MAX_RESULT_BYTES = 2**20
#: configurations made by `shard` | More is an error.
MAX_SHARDS = 1000
