"""All tools, in the order of the columns."""

from typing import cast

from comparison.peer import Peer
from comparison.peers import dlt, tap, template

PEERS: tuple[Peer, ...] = tuple(cast("Peer", module) for module in (tap, dlt, template))
