"""Response bodies and headers turned into records and links.

Nothing here sends a request or decides on a status.
"""
