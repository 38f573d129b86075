"""What was used is known again, however much there was."""

from __future__ import annotations

import sys
from itertools import count, islice

import pytest

from tap_oauth2_generic.pagination.seen_tokens import SeenTokens

FEW = 60_000
MANY = 1_000_000


def test_a_token_that_was_used_is_known():
    """Of some ten thousand tokens each is known, and no other."""
    trail = SeenTokens()
    for number in range(FEW):
        trail.add(f"token-{number}")
    assert all(f"token-{number}" in trail for number in range(FEW))
    assert not any(f"other-{number}" in trail for number in range(FEW))


@pytest.mark.parametrize("length", [1, 2, 3, 7, 100, 300_000])
def test_a_loop_is_known_soon(length):
    """After however many tokens, a loop of any length is known within a few of them more."""
    trail = SeenTokens()
    for number in range(MANY):
        assert f"token-{number}" not in trail
        trail.add(f"token-{number}")
    loop = (f"token-{MANY - length + further % length}" for further in count())
    for token in islice(loop, 64):
        if token in trail:
            break
        trail.add(token)
    else:
        pytest.fail("64 tokens of a loop were taken for new ones")


def test_what_is_kept_is_bounded():
    """A million tokens take no more memory than some ten thousand do."""
    sizes = []
    for many in (2**16, MANY):
        trail = SeenTokens()
        for number in range(many):
            trail.add(f"token-{number}")
        sizes.append(sys.getsizeof(trail._kept) + len(trail._kept) * sys.getsizeof(hash("x")))
    assert sizes[1] <= sizes[0]
