"""An incremental stream whose bookmark is sent as the API takes it.

https://sdk.meltano.com/en/latest/incremental_replication.html
"""

from comparison.programs.template_client import Client, run


class Items(Client):
    """The rows."""

    name = "items"
    path = "/items"
    replication_key = "updated_at"

    def get_url_params(self, context, next_page_token):
        """Send the bookmark."""
        start = self.get_starting_timestamp(context)
        return {"since": start.isoformat()} if start else {}


run(Items)
