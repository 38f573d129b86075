"""Tests of the comparison with other tools; none of them runs here."""
