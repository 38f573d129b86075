"""What every grant is: the settings of its own and the fields of its token request.

A grant remembers nothing and sends nothing; its file holds that grant alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class Grant(ABC):
    """A way to a first token, by the ``grant_type`` words of RFC 6749 and its family."""

    #: The word that chooses this grant in the configuration.
    grant_type: ClassVar[str]
    #: Other words for it.
    aliases: ClassVar[tuple[str, ...]] = ()
    #: What a user needs for it, for the table of grants.
    needs: ClassVar[str]
    #: Whether a token can be had without a person.
    unattended: ClassVar[bool]
    #: Whether its tokens are renewed by refresh tokens where the provider gives any.
    refreshes: ClassVar[bool] = True

    @property
    def subject(self) -> str:
        """Whose token it is, as far as the configuration says; part of a connection's name."""
        return ""

    @abstractmethod
    def fields(self) -> dict[str, str]:
        """Give the parameters of the token request, ``grant_type`` among them."""

    def missing(self) -> list[str]:
        """Name the settings of its own that it cannot do without."""
        return []
