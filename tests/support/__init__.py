"""What tests share: servers, processes and clocks; no test is here."""

from pathlib import Path

#: The project's folder.
ROOT = Path(__file__).parents[2]
