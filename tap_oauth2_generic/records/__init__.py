"""What is done to a record between the response and the RECORD message, and its schema.

Nothing here reads a page or writes a message.
"""
