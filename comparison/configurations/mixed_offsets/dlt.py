"""A cursor field in UTC, made by a processing step.

Incremental "is executed after all other transforms", so "you can modify the cursor value or create
a new field composed of other fields".
https://dlthub.com/docs/general-usage/incremental/cursor
https://dlthub.com/docs/dlt-ecosystem/verified-sources/rest_api/basic#processing-steps-filter-and-transform-data
"""

import pendulum


def add_utc(row):
    """Add the moment of the change, comparable."""
    row["updated_utc"] = pendulum.parse(row["updated_at"]).in_timezone("UTC")
    return row


config = {
    "client": {
        "base_url": "${API}/",
        "auth": {
            "type": "oauth2_client_credentials",
            "access_token_url": "${API}/token",
            "client_id": "comparison",
            "client_secret": "secret-of-the-comparison",
        },
        "paginator": "single_page",
    },
    "resources": [
        {
            "name": "items",
            "primary_key": "id",
            "processing_steps": [{"map": add_utc}],
            "endpoint": {
                "path": "items",
                "data_selector": "data",
                "incremental": {
                    "start_param": "since",
                    "cursor_path": "updated_utc",
                    "initial_value": pendulum.datetime(2025, 1, 1),
                    "convert": lambda moment: moment.isoformat(),
                },
            },
        }
    ],
}
