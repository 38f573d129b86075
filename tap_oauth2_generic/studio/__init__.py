"""The studio: a local page to connect, try and export; only its extra brings what it imports.

It calls what the commands call and adds no rule of its own: what works here works in a sync.
"""
