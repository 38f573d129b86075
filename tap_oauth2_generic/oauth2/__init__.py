"""Tokens: where they come from, how they are kept, and how a request carries one."""
