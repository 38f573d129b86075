"""All scenarios, in the order of the table."""

from comparison.scenario import Scenario
from comparison.scenarios import connection, paging, resuming, values

SCENARIOS: tuple[type[Scenario], ...] = (
    paging.PageCap,
    paging.RepeatedPage,
    paging.EmptyPage,
    paging.ScrollToken,
    paging.CursorLoop,
    paging.ErrorInBody,
    connection.RevokedToken,
    connection.RotatedRefreshToken,
    connection.ForeignLink,
    connection.RetryAfterDate,
    connection.FailingStream,
    resuming.KilledRun,
    resuming.MixedOffsets,
    resuming.NewParents,
    resuming.EmptyNight,
    values.BigIntegers,
    values.LongFractions,
    values.ChangingTypes,
)
