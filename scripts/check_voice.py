"""Name each word in prose, docstrings, comments and messages that this project avoids."""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PROSE = (
    "*.md",
    "docs/**/*.md",
    "recipes/**/*.md",
    "Makefile",
    "pyproject.toml",
    ".github/**/*.yml",
)
CODE = ("tap_oauth2_generic", "scripts", "benchmarks", "comparison", "recipes", "tests")
WORDS = {
    r"house": "project", r"rooms?": "module, space", r"laws?": "rule", r"holes?": "placeholder",
    r"walk(s|ed|ing)?": "read, page through", r"answer(s|ed|ing)?": "response, respond",
    r"a text|texts": "string", r"blanks?": "space", r"what (came|comes)": "the response, the data",
    r"which is said": "with a warning", r"(is|are|be) had": "obtained", r"for ever": "forever",
    r"is no whole": "is truncated", r"belongs? into": "belongs in", r"beside": "next to",
    r"likewise": "also", r"one after the other": "in order",
}  # fmt: skip
_WORD = re.compile(
    "|".join(rf"\b(?P<_{n}>{word})\b" for n, word in enumerate(WORDS)), re.IGNORECASE
)
_OPENING = re.compile(r"(Give|Tell whether|Say)\b")


def passages(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and content of all prose in a file; of tests, only docstrings and comments."""
    content = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        code = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
        yield 1, code.sub(lambda found: "\n" * found[0].count("\n"), content)
        return
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    parents = (ast.Expr,) if "tests" in path.parts[len(ROOT.parts) :] else (ast.AST,)
    for parent in ast.walk(ast.parse(content)):
        for node in ast.iter_child_nodes(parent) if isinstance(parent, parents) else ():
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
                yield node.lineno, node.value


def hits(path: Path) -> Iterator[str]:
    """Yield a line for each avoided word in a file."""
    for line, passage in passages(path):
        for found in _WORD.finditer(passage):
            other = list(WORDS.values())[int(str(found.lastgroup)[1:])]
            at = line + passage.count("\n", 0, found.start())
            yield f"{path}:{at}: {found[0]!r}, use {other!r}"
        if path.suffix == ".py" and (opening := _OPENING.match(passage)):
            yield f"{path}:{line}: {opening[0]!r}, start with another verb, such as 'Return'"


def main(root: Path = ROOT) -> int:
    """Check all files of a checkout and return the exit status."""
    files = {path for pattern in PROSE for path in root.glob(pattern)}
    files |= {path for folder in CODE for path in (root / folder).rglob("*.py")}
    files -= {Path(__file__), root / "tests" / "project" / "test_check_voice.py"}
    lines = [line for path in sorted(files) for line in hits(path)]
    sys.stdout.writelines(f"{line}\n".replace(f"{root}/", "") for line in lines)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
