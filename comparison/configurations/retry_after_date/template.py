"""Retries with the default backoff of the SDK: five tries, each waits twice as long as the last.

https://sdk.meltano.com/en/latest/classes/singer_sdk.RESTStream.html
"""

from comparison.programs.template_client import NumberedPages, run


class Items(NumberedPages):
    """The rows."""

    name = "items"
    path = "/items"


run(Items)
