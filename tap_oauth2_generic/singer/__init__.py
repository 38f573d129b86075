"""The Singer side: messages, state, catalog, environment, every private name of the SDK.

Nothing here knows HTTP.
"""
