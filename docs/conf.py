"""Sphinx configuration: MyST pages, the Furo theme, no network. Build with `make docs`."""

project = "tap-oauth2-generic"
author = "tap-oauth2-generic contributors"
project_copyright = author

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = True

# Links such as [title](page.md#heading) are checked against the headings of the page.
myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
