"""The ``.env`` file next to a configuration: where the studio and an import keep secrets.

Its other lines stay as they are. Nobody but its owner may read it. Values are written so that
Meltano (python-dotenv) and a shell (``. ./.env``) read the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Container, Iterator, Mapping
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.runtime.file_mode import OWNER_ONLY, set_mode

# In double quotes a shell expands $NAME and python-dotenv ${NAME}; both take the default of a
# variable that is not set.
_DOLLAR = "${DOLLAR_SIGN:-$}"


def read_env(path: Path) -> dict[str, str]:
    """Return the variables of a file, none if there is no file; raise InputError."""
    try:
        found = dotenv_values(path) if path.exists() else {}
    except UnicodeDecodeError:
        raise InputError(f"cannot read {path.name}: it is not UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"cannot read {path.name}: {error.strerror}") from None
    return {name: value for name, value in found.items() if value}


def write_env(path: Path, values: Mapping[str, str]) -> None:
    """Set variables in a file, or remove those without a value; raise InputError."""
    lines = {name: f"{name}={_quote(name, value)}\n" for name, value in values.items() if value}
    try:
        text = path.read_bytes().decode() if path.exists() else ""
        replace_file(path, "".join(_merge(text, values, lines)), OWNER_ONLY)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot write {path.name}: {error}") from None


def replace_file(path: Path, text: str, mode: int) -> None:
    """Replace the content of a file at once, so that a failure leaves the old one."""
    target = path.resolve()
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", newline="", dir=target.parent, delete=False
    ) as file:
        temporary = Path(file.name)
        try:
            set_mode(file.fileno(), mode)
            file.write(text)
            file.close()
            temporary.replace(target)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def _merge(text: str, names: Container[str], lines: dict[str, str]) -> Iterator[str]:
    """Yield the lines of a file with some variables set or removed, the new ones at its end."""
    before = ""
    for one in parse_stream(StringIO(text)):
        name = one.key or ""
        before = lines.pop(name, "") if name in names else one.original.string
        yield before
    if lines and before and not before.endswith("\n"):
        yield "\n"
    yield from lines.values()


def _quote(name: str, value: str) -> str:
    if not {*value} & {*"'\\"} and "${" not in value:
        return f"'{value}'"
    if "`" in value:
        raise InputError(
            f"cannot write .env: no quoting of {name} suits both Meltano and a shell, because its "
            "value has a backtick next to a quote, backslash or ${; keep it in a file instead"
        )
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped.replace("$", _DOLLAR)}"'
