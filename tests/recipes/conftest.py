"""Each recipe, pointed at the fake of its provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.recipes.fake_provider import CLIENT, FIRST_REFRESH_TOKEN
from tests.recipes.recipe_run import FAKES, RECIPES, Recipe, towards

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=FAKES)
def recipe(request: Any, tap: Any, monkeypatch: Any) -> Iterator[Recipe]:
    """Yield each recipe with a refresh token that its provider knows."""
    path = RECIPES / request.param
    with FAKES[request.param]() as provider:
        own = {**towards(provider, path), **CLIENT, "refresh_token": FIRST_REFRESH_TOKEN}
        # Waits without a word of the provider are short; the fakes ask for none.
        for name, value in {**own, "max_wait": "0.01"}.items():
            monkeypatch.setenv(f"TAP_OAUTH2_GENERIC_{name.upper()}", value)
        yield Recipe(path, provider, tap)
