"""The documentation is right: its links, its configurations, and every step of its tutorials."""
