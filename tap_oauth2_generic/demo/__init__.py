"""The embedded demo: an OAuth2 provider and a REST API on loopback, with invented data.

Standard library only: it imports nothing of the tap, and the tap imports nothing of it.
"""

from tap_oauth2_generic.demo.server import DEFAULT_PORT, DemoServer

__all__ = ["DEFAULT_PORT", "DemoServer"]
