"""What runs in the environment of a tool, on its libraries alone."""
