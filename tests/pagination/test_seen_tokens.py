"""Used page tokens are recognized, in bounded memory."""

from __future__ import annotations

import copy
import sys
from itertools import count, islice

import pytest

from tap_oauth2_generic.pagination.seen_tokens import SeenTokens

FEW = 60_000
MANY = 300_000


def test_used_token_is_known():
    seen = SeenTokens()
    for number in range(FEW):
        seen.add(f"token-{number}")
    assert all(f"token-{number}" in seen for number in range(FEW))
    assert not any(f"other-{number}" in seen for number in range(FEW))


@pytest.fixture(scope="module")
def many():
    seen = SeenTokens()
    for number in range(MANY):
        assert f"token-{number}" not in seen
        seen.add(f"token-{number}")
    return seen


@pytest.mark.parametrize("length", [1, 2, 3, 7, 100, 300_000])
def test_loop_is_detected_after_many_tokens(many, length):
    seen = copy.deepcopy(many)
    loop = (f"token-{MANY - length + further % length}" for further in count())
    for token in islice(loop, 16):
        if token in seen:
            break
        seen.add(token)
    else:
        pytest.fail("16 tokens of a loop were taken for new ones")


def test_memory_is_bounded(many):
    few = SeenTokens()
    for number in range(2**16):
        few.add(f"token-{number}")
    sizes = [
        sys.getsizeof(seen._kept) + len(seen._kept) * sys.getsizeof(hash("x"))
        for seen in (few, many)
    ]
    assert sizes[1] <= sizes[0]
