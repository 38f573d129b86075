"""Split a command line into words, as bash or cmd.exe would; pure.

Browsers copy requests for either: ``$'…'`` is bash's, a caret before a quote or line end cmd's.
"""

from __future__ import annotations

import re
import shlex

from tap_oauth2_generic.settings.limits import MAX_COMMAND_CHARACTERS

_CMD = re.compile(r"\s\^(?:\"|\r?\n)")
_CARET = re.compile(r"\^(?:\r?\n)?(.?)", re.DOTALL)
_LINE_END = re.compile(r"\s*\^\r?\n")
# Quoted parts are tried first: a $' or pipe inside one is neither.
_PARTS = re.compile(
    r"""'[^']*'|"(?:\\.|[^"\\])*"|\$'(?P<ansi>(?:\\.|[^'\\])*)'"""
    r"""|\\\r?\n|\\.|(?P<end>\s(?:[|;&<>]|\d>).*)""",
    re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|(.))", re.DOTALL
)
_LETTERS = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "e": "\x1b",
}


def split_command(line: str) -> list[str]:
    """Return the words of the first command; raise ValueError if it is long or not closed."""
    # For a word twice as long, shlex takes four times as much time.
    if len(line) > MAX_COMMAND_CHARACTERS:
        most = f"{MAX_COMMAND_CHARACTERS:,}"
        raise ValueError(f"it has more than {most} characters; shorten its data")
    if _CMD.search(line):
        # With plain quotes, cmd.exe takes the carets inside as they are.
        is_escaped = '^"' in line
        line = _CARET.sub(r"\1", line) if is_escaped else _LINE_END.sub(" ", line)
    else:
        line = _PARTS.sub(_for_shlex, line)
    words = shlex.split(line.strip())
    return words[1:] if words[:1] == ["$"] else words


def _for_shlex(part: re.Match[str]) -> str:
    if part["end"]:
        return ""
    if part["ansi"] is not None:
        return shlex.quote(_ESCAPE.sub(_character, part["ansi"]))
    return " " if part[0].startswith("\\") and part[0].endswith("\n") else part[0]


def _character(escape: re.Match[str]) -> str:
    byte, short, long, octal, letter = escape.groups()
    if digits := byte or short or long:
        return chr(int(digits, 16))
    return chr(int(octal, 8)) if octal else _LETTERS.get(letter, letter)
