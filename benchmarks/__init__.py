"""The tap's speed relative to the limit of one core; run by `make bench`."""
