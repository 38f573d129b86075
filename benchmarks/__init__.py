"""How fast the tap is beside what one core and the wire can give; `make bench` runs it."""
