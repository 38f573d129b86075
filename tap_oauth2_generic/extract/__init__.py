"""One slice of a stream: request pages, in order and ahead, and hand them on.

Nothing here decides about a record or a bookmark.
"""
