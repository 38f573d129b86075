"""One API request until it has a response: TLS, retries, rate limits, allowed hosts.

Nothing here knows a stream, a page or a record.
"""
