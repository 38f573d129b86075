"""Bookmarks, bounds, windows and partitions: what is read, and when a bookmark may move.

Nothing here sends a request.
"""
