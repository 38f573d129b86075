"""Benchmarks: the speed of the tap compared with what one core can do; `make bench` runs them."""
