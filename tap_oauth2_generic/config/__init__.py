"""From a configuration file to parsed settings: presets, rules across settings.

Nothing here sends or reads data.
"""
