"""Shared by tests: servers, processes, clocks and runs of the tap. No test here."""

from pathlib import Path

#: The project's folder.
ROOT = Path(__file__).parents[2]
