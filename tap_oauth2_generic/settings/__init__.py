"""How a setting is declared, parsed and described; templates, paths and patterns in its value.

Nothing here knows which settings exist.
"""
