"""The tools of coding agents."""
