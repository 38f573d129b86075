"""From a configuration file to parsed settings: rules across settings, presets, environment.

Nothing here sends or reads data.
"""
