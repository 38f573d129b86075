"""All tools, in the order of the columns."""

from typing import cast

from comparison.peer import Peer
from comparison.peers import airbyte, dlt, msdk, tap, template

_MODULES = (tap, dlt, airbyte, msdk, template)
PEERS: tuple[Peer, ...] = tuple(cast("Peer", module) for module in _MODULES)
