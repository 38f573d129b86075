"""Responses on disk: their files end without a trace."""

from __future__ import annotations

import gc

import pytest

from tap_oauth2_generic.parsing.json_list import LARGE_BYTES
from tap_oauth2_generic.parsing.spool import spool


@pytest.mark.parametrize("is_cycle", [False, True])
def test_unused_file_is_closed_without_a_warning(recwarn, is_cycle):
    """Nobody closes it by hand: an error may end its use anywhere."""
    made = spool([b"x" * (LARGE_BYTES + 1)])
    if is_cycle:
        # Python collects the file and its buffer in any order.
        made.file.cycle = made
    del made
    gc.collect()
    assert [str(one.message) for one in recwarn] == []
