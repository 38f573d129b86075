"""The architecture as the import contract has it: a picture, and a table of the folders."""

from __future__ import annotations

import ast
import re
import textwrap
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tap_oauth2_generic"
_WIDTH, _LEFT, _GAP = 860, 40, 10
_STYLE = (
    "text{font-family:system-ui,sans-serif;fill:#22313a}.name{font:600 14px ui-monospace,monospace}"
    ".about{font-size:11px;fill:#4b5a63}rect{fill:#eef4f6;stroke:#1f6f8b;stroke-width:1.2}"
    ".page{fill:#fff;stroke:none}"
)


def layers() -> list[list[str]]:
    """Return the layers of the import contract, the highest first."""
    contract = (ROOT / "pyproject.toml").read_text().split('name = "Imports go down"')[1]
    listed = contract.split("layers = [", 1)[1].split("]", 1)[0]
    return [layer.split(" | ") for layer in re.findall(r'"([^"]+)"', listed)]


def about(module: str) -> str:
    """Return the first line of a module's or folder's docstring, without the period."""
    path = PACKAGE / module / "__init__.py"
    path = path if path.exists() else PACKAGE / f"{module}.py"
    doc = ast.get_docstring(ast.parse(path.read_text())) or ""
    return doc.partition("\n")[0].rstrip(".").replace("``", "`")


def folder_rows() -> Iterator[str]:
    """Yield the table of folders and modules, from the top of the imports to the bottom."""
    yield "| Where | What |"
    yield "|:--|:--|"
    for module in (module for layer in layers() for module in layer):
        name = f"{module}/" if (PACKAGE / module).is_dir() else f"{module}.py"
        yield f"| `{name}` | {about(module)} |"


def picture() -> str:
    """Return the layers as an SVG picture: who imports whom, from the top down."""
    shown = layers()
    height = sum(_height(layer) + _GAP for layer in shown) + _GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        "<title>Folders of tap_oauth2_generic; each imports only what is below it</title>",
        f'<style>{_STYLE}</style><rect class="page" width="{_WIDTH}" height="{height}"/>',
        f'<path d="M20 20V{height - 26}m-6 -8l6 10l6 -10" fill="none" stroke="#1f6f8b"/>',
    ]
    top = _GAP
    for layer in shown:
        parts += _boxes(layer, top)
        top += _height(layer) + _GAP
    return "\n".join([*parts, "</svg>"]) + "\n"


def _height(layer: list[str]) -> int:
    return 32 + 14 * max(len(_lines(module, _box_width(layer))) for module in layer)


def _box_width(layer: list[str]) -> int:
    return (_WIDTH - _LEFT - _GAP - (len(layer) - 1) * _GAP) // len(layer)


def _lines(module: str, width: int) -> list[str]:
    return textwrap.wrap(about(module).replace("`", ""), (width - 20) // 7)


def _boxes(layer: list[str], top: int) -> Iterator[str]:
    width = _box_width(layer)
    for number, module in enumerate(layer):
        left = _LEFT + number * (width + _GAP)
        yield f'<rect x="{left}" y="{top}" width="{width}" height="{_height(layer)}" rx="6"/>'
        yield f'<text class="name" x="{left + 12}" y="{top + 20}">{module}</text>'
        for position, line in enumerate(_lines(module, width)):
            at = top + 37 + 14 * position
            yield f'<text class="about" x="{left + 12}" y="{at}">{escape(line)}</text>'
