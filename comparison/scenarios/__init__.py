"""All scenarios, in the order of the table."""

from comparison.scenario import Scenario
from comparison.scenarios import connection, paging

SCENARIOS: tuple[type[Scenario], ...] = (
    paging.PageCap,
    paging.RepeatedPage,
    connection.RotatedRefreshToken,
)
