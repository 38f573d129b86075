"""Google Analytics: runReport of the Data API, with Google's OAuth 2.0.

https://developers.google.com/analytics/devguides/reporting/data/v1/rest/v1beta/properties/runReport
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.recipes.fake_google import Google, error
from tests.support.server import Reply, Seen

#: A response has up to 250,000 rows, whatever is asked for; fewer here.
LARGEST_PAGE = 120
PATH = "/v1beta/properties/123456789:runReport"
#: The dimensions and metrics of each report, with the columns that the tap makes of them.
DIMENSIONS = {
    "daily_traffic": {
        "date": "date",
        "sessionDefaultChannelGroup": "channel_group",
        "sessionSource": "source",
        "sessionMedium": "medium",
    },
    "daily_pages": {"date": "date", "hostName": "host_name", "pagePath": "page_path"},
}
METRICS = {
    "daily_traffic": {
        "sessions": "sessions",
        "engagedSessions": "engaged_sessions",
        "totalUsers": "total_users",
        "newUsers": "new_users",
        "screenPageViews": "screen_page_views",
        "eventCount": "event_count",
        "keyEvents": "key_events",
        "totalRevenue": "total_revenue",
    },
    "daily_pages": {
        "screenPageViews": "screen_page_views",
        "activeUsers": "active_users",
        "userEngagementDuration": "engagement_seconds",
    },
}


def day(number: int) -> str:
    return (date(2024, 1, 1) + timedelta(days=number)).strftime("%Y%m%d")


class GoogleAnalytics(Google):
    """Reports by offset; every value in a row is a string."""

    SCOPE = "https://www.googleapis.com/auth/analytics.readonly"

    def __init__(self) -> None:
        super().__init__()
        sources = ("google", "(direct)", "example.com")
        self.rows = {
            "daily_traffic": [traffic(n, one) for n in range(100) for one in sources],
            "daily_pages": [page(n, path) for n in range(30) for path in ("/", "/a?b=c")],
        }

    def change(self, stream: str, key: str) -> None:
        """Count more on the last day: a row's date is part of its key."""
        assert key == "date"
        last = self.rows[stream][-1]
        self.rows[stream][-1] = {**last, "screen_page_views": last["screen_page_views"] + 1}

    def data(self, seen: Seen) -> Any:
        if seen.method != "POST" or seen.path != PATH:
            return error(404, "NOT_FOUND", "Requested entity was not found.")
        asked = seen.json
        names = [one["name"] for one in asked["dimensions"]]
        (stream,) = [one for one, known in DIMENSIONS.items() if [*known] == names]
        assert [one["name"] for one in asked["metrics"]] == [*METRICS[stream]]
        # Without a complete order, equal rows may change places between pages.
        assert [one["dimension"]["dimensionName"] for one in asked["orderBys"]] == names
        (span,) = asked["dateRanges"]
        assert span["endDate"] == "today"
        since = span["startDate"].replace("-", "")
        columns = [*DIMENSIONS[stream].values()]
        found = [row for row in self.rows[stream] if row["date"] >= since]
        found.sort(key=lambda row: [row[name] for name in columns])
        start = int(asked.get("offset", 0))
        rows = found[start : start + min(int(asked["limit"]), LARGEST_PAGE)]
        body: dict[str, Any] = {"metadata": {"currencyCode": "USD", "timeZone": "America/New_York"}}
        if rows:
            body |= {"rows": [as_row(stream, row) for row in rows], "rowCount": len(found)}
        return Reply({**body, "kind": "analyticsData#runReport"})


def as_row(stream: str, row: dict[str, Any]) -> dict[str, Any]:
    dimensions = [{"value": row[name]} for name in DIMENSIONS[stream].values()]
    metrics = [{"value": str(row[name])} for name in METRICS[stream].values()]
    return {"dimensionValues": dimensions, "metricValues": metrics}


def traffic(number: int, source: str) -> dict[str, Any]:
    return {
        "property_id": "123456789",
        "date": day(number),
        "channel_group": "Organic Search",
        "source": source,
        "medium": "(none)",
        "sessions": number,
        "engaged_sessions": number // 2,
        "total_users": number,
        "new_users": 1,
        "screen_page_views": 3 * number,
        "event_count": 9 * number,
        "key_events": 2,
        "total_revenue": 199.65,
    }


def page(number: int, path: str) -> dict[str, Any]:
    return {
        "property_id": "123456789",
        "date": day(number),
        "host_name": "www.example.com",
        "page_path": path,
        "screen_page_views": number,
        "active_users": number,
        "engagement_seconds": 1234,
    }
