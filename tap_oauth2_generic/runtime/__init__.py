"""Parts of a running process: clock, signals, threads, timestamps, redaction, statistics.

Nothing here knows a setting, a request or a record.
"""
