"""The commands: arguments in, one clear line and an exit status out.

Nothing below imports this package.
"""
