"""How real APIs page, by their documentation: a small handler for each shape, with invented rows.

Parameters that an API does not know are ignored, as most do.
"""

from tests.cli.shapes import cursors, links, numbers, others
from tests.cli.shapes.tools import SHAPES, Call

__all__ = ["SHAPES", "Call", "cursors", "links", "numbers", "others"]
