"""Each recipe, pointed at the fake of its provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.recipes.fake_provider import CLIENT, FIRST_REFRESH_TOKEN
from tests.recipes.recipe_run import FAKES, Recipe, towards

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=FAKES)
def recipe(request: Any, tap: Any) -> Iterator[Recipe]:
    """Yield each recipe with a refresh token that its provider knows."""
    with FAKES[request.param]() as provider:
        own: dict[str, Any] = {
            **towards(provider, request.param),
            **CLIENT,
            "refresh_token": FIRST_REFRESH_TOKEN,
        }
        # Waits without a word of the provider are short; the fakes ask for none.
        own |= {"max_wait": 0.01, "requests_per_second": 10_000}
        yield Recipe(request.param, provider, tap, own)
