"""The Singer side: messages, state, catalog, and every private name of the SDK.

Nothing here knows HTTP.
"""
