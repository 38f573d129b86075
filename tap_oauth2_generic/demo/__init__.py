"""The embedded demo: an OAuth2 provider and a REST API on loopback, with invented data.

Standard library only: it imports nothing of the tap, and the tap imports nothing of it.
"""

HOST = "127.0.0.1"
DEFAULT_PORT = 8765
