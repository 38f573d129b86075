"""The mutants of `make mutate`: what is changed, what is not, and that the change has an effect."""

from __future__ import annotations

import subprocess
import sys
from types import FunctionType

import pytest

from tests.mutation.mutants import mutants_of
from tests.support import ROOT


def mutants(folder, body):
    path = folder / "module.py"
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    path.write_text(f"def function(a, b=1):\n{lines}")
    return list(mutants_of(path))


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        ("return a < b", ["return a < b -> return None", "a < b -> a <= b"]),
        ("if a:\n    a.b()", ["a -> False", "a -> True", "a.b() -> pass"]),
        ("while not a:\n    break", ["break -> continue", "not a -> False", "not a -> a"]),
        ("c = a + 1 if a and b else 'x'", [
            "a + 1 if a and b else 'x' -> a + 1", "a + 1 if a and b else 'x' -> 'x'",
            "a and b -> a or b", "a + 1 -> a - 1", "1 -> 2", "'x' -> 'XXxXX'",
        ]),
        ("try:\n    a.b = True\nexcept E:\n    raise", [
            "a.b = True -> pass", "True -> False", "except E: … -> except (): …", "raise -> pass",
        ]),
        ("c += [d for d in a if d]", [
            "c += [d for d in a if d] -> pass",
            "c += [d for d in a if d] -> c -= [d for d in a if d]",
            "d -> False", "d -> True",
        ]),
        ("'''Say no more.'''\nc: 'X' = cast('X', f'no {a} more') + 'two words'", [
            "cast('X', f'no {a} more') + 'two words' -> cast('X', f'no {a} more') - 'two words'",
        ]),
    ],
)  # fmt: skip
def test_code_is_mutated_and_wording_is_not(tmp_path, body, changes):
    found = [str(mutant).partition("function: ")[2] for mutant in mutants(tmp_path, body)]
    assert sorted(found) == sorted(changes)


def test_mutated_code_replaces_that_of_the_function(tmp_path):
    mutant = next(one for one in mutants(tmp_path, "return a + b") if "a - b" in str(one))
    assert FunctionType(mutant.code(), {})(5, 3) == 2


@pytest.mark.slow
def test_mutants_of_a_module_are_killed_by_its_tests():
    """In a process of its own, which runs pytest for each."""
    run = (
        "from tests.mutation.mutation_run import mutate_package as run; "
        "tests = ['tests/pagination/test_link_header.py']; "
        "done = run('pagination', tests, None, 1, 'link_header.py')"
        "; print(done.mutants, done.tried, len(done.survivors))"
    )
    done = subprocess.run([sys.executable, "-c", run], cwd=ROOT, capture_output=True, check=True)
    mutants, tried, survivors = map(int, done.stdout.split()[-3:])
    assert mutants == tried > survivors
