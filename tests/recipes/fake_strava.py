"""Strava: OAuth with short-lived tokens, and the activities of an athlete.

https://developers.strava.com/docs/authentication/
https://developers.strava.com/docs/reference/#api-Activities-getLoggedInAthleteActivities
https://developers.strava.com/docs/rate-limits/
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from tests.recipes.fake_provider import Provider
from tests.support.server import Reply, Seen

LARGEST_PAGE = 200
OLDEST, OLD = "2023-05-05T01:14:24Z", "2024-05-05T01:14:24Z"


def fault(status: int, message: str, *codes: dict[str, str]) -> Reply:
    headers = {"X-RateLimit-Limit": "200,2000", "X-RateLimit-Usage": "4,67"}
    headers |= {"X-ReadRateLimit-Limit": "100,1000", "X-ReadRateLimit-Usage": "4,67"}
    return Reply({"message": message, "errors": list(codes)}, status, headers)


class Strava(Provider):
    """Activities by page number; only an empty page is the end."""

    AUTHORIZE_PATH = "/oauth/authorize"
    TOKEN_PATH = "/oauth/token"
    ROTATES = True
    SCOPE = "activity:read_all"
    LATER = "2024-07-01T08:00:00Z"

    def __init__(self) -> None:
        super().__init__()
        rows = [activity(number, OLD if number else OLDEST) for number in range(250)]
        self.rows = {"activities": rows}

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        ends = int(time.time()) + 21600
        return {**tokens, "token_type": "Bearer", "expires_at": ends, "expires_in": 21600}

    def refuse_grant(self) -> Reply:
        code = {"resource": "RefreshToken", "field": "refresh_token", "code": "invalid"}
        return fault(400, "Bad Request", code)

    def unauthorized(self) -> Reply:
        code = {"resource": "Athlete", "field": "access_token", "code": "invalid"}
        return fault(401, "Authorization Error", code)

    def forbidden(self) -> Reply:
        code = {"resource": "AccessToken", "field": "activity:read_permission", "code": "missing"}
        return fault(401, "Authorization Error", code)

    def too_many(self) -> Reply:
        code = {"resource": "Application", "field": "rate limit", "code": "exceeded"}
        return fault(429, "Rate Limit Exceeded", code)

    def data(self, seen: Seen) -> Any:
        if seen.path != "/api/v3/athlete/activities":
            return fault(404, "Record Not Found", {"resource": "path", "code": "not found"})
        number, size = int(seen.query.get("page", 1)), int(seen.query.get("per_page", 30))
        if number < 1 or not 1 <= size <= LARGEST_PAGE:
            return fault(400, "Bad Request", {"field": "per_page", "code": "invalid"})
        after = int(seen.query.get("after", 0))
        found = [one for one in self.rows["activities"] if _epoch(one["start_date"]) > after]
        return found[(number - 1) * size : number * size]


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def activity(number: int, start: str) -> dict[str, Any]:
    return {
        "resource_state": 2,
        "athlete": {"id": 134815, "resource_state": 1},
        "id": 154504250376823 + number,
        "name": f"Ride {number}",
        "distance": 24931.4,
        "moving_time": 4500,
        "elapsed_time": 4500,
        "total_elevation_gain": 0,
        "type": "Ride",
        "sport_type": "MountainBikeRide",
        "workout_type": None,
        "external_id": "garmin_push_12345678987654321",
        "upload_id": 987654321234567891,
        "start_date": start,
        "start_date_local": start,
        "timezone": "(GMT-08:00) America/Los_Angeles",
        "utc_offset": -25200,
        "start_latlng": None,
        "end_latlng": [37.8, -122.2],
        "achievement_count": 0,
        "kudos_count": 3,
        "comment_count": 1,
        "athlete_count": 1,
        "photo_count": 0,
        "total_photo_count": 0,
        "map": {"id": "a12345678987654321", "summary_polyline": None, "resource_state": 2},
        "trainer": True,
        "commute": False,
        "manual": False,
        "private": False,
        "flagged": False,
        "gear_id": "b12345678987654321",
        "average_speed": 5.54,
        "max_speed": 11,
        "average_watts": 175.3,
        "kilojoules": 788.7,
        "device_watts": True,
        "has_kudoed": False,
    }
